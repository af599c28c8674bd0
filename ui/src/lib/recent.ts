import type { JobView, KindView, StorageView } from './ipc';

/** Datasets that this person ran, newest first, each with its last run. */
export function recentDatasets(
  jobs: readonly JobView[],
  member: string,
  kinds: KindView[],
  storages: StorageView[],
  most = 8,
): { text: string; job: JobView }[] {
  const names = new Map<string, Set<string>>(
    kinds.map((kind) => [
      kind.name,
      new Set(kind.parameters.filter((parameter) => parameter.role === 'dataset').flatMap((parameter) => [parameter.name, parameter.label])),
    ]),
  );
  const found = new Map<string, JobView>();
  const newest = jobs.filter((job) => job.submitted_by === member).sort((a, b) => (a.submitted_at < b.submitted_at ? 1 : -1));
  for (const job of newest) {
    for (const [name, value] of job.settings) {
      const known = names.get(job.kind)?.has(name) && storages.some((storage) => value.startsWith(`${storage.name}:`));
      if (known && !found.has(value)) found.set(value, job);
    }
  }
  return [...found].slice(0, most).map(([text, job]) => ({ text, job }));
}

/** The job type that this person ran last, of those that are known. */
export function lastKind(jobs: readonly JobView[], member: string, kinds: readonly KindView[]): string | null {
  let last: JobView | null = null;
  for (const job of jobs) {
    const counts = job.submitted_by === member && kinds.some((kind) => kind.name === job.kind);
    if (counts && (last === null || job.submitted_at > last.submitted_at)) last = job;
  }
  return last?.kind ?? null;
}
