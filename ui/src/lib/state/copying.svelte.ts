import { type CopiedView, type CopyUnderWay, type CopyView, Failure, type Ipc } from '../ipc';

/** Files of this computer on their way onto a storage. One copy at a time. */
export class Copying {
  readonly #ipc: Ipc;

  /** What is copied, by its path here; empty while nothing is. */
  files = $state.raw<string[]>([]);
  folder = $state('');
  progress = $state.raw<CopyView | null>(null);
  /** When it was last heard to go on. */
  heardAt = $state(0);
  stopping = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** What was copied last. */
  copied = $state.raw<CopiedView[]>([]);

  #underWay: CopyUnderWay | null = null;
  /** When the file that is copied now began, and how much of it was there then: for how long it takes yet. */
  #began = { file: -1, step: '', at: 0 };

  active = $derived(this.files.length > 0);

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
  }

  /** Copies files, and answers where they are; none where it failed, or was stopped. */
  async copy(files: string[], folder: string): Promise<CopiedView[] | null> {
    if (this.active || files.length === 0) return null;
    this.files = files;
    this.folder = folder;
    this.progress = null;
    this.failure = null;
    this.copied = [];
    this.stopping = false;
    this.heardAt = Date.now();
    this.#began = { file: -1, step: '', at: 0 };
    try {
      this.#underWay = this.#ipc.copyFiles(files, folder, (progress) => this.#hear(progress));
      this.copied = await this.#underWay.done;
      return this.copied;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      // Whoever stopped it knows why it ended; what is left of it is worth telling.
      this.failure = this.stopping && failure.hint === null ? null : failure;
      return null;
    } finally {
      this.#underWay = null;
      this.files = [];
      this.progress = null;
    }
  }

  stop(): void {
    this.stopping = true;
    this.#underWay?.stop();
  }

  /** Nothing of the last copy is told any more. */
  forget(): void {
    this.failure = null;
    this.copied = [];
  }

  /** Milliseconds until this step is done, if it goes on as it did; none while that is a guess. */
  left(now: number): number | null {
    const { progress } = this;
    const ran = now - this.#began.at;
    if (progress === null || !progress.bytes || ran < 2000) return null;
    return (ran / progress.bytes) * ((progress.total ?? 0) - progress.bytes);
  }

  #hear(progress: CopyView): void {
    this.progress = progress;
    this.heardAt = Date.now();
    if (this.#began.file !== progress.file || this.#began.step !== progress.step) {
      this.#began = { file: progress.file, step: progress.step, at: this.heardAt };
    }
  }
}
