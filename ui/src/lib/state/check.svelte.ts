import { Failure, type Finding, type Ipc, type SameStorageView, type StorageFields } from '../ipc';

/** What is asked about: a storage with the person's folder, which is to be `made` once nothing speaks against it. */
export interface Question {
  name: string;
  fields: StorageFields;
  make: boolean;
}

/** Whether a storage that is being set up works, and is the lab's. Nothing is made on it before workers were asked and none of them
 * has another one under its name. */
export class Check {
  readonly #ipc: Ipc;
  findings = $state.raw<Finding[] | null>(null);
  same = $state.raw<SameStorageView[] | null>(null);
  /** Why nothing could be tried. */
  failure = $state.raw<Failure | null>(null);
  /** Why workers could not be asked. */
  sameFailure = $state.raw<Failure | null>(null);
  /** Whether the person did not wait for all answers. */
  hurried = $state(false);

  /** How many workers found the test file. */
  found = $derived((this.same ?? []).filter((one) => one.saw === 'found').length);
  /** Whether it is another storage than the lab's, as the workers say. */
  refuted = $state(false);
  /** What another choice would mend: the storage is not there or another one, or the person's folder cannot be used. */
  doubt = $derived<'storage' | 'folder' | null>(this.refuted || this.failure?.code === 'backend_unavailable' ? 'storage' : this.failure ? 'folder' : null);
  waiting = $derived(!this.hurried && this.failure === null && (this.findings === null || (this.same === null && this.sameFailure === null)));

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
  }

  /** Tries the folder, asks the workers, and makes the folder. `asked`: whether anybody still wants to know. Whether it was made. */
  async run({ name, fields, make }: Question, asked: () => boolean): Promise<boolean> {
    this.findings = null;
    this.same = null;
    this.refuted = false;
    this.failure = null;
    this.sameFailure = null;
    this.hurried = false;
    try {
      const findings = await this.#ipc.tryStorage(name, fields, make);
      if (!asked()) return false;
      this.findings = findings;
    } catch (thrown) {
      if (asked()) this.failure = Failure.from(thrown);
      return false;
    }
    // Each can fail alone, and neither holds anybody up.
    try {
      const { workers, refuted } = await this.#ipc.sameStorage(name, fields);
      if (!asked()) return false;
      this.same = workers;
      this.refuted = refuted;
    } catch (thrown) {
      if (asked()) this.sameFailure = Failure.from(thrown);
      return false;
    }
    return make && !this.refuted && (await this.#make(name, fields, asked));
  }

  async #make(name: string, fields: StorageFields, asked: () => boolean): Promise<boolean> {
    try {
      const findings = await this.#ipc.makeOwn(name, fields, false);
      // What was tried above it says nothing of the folder itself.
      if (asked()) this.findings = [...findings, ...(this.findings ?? []).filter(({ what }) => !findings.some((one) => one.what === what))];
      return true;
    } catch (thrown) {
      if (asked()) this.failure = Failure.from(thrown);
      return false;
    }
  }
}
