import type { Attachment } from 'svelte/attachments';
import { on } from 'svelte/events';

/**
 * The rows of a list in the order in which they are drawn. While the pointer or the keyboard is in the list none of them moves: each has its
 * new values in its old place, and what is new comes behind them.
 */
export class Held<T extends { id: string }> {
  #element: HTMLElement | null = null;
  #pointed = $state(false);
  /** Whether the keyboard came in, or was used there, by the person: the page itself puts it there, too. */
  #used = $state(false);
  #drawn: { id: string; title: string }[] = [];
  #about = '';

  /** For what the rows are in. */
  readonly list: Attachment<HTMLElement> = (element) => {
    this.#element = element;
    const within = (at: EventTarget | null) => at instanceof Node && element.contains(at);
    const use = () => (this.#used = true);
    const leave = ({ relatedTarget }: FocusEvent) => (this.#used &&= within(relatedTarget));
    const off = [
      // Of all of the page: what the pointer is on may be gone before it leaves the list.
      on(document, 'pointerover', ({ target }) => (this.#pointed = within(target))),
      on(document, 'pointerout', ({ relatedTarget }) => (this.#pointed &&= relatedTarget !== null)),
      on(element, 'keydown', use),
      on(element, 'keyup', use),
      on(element, 'pointerdown', use),
      on(element, 'focusout', leave),
    ];
    return () => {
      for (const one of off) one();
      this.#element = null;
      this.#pointed = this.#used = false;
    };
  };

  /** What had the keyboard may be gone without a word. */
  get #holds(): boolean {
    return this.#pointed || (this.#used && this.#element?.contains(document.activeElement) === true);
  }

  /**
   * The first `shown` of them, each below its title. `about` is what they were asked for by: of something else the order is another. `now`
   * answers with what a row is now, if it is still there.
   */
  rows(all: readonly T[], shown: number, about: string, now: (id: string) => T | undefined, title: (row: T) => string = () => ''): { row: T; title: string }[] {
    const held = this.#holds && about === this.#about ? this.#drawn : [];
    const rows = held.flatMap(({ id, title }) => {
      const row = now(id);
      return row === undefined ? [] : [{ row, title }];
    });
    const there = new Set(rows.map(({ row }) => row.id));
    for (const row of all.slice(0, shown)) {
      if (!there.has(row.id)) rows.push({ row, title: title(row) });
    }
    this.#about = about;
    this.#drawn = rows.map(({ row, title }) => ({ id: row.id, title }));
    return rows;
  }
}
