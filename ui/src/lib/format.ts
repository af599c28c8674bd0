// Numbers and times as people read them. Pure: the present moment is passed in.

const DAY = 24 * 60 * 60 * 1000;

/** "41 TB", "12 KB": decimal units, two digits of weight. */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Midnight of that day, local. */
export function midnight(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** How many days ago, by the calendar. */
export function daysAgo(at: string, now: number): number {
  return Math.round((midnight(now) - midnight(Date.parse(at))) / DAY);
}

// Made once: each takes a thousand times as long to make as to use, and a list of jobs uses hundreds.
const said = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat('en-GB', options);
  return (time: Date) => format.format(time);
};
const minute = said({ hour: '2-digit', minute: '2-digit' });
const second = said({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const shortDay = said({ weekday: 'short' });
const longDay = said({ weekday: 'long' });
const date = said({ day: 'numeric', month: 'short', year: 'numeric' });

/** "09:14" today, "Fri 18:02" within a week, before or after; "12 Nov 2025" else. */
export function moment(at: string, now: number): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const days = daysAgo(at, now);
  if (days === 0) return minute(time);
  return Math.abs(days) < 7 ? `${shortDay(time)} ${minute(time)}` : date(time);
}

/** How long something is good: "18:02 today", "29 Nov 2026". */
export function until(at: string, now: number): string {
  return daysAgo(at, now) === 0 ? `${moment(at, now)} today` : day(at);
}

/** "09:14:02". */
export function clock(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : second(time);
}

/** "12 Nov 2025". */
export function day(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : date(time);
}

/** "Friday". */
export function weekday(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : longDay(time);
}

/** "8 s", "12 min", "1 h 02 min". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A path in two: what may be shortened, and the last component, which may not. */
export function cutPath(path: string): { head: string; tail: string } {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'), path.indexOf(':')) + 1;
  return cut >= path.length ? { head: '', tail: path } : { head: path.slice(0, cut), tail: path.slice(cut) };
}

/** Letters that are read from the right, and what turns the direction: the end of such a name is not at its right. */
const FROM_RIGHT = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;
/** So long a name has two parts, and so long is its end, which begins with a word where one begins there. */
const LONG = 20;
const END = 12;
const signs = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A long name in two: what may be shortened, and its end, which stays. None where it is short, or read from the right. */
export function cutName(name: string): { head: string; tail: string } | null {
  if (name.length <= LONG || FROM_RIGHT.test(name)) return null;
  const all = [...signs.segment(name)].map(({ segment }) => segment);
  if (all.length <= LONG) return null;
  const from = all.length - END;
  const word = [0, -1, 1, -2, 2, -3, 3].find((step) => all[from + step] === ' ');
  const cut = from + (word ?? 0);
  return { head: all.slice(0, cut).join(''), tail: all.slice(cut).join('') };
}

/** A storage's name made from its folder's: "Talmo Lab (2)" → "Talmo-Lab-2". May be empty. */
export function suggestName(folder: string): string {
  const last = folder.split(/[/\\]/).findLast((part) => part !== '') ?? '';
  const name = last
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 64);
  return name.length < 2 ? '' : name;
}

/** "0.083", "4.3e-4": three digits where that is short, two with an exponent elsewhere. */
export function loss(value: number | null): string {
  if (value === null) return '–';
  const size = Math.abs(value);
  return size === 0 || (size >= 0.01 && size < 10_000) ? String(Number(value.toPrecision(3))) : value.toExponential(1).replace('e+', 'e');
}

/** As a sentence begins. What begins with a path, a file or a worker keeps its case: in another it is another one. */
export function capital(text: string): string {
  const first = /^\S*/.exec(text)?.[0] ?? '';
  return /[/:.\\\d-]/.test(first.slice(0, -1)) ? text : text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** Characters that turn the direction of what stands behind them. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A sentence in which somebody else's name may stand: none of its characters turns the rest of it around. */
export function tame(text: string): string {
  return text.replace(TURNING, '\ufffd');
}

const COLOURS = /\u001b\[[0-9;:?]*[ -/]*[@-~]/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A line of a log as it can be drawn: without what a terminal would take for colours, and with other control characters to be seen. */
export function drawable(text: string): string {
  return text.replace(COLOURS, '').replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}

const grouped = new Intl.NumberFormat('en');

/** "1 line", "100,000 lines". */
export const plural = (count: number, one: string, many: string) => `${grouped.format(count)} ${count === 1 ? one : many}`;

/** Whether the version `a` comes after `b`. What is no version comes after none. */
export function isNewer(a: string, b: string): boolean {
  const numbers = (version: string) => /^(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  if (left === undefined || right === undefined) return false;
  const at = left.findIndex((number, index) => number !== right[index]);
  return at >= 0 && (left[at] ?? 0) > (right[at] ?? 0);
}
