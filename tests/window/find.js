// arguments: a role, an accessible name, and whether it is the whole name or its beginning.
const [role, wanted, exact] = arguments;

const ROLES = {
  A: 'link', ARTICLE: 'article', BUTTON: 'button', DETAILS: 'group', DIALOG: 'dialog', FORM: 'form', FIGURE: 'figure', H1: 'heading', H2: 'heading', H3: 'heading',
  LI: 'listitem', MAIN: 'main', NAV: 'navigation', OL: 'list', SECTION: 'region', SELECT: 'combobox', SUMMARY: 'button', TABLE: 'table',
  TD: 'cell', TH: 'columnheader', TR: 'row', UL: 'list',
};
const INPUTS = { checkbox: 'checkbox', radio: 'radio', search: 'searchbox', number: 'spinbutton' };

function roleOf(element) {
  const given = element.getAttribute('role');
  if (given) return given;
  return element.tagName === 'INPUT' ? (INPUTS[element.type] ?? 'textbox') : ROLES[element.tagName];
}

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

function textOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute('aria-hidden') === 'true') return '';
  return [...node.childNodes].map(textOf).join(' ');
}

function nameOf(element) {
  const by = element.getAttribute('aria-labelledby');
  if (by) return by.split(/\s+/).map((id) => textOf(document.getElementById(id) ?? new Text(''))).join(' ');
  const label = element.getAttribute('aria-label');
  if (label) return label;
  if (element.labels?.length) return [...element.labels].map(textOf).join(' ');
  return textOf(element);
}

const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';

for (const element of document.querySelectorAll('body *')) {
  if (roleOf(element) !== role || element.disabled || !seen(element)) continue;
  const name = tidy(nameOf(element));
  if (exact ? name === wanted : name.startsWith(wanted)) return element;
}
return null;
