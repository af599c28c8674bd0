import { Failure } from '../ipc';

/** What comes of one job until it is left; nothing comes afterwards, also where it is left before it began. */
export abstract class Following<Update> {
  failure = $state.raw<Failure | null>(null);
  #leave: (() => void) | null = null;
  #left = false;

  protected abstract take(update: Update): void;

  /** Begins it; `start` answers how it is ended. */
  protected async begin(start: (apply: (update: Update) => void) => Promise<() => void>): Promise<void> {
    try {
      const leave = await start((update) => {
        if (!this.#left) this.take(update);
      });
      if (this.#left) leave();
      else this.#leave = leave;
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  leave(): void {
    this.#left = true;
    this.#leave?.();
    this.#leave = null;
  }
}
