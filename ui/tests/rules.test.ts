import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { expect, test } from 'vitest';
import { bytes, capital, cutPath, drawable, duration, loss, plural, suggestName, tame } from '../src/lib/format';
import { Failure } from '../src/lib/ipc';
import { localPath } from '../src/lib/places';
import { fileManager, keyWords } from '../src/lib/platform';
import { closing } from '../src/lib/settings-words';
import { storage } from './views';

const SRC = join(import.meta.dirname, '../src');
const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

test('only lib/ipc names the window system', () => {
  const naming = files.filter((file) => readFileSync(file, 'utf8').includes('@tauri-apps'));
  expect(naming.length).toBeGreaterThan(0);
  for (const file of naming) expect(file).toContain('/lib/ipc/');
});

test('nothing is drawn as markup that came from elsewhere', () => {
  for (const file of files) expect(readFileSync(file, 'utf8'), file).not.toMatch(/\{@html|innerHTML|insertAdjacentHTML/);
});

test('every word of the page is in the catalogue', () => {
  const SPOKEN = ['aria-label', 'title', 'placeholder', 'alt', 'label', 'hint', 'text', 'words'];
  const found: string[] = [];
  const walk = (node: unknown, file: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, data, name, value } = node as { type?: string; data?: string; name?: string; value?: unknown };
    if (type === 'StyleSheet' || type === 'Script' || type === 'StyleDirective') return;
    if (type === 'Attribute') {
      if (SPOKEN.includes(name ?? '') && Array.isArray(value)) for (const part of value) walk(part, file);
      else if (!Array.isArray(value)) walk(value, file);
      return;
    }
    if (type === 'Text' && /\p{L}{2}/u.test(data ?? '')) found.push(`${file}: ${data}`);
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) child.forEach((one) => walk(one, file));
      else walk(child, file);
    }
  };
  for (const file of files.filter((file) => file.endsWith('.svelte'))) {
    walk(parse(readFileSync(file, 'utf8'), { modern: true }).fragment, file);
  }
  expect(found).toEqual([]);
});

test('no rule of style says a thing twice: the later would take back the earlier', () => {
  const found: string[] = [];
  const walk = (node: unknown, file: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, children } = node as { type?: string; children?: { type: string; property: string }[] };
    if (type === 'Block') {
      const said = (children ?? []).filter((child) => child.type === 'Declaration').map(({ property }) => property);
      found.push(...said.filter((property, at) => said.indexOf(property) < at).map((property) => `${file}: ${property}`));
    }
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) child.forEach((one) => walk(one, file));
      else walk(child, file);
    }
  };
  for (const file of files.filter((file) => file.endsWith('.svelte'))) walk(parse(readFileSync(file, 'utf8'), { modern: true }).css, file);
  expect(found).toEqual([]);
});

test.each([
  ['Ctrl N', '⌘N'],
  ['Ctrl Shift R', '⇧⌘R'],
  ['Ctrl Alt C', '⌥⌘C'],
  ['Ctrl Shift Enter', '⇧⌘↵'],
  ['Ctrl 1 … 5', '⌘1 … 5'],
  ['Ctrl ↵', '⌘↵'],
  ['F6', 'F6'],
])('the keys %s are %s on a Mac', (keys, mac) => {
  expect(keyWords(keys, true)).toBe(mac);
  expect(keyWords(keys, false)).toBe(keys);
});

test('a Mac shows files in Finder, and keeps a program whose window is closed in the Dock', () => {
  expect([fileManager(true), fileManager(false)]).toEqual(['Finder', 'file manager']);
  expect(closing(true).map(([, what]) => what)).toEqual(['close the window; Samepath stays in the Dock', 'quit Samepath']);
  expect(closing(false)).toHaveLength(1);
});

test.each([
  ['/Volumes/Talmo Lab (2)', 'Talmo-Lab-2'],
  ['/mnt/vast/', 'vast'],
  ['Z:\\lab', 'lab'],
  ['/x', ''],
  ['/', ''],
])('%s suggests the name %s', (folder, name) => expect(suggestName(folder)).toBe(name));

test('numbers as people read them', () => {
  expect([0, 999, 1000, 4210, 41e12, 999_999].map(bytes)).toEqual(['0 B', '999 B', '1.0 KB', '4.2 KB', '41 TB', '1.0 MB']);
  expect([-5, 59_999, 60_000, 3_720_000].map(duration)).toEqual(['0 s', '59 s', '1 min', '1 h 02 min']);
  expect([1, 2, 100_000].map((count) => plural(count, 'line', 'lines'))).toEqual(['1 line', '2 lines', '100,000 lines']);
  expect(cutPath('vast:amick/labels.slp')).toEqual({ head: 'vast:amick/', tail: 'labels.slp' });
});

test.each([
  ['/mnt/vast', '', 'amick', 'a/b.slp', '/mnt/vast/amick/a/b.slp'],
  ['/mnt/vast/', 'amick', 'amick', 'a/b.slp', '/mnt/vast/a/b.slp'],
  ['/mnt/vast', 'lab/tom', 'lab', 'amick/b.slp', null],
  ['Z:\\', '', '', 'b.slp', 'Z:\\b.slp'],
  ['\\\\vast01\\talmo', '', 'amick', '', '\\\\vast01\\talmo\\amick'],
  [null, '', 'amick', 'b.slp', null],
])('with a storage at %s, showing "%s", %s and %s are at %s', (base_path, subpath, user_subdir, path, local) => {
  const at = { storage_backend: 'vast', user_subdir, path, text: '' };
  expect(localPath([storage({ name: 'other' }), storage({ base_path, subpath })], at)).toBe(local);
  expect(localPath([], at)).toBeNull();
});

test('losses are short', () => {
  expect([0.5, 0.0123456, 4.34e-4, 123456, 0, null].map(loss)).toEqual(['0.5', '0.0123', '4.3e-4', '1.2e5', '0', '–']);
});

test('what others wrote turns nothing around', () => {
  expect(tame('It sees \u202egpj.slp\u2069 and its video.')).toBe('It sees \ufffdgpj.slp\ufffd and its video.');
  expect(drawable('a\tb\u009b\u001b[1;31mc')).toBe('a\tb\ufffdc');
});

test('whatever a call rejects with becomes what happened and what to do', () => {
  expect(Failure.from({ code: 'io', message: 'no', hint: 'yes' })).toMatchObject({ code: 'io', message: 'no', hint: 'yes' });
  expect(Failure.from('command watch not found')).toMatchObject({ code: 'internal', message: 'command watch not found', hint: null });
});

test('a sentence begins with a capital, and a path stays the path that it is', () => {
  for (const [said, shown] of [
    ['the program ended with code 3', 'The program ended with code 3'],
    ['vast:amick/models is no folder of a trained model', null],
    ['labels.slp does not exist', null],
    ['gpu-2 went away', null],
    ['gone: nobody knows', 'Gone: nobody knows'],
    ['', ''],
  ] as const) {
    expect(capital(said)).toBe(shown ?? said);
  }
});
