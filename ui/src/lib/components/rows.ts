import type { Attachment } from 'svelte/attachments';

/** Arrow keys, Home, End and type-ahead among the elements marked `data-row` inside. Moving is focusing. */
export const rows: Attachment<HTMLElement> = (list) => {
  let typed = '';
  let last = 0;

  function move(event: KeyboardEvent) {
    const all = [...list.querySelectorAll<HTMLElement>('[data-row]')];
    const at = all.findIndex((row) => row === document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = target(event, all, at);
    if (to === undefined) return;
    event.preventDefault();
    to.focus();
  }

  function target(event: KeyboardEvent, all: HTMLElement[], at: number): HTMLElement | undefined {
    switch (event.key) {
      case 'ArrowDown':
        return all[at + 1];
      case 'ArrowUp':
        return all[at - 1];
      case 'Home':
        return all[0];
      case 'End':
        return all.at(-1);
    }
    if (event.key.length !== 1 || event.key === ' ') return undefined;
    typed = event.timeStamp - last > 800 ? event.key : typed + event.key;
    last = event.timeStamp;
    const from = typed.length > 1 ? at : at + 1;
    const order = [...all.slice(from), ...all.slice(0, from)];
    return order.find((row) => row.dataset['row']?.toLowerCase().startsWith(typed.toLowerCase()));
  }

  list.addEventListener('keydown', move);
  return () => list.removeEventListener('keydown', move);
};
