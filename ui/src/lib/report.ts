import type { JobView, StatusView, Value } from './ipc';
import type { Setup } from './state/setup.svelte';
import { words } from './words';

/** What a check of a SLEAP project found, as far as the page draws it. */
export interface Report {
  /** `why`: why it is not seen, where that is more than a word or two. */
  videos: { written: string; there: string | null; seen: boolean; words: string; why: string | null }[];
  seen: number;
  /** What is so of several videos: why they are not seen, and how many they are. */
  reasons: { why: string; count: number }[];
}

/** What is no longer than this is told in the row itself. */
const WORD = 24;

/** Reads a report. It was written by a program on another computer: whatever does not fit is left out. */
export function readReport(value: Value | null): Report | null {
  if (!isRecord(value) || !Array.isArray(value['videos'])) return null;
  const videos = value['videos'].filter(isRecord).map((video) => {
    const seen = video['found'] === true;
    const there = text(video['local']) ?? text(video['path']);
    const said = seen ? words.results.seen : (text(video['words']) ?? text(video['detail']) ?? words.results.notSeen);
    const isLong = said.length > WORD;
    return { written: text(video['written']) ?? '', there, seen, words: isLong ? words.results.notSeen : said, why: isLong ? said : null };
  });
  const counts = new Map<string, number>();
  for (const { why } of videos) if (why !== null) counts.set(why, (counts.get(why) ?? 0) + 1);
  const reasons = [...counts].filter(([, count]) => count > 1).map(([why, count]) => ({ why, count }));
  return { videos, seen: videos.filter((video) => video.seen).length, reasons: reasons.sort((a, b) => b.count - a.count) };
}

function isRecord(value: Value | null | undefined): value is { [key in string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: Value | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What was found while a storage was set up, as text for whoever can mend it. Holds no secret: nothing here ever knew one. */
export function setupReport(setup: Setup, status: StatusView | null, when: Date): string {
  const failures = [setup.check.failure, setup.failure, setup.check.sameFailure].flatMap((failure) => (failure === null ? [] : [`✕ ${failure.message}`]));
  const findings = (setup.check.findings ?? []).map((finding) => `${finding.state === 'good' ? '✓' : finding.state === 'note' ? '!' : '✕'} ${finding.what}: ${finding.found}`);
  const same = (setup.check.same ?? []).map((one) => `${one.saw === 'found' ? '✓' : '✕'} ${one.words}`);
  const what = [words.setup.reportTitle(setup.name), words.setup.reportPlace(setup.path, setup.folder)];
  return forAdmin(what, [...failures, ...findings, ...same], status, when);
}

/** What only whoever looks after the workers can mend, as text to send. Holds no secret: nothing here ever knew one. */
export function forAdmin(what: string[], details: string[], status: StatusView | null, when: Date): string {
  const who = words.setup.reportWho(status?.member ?? words.common.unknown, status?.version ?? words.common.unknown, when.toISOString());
  return [...what, who, ...details, words.setup.reportMore].join('\n');
}

/** What became of a job, as text for whoever can mend it. */
export function jobReport(job: JobView, status: StatusView | null, when: Date): string {
  const what = [`${words.jobs.panel(job.name)} (${job.what})`, job.results?.text ?? ''];
  const worker = job.worker === null ? '' : ` ${job.lost ? words.jobs.with(job.worker) : words.jobs.on(job.worker)}`;
  const details = [
    [`${job.words}${worker}`, job.failure ?? job.status].filter((part) => part).join(': '),
    ...job.waiting_for,
    ...job.timeline.map((entry) => `${entry.at}  ${entry.words}`),
    `${words.jobs.id} ${job.id}`,
  ];
  return forAdmin(what.filter((line) => line !== ''), details, status, when);
}
