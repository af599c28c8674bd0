import {
  type DatasetView,
  type Draft,
  Failure,
  type Ipc,
  type JobView,
  type KindView,
  type ParameterView,
  type ReadinessView,
  type Value,
} from '../ipc';

/** How long typing may pause before the workers are asked. */
const PAUSE = 250;

/** The form of *New job*. It outlives its page, so that looking elsewhere loses nothing. */
export class NewJob {
  readonly #ipc: Ipc;

  dataset = $state.raw<DatasetView | null>(null);
  /** The path that is being read. */
  opening = $state<string | null>(null);
  openFailure = $state.raw<Failure | null>(null);

  kind = $state('');
  /** What was typed, by parameter name; empty is not given. */
  typed = $state<Record<string, string>>({});
  name = $state('');
  worker = $state('');

  readiness = $state.raw<ReadinessView | null>(null);
  readinessFailure = $state.raw<Failure | null>(null);
  submitting = $state(false);
  submitFailure = $state.raw<Failure | null>(null);
  submitted = $state.raw<JobView | null>(null);

  #opened = 0;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
  }

  /** Opens a dataset: a local path or a storage path. A later call wins. */
  async open(path: string): Promise<void> {
    const mine = ++this.#opened;
    this.opening = path;
    this.openFailure = null;
    try {
      const dataset = await this.#ipc.openDataset(path);
      if (mine !== this.#opened) return;
      this.dataset = dataset;
      this.name = '';
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.openFailure = Failure.from(thrown);
    } finally {
      if (mine === this.#opened) this.opening = null;
    }
  }

  /** Fills the form in. Of the dataset only the path is taken: it is read anew. */
  async load(draft: Draft): Promise<void> {
    this.clear();
    this.kind = draft.kind ?? '';
    this.worker = draft.worker ?? '';
    for (const [name, value] of Object.entries(draft.values ?? {})) if (value !== undefined) this.typed[name] = textOf(value);
    if (draft.dataset != null) await this.open(draft.dataset);
  }

  stopOpening(): void {
    this.#opened += 1;
    this.opening = null;
  }

  /** Back to the empty form. */
  clear(): void {
    this.stopOpening();
    this.#forget();
    this.dataset = null;
    this.openFailure = null;
    this.typed = {};
    this.name = '';
    this.worker = '';
    this.submitted = null;
  }

  setKind(kind: string): void {
    this.kind = kind;
    this.typed = {};
    this.changed();
  }

  set(parameter: string, text: string): void {
    this.typed[parameter] = text;
    this.changed();
  }

  /** The person changed something: what was known no longer holds, and the workers are asked. */
  changed(): void {
    this.submitted = null;
    this.submitFailure = null;
    this.#forget();
    this.ask();
  }

  /** Asks soon; what was known stays until there is an answer. However often it is called, one question is under way. */
  ask(): void {
    if (!this.dataset || this.kind === '') return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, PAUSE);
  }

  /** Ends what is under way. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
  }

  draft(parameters: ParameterView[]): Draft {
    const values: Record<string, Value> = {};
    for (const parameter of parameters) {
      const text = this.typed[parameter.name]?.trim() ?? '';
      if (parameter.role === 'setting' && text !== '') values[parameter.name] = valueOf(parameter, text);
    }
    return {
      kind: this.kind,
      dataset: this.dataset?.place?.text ?? this.dataset?.local ?? null,
      values,
      name: this.name.trim(),
      worker: this.worker === '' ? null : this.worker,
    };
  }

  async submit(): Promise<JobView | null> {
    if (this.submitting || !this.readiness?.can_submit) return null;
    this.submitting = true;
    this.submitFailure = null;
    try {
      const job = await this.#ipc.submit(this.draft(this.parameters));
      this.submitted = job;
      return job;
    } catch (thrown) {
      this.submitFailure = Failure.from(thrown);
      return null;
    } finally {
      this.submitting = false;
    }
  }

  /** The chosen kind's, kept by the page. */
  parameters = $state.raw<ParameterView[]>([]);

  useKinds(kinds: KindView[]): void {
    const chosen = kinds.find((kind) => kind.name === this.kind) ?? kinds[0];
    this.kind = chosen?.name ?? '';
    this.parameters = chosen?.parameters ?? [];
  }

  #forget(): void {
    this.#asked += 1;
    this.readiness = null;
    this.readinessFailure = null;
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    const mine = this.#asked;
    try {
      const readiness = await this.#ipc.readiness(this.draft(this.parameters));
      if (mine === this.#asked) {
        this.readiness = readiness;
        this.readinessFailure = null;
      }
    } catch (thrown) {
      if (mine === this.#asked) {
        this.readiness = null;
        this.readinessFailure = Failure.from(thrown);
      }
    } finally {
      this.#asking = false;
    }
    if (this.#again || mine !== this.#asked) {
      this.#again = false;
      this.ask();
    }
  }
}

/** A value as it is typed; of several, one a line. */
function textOf(value: Value): string {
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A typed text as the parameter's type has it. What is no number stays text, and the shell says so. */
function valueOf(parameter: ParameterView, text: string): Value {
  const chosen = parameter.allowed.find((value) => String(value) === text);
  if (chosen !== undefined) return chosen;
  if (parameter.type.startsWith('LIST[')) return text.split('\n').filter((line) => line.trim() !== '');
  const number = Number(text);
  if (parameter.type === 'INT') return Number.isSafeInteger(number) ? number : text;
  if (parameter.type === 'FLOAT') return Number.isFinite(number) ? number : text;
  return text;
}
