import type { Ipc, LogUpdate, LogView } from '../ipc';
import { Following } from './following.svelte';

/** More than this the page does not hold: the command line tells them all. */
export const KEPT = 200_000;

export type Level = 'error' | 'warning';

// "error=0.3" is a figure.
const ERROR = /\b(error|exception|traceback|fatal|panicked)\b(?!\s*=)|\w(Error|Exception)\b/i;
const WARNING = /\bwarn(ing)?\b|\wWarning\b/i;
/** What is looked at of a line: the words that say what it is stand at its beginning. */
const LOOKED_AT = 400;

/** What a line warns of, if it does. */
export function level(line: LogView): Level | null {
  const text = line.text.length > LOOKED_AT ? line.text.slice(0, LOOKED_AT) : line.text;
  // "FutureWarning: this will be an error" is a warning.
  if (WARNING.test(text)) return 'warning';
  return ERROR.test(text) ? 'error' : null;
}

/** What finds the text, in upper case or lower case. */
const finding = (text: string, flags: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags);

/** A line around what is looked for in it: every second part is that. */
export function marked(line: string, text: string): string[] {
  if (text === '') return [line];
  const parts: string[] = [];
  let from = 0;
  for (const found of line.matchAll(finding(text, 'gi'))) {
    parts.push(line.slice(from, found.index), found[0]);
    from = found.index + found[0].length;
  }
  return [...parts, line.slice(from)];
}

/** A log that is being read. Lines are kept in a plain array: only the few that are seen are ever drawn. */
export class Log extends Following<LogUpdate> {
  #lines: LogView[] = [];
  /** Counts every change of the lines. */
  version = $state(0);
  dropped = $state(0);
  errors = $state(0);
  warnings = $state(0);
  /** Lines that warn of something, by their number from the first one ever. */
  #marked: { number: number; level: Level }[] = [];
  ended = $state(false);
  /** What was last looked for, in how many of the lines, and where it is. */
  #search: { text: string; wanted: RegExp; dropped: number; upTo: number; found: number[] } | null = null;

  get length(): number {
    void this.version;
    return this.#lines.length;
  }

  slice(from: number, to: number): LogView[] {
    void this.version;
    return this.#lines.slice(from, to);
  }

  /** Where in the log errors and warnings are, in so many places; at one place an error counts more. */
  marks(places: number): { at: number; level: Level }[] {
    void this.version;
    const found = new Map<number, Level>();
    const count = Math.max(1, this.#lines.length);
    for (const { number, level } of this.#marked) {
      const at = Math.floor(((number - this.dropped) / count) * places);
      if (level === 'error' || !found.has(at)) found.set(at, level);
    }
    return [...found].map(([at, level]) => ({ at, level }));
  }

  text(): string {
    return this.#lines.map((line) => line.text).join('\n');
  }

  /** The lines that contain the text, by index; upper and lower case are one. Only what is not known of them yet is looked for. */
  find(text: string): number[] {
    void this.version;
    if (text === '') return [];
    const before = this.#search;
    const goesOn = before !== null && before.dropped === this.dropped;
    if (!goesOn || before.text !== text) {
      const wanted = finding(text, 'i');
      const narrows = goesOn && before.upTo > 0 && text.toLowerCase().includes(before.text.toLowerCase());
      const within = narrows ? before.found.filter((index) => wanted.test(this.#lines[index]?.text ?? '')) : [];
      this.#search = { text, wanted, dropped: this.dropped, upTo: narrows ? before.upTo : 0, found: within };
    }
    const search = this.#search;
    if (search === null) return [];
    if (search.upTo < this.#lines.length) {
      const more: number[] = [];
      for (let index = search.upTo; index < this.#lines.length; index += 1) if (search.wanted.test(this.#lines[index]?.text ?? '')) more.push(index);
      search.upTo = this.#lines.length;
      if (more.length > 0) search.found = search.found.concat(more);
    }
    return search.found;
  }

  /** The last line that contains the text, by index. */
  lastWith(text: string): number | null {
    void this.version;
    const index = this.#lines.findLastIndex((line) => line.text.includes(text));
    return index < 0 ? null : index;
  }

  follow(ipc: Ipc, id: string, attempt: number | null): Promise<void> {
    return this.begin((apply) => ipc.followLog(id, attempt, apply));
  }

  protected take(update: LogUpdate): void {
    if (update.type === 'ended') {
      this.ended = true;
      return;
    }
    for (const line of update.value) {
      const found = level(line);
      if (found) {
        this.#marked.push({ number: this.dropped + this.#lines.length, level: found });
        if (found === 'error') this.errors += 1;
        else this.warnings += 1;
      }
      this.#lines.push(line);
    }
    const over = this.#lines.length - KEPT;
    if (over > 0) {
      this.#lines.splice(0, over);
      this.dropped += over;
      this.#marked = this.#marked.filter(({ number }) => number >= this.dropped);
    }
    this.version += 1;
  }
}
