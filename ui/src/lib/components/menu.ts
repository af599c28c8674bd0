/** A verb of a menu. */
export interface MenuItem {
  label: string;
  /** The key that does the same. */
  key?: string | undefined;
  act: () => unknown;
  /** It copies something, and answers whether that was done. */
  copies?: boolean;
}

/** A place in the window. */
export interface Spot {
  x: number;
  y: number;
}

/** Where the verbs of a row were asked for. By the keyboard there is no place: then below the row's beginning. */
export function askedAt(event: MouseEvent & { currentTarget: HTMLElement }): Spot {
  event.preventDefault();
  const row = event.currentTarget.getBoundingClientRect();
  return event.clientX === 0 && event.clientY === 0 ? { x: row.left + 16, y: row.bottom } : { x: event.clientX, y: event.clientY };
}
