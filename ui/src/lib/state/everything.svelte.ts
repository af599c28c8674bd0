import { type Ipc, type SetupView, type StorageFields, type SuggestionView } from '../ipc';
import type { Setup } from './setup.svelte';

/** All that setting up would ask, answered by what is mounted here, what is in it, and what the workers see. */
export interface Answers {
  here: SuggestionView;
  name: string;
  fields: StorageFields;
  folder: string;
  /** How many workers found the test file. */
  workers: number;
}

/**
 * Setting up in one question. Where the lab has one storage that is not here yet, its mark or its share says which folder of this
 * computer it is, the person has a folder there, and a worker finds a test file in it, nothing is left to be asked. In all other cases
 * nothing is said, and the person is led step by step.
 */
export class Everything {
  readonly #ipc: Ipc;
  readonly #setup: Setup;
  found = $state.raw<Answers | null>(null);
  /** What was looked into, so that it is once. */
  #considered = '';

  constructor(ipc: Ipc, setup: Setup) {
    this.#ipc = ipc;
    this.#setup = setup;
  }

  /** `unused`: storages of the lab that the person does not use. */
  async consider({ here, missing }: SetupView, unused: readonly string[]): Promise<void> {
    const ofLab = here.filter((one) => one.lab !== null);
    const [one] = ofLab;
    if (one?.lab == null || ofLab.length !== 1 || !one.lab.sure || one.state !== 'ready' || missing.some(({ name }) => !unused.includes(name))) {
      this.forget();
      return;
    }
    if (this.#considered === one.base_path) return;
    this.#considered = one.base_path;
    const answers = await this.#answer(one, one.lab).catch(() => null);
    if (this.#isWanted(one)) this.found = answers;
  }

  /** Meanwhile the person may have answered something by hand. */
  #isWanted(here: SuggestionView): boolean {
    return this.#setup.step === 'storage' && this.#setup.path === '' && this.#considered === here.base_path;
  }

  async #answer(here: SuggestionView, lab: NonNullable<SuggestionView['lab']>): Promise<Answers | null> {
    const given = (text: string | null) => (text === '' ? null : text);
    const bare = { base_path: here.base_path, type: here.type ?? lab.type, description: null, user_subdir: null, subpath: given(lab.subpath) };
    const folder = given(here.user_subdir) ?? (await this.#ipc.ownFolder(lab.name, bare))?.name ?? null;
    if (folder === null || !this.#isWanted(here)) return null;
    const fields = { ...bare, user_subdir: folder };
    const findings = await this.#ipc.tryStorage(lab.name, fields, false);
    if (findings.some((finding) => finding.state !== 'good') || !this.#isWanted(here)) return null;
    const { workers: same } = await this.#ipc.sameStorage(lab.name, fields);
    const workers = same.filter(({ saw }) => saw === 'found').length;
    const doubted = same.some(({ saw }) => saw === 'not_found' || saw === 'other_storage');
    return workers === 0 || doubted ? null : { here, name: lab.name, fields, folder, workers };
  }

  /** Writes it down as it was found. */
  async accept({ here, name, fields, folder, workers }: Answers): Promise<void> {
    this.found = null;
    await this.#setup.finishAs({ path: here.base_path, name, type: fields.type ?? null, subpath: fields.subpath ?? '', folder }, workers);
  }

  /** The person answers for themselves. */
  change(): void {
    this.found = null;
  }

  forget(): void {
    this.found = null;
    this.#considered = '';
  }
}
