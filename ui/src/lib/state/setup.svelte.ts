import { suggestName } from '../format';
import { Failure, type Finding, type Ipc, type LabStorageView, type SameStorageView, type SetupView, type StorageFields, type SuggestionView } from '../ipc';

export const STEPS = ['storage', 'folder', 'check'] as const;
export type Step = (typeof STEPS)[number];

/** Setting up one storage, from where it is to whether it works. It outlives its page: whoever comes back goes on. Nothing is written
 * before the end. */
export class Setup {
  readonly #ipc: Ipc;
  readonly #member: () => string;

  /** None: not under way. */
  step = $state<Step | null>(null);
  /** What there is to begin with; none while it is being looked for. */
  around = $state.raw<SetupView | null>(null);
  failure = $state.raw<Failure | null>(null);

  path = $state('');
  name = $state('');
  type = $state<string | null>(null);
  subpath = $state('');
  /** Whether the lab calls it so. */
  named = $state(false);

  /** The folder that is called like the person, once it is known whether there is one. */
  own = $state.raw<string | null>(null);
  looking = $state(false);
  folder = $state('');
  /** Whether the folder is to be made. */
  make = $state(false);

  findings = $state.raw<Finding[] | null>(null);
  same = $state.raw<SameStorageView[] | null>(null);
  sameFailure = $state.raw<Failure | null>(null);
  saving = $state(false);
  #asked = 0;

  nameBad = $derived(!/^[A-Za-z0-9][A-Za-z0-9_-]{1,63}$/.test(this.name));

  constructor(ipc: Ipc, member: () => string) {
    this.#ipc = ipc;
    this.#member = member;
  }

  get member(): string {
    return this.#member();
  }

  fields(): StorageFields {
    const given = (text: string) => (text === '' ? null : text);
    return { base_path: this.path, type: this.type, description: null, user_subdir: given(this.folder), subpath: given(this.subpath) };
  }

  begin(): void {
    this.step = 'storage';
    void this.look();
  }

  leave(): void {
    this.#asked += 1;
    this.step = null;
  }

  /** Looks again: what was connected meanwhile appears. */
  async look(): Promise<void> {
    const mine = ++this.#asked;
    this.around = null;
    this.failure = null;
    try {
      const around = await this.#ipc.lookAround();
      if (mine === this.#asked) this.around = around;
    } catch (thrown) {
      if (mine === this.#asked) this.failure = Failure.from(thrown);
    }
  }

  use(here: SuggestionView): void {
    this.path = here.base_path;
    this.name = here.lab?.name ?? here.name;
    this.named = here.lab !== null;
    this.type = here.type ?? here.lab?.type ?? null;
    this.subpath = here.lab?.subpath ?? '';
    this.folder = here.user_subdir ?? '';
    if (this.named && !this.nameBad) void this.toFolder();
  }

  /** A folder that the person chose, for a storage of the lab or for one of their own naming. */
  choose(path: string, of: LabStorageView | null = null): void {
    this.path = path;
    this.name = of?.name ?? suggestName(path);
    this.named = of !== null;
    this.type = of?.type ?? null;
    this.subpath = '';
    this.folder = '';
    if (this.named) void this.toFolder();
  }

  async toFolder(): Promise<void> {
    const mine = ++this.#asked;
    this.step = 'folder';
    this.failure = null;
    this.own = null;
    this.make = false;
    this.looking = true;
    try {
      const own = await this.#ipc.ownFolder(this.name, { ...this.fields(), user_subdir: null });
      if (mine !== this.#asked) return;
      this.own = own;
      if (own !== null) this.folder = own;
    } catch (thrown) {
      if (mine === this.#asked) this.failure = Failure.from(thrown);
    } finally {
      if (mine === this.#asked) this.looking = false;
    }
  }

  async toCheck(): Promise<void> {
    const mine = ++this.#asked;
    this.step = 'check';
    this.failure = null;
    this.findings = null;
    this.same = null;
    this.sameFailure = null;
    try {
      const findings = await this.#ipc.tryStorage(this.name, this.fields(), this.make);
      if (mine !== this.#asked) return;
      this.findings = findings;
      this.make = false;
    } catch (thrown) {
      if (mine === this.#asked) this.failure = Failure.from(thrown);
      return;
    }
    // Each can fail alone, and neither holds anybody up.
    try {
      const same = await this.#ipc.sameStorage(this.name, this.fields());
      if (mine === this.#asked) this.same = same;
    } catch (thrown) {
      if (mine === this.#asked) this.sameFailure = Failure.from(thrown);
    }
  }

  back(): void {
    this.#asked += 1;
    this.failure = null;
    this.step = this.step === 'check' ? 'folder' : 'storage';
    if (this.step === 'storage' && this.around === null) void this.look();
  }

  /** Writes it down. */
  async finish(): Promise<boolean> {
    this.saving = true;
    this.failure = null;
    try {
      await this.#ipc.addStorage(this.name, this.fields());
      this.leave();
      return true;
    } catch (thrown) {
      this.failure = Failure.from(thrown);
      return false;
    } finally {
      this.saving = false;
    }
  }
}
