import { suggestName } from '../format';
import {
  Failure,
  type FolderView,
  type FoundSettingsView,
  type FoundStorageView,
  type Ipc,
  type PlacingView,
  type SetupProgress,
  type SetupView,
  type StorageFields,
  type StorageView,
  type SuggestionView,
} from '../ipc';
import { Check } from './check.svelte';
import { Everything } from './everything.svelte';
import { Joining } from './joining.svelte';
import { Show } from './show.svelte';

export const STEPS = ['lab', 'storage', 'folder', 'check'] as const;
export type Step = (typeof STEPS)[number];

/** Of a storage that is there already nothing else is changed. */
const NOTHING: StorageFields = { base_path: null, type: null, description: null, user_subdir: null, subpath: null };

/** What the lab calls a storage, and its type where a worker tells. */
export type Named = { name: string; type: string | null };

/** What of an earlier choice holds for another folder, too. */
export type Kept = { name: string; written: boolean };

/** Setting up one storage, from where jobs run to whether it works. It outlives its page and, by what the shell keeps, the program:
 * whoever comes back goes on. Nothing is written to the configuration before the end. */
export class Setup {
  readonly #ipc: Ipc;
  readonly #member: () => string;
  readonly #storages: () => StorageView[];

  /** None: not under way. */
  step = $state<Step | null>(null);
  /** All of it at once, where nothing is left to be asked. */
  readonly everything: Everything;
  /** What there is to begin with; none while it is being looked for. */
  around = $state.raw<SetupView | null>(null);
  failure = $state.raw<Failure | null>(null);

  /** What the first question is answered with. */
  where = $state<'lab' | 'here' | 'show'>('lab');
  readonly joining: Joining;
  /** Whether it is for a lab that the window is not in yet: one that was joined, or is to be once it answers. */
  forLab = $derived.by(() => this.where === 'lab' && (this.joining.lab !== null || this.joining.invited !== null));

  /** The demonstration, as long as it is looked at. */
  show = $state.raw<Show | null>(null);

  hardware = $state<string | null>(null);

  /** Settings of sleap-rtc that can be taken over. */
  found = $state.raw<FoundSettingsView[]>([]);
  importing = $state(false);
  /** What of them was written before another was refused, by name: it is not written again. */
  imported = $state.raw<string[]>([]);

  path = $state('');
  name = $state('');
  type = $state<string | null>(null);
  subpath = $state('');
  /** Whether the lab calls it so. */
  named = $state(false);
  /** Whether it is in the configuration already, by an import. */
  written = $state(false);
  /** What else was imported and is still to be gone through, by name. */
  left = $state.raw<string[]>([]);
  /** Where the chosen folder stands in the storage, where the person has a say in it. */
  placing = $state.raw<PlacingView | null>(null);
  /** Whether that is being found out. */
  judging = $state(false);

  /** The folder that is called like the person, once it is known whether there is one. */
  own = $state.raw<FolderView | null>(null);
  looking = $state(false);
  folder = $state('');
  /** Whether it is another one than those that are proposed, and may still have to be named. */
  other = $state(false);
  /** Whether the folder is to be made. */
  make = $state(false);

  readonly check: Check;
  saving = $state(false);
  /** What was set up last, until the person goes on: its name, and how many workers found the test file there. */
  done = $state.raw<{ name: string; workers: number } | null>(null);
  #asked = 0;

  nameBad = $derived(!/^[A-Za-z0-9][A-Za-z0-9_-]{1,63}$/.test(this.name));

  constructor(ipc: Ipc, member: () => string, storages: () => StorageView[]) {
    this.#ipc = ipc;
    this.#member = member;
    this.#storages = storages;
    this.joining = new Joining(ipc, () => this.startThere());
    this.check = new Check(ipc);
    this.everything = new Everything(ipc, this);
  }

  get member(): string {
    return this.#member();
  }

  fields(): StorageFields {
    const given = (text: string) => (text === '' ? null : text);
    return { base_path: this.path, type: this.type, description: null, user_subdir: given(this.folder), subpath: given(this.subpath) };
  }

  /** From the first question, or where jobs run is known, from the second. */
  begin(step: 'lab' | 'storage' = 'lab'): void {
    this.done = null;
    this.#take({});
    if (step === 'storage') this.toStorage();
    else this.#toLab();
  }

  /** Goes on where an earlier run of the program was left. */
  resume(progress: SetupProgress): void {
    const step = STEPS.find((step) => step === progress.step);
    if (step === undefined) return;
    this.#take(progress);
    if (step === 'lab') this.#toLab();
    else if (step === 'storage' || this.path === '' || this.nameBad) this.toStorage();
    else if (step === 'folder') void this.toFolder(false);
    else void this.toCheck();
  }

  #toLab(): void {
    const mine = this.#go('lab');
    void this.learnHardware();
    this.#ipc.memberships().then(
      ([first]) => {
        if (mine !== this.#asked) return;
        this.joining.lab = first?.lab ?? null;
        // Whoever has joined a lab has answered this question.
        if (this.joining.lab !== null && this.where === 'here') this.where = 'lab';
      },
      // Without an answer nothing is known, and joining says why.
      () => {},
    );
    this.#ipc.foundSettings().then(
      (found) => {
        if (mine === this.#asked) this.found = found;
      },
      // Nothing was asked for: what cannot be looked at is not there.
      () => {},
    );
  }

  /** On from the first question. */
  answerLab(): void {
    if (this.where === 'here' || (this.where === 'lab' && this.joining.lab !== null)) this.toStorage();
    else if (this.where === 'lab') void this.joining.join();
    else this.startShow();
  }

  /** Starts the window again, now that where jobs run is answered. */
  async startThere(): Promise<void> {
    await this.#keep(this.#storages().length === 0 ? { step: 'storage' } : null);
    await this.#ipc.startAgain();
  }

  startShow(): void {
    this.show?.stop();
    this.show = new Show(this.#ipc);
  }

  endShow(): void {
    this.show?.stop();
    this.show = null;
    this.where = 'lab';
  }

  /** Reads a settings file that the person chose. */
  async lookInto(file: string): Promise<void> {
    this.failure = null;
    try {
      const found = await this.#ipc.settingsOf(file);
      this.found = [...this.found.filter((one) => one.file !== found.file), found];
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  /** Writes these to the configuration, then goes through each: which folder is the person's, and whether it works. */
  async takeOver(rows: FoundStorageView[]): Promise<void> {
    this.importing = true;
    this.failure = null;
    try {
      for (const row of rows) {
        if (row.fields === null) continue;
        await this.#ipc.addStorage(row.name, row.fields);
        this.imported = [...this.imported, row.name];
      }
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
    this.importing = false;
    if (this.failure !== null || this.imported.length === 0) return;
    this.left = this.imported;
    this.#next(null);
  }

  /** On to the next of what was imported; after the last, all is done. */
  #next(before: { name: string; workers: number } | null): void {
    const [name, ...left] = this.left;
    const storage = this.#storages().find((one) => one.name === name);
    if (storage !== undefined) {
      this.#take({
        base_path: storage.base_path ?? '',
        name: storage.name,
        named: true,
        type: storage.type,
        subpath: storage.subpath,
        folder: storage.user_subdir,
        written: true,
        left,
      });
      void this.toFolder();
    } else {
      this.done = before;
      this.leave();
    }
  }

  toStorage(): void {
    this.placing = null;
    this.judging = false;
    this.#go('storage');
    if (this.around === null) void this.look();
  }

  /** Looks again: what was connected meanwhile appears. `quietly`: what is shown stays until there is an answer. */
  async look(quietly = false): Promise<void> {
    // What is being found out of a folder is not to be overtaken.
    if (quietly && (this.around === null || this.judging)) return;
    const mine = ++this.#asked;
    if (!quietly) {
      this.around = null;
      this.failure = null;
    }
    try {
      const around = await this.#ipc.lookAround();
      if (mine === this.#asked) this.around = around;
    } catch (thrown) {
      if (mine === this.#asked && !quietly) this.failure = Failure.from(thrown);
    }
  }

  use(here: SuggestionView): void {
    this.path = here.base_path;
    this.name = here.lab?.name ?? here.name;
    this.named = here.lab !== null;
    this.type = here.type ?? here.lab?.type ?? null;
    this.subpath = here.lab?.subpath ?? '';
    this.folder = here.user_subdir ?? '';
    this.written = false;
    if (this.named && !this.nameBad) void this.toFolder();
  }

  /** A folder that the person chose, for a storage of the lab or for one of their own naming. */
  async choose(path: string, of: Named | null = null, kept: Kept | null = null): Promise<void> {
    // What is found of it is shown there.
    this.around ??= { here: [], missing: [] };
    if (this.step !== 'storage') this.toStorage();
    const mine = ++this.#asked;
    this.path = path;
    this.name = of?.name ?? (kept?.name || suggestName(path));
    this.named = of !== null;
    this.type = of?.type ?? null;
    this.subpath = '';
    this.folder = '';
    this.written = kept?.written ?? false;
    this.placing = null;
    this.judging = true;
    let placing: PlacingView | null = null;
    try {
      placing = await this.#ipc.placeFolder(this.name, path);
    } catch {
      // Where nobody can tell, the person's word counts as it is; the check says whether it works.
    }
    if (mine !== this.#asked) return;
    this.judging = false;
    const [part] = placing?.parts ?? [];
    if (placing !== null && (placing.other || placing.inside !== null || placing.folder !== '' || part !== undefined)) {
      this.placing = placing;
      this.subpath = part?.subpath ?? '';
    } else if (this.named) void this.toFolder();
  }

  /** It is another storage than the lab's of this name. */
  nameAnother(): void {
    this.placing = null;
    this.named = false;
    this.name = '';
  }

  /** What was found of the chosen folder is so. */
  accept(): void {
    const placing = this.placing;
    this.placing = null;
    if (placing !== null && placing.folder !== '') {
      this.path = placing.base_path;
      this.folder = placing.folder;
      if (!this.named) this.name = suggestName(placing.base_path);
    }
    if (this.named) void this.toFolder();
  }

  /** `fresh`: nothing was answered yet, so that what is found may be proposed. */
  async toFolder(fresh = this.folder === ''): Promise<void> {
    const mine = this.#go('folder');
    this.own = null;
    this.other = false;
    this.looking = true;
    try {
      const own = await this.#ipc.ownFolder(this.name, { ...this.fields(), user_subdir: null });
      if (mine !== this.#asked) return;
      this.own = own;
      if (own !== null && fresh) this.folder = own.name;
    } catch (thrown) {
      if (mine === this.#asked) this.failure = Failure.from(thrown);
    } finally {
      if (mine === this.#asked) this.looking = false;
    }
  }

  /** A folder of the storage that the person chose. */
  async chooseFolder(path: string): Promise<void> {
    this.failure = null;
    try {
      this.folder = await this.#ipc.folderIn(this.name, { ...this.fields(), user_subdir: null }, path);
      this.make = false;
      this.other = false;
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  /** What jobs find here to compute with, once that is known. */
  async learnHardware(): Promise<void> {
    // Nothing was asked for: a line that cannot be had is not there.
    this.hardware ??= await this.#ipc.hardware().catch(() => null);
  }

  async toCheck(): Promise<void> {
    const mine = this.#go('check');
    const made = await this.check.run({ name: this.name, fields: this.fields(), make: this.make }, () => mine === this.#asked);
    if (made) this.make = false;
  }

  /** Goes on without what is waited for. An answer that still comes is not heard. */
  stopWaiting(): void {
    this.#asked += 1;
    if (this.step === 'storage' && this.judging) {
      // The person's word counts as it is; the check says whether it works.
      this.judging = false;
      if (this.named) void this.toFolder();
    } else if (this.step === 'storage') {
      this.around ??= { here: [], missing: [] };
    } else if (this.step === 'folder') {
      this.looking = false;
    } else if (this.step === 'check') {
      this.check.hurried = true;
    }
  }

  back(): void {
    if (this.step === 'check') void this.toFolder(false);
    else if (this.step === 'folder') this.toStorage();
    else this.#toLab();
  }

  /** Takes these answers, and writes them down. */
  async finishAs(answers: { path: string; name: string; type: string | null; subpath: string; folder: string }, workers: number): Promise<void> {
    Object.assign(this, answers, { named: true, written: false, make: false });
    await this.finish(workers);
  }

  /** Writes it down. `workers`: how many found the test file. */
  async finish(workers = this.check.found): Promise<void> {
    this.saving = true;
    this.failure = null;
    try {
      if (this.make) await this.#makeKnowingly();
      if (this.written) await this.#ipc.setStorage(this.name, { ...NOTHING, base_path: this.#moved(), user_subdir: this.folder });
      else await this.#ipc.addStorage(this.name, this.fields());
      this.#next({ name: this.name, workers });
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    } finally {
      this.saving = false;
    }
  }

  /** The person goes on with what speaks against it in view, or without waiting for it. What cannot be made is said once. */
  async #makeKnowingly(): Promise<void> {
    this.make = false;
    await this.#ipc.makeOwn(this.name, this.fields(), true);
  }

  /** Where what was imported is now, if not where the import says. */
  #moved(): string | null {
    const before = this.#storages().find((one) => one.name === this.name)?.base_path;
    return before === this.path ? null : this.path;
  }

  /** It is not under way any more. */
  leave(): void {
    this.#asked += 1;
    this.step = null;
    void this.#keep(null);
  }

  #go(step: Step): number {
    this.step = step;
    this.failure = null;
    this.joining.forget();
    void this.#keep({
      step,
      base_path: this.path,
      name: this.name,
      named: this.named,
      type: this.type,
      subpath: this.subpath,
      folder: this.folder,
      make: this.make,
      written: this.written,
      left: this.left,
    });
    return ++this.#asked;
  }

  #take(progress: SetupProgress): void {
    this.around = null;
    this.imported = [];
    this.path = progress.base_path ?? '';
    this.name = progress.name ?? '';
    this.named = progress.named ?? false;
    this.type = progress.type ?? null;
    this.subpath = progress.subpath ?? '';
    this.folder = progress.folder ?? '';
    this.make = progress.make ?? false;
    this.written = progress.written ?? false;
    this.left = progress.left ?? [];
    this.placing = null;
    this.everything.forget();
  }

  /** For the next start. That it cannot be kept disturbs nobody who is setting up. */
  async #keep(progress: SetupProgress | null): Promise<void> {
    await this.#ipc.keep({ type: 'setup', value: progress }).catch(() => {});
  }
}
