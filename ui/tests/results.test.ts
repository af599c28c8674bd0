import { screen } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { JobView, Update } from '../src/lib/ipc';
import { job, storage } from './views';
import { ready, settle } from './render';

async function results(value: JobView, ...more: Update[]) {
  const opened = await ready({ type: 'job', value }, ...more);
  await opened.user.click(screen.getByRole('button', { name: /^Jobs/ }));
  await opened.user.click(screen.getByRole('row', { name: /maze day 3/ }));
  await opened.user.click(screen.getByRole('tab', { name: 'Results' }));
  return opened;
}

const failed = (over: Partial<JobView> = {}) => job({ state: 'failed', words: 'Failed', ended_at: '2026-11-22T10:00:00Z', ...over });

describe('Results', () => {
  test.each([
    ['failed', failed()],
    ['was cancelled', failed({ state: 'cancelled', words: 'Cancelled' })],
  ])('of a job that %s are in its folder, though no list of them was made', async (_, value) => {
    const { fake, user } = await results(value);
    expect(screen.getByRole('heading', { name: 'Folder' })).toBeVisible();
    expect(screen.getByText('Whatever it wrote is in this folder. No list of it was made.')).toBeVisible();
    expect(screen.queryByText('It wrote no files.')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Show in file manager' }));
    expect(fake.called('showResults')).toEqual([[job().id]]);
  });

  test.each([
    ['that failed before it ran', failed({ started_at: null })],
    ['that was cancelled before', failed({ state: 'cancelled', words: 'Cancelled', started_at: null })],
    ['that is done', failed({ state: 'succeeded', words: 'Done' })],
  ])('of a job %s and listed nothing are none', async (_, value) => {
    await results(value);
    expect(screen.getByText('It wrote no files.')).toBeVisible();
  });

  test.each([
    ['waits', job({ state: 'queued', words: 'Waiting', worker: null, started_at: null })],
    ['failed before it began', failed({ started_at: null })],
  ])('of a job that %s have no folder yet: none is offered, by no key either', async (_, value) => {
    const { fake, user } = await results(value, { type: 'storages', value: [] });
    expect(screen.queryByText(/^Results are on/)).toBeNull();
    fake.say({ type: 'storages', value: [storage()] });
    await settle();
    expect(screen.queryByRole('button', { name: 'Show in file manager' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'More for this job' }));
    expect(screen.queryByRole('menuitem', { name: /Show in file manager/ })).toBeNull();
    await user.keyboard('{Escape}{Control>}{Shift>}R{/Shift}{/Control}');
    expect(fake.called('showResults')).toEqual([]);
  });

  test('on a storage that is full are there; on one that is away they are not', async () => {
    const health = (state: string, words: string): Update => ({ type: 'storages', value: [storage({ health: { ...storage().health!, state, words } })] });
    const { fake } = await results(failed({ state: 'succeeded', words: 'Done' }), health('full', 'full'));
    expect(screen.getByRole('button', { name: 'Show in file manager' })).toBeVisible();
    fake.say(health('not_mounted', 'not mounted'));
    await settle();
    expect(screen.queryByRole('button', { name: 'Show in file manager' })).toBeNull();
    expect(screen.getByText('Results are on vast, which is not mounted on this computer.')).toBeVisible();
  });
});
