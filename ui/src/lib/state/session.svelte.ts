import { createContext } from 'svelte';
import { Failure, type Ipc } from '../ipc';
import { lastVisit, rememberVisit } from '../visits';
import { NewJob } from './draft.svelte';
import { Lab } from './lab.svelte';
import { Setup } from './setup.svelte';

export const PAGES = ['new', 'jobs', 'workers', 'storage', 'settings'] as const;
export type Page = (typeof PAGES)[number];

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
  readonly form: NewJob;
  readonly setup: Setup;

  /** None until it is known whether there is a job to show. */
  chosen = $state<Page | null>(null);
  job = $state<string | null>(null);
  worker = $state<string | null>(null);
  /** A folder for which the storage form was asked for from elsewhere. */
  addFolder = $state<string | null>(null);
  now = $state(Date.now());
  dragging = $state(false);
  /** What ended since the window was last open, until it is looked at. */
  news = $state.raw<{ since: string; done: number; failed: number } | null>(null);
  /** Whether the list of keys is open. */
  keysShown = $state(false);
  /** Jobs that run here, by name, while the question whether to quit is open. */
  quitting = $state.raw<string[] | null>(null);

  undo = $state.raw<UndoOffer | null>(null);

  page = $derived<Page>(
    this.chosen ?? (this.lab.jobs.running + this.lab.jobs.waiting + this.lab.jobs.unseen.size > 0 ? 'jobs' : this.lab.storages.length > 0 ? 'new' : 'storage'),
  );

  constructor(ipc: Ipc) {
    this.ipc = ipc;
    this.form = new NewJob(ipc);
    this.setup = new Setup(ipc, () => this.lab.status?.member ?? '');
  }

  /** Everything known has arrived: the page that was fit to begin with stays until the person goes elsewhere. */
  begin(): void {
    if (this.chosen === null) this.#learnNews();
    this.chosen ??= this.page;
    rememberVisit(this.now);
  }

  #learnNews(): void {
    const since = lastVisit();
    if (since === null) return;
    const { done, failed } = this.lab.jobs.since(since, this.lab.status?.member ?? '');
    if (done + failed > 0) this.news = { since: new Date(since).toISOString(), done, failed };
  }

  showNews(): void {
    this.news = null;
    this.go('jobs');
  }

  go(page: Page): void {
    this.chosen = page;
  }

  showJob(id: string): void {
    this.job = id;
    this.lab.jobs.seen(id);
    this.go('jobs');
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
