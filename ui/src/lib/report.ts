import type { Value } from './ipc';
import { words } from './words';

/** What a check of a SLEAP project found, as far as the page draws it. */
export interface Report {
  videos: { written: string; there: string | null; seen: boolean; words: string }[];
  seen: number;
}

/** Reads a report. It was written by a program on another computer: whatever does not fit is left out. */
export function readReport(value: Value | null): Report | null {
  if (!isRecord(value) || !Array.isArray(value['videos'])) return null;
  const videos = value['videos'].filter(isRecord).map((video) => {
    const seen = video['found'] === true;
    const there = text(video['local']) ?? text(video['path']);
    return {
      written: text(video['written']) ?? '',
      there,
      seen,
      words: seen ? words.results.seen : (text(video['words']) ?? text(video['detail']) ?? words.results.notSeen),
    };
  });
  return { videos, seen: videos.filter((video) => video.seen).length };
}

function isRecord(value: Value | null | undefined): value is { [key in string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: Value | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
