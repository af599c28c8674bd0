import { Failure } from '../ipc';

/** What a person asked for, and why it did not come about. */
export class Trying {
  failure = $state.raw<Failure | null>(null);

  /** Does it; what goes wrong is told until something is tried again. */
  async run(act: () => Promise<unknown>): Promise<void> {
    this.failure = null;
    try {
      await act();
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }
}
