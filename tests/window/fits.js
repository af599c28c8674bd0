// Of what the page says: what is cut off, broken apart, over something else, or has to be scrolled sideways to. Each once, with the first
// of its words. The lines of a log are as long as they are.
const wrong = new Set();
/** Behind a dialog nothing is to be read. */
const root = document.querySelector('dialog[open]') ?? document.body;
const CLIPS = ['hidden', 'clip'];
const SCROLLS = ['auto', 'scroll'];
const said = (node) => `${JSON.stringify(node.nodeValue.trim().replace(/\s+/g, ' ').slice(0, 40))} in ${where(node.parentElement)}`;
const where = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].filter((name) => !name.startsWith('svelte-')).join('.')}`;

/** Nobody sees it: it is there for screen readers alone, or in what is closed. */
function isHidden(element) {
  if (!element.checkVisibility({ visibilityProperty: true })) return true;
  for (let at = element; at !== null; at = at.parentElement) if (getComputedStyle(at).clipPath.startsWith('inset(50%')) return true;
  return false;
}

/** What is scrolled down with it, the innermost; none: the window. What would be shown of it were it scrolled there, and what is now. */
function scroller(element, rect) {
  let by = null;
  const whole = { ...rect };
  const shown = { ...rect };
  for (let at = element; at !== root; at = at.parentElement) {
    const style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    for (const part of by === null ? [whole, shown] : [shown]) {
      if (style.overflowX !== 'visible') part.right = Math.min(part.right, box.right);
    }
    if (!SCROLLS.includes(style.overflowY)) continue;
    by ??= at;
    shown.top = Math.max(shown.top, box.top);
    shown.bottom = Math.min(shown.bottom, box.bottom);
  }
  return [by, whole, shown];
}

function look(node, rect) {
  let scrolled = false;
  for (let at = node.parentElement; at !== root; at = at.parentElement) {
    const style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    const isCut = rect.right > box.right + 1 || rect.left < box.left - 1;
    if (CLIPS.includes(style.overflowX) && isCut) {
      // What ends in an ellipsis is whole where the pointer rests.
      if (style.textOverflow !== 'ellipsis') wrong.add(`cut off: ${said(node)}`);
      else if (at.closest('[title]') === null) wrong.add(`ends in an ellipsis, and is nowhere whole: ${said(node)}`);
      else return;
    }
    if (SCROLLS.includes(style.overflowX) && at.scrollWidth > at.clientWidth + 1 && at.role !== 'log') wrong.add(`scrolled sideways: ${where(at)}`);
    if (!scrolled && CLIPS.includes(style.overflowY) && (rect.bottom > box.bottom + 2 || rect.top < box.top - 2)) wrong.add(`cut off below: ${said(node)}`);
    if (at.tagName === 'BUTTON' && (isCut || rect.bottom > box.bottom + 2 || rect.top < box.top - 2)) wrong.add(`beyond its button: ${said(node)}`);
    scrolled ||= SCROLLS.includes(style.overflowY);
  }
  if (rect.right > innerWidth + 1 || rect.left < -1) wrong.add(`beyond the window: ${said(node)}`);
}

/** A short word that takes more than one line. */
function isBroken(node, rects) {
  const word = node.nodeValue.trim();
  return word.length <= 16 && !/[\s\-/:]/.test(word) && new Set(rects.map((rect) => Math.round(rect.top))).size > 1;
}

const texts = [];
const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
  const element = node.parentElement;
  if (node.nodeValue.trim() === '' || element.closest('svg, select, script, style') || isHidden(element)) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  if (isBroken(node, [...range.getClientRects()])) wrong.add(`broken apart: ${said(node)}`);
  for (const { left, right, top, bottom } of range.getClientRects()) {
    const rect = { left, right, top, bottom };
    if (right - left < 1) continue;
    look(node, rect);
    const [by, whole, shown] = scroller(element, rect);
    texts.push({ node, by, whole, shown });
  }
}

const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.4 * Math.min(a.bottom - a.top, b.bottom - b.top);
texts.forEach((a, at) => {
  for (const b of texts.slice(at + 1)) {
    if (a.node === b.node) continue;
    const [one, other] = a.by === b.by ? [a.whole, b.whole] : [a.shown, b.shown];
    if (one.bottom > one.top && other.bottom > other.top && overlap(one, other)) wrong.add(`over each other: ${said(a.node)} and ${said(b.node)}`);
  }
});
if (document.scrollingElement.scrollWidth > innerWidth + 1) wrong.add('the window is scrolled sideways');
return [...wrong];
