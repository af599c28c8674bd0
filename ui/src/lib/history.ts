import type { HourView } from './ipc';

const HOURS = 7 * 24;

/** From the best to the worst. */
const WORSE = ['ready', 'read_only', 'full', 'not_answering', 'not_mounted', 'denied', 'missing'];

/** The state in each hour of the week that ends with this one, the oldest first; null is an hour in which nobody looked. */
export function hoursUntil(last: number, seen: HourView[]): (string | null)[] {
  const states = new Map(seen.map(({ hour, state }) => [hour, state]));
  return Array.from({ length: HOURS }, (_, index) => states.get(last - HOURS + 1 + index) ?? null);
}

/** Several hours as one: the worst of them. */
export function worst(states: (string | null)[]): string | null {
  return states.reduce((worst, state) => (state !== null && (worst === null || WORSE.indexOf(state) > WORSE.indexOf(worst)) ? state : worst), null);
}
