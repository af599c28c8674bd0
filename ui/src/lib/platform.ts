/** On a Mac the keys have other names, and signs. */
export const onMac = () => /Mac/.test(navigator.platform);

/** What people call the computer before them. */
export const HERE = onMac() ? 'this Mac' : 'this computer';

/** The same where a sentence begins. */
export const HERE_FIRST = onMac() ? 'This Mac' : 'This computer';

/** Where files are shown: "Show in Finder". */
export const fileManager = (mac = onMac()) => (mac ? 'Finder' : 'file manager');

const SIGNS: Record<string, string> = { Ctrl: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↵' };
const ORDER = ['⌥', '⇧', '⌘'];

/** "Ctrl Shift R", as this computer's keyboard has it: "⇧⌘R" on a Mac. */
export function keyWords(keys: string, mac = onMac()): string {
  if (!mac) return keys;
  const signs = keys.split(' ').map((key) => SIGNS[key] ?? key);
  const held = signs.filter((sign) => ORDER.includes(sign)).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return held.join('') + signs.filter((sign) => !ORDER.includes(sign)).join(' ');
}

/**
 * The sign that a key stands for in a shortcut, as a small letter. Where a keyboard writes another script, or has its digits behind Shift, it
 * is the sign of that place on most keyboards.
 */
export function signOf({ key, code }: Pick<KeyboardEvent, 'key' | 'code'>): string {
  if (/^[a-z0-9,./]$/i.test(key)) return key.toLowerCase();
  return /^(?:Key|Digit)([A-Z0-9])$/.exec(code)?.[1]?.toLowerCase() ?? key;
}
