import { Failure, type Ipc, type ResultsView } from '../ipc';

/** Where the results of a draft go, once the person chose a folder for them. Nothing that is there is ever overwritten. */
export class Results {
  readonly #ipc: Ipc;
  readonly #kind: () => string;
  readonly #changed: () => void;

  /** The folder that was chosen; null is the one that is proposed. */
  folder = $state<string | null>(null);
  /** What is there; none while nobody has looked. */
  there = $state.raw<ResultsView | null>(null);
  looking = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** With a folder that is there: a new one is made, the results are put into it, or the job goes on from what is in it. */
  how = $state<'new' | 'into' | 'on'>('new');

  /** Where jobs of this window go; a worker makes the folder of each only when it begins. */
  #given = $state.raw<string[]>([]);
  #asked = 0;

  constructor(ipc: Ipc, kind: () => string, changed: () => void) {
    this.#ipc = ipc;
    this.#kind = kind;
    this.#changed = changed;
  }

  async choose(folder: string | null): Promise<void> {
    this.forget();
    this.folder = folder;
    this.#changed();
    await this.look();
  }

  take(how: 'new' | 'into' | 'on'): void {
    this.how = how;
    this.#changed();
  }

  /** Looks what is there, as far as it matters to the job type. A later call wins. */
  async look(): Promise<void> {
    this.there = null;
    if (await this.lookAgain()) this.#changed();
  }

  /** The same where the draft is as it was: until there is an answer, what was there counts. Answers whether there is one that counts. */
  async lookAgain(): Promise<boolean> {
    const { folder } = this;
    const mine = ++this.#asked;
    this.failure = null;
    this.looking = folder !== null;
    if (folder === null) return false;
    try {
      const there = await this.#ipc.resultsThere(folder, this.#kind());
      if (mine === this.#asked) this.there = there;
    } catch (thrown) {
      if (mine === this.#asked) {
        this.there = null;
        this.failure = Failure.from(thrown);
      }
    }
    if (mine !== this.#asked) return false;
    this.looking = false;
    if (this.how === 'on' && !this.there?.checkpoint) this.how = 'new';
    return true;
  }

  /** A job was submitted that writes there. */
  give(folder: string): void {
    this.#given = [...this.#given, folder];
  }

  /** Does not wait for what is there: a new folder is made in the chosen one, which is right whatever is in it. */
  leave(): void {
    this.#asked += 1;
    this.there = null;
    this.looking = false;
    this.how = 'new';
    this.#changed();
  }

  forget(): void {
    this.#asked += 1;
    this.folder = null;
    this.there = null;
    this.looking = false;
    this.failure = null;
    this.how = 'new';
  }

  /** The results of an earlier job: what follows it is put beside them. */
  earlier = $derived(
    this.there?.checkpoint && this.there.beside
      ? { beside: free(this.there.beside.text, this.#given), checkpoint: this.there.checkpoint, epoch: this.there.epoch }
      : null,
  );

  /** What a draft says of it: of one job alone, or of several, each of which gets a folder of its own. */
  said(alone: boolean): { folder: string | null; within: string | null; from: string | null } {
    if (alone && this.earlier) return { folder: this.earlier.beside, within: null, from: this.how === 'on' ? this.earlier.checkpoint.text : null };
    return this.how === 'into' ? { folder: this.folder, within: null, from: null } : { folder: null, within: this.folder, from: null };
  }
}

/** This folder, or the first after it by number that no job was given. */
function free(folder: string, given: string[]): string {
  if (!given.includes(folder)) return folder;
  const next = folder.replace(/\d+$/, (number) => String(Number(number) + 1));
  return next === folder ? folder : free(next, given);
}
