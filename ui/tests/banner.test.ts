import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import type { StorageView, Update } from '../src/lib/ipc';
import { storage } from './views';
import { ready } from './render';

const NOT_MOUNTED = /^b is not mounted on this computer/;
const SILENT = /^b does not answer/;
const MOVED = /^b moved/;

const of = (name: string, state: string, over: Partial<StorageView> = {}) => storage({ name, health: { ...storage().health!, state, words: state }, ...over });
const moved = { to: '/mnt/b-1', sentence: 'b moved: it was at /mnt/b, now it is at /mnt/b-1.' };
const all = (...value: StorageView[]): Update => ({ type: 'storages', value });

test.each([
  ['a full one', all(of('a', 'full'), of('b', 'not_mounted')), NOT_MOUNTED],
  ['one that may not be read', all(of('a', 'denied'), of('b', 'not_answering')), SILENT],
  ['a full one', all(of('a', 'full'), of('b', 'missing', { moved })), MOVED],
  ['a silent one', all(of('a', 'not_answering'), of('b', 'not_mounted')), NOT_MOUNTED],
  ['a silent one', all(of('a', 'not_answering'), of('b', 'missing', { moved })), MOVED],
  ['one that moved', all(of('a', 'missing', { moved }), of('b', 'not_mounted')), NOT_MOUNTED],
])('behind %s the banner tells of the graver', async (_, storages, sentence) => {
  const { container } = await ready(storages);
  const note = container.querySelector('.banner .note');
  expect(note?.textContent?.replace(/\s+/g, ' ').trim()).toMatch(sentence);
  expect(container.querySelectorAll('.banner')).toHaveLength(1);
});

test('with none that a sentence is for, there is no banner', async () => {
  const { container } = await ready(all(of('a', 'full'), of('b', 'denied')));
  expect(screen.getByRole('button', { name: /^Storage/ })).toHaveTextContent(/not ready/);
  expect(container.querySelector('.banner')).toBeNull();
});
