import { SvelteMap } from 'svelte/reactivity';
import { Failure, type Ipc, type SameStorageView } from '../ipc';

/** Asking workers whether their storage is this computer's: a test file is written to the person's folder, and they look for it. */
export class Confirming {
  readonly #ipc: Ipc;
  /** The storage that is asked about. */
  storage = $state<string | null>(null);
  /** What the workers said last, by storage. */
  told = new SvelteMap<string, SameStorageView[]>();
  failures = new SvelteMap<string, Failure>();

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
  }

  async ask(storage: string): Promise<void> {
    if (this.storage !== null) return;
    this.storage = storage;
    this.told.delete(storage);
    this.failures.delete(storage);
    try {
      this.told.set(storage, (await this.#ipc.sameStorage(storage, null)).workers);
    } catch (thrown) {
      this.failures.set(storage, Failure.from(thrown));
    } finally {
      this.storage = null;
    }
  }

  /** What a worker said that is not well. */
  objection(storage: string, worker: string): string | null {
    const said = this.told.get(storage)?.find((one) => one.id === worker);
    return said === undefined || said.saw === 'found' ? null : said.words;
  }
}
