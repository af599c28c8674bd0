import type { JobView, WorkerView } from './ipc';

/** Whoever was not heard of for longer is not spoken of any more. */
const DAYS = 30;

export interface OfflineWorker {
  name: string;
  /** When a job last told of it. */
  seen: string;
}

/**
 * Workers that had a job and are not online now, as far as the jobs that are kept tell; who was seen last comes first. One that was put
 * out of the lab is none of them, but for the one that is looked at.
 */
export function offline(jobs: readonly JobView[], online: readonly WorkerView[], now: number, open: string | null = null): OfflineWorker[] {
  const here = new Set(online.map((worker) => worker.name));
  const seen = new Map<string, number>();
  for (const job of jobs) {
    for (const one of job.tries) {
      if (here.has(one.worker) || (one.removed && one.worker !== open)) continue;
      // That it was lost was noticed later than it was last heard of.
      const at = Date.parse(one.end === 'lost' ? one.began_at : (one.ended_at ?? one.began_at));
      if (at > (seen.get(one.worker) ?? now - DAYS * 24 * 3_600_000)) seen.set(one.worker, at);
    }
  }
  return [...seen].sort(([, a], [, b]) => b - a).map(([name, at]) => ({ name, seen: new Date(at).toISOString() }));
}
