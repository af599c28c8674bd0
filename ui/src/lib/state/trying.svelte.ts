import { Failure } from '../ipc';

/** Whether anybody still waits for what was asked for. What follows an answer that nobody waits for is left undone. */
export type Asked = () => boolean;

/** What a person asked for: whether it is waited for, whether it may still happen after that, and why it did not come about. */
export class Trying {
  failure = $state.raw<Failure | null>(null);
  /** How many answers are waited for, and how many may still come that nobody waits for. */
  #waited = $state(0);
  #open = $state(0);
  #noted = $state(false);
  #leavings = 0;

  busy = $derived(this.#waited > 0);
  /** Whether it is not waited for, and may still happen. */
  left = $derived(this.#noted && this.#open > 0);

  /** Does it; what goes wrong is told until something is tried again. Of what nobody waits for, nothing is told. */
  async run(act: (asked: Asked) => Promise<unknown>): Promise<void> {
    const mine = this.#leavings;
    const asked = () => mine === this.#leavings;
    this.forget();
    this.#waited += 1;
    try {
      await act(asked);
    } catch (thrown) {
      if (asked()) this.failure = Failure.from(thrown);
    }
    if (asked()) this.#waited -= 1;
    else this.#open -= 1;
  }

  /** The person waits no longer for what is under way. */
  leave(): void {
    this.#leavings += 1;
    this.#open += this.#waited;
    this.#waited = 0;
    this.#noted = true;
  }

  /** What came of it is no matter any more. */
  forget(): void {
    this.failure = null;
    this.#noted = false;
  }
}
