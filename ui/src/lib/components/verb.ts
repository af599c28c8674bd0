import type { JobView } from '../ipc';
import { signOf } from '../platform';
import { hasEnded } from '../state/jobs.svelte';

/** What can be asked of a job by a key. */
export type JobVerb = 'stop' | 'log' | 'results';

export function verbOf(event: KeyboardEvent): JobVerb | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const sign = signOf(event);
  if (sign === 'r') return event.shiftKey ? 'results' : null;
  return sign === '.' ? 'stop' : sign === 'l' ? 'log' : null;
}

/** Whether the job is one of which that can be asked. */
export function canTake(verb: JobVerb, job: JobView): boolean {
  if (verb === 'stop') return !hasEnded(job) && job.stopping !== 'kill';
  return verb === 'log' || (job.results !== null && job.started_at !== null);
}
