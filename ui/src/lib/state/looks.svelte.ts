import type { LooksView } from '../ipc';

export const APPEARANCES = ['system', 'light', 'dark'] as const;
export type Appearance = (typeof APPEARANCES)[number];
/** Percent of what the system says. */
export const TEXT_SIZES = [90, 100, 115, 130, 150, 200] as const;

/** How the window looks, as the person wants it. */
export class Looks {
  readonly #keep: (looks: LooksView) => void;

  appearance = $state<Appearance>('system');
  textSize = $state(100);
  /** Whether the system is dark. */
  #system = $state(false);

  dark = $derived(this.appearance === 'system' ? this.#system : this.appearance === 'dark');

  /** `kept`: as an earlier window looked. What nobody could have chosen is not taken. */
  constructor(kept: LooksView | undefined, keep: (looks: LooksView) => void) {
    this.#keep = keep;
    this.appearance = APPEARANCES.find((one) => one === kept?.appearance) ?? 'system';
    this.textSize = TEXT_SIZES.find((one) => one === kept?.text_size) ?? 100;
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

  /** Whether a window of so many pixels has no room for names in the sidebar, nor for anything beside a page. As the stylesheets say it. */
  isNarrow(width: number): boolean {
    return width < 10 * this.textSize;
  }

  /** Makes the page look so. */
  show(): void {
    const root = document.documentElement;
    root.dataset['looks'] = this.appearance;
    root.toggleAttribute('data-dark', this.dark);
    root.style.fontSize = this.textSize === 100 ? '' : `${this.textSize}%`;
  }

  keep(): void {
    this.#keep({ appearance: this.appearance, text_size: this.textSize });
  }
}
