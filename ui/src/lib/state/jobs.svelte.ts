import { SvelteSet } from 'svelte/reactivity';
import type { JobView, PathView } from '../ipc';
import { Ordered } from './ordered.svelte';

export type Filter = 'active' | 'ended' | 'all';

const ENDED = ['succeeded', 'failed', 'cancelled'];
const ORDER = ['running', 'checking', 'assigned', 'queued'];

export function hasEnded(job: JobView): boolean {
  return ENDED.includes(job.state);
}

/** Where its results are, or will be. None of one that ended before it began: its folder was never made. */
export function resultsOf(job: JobView): PathView | null {
  return hasEnded(job) && job.started_at === null ? null : job.results;
}

/** All jobs, and which of this person's ended while nobody looked. */
export class Jobs {
  /** What runs first, then what waits, then what ended last. */
  all = new Ordered<JobView>(compare);
  unseen = new SvelteSet<string>();
  /** This person's, by id. */
  #running = new Set<string>();
  #waiting = new Set<string>();
  /** When each running job's progress last changed, as far as this window saw. */
  #moved = new Map<string, { at: number; percent: number }>();
  #found = new WeakMap<JobView, string>();
  /** Whether the history has arrived: what ends from now on is news. */
  current = false;

  /** How many of this person's run, and wait. */
  running = $state(0);
  waiting = $state(0);

  /** `member`: whose jobs are counted, and news when they end. Answers whether the job's state changed, rather than its progress. */
  put(job: JobView, member: string): boolean {
    const before = this.all.get(job.id);
    this.all.put(job);
    this.#count(job, job.submitted_by === member);
    if (job.percent === null || hasEnded(job)) this.#moved.delete(job.id);
    else if (this.#moved.get(job.id)?.percent !== job.percent) this.#moved.set(job.id, { at: Date.now(), percent: job.percent });
    if (!hasEnded(job)) this.unseen.delete(job.id);
    else if (this.current && before !== undefined && !hasEnded(before) && job.submitted_by === member) this.unseen.add(job.id);
    return before?.state !== job.state;
  }

  #count(job: JobView, own: boolean): void {
    const waits = job.state === 'queued';
    note(this.#running, job.id, own && !waits && !hasEnded(job));
    note(this.#waiting, job.id, own && waits);
    this.running = this.#running.size;
    this.waiting = this.#waiting.size;
  }

  /** What of this person's ended after that moment is news. */
  since(moment: number, member: string): { done: number; failed: number } {
    const news = this.all.list.filter(
      (job) => job.submitted_by === member && hasEnded(job) && job.state !== 'cancelled' && Date.parse(job.ended_at ?? '') > moment,
    );
    news.forEach((job) => this.unseen.add(job.id));
    const failed = news.filter((job) => job.state === 'failed').length;
    return { done: news.length - failed, failed };
  }

  /** An earlier window knew that these were not looked at: those that are still in the history are not yet. */
  stillUnseen(ids: readonly string[], member: string): void {
    for (const id of ids) {
      const job = this.all.get(id);
      if (job !== undefined && job.submitted_by === member && hasEnded(job)) this.unseen.add(id);
    }
  }

  seen(id: string): void {
    this.unseen.delete(id);
  }

  /** It is no longer kept. */
  forget(id: string): void {
    const before = this.all.get(id);
    if (before) this.#count(before, false);
    this.all.delete(id);
    this.unseen.delete(id);
    this.#moved.delete(id);
  }

  /** Milliseconds until a running job's end, if it goes on as it went so far. None while that is no more than a guess. */
  left(job: JobView, now: number): number | null {
    const moved = this.#moved.get(job.id);
    if (job.state !== 'running' || job.stopping !== null || job.lost || job.started_at === null || moved === undefined) return null;
    return timeLeft(Date.parse(job.started_at), moved, now);
  }

  /** How many of this person's jobs ended before that moment. */
  endedBefore(moment: number, member: string): number {
    return this.all.list.filter((job) => job.submitted_by === member && hasEnded(job) && Date.parse(job.ended_at ?? '') < moment).length;
  }

  /** Whether there are jobs of others. */
  others(member: string): boolean {
    return this.all.list.some((job) => job.submitted_by !== member);
  }

  /** `by`: this person's alone; null is everyone's. */
  matching(filter: Filter, text: string, by: string | null = null): JobView[] {
    const wanted = text.trim().toLowerCase();
    return this.all.list.filter(
      (job) =>
        (by === null || job.submitted_by === by) &&
        (filter === 'all' || (filter === 'ended') === hasEnded(job)) &&
        (wanted === '' || this.#words(job).includes(wanted)),
    );
  }

  /** What is looked through of a job: made once of each, since thousands are looked through with every letter. */
  #words(job: JobView): string {
    let found = this.#found.get(job);
    if (found === undefined) {
      found = [job.name, job.what, job.worker, job.by, job.results?.text, ...job.settings.map(([, value]) => value)].join('\n').toLowerCase();
      this.#found.set(job, found);
    }
    return found;
  }
}

function note(ids: Set<string>, id: string, within: boolean): void {
  if (within) ids.add(id);
  else ids.delete(id);
}

/** Below this share nobody knows, and below this time neither. */
const LEAST_PERCENT = 2;
const LEAST_TIME = 10_000;

/** From when it began, and when it was last seen to move. Overdue is not known. */
export function timeLeft(began: number, moved: { at: number; percent: number }, now: number): number | null {
  const took = moved.at - began;
  if (moved.percent < LEAST_PERCENT || moved.percent >= 100 || took < LEAST_TIME) return null;
  const left = (took * (100 - moved.percent)) / moved.percent - (now - moved.at);
  return left > 0 ? left : null;
}

function compare(a: JobView, b: JobView): number {
  const ended = hasEnded(a);
  if (ended !== hasEnded(b)) return ended ? 1 : -1;
  if (ended) return order(b.ended_at ?? '', a.ended_at ?? '') || order(b.id, a.id);
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || order(a.submitted_at, b.submitted_at) || order(a.id, b.id);
}

/** Of times and ids, which no language orders otherwise: a thousand times a second that matters. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
