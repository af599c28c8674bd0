import { Failure, type Ipc, type JobView, type ShownVideo, type ShownView } from '../ipc';

/** A job in a pretend lab, shown step by step. */
export class Show {
  readonly #ipc: Ipc;
  readonly #stop: () => void;

  lab = $state.raw<{ yours: string; workers: string } | null>(null);
  dataset = $state.raw<{ local: string; place: string } | null>(null);
  ready = $state<string | null>(null);
  job = $state.raw<JobView | null>(null);
  seen = $state.raw<ShownVideo[] | null>(null);
  /** Whether it is over, well or not. */
  over = $state(false);
  failure = $state.raw<Failure | null>(null);

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
    this.#stop = () => void this.#ipc.stopShowing().catch(() => {});
    void this.#run();
  }

  stop(): void {
    if (!this.over) this.#stop();
  }

  async #run(): Promise<void> {
    try {
      await this.#ipc.showMe((step) => this.#take(step));
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
    this.over = true;
  }

  #take(step: ShownView): void {
    switch (step.type) {
      case 'lab':
        this.lab = step.value;
        break;
      case 'dataset':
        this.dataset = step.value;
        break;
      case 'ready':
        this.ready = step.value;
        break;
      case 'job':
        this.job = step.value;
        break;
      case 'seen':
        this.seen = step.value;
        break;
    }
  }
}
