import { videosHere } from '../copying';
import { textOf, valueOf } from '../form';
import {
  type ChosenVideo,
  type CopiedView,
  type DatasetView,
  type Draft,
  Failure,
  type Ipc,
  type JobView,
  type KindView,
  type ParameterView,
  type ReadinessView,
  type Value,
  type VideoView,
} from '../ipc';
import { Copying } from './copying.svelte';

/** One of several files: read, being read, or of no use. */
export interface Entry {
  path: string;
  dataset: DatasetView | null;
  failure: Failure | null;
}

export type SettingsFrom = { type: 'recommended' } | { type: 'run'; id: string } | { type: 'file'; path: string };

/** Settings that belong to one run alone. */
const OF_ONE_RUN = ['RUN_NAME', 'RESUME_FROM'];

/** The storage path where it has one: that is what travels. */
const pathOf = (dataset: DatasetView): string => dataset.place?.text ?? dataset.local;

/** How long typing may pause before the workers are asked. */
const PAUSE = 250;
/** Between an answer and the next question that nobody's hand asks: a lab in which much happens leaves its workers in peace. */
const CALM = 2000;

/** The form of *New job*. It outlives its page, so that looking elsewhere loses nothing. */
export class NewJob {
  readonly #ipc: Ipc;
  readonly copying: Copying;

  dataset = $state.raw<DatasetView | null>(null);
  /** Further files, each for a job of its own. */
  batch = $state.raw<Entry[]>([]);
  /** Whether all files are for one job, where the job type takes several. */
  together = $state(false);
  /** Where the person said that videos are. */
  videos = $state.raw<ChosenVideo[]>([]);
  /** Videos that the change which led to the newest one leads to, too. */
  alike = $state.raw<ChosenVideo[]>([]);
  locating = $state(false);
  locateFailure = $state.raw<Failure | null>(null);
  /** The folder that a new one for the results is made in; or that they are put in, beside what is there. */
  resultsIn = $state<string | null>(null);
  intoIt = $state(false);
  /** The path that is being read. */
  opening = $state<string | null>(null);
  openFailure = $state.raw<Failure | null>(null);

  kind = $state('');
  /** What was typed, by parameter name; empty is not given. */
  typed = $state<Record<string, string>>({});
  /** Where the settings began; single ones may have been changed since. */
  settingsFrom = $state.raw<SettingsFrom>({ type: 'recommended' });
  name = $state('');
  worker = $state('');

  /** The chosen kind's, kept by the page. */
  parameters = $state.raw<ParameterView[]>([]);
  readiness = $state.raw<ReadinessView | null>(null);
  readinessFailure = $state.raw<Failure | null>(null);
  submitting = $state(false);
  submitFailure = $state.raw<Failure | null>(null);
  submitted = $state.raw<JobView | null>(null);
  /** How many were submitted together. */
  count = $state(1);

  #opened = 0;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  /** When the question that waits is asked, and when the last one was answered. */
  #due = 0;
  #answered = 0;

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
    this.copying = new Copying(ipc);
  }

  /** Opens a dataset: a local path or a storage path. A later call wins. */
  async open(path: string, videos: ChosenVideo[] = []): Promise<void> {
    const mine = ++this.#opened;
    this.opening = path;
    this.openFailure = null;
    try {
      const dataset = await this.#ipc.openDataset(path, videos);
      if (mine !== this.#opened) return;
      this.dataset = dataset;
      this.videos = videos;
      this.alike = [];
      this.locateFailure = null;
      this.batch = [];
      this.together = false;
      this.name = '';
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.openFailure = Failure.from(thrown);
    } finally {
      if (mine === this.#opened) this.opening = null;
    }
  }

  /** Opens several files: the first as ever, each of the others for a job of its own. */
  async openAll(paths: string[]): Promise<void> {
    const [first, ...others] = paths;
    if (first === undefined) return;
    await this.open(first);
    if (this.dataset === null || this.openFailure !== null) return;
    const mine = this.#opened;
    this.batch = others.map((path) => ({ path, dataset: null, failure: null }));
    for (const path of others) {
      const entry = await this.#entry(path);
      if (mine !== this.#opened) return;
      this.batch = this.batch.map((one) => (one.path === path ? entry : one));
    }
    this.changed();
  }

  async #entry(path: string): Promise<Entry> {
    try {
      const dataset = await this.#ipc.openDataset(path, []);
      const why = dataset.place_error;
      return { path, dataset, failure: why && new Failure('not_in_any_backend', why.message, why.hint) };
    } catch (thrown) {
      return { path, dataset: null, failure: Failure.from(thrown) };
    }
  }

  remove(entry: Entry): void {
    this.batch = this.batch.filter((one) => one !== entry);
    this.changed();
  }

  /** The person says where a video is. Others may have moved with it. */
  async locate(written: string, path: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const mine = this.#opened;
    this.locating = true;
    this.locateFailure = null;
    this.alike = [];
    try {
      const located = await this.#ipc.locateVideo(pathOf(dataset), this.videos, { written, path });
      if (mine !== this.#opened) return;
      this.dataset = located.dataset;
      this.videos = [...this.videos.filter((one) => one.written !== written), located.chosen];
      this.alike = located.more;
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.locateFailure = Failure.from(thrown);
    } finally {
      this.locating = false;
    }
  }

  /** What moved with the newest one is where it would be. */
  async useAlike(): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const mine = this.#opened;
    const videos = [...this.videos, ...this.alike];
    this.locating = true;
    try {
      const seen = await this.#ipc.openDataset(pathOf(dataset), videos);
      if (mine !== this.#opened) return;
      this.dataset = seen;
      this.videos = videos;
      this.alike = [];
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.locateFailure = Failure.from(thrown);
    } finally {
      this.locating = false;
    }
  }

  /** Copies the dataset, and those of its videos that this computer alone has, and goes on with the copies. */
  async copyDataset(folder: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null || dataset.place !== null) return;
    const mine = this.#opened;
    const here = videosHere(dataset);
    const copied = await this.copying.copy([dataset.local, ...here.map((video) => video.local ?? '')], folder);
    const [first, ...films] = copied ?? [];
    if (first === undefined || mine !== this.#opened) return;
    await this.#goOn(first.place.text, this.#withCopies(here, films));
  }

  /** Copies videos that this computer alone has, and goes on with the copies. */
  async copyVideos(videos: VideoView[], folder: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const mine = this.#opened;
    const copied = await this.copying.copy(videos.map((video) => video.local ?? ''), folder);
    if (copied === null || mine !== this.#opened) return;
    await this.#goOn(pathOf(dataset), this.#withCopies(videos, copied));
  }

  /** Copies all files that are on no storage, and goes on with the copies. */
  async copyBatch(folder: string): Promise<void> {
    const mine = this.#opened;
    const all = [this.dataset, ...this.batch.map((entry) => entry.dataset)].filter((dataset) => dataset !== null);
    const here = all.filter((dataset) => dataset.place === null);
    const copied = await this.copying.copy(here.map((dataset) => dataset.local), folder);
    if (copied === null || mine !== this.#opened) return;
    const places = new Map(copied.map((one) => [one.from, one.place.text]));
    await this.openAll(all.map((dataset) => places.get(dataset.local) ?? pathOf(dataset)));
  }

  #withCopies(videos: VideoView[], copies: CopiedView[]): ChosenVideo[] {
    const chosen = videos.flatMap((video, index) => {
      const path = copies[index]?.place.text;
      return path === undefined ? [] : [{ written: video.written, path }];
    });
    return [...this.videos.filter((one) => !chosen.some((other) => other.written === one.written)), ...chosen];
  }

  /** The same draft with what was copied. */
  async #goOn(path: string, videos: ChosenVideo[]): Promise<void> {
    const { batch, name } = this;
    await this.open(path, videos);
    this.batch = batch;
    this.name = name;
  }

  setResults(folder: string | null): void {
    this.resultsIn = folder;
    this.intoIt = false;
    this.changed();
  }

  /** Takes the settings of an earlier job of this type; its dataset, results folder and name are its own. */
  async like(id: string): Promise<void> {
    try {
      const { again } = await this.#ipc.followUp(id);
      if ((again.kind ?? '') !== this.kind) return;
      const own = new Set(this.parameters.filter((parameter) => parameter.role === 'setting').map((parameter) => parameter.name));
      this.typed = {};
      for (const [name, value] of Object.entries(again.values ?? {})) {
        // What one run began from, and is called, is not what another does.
        if (value !== undefined && own.has(name) && !OF_ONE_RUN.includes(name)) this.typed[name] = textOf(value);
      }
      this.settingsFrom = { type: 'run', id };
      this.changed();
    } catch (thrown) {
      this.submitFailure = Failure.from(thrown);
    }
  }

  /** Back to what the job type recommends. */
  recommended(): void {
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
    this.changed();
  }

  /** Takes a configuration of the program; the rows stay to change single values of it. */
  fromFile(parameter: string, path: string): void {
    this.typed = { [parameter]: path };
    this.settingsFrom = { type: 'file', path };
    this.changed();
  }

  /** Fills the form in. Of the dataset only the path is taken: it is read anew. */
  async load(draft: Draft): Promise<void> {
    this.clear();
    this.kind = draft.kind ?? '';
    this.worker = draft.worker ?? '';
    for (const [name, value] of Object.entries(draft.values ?? {})) if (value !== undefined) this.typed[name] = textOf(value);
    if (draft.dataset != null) await this.open(draft.dataset, draft.videos ?? []);
  }

  stopOpening(): void {
    this.#opened += 1;
    this.opening = null;
  }

  /** Back to the empty form. */
  clear(): void {
    this.stopOpening();
    this.#forget();
    this.copying.forget();
    this.dataset = null;
    this.openFailure = null;
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
    this.name = '';
    this.worker = '';
    this.batch = [];
    this.videos = [];
    this.alike = [];
    this.resultsIn = null;
    this.intoIt = false;
    this.submitted = null;
  }

  setKind(kind: string): void {
    this.kind = kind;
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
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
    this.#askAt(Date.now() + PAUSE);
  }

  /** Something is different in the lab: asks, too, but not at every turn. */
  askAnew(): void {
    this.#askAt(Math.max(Date.now() + PAUSE, this.#answered + CALM));
  }

  #askAt(due: number): void {
    if (!this.dataset || this.dataset.place === null || this.kind === '') return;
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, due - Date.now());
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
      if (parameter.role === 'results' && this.intoIt && this.resultsIn !== null) values[parameter.name] = this.resultsIn;
      if (parameter.role === 'dataset' && this.together && this.dataset) {
        values[parameter.name] = [pathOf(this.dataset), ...this.batch.map((entry) => entry.path)];
      }
    }
    return {
      kind: this.kind,
      dataset: this.dataset && pathOf(this.dataset),
      values,
      name: this.name.trim(),
      worker: this.worker === '' ? null : this.worker,
      results_in: this.intoIt ? null : this.resultsIn,
      videos: this.videos,
    };
  }

  /** Files that no job can be made for. */
  troubled = $derived(this.batch.filter((entry) => entry.failure !== null).length);
  takesSeveral = $derived(this.parameters.some((parameter) => parameter.role === 'dataset' && parameter.type.startsWith('LIST[')));
  canSubmit = $derived(
    this.readiness?.can_submit === true && !this.submitting && this.batch.every((entry) => entry.failure === null && entry.dataset !== null),
  );

  /** What is submitted, one after the other. */
  #drafts(): Draft[] {
    const first = this.draft(this.parameters);
    if (this.together) return [first];
    const others = this.batch.map((entry, index) => ({
      ...first,
      dataset: entry.dataset ? pathOf(entry.dataset) : entry.path,
      name: first.name ? `${first.name} ${index + 2}` : '',
      videos: [],
    }));
    return [first, ...others];
  }

  async submit(): Promise<JobView | null> {
    if (!this.canSubmit) return null;
    this.submitting = true;
    this.submitFailure = null;
    const drafts = this.#drafts();
    let first: JobView | null = null;
    let done = 0;
    try {
      for (const draft of drafts) {
        const job = await this.#ipc.submit(draft);
        first ??= job;
        done += 1;
      }
      this.count = done;
      this.submitted = first;
      return first;
    } catch (thrown) {
      this.submitFailure = Failure.from(thrown);
      // What was submitted is not submitted again.
      if (done > 0) {
        const rest = drafts.slice(done).map((draft) => draft.dataset ?? '');
        const failure = this.submitFailure;
        await this.openAll(rest);
        this.submitFailure = failure;
      }
      return null;
    } finally {
      this.submitting = false;
    }
  }

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
      this.#answered = Date.now();
    }
    if (mine !== this.#asked) this.ask();
    else if (this.#again) this.askAnew();
    this.#again = false;
  }
}
