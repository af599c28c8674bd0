import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure, type JobView, type Update } from '../src/lib/ipc';
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
    await user.click(screen.getByRole('button', { name: 'Show results' }));
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
    expect(screen.queryByRole('button', { name: 'Show results' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'More for this job' }));
    expect(screen.queryByRole('menuitem', { name: /Show results/ })).toBeNull();
    await user.keyboard('{Escape}{Control>}{Shift>}R{/Shift}{/Control}');
    expect(fake.called('showResults')).toEqual([]);
  });

  test('are told as little where a job was taken back before it began: its folder was never made', async () => {
    const { user } = await results(failed({ state: 'cancelled', words: 'Cancelled', started_at: null }));
    expect(screen.queryByRole('heading', { name: 'Folder' })).toBeNull();
    await user.click(screen.getByRole('tab', { name: 'Overview' }));
    expect(screen.queryByRole('heading', { name: 'Results' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'More for this job' }));
    expect(screen.queryByRole('menuitem', { name: /Copy storage path/ })).toBeNull();
  });

  test('each of them is shown by a double-click or Enter: in SLEAP what it opens, else where it is', async () => {
    const outputs = ['report.html', 'logs/log.txt', 'labels.predictions.slp'].map((path) => ({ path, size: 1, modified: '2026-11-22T10:00:00Z' }));
    const value = failed({ state: 'succeeded', words: 'Done', outputs });
    const opened = await ready({ type: 'job', value });
    const { fake, user } = opened;
    fake.next = { ...fake.next, opens: 'labels.predictions.slp' };
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    await user.click(screen.getByRole('tab', { name: 'Results' }));
    const place = value.results?.text;
    await user.dblClick(screen.getByRole('row', { name: /report\.html/ }));
    expect(fake.called('showDataset')).toEqual([[`${place}/report.html`]]);
    screen.getByRole('row', { name: /report\.html/ }).focus();
    await user.keyboard('{ArrowDown}{Enter}');
    expect(fake.called('showDataset').at(-1)).toEqual([`${place}/logs/log.txt`]);
    await user.keyboard('{End}{Enter}');
    expect(fake.called('openInSleap')).toEqual([[job().id]]);
  });

  test('say once why many videos are not seen, and of one that is so alone in its row', async () => {
    const value = failed({ state: 'succeeded', words: 'Done', outputs: [{ path: 'report.json', size: 1, modified: '2026-11-22T10:00:00Z' }] });
    const nowhere = 'It is on no storage that is known here, and nothing of its name lies beside the project.';
    const alone = 'day1/cam9.mp4 is not there, though its folder is.';
    const { fake, user } = await ready({ type: 'job', value });
    const video = (written: string, detail: string) => ({ written, found: false, detail });
    fake.reports.set(job().id, { videos: [video('/x/a.mp4', nowhere), video('/x/b.mp4', nowhere), video('/x/c.mp4', alone), video('/x/d.mp4', 'not found')] });
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    await user.click(screen.getByRole('tab', { name: 'Results' }));
    await settle();
    const report = screen.getByRole('region', { name: 'Report' });
    expect(report).toHaveTextContent(`2 videos: ${nowhere}`);
    expect(within(report).getAllByText(nowhere)).toHaveLength(1);
    const row = (name: string) => within(report).getByRole('row', { name: new RegExp(name) });
    expect(within(row('a\\.mp4')).getByTitle(nowhere)).toHaveTextContent('not seen');
    expect(row('c\\.mp4')).toHaveTextContent(alone);
    expect(row('d\\.mp4')).toHaveTextContent('not found');
  });

  test('that cannot be shown say so until that is closed or another tab is opened, and their path can be copied', async () => {
    const { fake, user } = await results(failed({ state: 'succeeded', words: 'Done' }));
    fake.failures.set('showResults', new Failure('io', 'xdg-open: No such file or directory'));
    const show = () => user.click(screen.getByRole('button', { name: 'Show results' }));
    await show();
    expect(screen.getByRole('alert')).toHaveTextContent('xdg-open');
    await user.click(within(screen.getByRole('alert')).getByRole('button', { name: 'Copy path' }));
    expect(await navigator.clipboard.readText()).toBe('/mnt/vast/amick/project/slp-check_2026-11-22_0914');
    await user.click(screen.getByRole('button', { name: 'Close the message' }));
    expect(screen.queryByRole('alert')).toBeNull();
    await show();
    expect(screen.getByRole('alert')).toBeVisible();
    await user.click(screen.getByRole('tab', { name: 'Settings' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('on a storage that is full are there; on one that is away they are not', async () => {
    const health = (state: string, words: string): Update => ({ type: 'storages', value: [storage({ health: { ...storage().health!, state, words } })] });
    const { fake } = await results(failed({ state: 'succeeded', words: 'Done' }), health('full', 'full'));
    expect(screen.getByRole('button', { name: 'Show results' })).toBeVisible();
    fake.say(health('not_mounted', 'not mounted'));
    await settle();
    expect(screen.queryByRole('button', { name: 'Show results' })).toBeNull();
    expect(screen.getByText('Results are on vast, which is not mounted on this computer.')).toBeVisible();
  });
});
