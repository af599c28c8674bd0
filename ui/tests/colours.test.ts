import { readFileSync, readdirSync } from 'node:fs';
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

describe('where the system forces its own colours', () => {
  const source = join(import.meta.dirname, '../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|css)$/.test(file));
  /** The rules of a file: selector and declarations, those of media queries among them. */
  const rules = (file: string) => {
    const text = readFileSync(join(source, file), 'utf8');
    const styles = file.endsWith('.css') ? text : (/<style>([^]*)<\/style>/.exec(text)?.[1] ?? '');
    return [...styles.replace(/\/\*[^]*?\*\//g, '').matchAll(/([^{};]+)\{([^{}]*)\}/g)].map(([, selector = '', body = '']) => ({ selector: selector.trim(), body }));
  };
  const names = (selector: string) => selector.match(/\.[\w-]+|\binput\b/g) ?? [];

  test('what only a colour fills is left as it is', () => {
    let filled = 0;
    for (const file of files) {
      const all = rules(file);
      const kept = new Set(all.filter(({ body }) => /forced-color-adjust: none|appearance: auto/.test(body)).flatMap(({ selector }) => names(selector)));
      for (const { selector, body } of all) {
        if (!/background(-color)?: var\(--(accent|ok|warn|bad|info|control)\)/.test(body)) continue;
        filled += 1;
        // In a component it is one thing, whatever its tone.
        const adjusted = file.endsWith('.css') ? names(selector).some((name) => kept.has(name)) : kept.size > 0;
        expect(adjusted, `${file}: ${selector}`).toBe(true);
      }
    }
    expect(filled).toBeGreaterThan(8);
  });

  test('no border that is there for its colour alone is drawn round everything', () => {
    for (const file of files) {
      const all = rules(file);
      for (const { selector, body } of all) {
        if (!/border(-\w+)?: \d+px solid transparent/.test(body)) continue;
        const without = all.some((rule) => rule.body.includes('Canvas;') && rule.selector.includes(selector.split(/\s+/).at(-1) ?? selector));
        expect(without, `${file}: ${selector}`).toBe(true);
      }
    }
  });

  test('every colour is one of the system’s', () => {
    const forced = /@media \(forced-colors: active\) \{\s*:root:root \{([^}]*)\}/.exec(css)?.[1] ?? '';
    const said = new Map([...forced.matchAll(/--([\w-]+): (\w+);/g)].map(([, name = '', colour = '']) => [name, colour]));
    for (const name of ['bg', 'panel', 'line', 'control', ...TEXTS]) expect(said.get(name), name).toMatch(/^(Canvas|CanvasText|LinkText)$/);
  });
});
