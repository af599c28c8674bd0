import { Failure, type Ipc, type JobView, type KeptView, type KindView, type StatusView, type StorageView, type Update, type WorkerView } from '../ipc';
import { Announcer } from './announcer.svelte';
import { Jobs } from './jobs.svelte';
import { Ordered } from './ordered.svelte';

/** What the shell knows, as it last said. Only `apply` writes it. */
export class Lab {
  /** Whether everything known has arrived. */
  current = $state(false);
  /** Whether enough has arrived to say which page is fit to begin with. */
  begun = $state(false);
  /** What workers are called, by id: also those that are gone. */
  #names = new Map<string, string>();
  /** Workers and jobs that were told of since all is told anew, by id; null while nothing is. */
  #anew: Set<string> | null = null;
  status = $state.raw<StatusView | null>(null);
  /** What earlier runs of the program left to go on with. */
  kept = $state.raw<KeptView>({});
  storages = $state.raw<StorageView[]>([]);
  kinds = $state.raw<KindView[]>([]);
  /** This computer's first, then by name. */
  workers = new Ordered<WorkerView>(compare);
  jobs = new Jobs();
  readonly announcer = new Announcer();
  /** Why nothing arrives. */
  failure = $state.raw<Failure | null>(null);
  /** Counts what may change whether a draft can run: workers, storages, job types, and which jobs wait or run. */
  version = $state(0);

  /** Whether how the lab is connected says more than what it is called. */
  linked = $derived(this.status !== null && this.status.link.toLowerCase() !== this.status.lab.toLowerCase());

  /** Whether there is no lab, and nobody but this window's own worker: then no word is said of others. */
  alone = $derived(this.status?.in_lab === false && this.workers.list.every((worker) => worker.own));

  /** Those that would take a job now. */
  free = $derived(this.workers.list.reduce((count, worker) => count + Number(!worker.busy && !worker.draining), 0));
  busy = $derived(this.workers.list.reduce((count, worker) => count + Number(worker.busy), 0));
  /** Whether nothing is known of workers and jobs yet: the lab was not connected since the window was opened. */
  unknown = $derived(this.status?.offline?.known === false);
  /** Whether nobody runs jobs because the person turned this computer's worker off. */
  turnedOff = $derived(this.status?.in_lab === false && this.kept.worker === false && this.workers.size === 0);
  needsYou = $derived(this.storages.filter((storage) => storage.error !== null || storage.refuted !== null || isTrouble(storage.health?.state)));

  async watch(ipc: Ipc): Promise<void> {
    this.failure = null;
    if (!this.begun && ipc.known.length > 0) {
      ipc.known.forEach((update) => this.apply(update));
      this.begun = true;
    }
    this.#anew = new Set();
    try {
      await ipc.watch((update) => this.apply(update));
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  apply(update: Update): void {
    switch (update.type) {
      case 'reset':
        this.#anew = new Set();
        return;
      case 'current':
        this.#sweep();
        this.current = true;
        this.begun = true;
        this.jobs.current = true;
        break;
      case 'status':
        this.status = update.value;
        return;
      case 'kept':
        this.kept = update.value;
        return;
      case 'storages':
        this.storages = update.value;
        break;
      case 'worker':
        this.#anew?.add(update.value.id);
        this.#names.set(update.value.id, update.value.name);
        this.workers.put(update.value);
        break;
      case 'worker_gone':
        this.workers.delete(update.value);
        break;
      case 'job': {
        this.#anew?.add(update.value.id);
        const member = this.status?.member ?? '';
        const before = this.jobs.all.get(update.value.id);
        if (this.current && before !== undefined && update.value.submitted_by === member) this.announcer.heard(before, update.value);
        if (!this.jobs.put(update.value, member)) return;
        break;
      }
      case 'job_gone':
        this.jobs.forget(update.value);
        break;
      case 'kinds':
        this.kinds = update.value;
        break;
    }
    this.version += 1;
  }

  /** A job is for a worker by its id or its name. */
  worker(said: string): { id: string; name: string; online: boolean } {
    const worker = this.workers.get(said) ?? this.workers.list.find(({ name }) => name === said);
    return worker ? { id: worker.id, name: worker.name, online: true } : { id: said, name: this.#names.get(said) ?? said, online: false };
  }

  /** Whether a job runs, or is to run, on this computer: in a lab that is known once it is given to a worker. */
  isHere(job: JobView): boolean {
    if (!this.status?.in_lab) return true;
    return job.worker !== null && this.workers.list.some((worker) => worker.this_computer && worker.name === job.worker);
  }

  /** Whether somebody who is online runs jobs of this type. */
  runs(kind: string): boolean {
    return this.workers.list.some((worker) => worker.kinds.includes(kind));
  }

  /** All was told anew: what was not told of is gone. Until now it stayed as it was, so that nothing flickers. */
  #sweep(): void {
    const told = this.#anew;
    this.#anew = null;
    if (told === null) return;
    for (const { id } of this.workers.list) if (!told.has(id)) this.workers.delete(id);
    for (const { id } of this.jobs.all.list) if (!told.has(id)) this.jobs.forget(id);
  }
}

// "gpu-2" stands before "gpu-10". One for all: making it takes a thousand times as long as using it.
const names = new Intl.Collator('en', { numeric: true });

function compare(a: WorkerView, b: WorkerView): number {
  return Number(b.this_computer) - Number(a.this_computer) || names.compare(a.name, b.name) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** A state that a person should know of; not knowing one yet is none. */
export function isTrouble(state: string | undefined): boolean {
  return state !== undefined && !['ready', 'read_only', 'unknown'].includes(state);
}
