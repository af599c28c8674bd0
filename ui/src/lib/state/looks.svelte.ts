/** How the window looks, as the person wants it. The web view keeps it, on this computer alone. */
const KEY = 'samepath.looks';

export const APPEARANCES = ['system', 'light', 'dark'] as const;
export type Appearance = (typeof APPEARANCES)[number];
/** Percent of what the system says. */
export const TEXT_SIZES = [90, 100, 115, 130, 150, 200] as const;

export class Looks {
  appearance = $state<Appearance>('system');
  textSize = $state(100);
  /** Whether the system is dark. */
  #system = $state(false);

  dark = $derived(this.appearance === 'system' ? this.#system : this.appearance === 'dark');

  constructor() {
    const kept = read();
    this.appearance = APPEARANCES.find((one) => one === kept['appearance']) ?? 'system';
    this.textSize = TEXT_SIZES.find((one) => one === kept['textSize']) ?? 100;
    this.show();
  }

  /** Follows the system until what this answers is called. */
  follow(): () => void {
    // What only tests lack.
    if (typeof matchMedia === 'undefined') return () => {};
    const system = matchMedia('(prefers-color-scheme: dark)');
    const take = () => (this.#system = system.matches);
    take();
    system.addEventListener('change', take);
    return () => system.removeEventListener('change', take);
  }

  /** Makes the page look so. */
  show(): void {
    const root = document.documentElement;
    root.dataset['looks'] = this.appearance;
    root.toggleAttribute('data-dark', this.dark);
    root.style.fontSize = this.textSize === 100 ? '' : `${this.textSize}%`;
  }

  keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ appearance: this.appearance, textSize: this.textSize }));
    } catch {
      // Then the next window looks as the system says.
    }
  }
}

function read(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
