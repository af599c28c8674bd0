import { Failure, type ReadinessView } from '../ipc';
import { Patience } from './patience.svelte';

/** How long typing may pause before the workers are asked. */
const PAUSE = 250;
/** Between an answer and the next question that nobody's hand asks: a lab in which much happens leaves its workers in peace. */
const CALM = 2000;

/** Asking whether a draft can run. However often it is called for, one question is under way. */
export class Asking {
  /** The question as it is now; null while there is nothing to ask. */
  readonly #question: () => Promise<ReadinessView> | null;

  /** What was answered last of the draft as it is; none while nobody answered. */
  answer = $state.raw<ReadinessView | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** How long an answer is waited for while there is none. */
  readonly patience = new Patience();
  /** Whether the person does not wait for it any more. */
  left = $state(false);

  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  /** When the question that waits is asked, and when the last one was answered. */
  #due = 0;
  #answered = 0;

  constructor(question: () => Promise<ReadinessView> | null) {
    this.#question = question;
  }

  /** What was known no longer holds. */
  forget(): void {
    this.#asked += 1;
    this.answer = null;
    this.failure = null;
    this.patience.end();
    this.left = false;
  }

  /** Asks soon; what was known stays until there is an answer. */
  soon(): void {
    this.#at(Date.now() + PAUSE);
  }

  /** Something is different in the lab: asks, too, but not at every turn, and nothing that the person does not wait for. */
  anew(): void {
    if (!this.left) this.#at(Math.max(Date.now() + PAUSE, this.#answered + CALM));
  }

  /** The person waits no longer: what is answered yet counts for nothing. */
  leave(): void {
    this.rest();
    this.forget();
    this.left = true;
  }

  /** Asks once more what the person did not wait for. */
  again(): void {
    this.forget();
    this.soon();
  }

  /** Ends what is under way. */
  rest(): void {
    this.patience.end();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
  }

  #at(due: number): void {
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, due - Date.now());
  }

  async #ask(): Promise<void> {
    if (this.answer === null && this.failure === null) this.patience.begin();
    if (this.#asking) {
      this.#again = true;
      return;
    }
    const question = this.#question();
    if (question === null) {
      this.patience.end();
      return;
    }
    this.#asking = true;
    const mine = this.#asked;
    let answer: ReadinessView | null = null;
    let failure: Failure | null = null;
    try {
      answer = await question;
    } catch (thrown) {
      failure = Failure.from(thrown);
    }
    this.#asking = false;
    this.#answered = Date.now();
    if (mine === this.#asked) {
      this.answer = answer;
      this.failure = failure;
      this.patience.end();
      if (this.#again) this.anew();
    } else if (!this.left) this.soon();
    this.#again = false;
  }
}
