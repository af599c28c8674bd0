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
  test('of a job that failed are in its folder, though no list of them was made', async () => {
    const { fake, user } = await results(failed());
    expect(screen.getByText('What it wrote is in its folder. A try that failed makes no list of it.')).toBeVisible();
    expect(screen.queryByText('It wrote no files.')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Show in file manager' }));
    expect(fake.called('showResults')).toEqual([[job().id]]);
  });

  test.each([
    ['that failed before it ran', failed({ started_at: null })],
    ['that was cancelled', failed({ state: 'cancelled', words: 'Cancelled' })],
    ['that is done', failed({ state: 'succeeded', words: 'Done' })],
  ])('of a job %s and listed nothing are none', async (_, value) => {
    await results(value);
    expect(screen.getByText('It wrote no files.')).toBeVisible();
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
