import { createContext } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { Spot } from '../components/menu';
import { TRAIN } from '../lab-words';
import { lastKind } from '../recent';
import { Failure, type Ipc, type Keep, type MovedView, type StorageView } from '../ipc';
import { Clock } from './clock.svelte';
import { words } from '../words';
import { Confirming } from './confirming.svelte';
import { NewJob } from './draft.svelte';
import { filled } from './filled';
import { hasEnded } from './jobs.svelte';
import { Lab } from './lab.svelte';
import { Looks } from './looks.svelte';
import { Setup } from './setup.svelte';

export const PAGES = ['new', 'jobs', 'workers', 'storage', 'settings'] as const;
/** Setting up has no place among the pages: it comes by itself, and goes. */
export type Page = (typeof PAGES)[number] | 'setup';

/** What a job is looked at by. */
export const JOB_TABS = ['overview', 'log', 'results', 'settings'] as const;
export type JobTab = (typeof JOB_TABS)[number];

/** Something that was done, and can be taken back for a while. */
export interface UndoOffer {
  text: string;
  act: () => Promise<void>;
  /** Why it could not be taken back. */
  failure?: string;
}

/** One window: what it shows, and all that its pages share. */
export class Session {
  readonly ipc: Ipc;
  readonly lab = new Lab();
  readonly clock = new Clock();
  readonly looks: Looks;
  readonly form: NewJob;
  readonly setup: Setup;
  readonly confirming: Confirming;

  /** None until it is known whether there is a job to show. */
  chosen = $state<Page | null>(null);
  job = $state<string | null>(null);
  /** What the last job was looked at by: the next one is, too. */
  jobTab = $state<JobTab>('overview');
  /** Counts how often a job was shown from elsewhere than its row. */
  shown = $state(0);
  worker = $state<string | null>(null);
  /** Where the verbs of the open job or worker were asked for, if not at their button. */
  menuAt = $state.raw<Spot | null>(null);
  /** A storage whose form was asked for from elsewhere, and what of it is to be changed. */
  editStorage = $state.raw<{ name: string; field: 'folder' | 'name' } | null>(null);
  dragging = $state(false);
  /** What ended since the window was last open, until it is looked at. */
  news = $state.raw<{ since: string; done: number; failed: number } | null>(null);
  /** Whether the list of keys is open. */
  keysShown = $state(false);
  /** Jobs that run here, by name, while the question whether to quit is open. */
  quitting = $state.raw<string[] | null>(null);
  /** Those of them that are not known to have ended since. */
  stillRunning = $derived.by(() => {
    const jobs = this.lab.jobs.all.list;
    return (this.quitting ?? []).filter((name) => jobs.every((job) => job.name !== name) || jobs.some((job) => job.name === name && !hasEnded(job)));
  });
  /** The questions that are open, the one on top last: while there is one, what is under it takes no key. */
  readonly dialogs: string[] = [];

  undo = $state.raw<UndoOffer | null>(null);
  /** Places to which storages moved and which the person does not want to hear of now. */
  notNow = new SvelteSet<string>();
  /** Whether the news of a newer version was put aside. */
  versionSeen = $state(false);
  /** Whether what is drawn first has arrived. */
  #begun = false;
  /** Whether everything known had arrived when it was counted what ended meanwhile. */
  #counted = false;
  /** What was last kept of what was not looked at, by id: the shell says it back only later. */
  #unseen: readonly string[] | null = null;
  /** Until when it was kept that this window shows what happens. */
  #visited = 0;

  page = $derived<Page>(this.chosen ?? this.#first());

  /** See {@link Clock}. */
  get now(): number {
    return this.clock.now;
  }

  get today(): number {
    return this.clock.today;
  }

  /** Whether files that are on no storage are offered to be copied to one. */
  copies = $derived.by(() => this.lab.kept.copies ?? true);

  /** Whether setting up is to be gone on with. With a storage there and nothing chosen yet, there is nothing to be finished. */
  unfinished = $derived.by(() => this.setup.step !== null && (this.page === 'setup' || this.setup.path !== '' || this.lab.storages.length === 0));

  /** Whether what is set up is for this computer alone. */
  setsUpAlone = $derived.by(() => this.lab.alone && !this.setup.forLab);

  constructor(ipc: Ipc) {
    this.ipc = ipc;
    this.looks = new Looks(ipc.kept.looks, (looks) => this.keep({ type: 'looks', value: looks }));
    this.form = new NewJob(ipc);
    this.confirming = new Confirming(ipc);
    this.setup = new Setup(ipc, () => this.lab.status?.member ?? '', () => this.lab.storages);
  }

  /**
   * What is drawn first has arrived, or everything: the page that was fit to begin with stays until the person goes elsewhere.
   */
  begin(): void {
    if (!this.#counted) {
      this.#counted = this.lab.current;
      this.#learnNews();
    }
    if (!this.#begun) {
      this.#begun = true;
      const kept = this.lab.kept.setup;
      if (this.setup.step === null && kept) this.setup.resume(kept);
    }
    this.#open(this.page);
    this.visit();
  }

  /** What happens is being shown, where the window is. It is kept once a minute, and by the shell when the window closes. */
  visit(): void {
    const now = Date.now();
    if (document.hidden || !this.#counted || now - this.#visited < 60_000) return;
    this.#visited = now;
    this.keep({ type: 'seen_until', value: now });
  }

  /** For the next start of the window. That something cannot be kept disturbs nobody. */
  keep(change: Keep): void {
    this.ipc.keep(change).catch(() => {});
  }

  #first(): Page {
    const { jobs, storages, status } = this.lab;
    const { page, setup } = this.lab.kept;
    // Where the file cannot be read, nobody knows what is set up.
    const bare = storages.length === 0 && !status?.config_error;
    if (setup ? bare || page === 'setup' : bare && !status?.in_lab) return 'setup';
    if (jobs.running + jobs.waiting + jobs.unseen.size > 0) return 'jobs';
    if (bare) return 'setup';
    return PAGES.find((one) => one === page) ?? 'new';
  }

  /** What was not looked at is that in the next window, too. Until all is known, nothing of it is forgotten. */
  keepUnseen(): void {
    if (!this.#counted) return;
    const unseen = [...this.lab.jobs.unseen];
    const kept = (this.#unseen ??= this.lab.kept.unseen ?? []);
    if (unseen.length === kept.length && unseen.every((id) => kept.includes(id))) return;
    this.#unseen = unseen;
    this.keep({ type: 'unseen', value: unseen });
  }

  #learnNews(): void {
    this.lab.jobs.stillUnseen(this.lab.kept.unseen ?? [], this.lab.status?.member ?? '');
    const since = this.lab.kept.seen_until ?? null;
    if (since === null) return;
    const { done, failed } = this.lab.jobs.since(since, this.lab.status?.member ?? '');
    if (done + failed > 0) this.news = { since: new Date(since).toISOString(), done, failed };
  }

  /** Whoever opens the jobs has seen what ended. */
  go(page: Page): void {
    if (page === 'jobs') this.news = null;
    this.#open(page);
  }

  #open(page: Page): void {
    if (page === 'setup' && this.setup.step === null && this.setup.done === null) this.setup.begin();
    if (this.chosen !== page) this.keep({ type: 'page', value: page });
    this.chosen = page;
  }

  /** The form of a new job; where that is open already, from nothing. What the person had put into it can be had back. */
  newJob(): void {
    if (this.page === 'new') this.#anew(words.newJob.emptied, () => this.form.clear());
    else this.#openForm();
  }

  /** What was submitted is on its way, and not asked for again. */
  #openForm(): void {
    if (this.form.submitted !== null) this.form.clear();
    this.go('new');
  }

  /** What this person ran last; of whoever ran nothing yet and has labelled frames, a training, where somebody can be expected to train. */
  likelyKind(): string | null {
    const { lab } = this;
    // Nobody looks through thousands of jobs with each change of one where the form is not seen.
    if (this.page !== 'new') return this.form.kind;
    const last = lastKind(lab.jobs.all.list, lab.status?.member ?? '', lab.kinds);
    if (last !== null) return last;
    const { dataset } = this.form;
    const learns = dataset?.is_project === true && (dataset.labelled_frames ?? 0) > 0;
    const trains = lab.runs(TRAIN) || (lab.workers.size === 0 && lab.status?.in_lab === true);
    return learns && trains ? TRAIN : null;
  }

  /** Goes to the form and fills it in anew. What the person had put into it can be had back. */
  refill(fill: () => void): void {
    this.#anew(words.newJob.refilled, fill);
  }

  #anew(told: string, fill: () => void): void {
    const back = filled(this.form);
    this.#openForm();
    fill();
    if (back === null) return;
    this.offerUndo(told, async () => {
      this.go('new');
      back();
    });
  }

  /** Sets a further storage up, of this `folder` where that is known; or goes on with the one that is being set up. */
  setUp(folder: string | null = null): void {
    if (this.setup.step === null) this.setup.begin(this.lab.storages.length > 0 || folder !== null ? 'storage' : 'lab');
    this.go('setup');
    if (folder !== null) void this.setup.choose(folder);
  }

  showJob(id: string): void {
    if (this.job !== id) this.jobTab = 'overview';
    this.job = id;
    this.shown += 1;
    this.lab.jobs.seen(id);
    this.go('jobs');
  }

  /** Where a storage is now, unless the person wants to hear of it later. */
  movedTo(storage: StorageView): MovedView | null {
    return storage.moved !== null && !this.notNow.has(storage.moved.to) ? storage.moved : null;
  }

  /** The storage is at its new place from now on. */
  async follow(storage: StorageView, moved: MovedView): Promise<void> {
    await this.ipc.setStorage(storage.name, { base_path: moved.to, type: null, description: null, user_subdir: null, subpath: null });
  }

  /** A later offer takes the place of an earlier one. */
  offerUndo(text: string, act: () => Promise<void>): void {
    this.undo = { text, act };
  }

  forgetUndo(offer: UndoOffer): void {
    if (this.undo === offer) this.undo = null;
  }

  async takeUndo(offer: UndoOffer): Promise<void> {
    this.forgetUndo(offer);
    try {
      await offer.act();
    } catch (thrown) {
      this.undo = { ...offer, failure: Failure.from(thrown).message };
    }
  }

  openDatasets(paths: string[]): void {
    if (paths.length === 0) return;
    this.go('new');
    void this.form.openAll(paths);
  }
}

export const [getSession, setSession] = createContext<Session>();
