import { fireEvent, screen } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { dataset, job, kind, parameter, storage } from './views';
import { open, settle } from './render';

const NATIVE = { INPUT: HTMLInputElement.prototype, TEXTAREA: HTMLTextAreaElement.prototype } as Record<string, object>;

/** Types as a web view does, which keeps what can be undone for as long as nobody else writes into the field. Whether somebody did. */
async function isRewritten(field: HTMLElement, text: string): Promise<boolean> {
  const value = Object.getOwnPropertyDescriptor(NATIVE[field.tagName]!, 'value')!;
  const written = vi.fn((now: string) => value.set?.call(field, now));
  value.set?.call(field, text);
  Object.defineProperty(field, 'value', { configurable: true, get: () => value.get?.call(field) as string, set: written });
  await fireEvent.input(field);
  await settle();
  Reflect.deleteProperty(field, 'value');
  return written.mock.calls.length > 0;
}

test('what is typed into a field is the field’s to undo: nothing writes it anew', async () => {
  const parameters = [
    ...kind().parameters,
    parameter({ name: 'EPOCHS', type: 'INT', label: 'Epochs', minimum: 1 }),
    parameter({ name: 'NAME', label: 'Line' }),
    parameter({ name: 'MORE', label: 'Lines', control: 'MULTILINE_EDIT' }),
    parameter({ name: 'FILE', type: 'PATH', label: 'A file' }),
  ];
  const { fake, user } = await open({ type: 'storages', value: [storage()] }, { type: 'kinds', value: [kind({ parameters })] }, { type: 'job', value: job() });
  fake.datasets.set('vast:amick/labels.slp', dataset());
  fake.tell({ type: 'dropped', value: ['vast:amick/labels.slp'] });
  await settle();
  // Also what cannot be, and what is trimmed before it is used.
  for (const label of ['Epochs', 'Line', 'Lines', 'A file', 'Name']) expect(await isRewritten(screen.getByLabelText(label), ' 00x '), label).toBe(false);
  await user.keyboard('{Control>}2{/Control}');
  expect(await isRewritten(screen.getByRole('searchbox'), ' maze '), 'search').toBe(false);
  await user.keyboard('{Control>}4{/Control}');
  await user.click(screen.getByRole('button', { name: 'Edit vast' }));
  for (const label of ['Folder on this computer', 'Name', 'Your folder in it']) expect(await isRewritten(screen.getByLabelText(label), ' x '), label).toBe(false);
});

test('Ctrl+Z in a field is the field’s, also while something can be undone on the page', async () => {
  const { fake, user } = await open({ type: 'storages', value: [storage(), storage({ name: 'fast' })] });
  await user.keyboard('{Control>}4{/Control}');
  await user.click(screen.getByRole('button', { name: 'More for fast' }));
  await user.click(screen.getByRole('menuitem', { name: 'Remove…' }));
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  await settle();
  expect(screen.getByRole('button', { name: 'Undo' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Edit vast' }));
  // Not prevented: the web view does what it does with it.
  expect(await fireEvent.keyDown(screen.getByLabelText('Name'), { key: 'z', code: 'KeyZ', ctrlKey: true })).toBe(true);
  expect(await fireEvent.keyDown(screen.getByLabelText('Name'), { key: 'z', code: 'KeyZ', metaKey: true })).toBe(true);
  await settle();
  expect(fake.called('putStorageBack')).toEqual([]);
  expect(screen.getByRole('button', { name: 'Undo' })).toBeVisible();
});
