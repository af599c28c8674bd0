import type { Failure, FollowUpView, JobView, OfferView, PathView } from '../ipc';
import { inside, localPath } from '../places';
import { words } from '../words';
import { copyText } from '../clipboard';
import { cutPath } from '../format';
import type { Session } from './session.svelte';
import { Trying } from './trying.svelte';

/** As long are buttons waited for; milliseconds. */
const PATIENCE = 1000;

/** What can be done with one job, and what is under way of it. */
export class Verbs {
  readonly #session: Session;
  readonly #id: string;
  /** The question that is open. */
  asking = $state<'stop' | 'kill' | null>(null);
  readonly trying = new Trying();
  /** Where that is which was last asked to be shown, on this computer if it is there; none if something else was asked for since. */
  unshown = $state<string | null>(null);
  /** What can follow the job, once it has ended and this is known. */
  next = $state.raw<FollowUpView | null>(null);
  /** Whether that is known, or was waited for as long as buttons are: what came between them later would take their places. */
  learned = $state(false);

  constructor(session: Session, id: string) {
    this.#session = session;
    this.#id = id;
  }

  get busy(): boolean {
    return this.trying.busy;
  }

  get failure(): Failure | null {
    return this.trying.failure;
  }

  /** Learns what can follow. That nothing can be learned is no failure: then less is offered. */
  async learn(): Promise<void> {
    this.learned = false;
    const waited = setTimeout(() => (this.learned = true), PATIENCE);
    this.next = await this.#session.ipc.followUp(this.#id).catch(() => null);
    clearTimeout(waited);
    this.learned = true;
  }

  /** What the question that is open is answered with. */
  async end(how: 'stop' | 'kill'): Promise<void> {
    await this.#session.ipc[how](this.#id);
  }

  async retry(): Promise<void> {
    await this.#do((ipc) => ipc.retry(this.#id));
  }

  /** Takes a waiting job back. It keeps its place in the queue for those who change their mind. */
  async cancel(job: JobView): Promise<void> {
    const ended = await this.#do((ipc) => ipc.stop(this.#id));
    if (ended?.state !== 'cancelled') return;
    this.#session.offerUndo(words.jobs.cancelled(job.name), async () => void (await this.#session.ipc.retry(this.#id)));
  }

  /** Opens the form with the same values. */
  async again(): Promise<void> {
    const next = this.next ?? (await this.#do((ipc) => ipc.followUp(this.#id)));
    if (!next) return;
    this.#session.refill(() => void this.#session.form.load(next.again, this.#id));
  }

  /** The same on another worker that has what the job needs, going on from its checkpoint where there is one; the free ones first. */
  elsewhere(job: JobView): { worker: string; offer: OfferView } | null {
    if (this.next === null) return null;
    const storage = job.results?.storage_backend;
    const fit = this.#session.lab.workers.list.filter(
      (worker) =>
        worker.name !== job.worker &&
        worker.kinds.includes(job.kind) &&
        (storage === undefined || worker.storages.some((theirs) => theirs.name === storage && theirs.state === 'ready' && theirs.sameness !== 'other_storage')),
    );
    const worker = fit.find((worker) => !worker.busy) ?? fit[0];
    if (worker === undefined) return null;
    const from = this.next.resumed ?? { epoch: null, batch_size: null, draft: this.next.again };
    return { worker: worker.name, offer: { ...from, draft: { ...from.draft, worker: worker.id } } };
  }

  /** Opens the form with the same values and another dataset: the person says where it is now. */
  async locate(job: JobView): Promise<void> {
    const next = this.next ?? (await this.#do((ipc) => ipc.followUp(this.#id)));
    const at = await this.#do((ipc) => ipc.pickFile(words.newJob.locateTitle(cutPath(next?.again.dataset ?? job.name).tail), [{ name: words.newJob.filterAll, extensions: ['*'] }], { type: 'own', value: null }));
    if (!next || at === null) return;
    this.#session.refill(() => void this.#session.form.load({ ...next.again, dataset: at }, this.#id));
  }

  /** Submits what is offered, and shows it. */
  async take(offer: OfferView): Promise<void> {
    const job = await this.#do((ipc) => ipc.submit(offer.draft));
    if (job) this.#session.showJob(job.id);
  }

  /** Answers whether it was copied. */
  async copyCommand(): Promise<boolean> {
    const next = this.next ?? (await this.#do((ipc) => ipc.followUp(this.#id)));
    return next !== null && (await copyText(next.command));
  }

  /** Has the desktop connect the storage that the results are on. */
  async connect(job: JobView): Promise<void> {
    await this.#do((ipc) => ipc.connect(job.results?.storage_backend ?? ''));
  }

  async openInSleap(job: JobView): Promise<void> {
    await this.#show(job.results, (ipc) => ipc.openInSleap(this.#id));
  }

  async openLog(job: JobView): Promise<void> {
    await this.#show(job.log_file, (ipc) => ipc.openLog(this.#id));
  }

  async showResults(job: JobView): Promise<void> {
    await this.#show(job.results, (ipc) => ipc.showResults(this.#id));
  }

  /** One of the files that it wrote: in SLEAP, if that is what opens it, else where it is. */
  async openFile(job: JobView, file: string): Promise<void> {
    if (job.results === null) return;
    if (file === this.next?.opens) return this.openInSleap(job);
    const at = inside(job.results, file);
    await this.#show(at, (ipc) => ipc.showDataset(at.text));
  }

  /** Where it does not come about, what was to be shown can be copied. */
  async #show(at: PathView | null, act: (ipc: Session['ipc']) => Promise<unknown>): Promise<void> {
    this.unshown = at && (localPath(this.#session.lab.storages, at) ?? at.text);
    await this.#do(act, true);
  }

  async #do<T>(act: (ipc: Session['ipc']) => Promise<T>, shows = false): Promise<T | null> {
    let done: T | null = null;
    if (!shows) this.unshown = null;
    await this.trying.run(async (asked) => {
      const answer = await act(this.#session.ipc);
      if (asked()) done = answer;
    });
    return done;
  }
}
