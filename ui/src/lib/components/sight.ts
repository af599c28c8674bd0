import { tick } from 'svelte';

/** Scrolls to it, by as little as it takes. What scrolls is what only tests lack. */
export const inSight = (what: Element | null): void => what?.scrollIntoView?.({ block: 'nearest' });

/** What was opened lies below the list where there is no room beside it: it is scrolled to. */
export async function sideInSight(): Promise<void> {
  await tick();
  inSight(document.querySelector('main .side'));
}
