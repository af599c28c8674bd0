import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, '../src/app.css'), 'utf8');

/** The colours of a block of the stylesheet, by token. */
function tokens(selector: string): Map<string, string> {
  const block = new RegExp(`^${selector.replace(/[[\]]/g, '\\$&')} \\{([^}]*)\\}`, 'm').exec(css)?.[1] ?? '';
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', colour = '']) => [name, colour]));
}

/** As WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ['bg', 'panel', 'sunken', 'selected'];
const TEXTS = ['text', 'muted', 'ok', 'warn', 'bad', 'off', 'info', 'accent'];
const light = tokens(':root');
const dark = new Map([...light, ...tokens(':root[data-dark]')]);

describe.each([['light', light], ['dark', dark]])('in %s', (_, colours) => {
  const ratio = (one: string, other: string) => contrast(colours.get(one) ?? '', colours.get(other) ?? '');

  test('all text can be read on all that it stands on', () => {
    const pairs = [
      ...GROUNDS.flatMap((ground) => TEXTS.map((text) => [text, ground])),
      ...['ok', 'warn', 'bad', 'off', 'info'].flatMap((tone) => [[tone, `${tone}-bg`], ['text', `${tone}-bg`]]),
      ['on-accent', 'accent'],
      ['on-accent', 'accent-hover'],
    ] as [string, string][];
    for (const [text, ground] of pairs) expect(ratio(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    // What a warning or an error hints at.
    for (const tone of ['warn', 'bad']) expect(ratio('muted', `${tone}-bg`), `muted on ${tone}-bg`).toBeGreaterThanOrEqual(4.5);
  });

  test('controls and what is marked stand out', () => {
    for (const ground of ['bg', 'panel', 'sunken']) {
      for (const what of ['control', 'accent', 'ok', 'warn', 'bad']) expect(ratio(what, ground), `${what} on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});
