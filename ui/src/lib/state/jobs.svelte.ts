import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { JobView } from '../ipc';

export type Filter = 'active' | 'ended' | 'all';

const ENDED = ['succeeded', 'failed', 'cancelled'];
const ORDER = ['running', 'checking', 'assigned', 'queued'];

export function hasEnded(job: JobView): boolean {
  return ENDED.includes(job.state);
}

/** All jobs, and which of them ended while nobody looked. */
export class Jobs {
  all = new SvelteMap<string, JobView>();
  unseen = new SvelteSet<string>();
  /** Whether the history has arrived: what ends from now on is news. */
  current = false;

  /** What runs first, then what waits, then what ended last. */
  sorted = $derived([...this.all.values()].sort(compare));
  running = $derived(this.sorted.filter((job) => !hasEnded(job) && job.state !== 'queued').length);
  waiting = $derived(this.sorted.filter((job) => job.state === 'queued').length);

  /** Answers whether the job's state changed, rather than its progress. */
  put(job: JobView): boolean {
    const before = this.all.get(job.id);
    this.all.set(job.id, job);
    if (!hasEnded(job)) this.unseen.delete(job.id);
    else if (this.current && before !== undefined && !hasEnded(before)) this.unseen.add(job.id);
    return before?.state !== job.state;
  }

  seen(id: string): void {
    this.unseen.delete(id);
  }

  clear(): void {
    this.all.clear();
    this.current = false;
  }

  matching(filter: Filter, text: string): JobView[] {
    const wanted = text.trim().toLowerCase();
    return this.sorted.filter(
      (job) =>
        (filter === 'all' || (filter === 'ended') === hasEnded(job)) &&
        (wanted === '' ||
          [job.name, job.what, job.worker, job.results?.text].some((part) => part?.toLowerCase().includes(wanted))),
    );
  }
}

function compare(a: JobView, b: JobView): number {
  const ended = Number(hasEnded(a)) - Number(hasEnded(b));
  if (ended !== 0) return ended;
  if (hasEnded(a)) return (b.ended_at ?? '').localeCompare(a.ended_at ?? '') || b.id.localeCompare(a.id);
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.submitted_at.localeCompare(b.submitted_at) || a.id.localeCompare(b.id);
}
