import { tick } from 'svelte';

/** What was opened lies below the list where there is no room beside it: it is scrolled to. */
export async function sideInSight(): Promise<void> {
  await tick();
  // What only tests lack.
  document.querySelector('main .side')?.scrollIntoView?.({ block: 'nearest' });
}
