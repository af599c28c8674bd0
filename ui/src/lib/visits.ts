/** Until when this window has shown what happened. The web view keeps it, on this computer alone. */
const KEY = 'samepath.seen-until';

/** Milliseconds since 1970; none where no window was open before, or nothing is kept. */
export function lastVisit(): number | null {
  try {
    const at = Number(localStorage.getItem(KEY) ?? NaN);
    return Number.isFinite(at) ? at : null;
  } catch {
    return null;
  }
}

export function rememberVisit(now: number): void {
  try {
    localStorage.setItem(KEY, String(now));
  } catch {
    // Then the next window has no news.
  }
}
