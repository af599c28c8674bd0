/** Until then nothing is said of what is waited for; milliseconds. */
const SOON = 200;
/** From then on it is said whom it hangs on, and it can be left. */
const LONG = 3000;

/** How long a person has waited for one answer: the one home of when that is said, and of when it can be left. */
export class Patience {
  /** Whether it takes long enough to be told of. */
  said = $state(false);
  long = $state(false);
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** Counts from now, unless it counts already. */
  begin(): void {
    if (this.#timers.length > 0) return;
    this.#timers = [setTimeout(() => (this.said = true), SOON), setTimeout(() => (this.long = true), LONG)];
  }

  /** There is an answer, or nobody waits for one. */
  end(): void {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.said = false;
    this.long = false;
  }
}
