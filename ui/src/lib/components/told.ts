import type { Attachment } from 'svelte/attachments';

const texts = new WeakMap<Element, string>();

function tell(element: Element): void {
  const text = texts.get(element);
  const isCut = [element, ...element.children].some((part) => part.scrollWidth > part.clientWidth);
  if (isCut && text) element.setAttribute('title', text);
  else element.removeAttribute('title');
}

/** One for all: a list has hundreds of texts. */
let watcher: ResizeObserver | undefined;

/** Where what is in it is cut, and only there, the pointer tells the whole. */
export const told =
  (text: string | null): Attachment<HTMLElement> =>
  (element) => {
    if (typeof ResizeObserver === 'undefined') return;
    watcher ??= new ResizeObserver((entries) => entries.forEach(({ target }) => tell(target)));
    texts.set(element, text ?? '');
    watcher.observe(element);
    return () => watcher?.unobserve(element);
  };
