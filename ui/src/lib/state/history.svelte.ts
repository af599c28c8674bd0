import type { StorageView } from '../ipc';

/** How each storage was, hour by hour, as far as this window saw. The web view keeps it, on this computer alone. */
const KEY = 'samepath.storage-history';
const HOUR = 60 * 60 * 1000;
export const HOURS = 7 * 24;

/** From the best to the worst: an hour counts as the worst that was seen in it. */
const WORSE = ['ready', 'read_only', 'full', 'not_answering', 'not_mounted', 'denied', 'missing'];

type Kept = Record<string, Record<string, string>>;

export class StorageHistory {
  #kept = $state.raw<Kept>(read());

  take(storages: StorageView[]): void {
    let changed = false;
    const kept = { ...this.#kept };
    for (const { name, health } of storages) {
      const at = health === null ? NaN : Date.parse(health.checked_at);
      if (health === null || !Number.isFinite(at) || !WORSE.includes(health.state)) continue;
      const hour = String(Math.floor(at / HOUR));
      const before = kept[name]?.[hour];
      if (before !== undefined && WORSE.indexOf(before) >= WORSE.indexOf(health.state)) continue;
      const oldest = Math.floor(at / HOUR) - HOURS;
      const young = Object.entries(kept[name] ?? {}).filter(([hour]) => Number(hour) > oldest);
      kept[name] = { ...Object.fromEntries(young), [hour]: health.state };
      changed = true;
    }
    if (!changed) return;
    this.#kept = kept;
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Whoever cannot keep it has it until the window closes.
    }
  }

  /** The state in each hour up to now, the oldest first; null is an hour in which nobody looked. */
  of(storage: string, now: number): (string | null)[] {
    const last = Math.floor(now / HOUR);
    const kept = this.#kept[storage];
    return Array.from({ length: HOURS }, (_, index) => kept?.[String(last - HOURS + 1 + index)] ?? null);
  }
}

/** Several hours as one: the worst of them. */
export function worst(states: (string | null)[]): string | null {
  return states.reduce((worst, state) => (state !== null && (worst === null || WORSE.indexOf(state) > WORSE.indexOf(worst)) ? state : worst), null);
}

function read(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return {};
    return Object.fromEntries(
      Object.entries(kept).flatMap(([name, hours]: [string, unknown]) =>
        typeof hours === 'object' && hours !== null
          ? [[name, Object.fromEntries(Object.entries(hours).filter((entry): entry is [string, string] => WORSE.includes(String(entry[1]))))]]
          : [],
      ),
    );
  } catch {
    return {};
  }
}
