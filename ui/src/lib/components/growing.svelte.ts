import type { Attachment } from 'svelte/attachments';

/** Rows that are drawn at first, and with each look at their end: as many as a large screen shows. A lab has thousands of jobs. */
const STEP = 60;

/** A long list, drawn as far as it is looked at. */
export class Growing {
  shown = $state(STEP);

  more = (): void => {
    this.shown += STEP;
  };

  /** Draws more as soon as this comes into sight. */
  readonly end: Attachment<HTMLElement> = (element) => {
    if (typeof IntersectionObserver === 'undefined') return;
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.more();
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  };
}
