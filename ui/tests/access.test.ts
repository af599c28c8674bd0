import { screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test, vi } from 'vitest';
import type { Update } from '../src/lib/ipc';
import { dataset, job, readiness, row, status, storage, worker } from './fake';
import { open, ready, settle } from './render';

/** What the page offers to assistive programs is whole. Colours are looked at elsewhere: nothing is painted here. */
async function check(container: HTMLElement): Promise<void> {
  const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false }, 'link-in-text-block': { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`)).toEqual([]);
}

const PAGES = ['New job', 'Jobs', 'Workers', 'Storage', 'Settings'];

test.each(PAGES)('%s, with nothing there', async (page) => {
  const { container, user } = await open({ type: 'storages', value: [] });
  await user.click(screen.getByRole('button', { name: new RegExp(`^${page}`) }));
  await check(container);
});

const full: Update[] = [
  { type: 'worker', value: worker() },
  { type: 'job', value: job() },
  { type: 'job', value: job({ id: 'b', name: 'fly', state: 'failed', words: 'Failed', failure: 'no', trouble: { cause: 'lost', message: 'no', last_line: 'x' }, ended_at: job().submitted_at }) },
];

test.each(PAGES)('%s, with something there', async (page) => {
  const { container, fake, user } = await ready(...full);
  fake.datasets.set('vast:amick/labels.slp', dataset());
  await user.click(screen.getByRole('button', { name: new RegExp(`^${page}`) }));
  if (page === 'New job') {
    await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
    await settle();
  }
  await check(container);
});

test.each(['maze day 3', 'fly'])('the job %s, each of its tabs', async (name) => {
  const { container, fake, user } = await ready(...full);
  await user.click(screen.getByRole('button', { name: /^Jobs/ }));
  await user.click(screen.getByRole('row', { name: new RegExp(name) }));
  fake.metrics.get(job().id)?.({ type: 'rows', value: [row(1, 1, 1)] });
  for (const tab of ['Overview', 'Log', 'Results', 'Settings']) {
    await user.click(screen.getByRole('tab', { name: tab }));
    await settle();
    await check(container);
  }
  await user.click(screen.getByRole('button', { name: 'More for this job' }));
  await check(container);
});

test('setting up, each of its steps', async () => {
  const { container, fake, user } = await open({ type: 'storages', value: [] });
  fake.picked = '/data/fast';
  for (let step = 0; step < 4; step += 1) {
    await settle();
    if (step === 1) await user.click(screen.getByRole('button', { name: 'Another folder…' }));
    await check(container);
    await user.click(screen.getByRole('button', { name: step === 3 ? 'Use this storage' : 'Continue' }));
  }
  await settle();
  await check(container);
});

// Everything that a page may have to say at once.
const troubled: Update[] = [
  {
    type: 'storages',
    value: [
      storage({ warnings: ['vast and again are at one place.'], health: { ...storage().health!, state: 'not_answering', words: 'not answering', detail: 'It does not answer.' } }),
      storage({ name: 'gdrive', base_path: null, health: null, error: { code: 'config_invalid', message: 'base_path is missing', hint: 'Add it.' } }),
    ],
  },
  { type: 'status', value: status({ config_error: { code: 'config_invalid', message: 'line 14', hint: 'Mend it.' } }) },
  { type: 'worker', value: worker({ storages: [{ ...worker().storages[0]!, words: 'not confirmed', sameness: 'unknown' }], unavailable: ['sleap-train: no'] }) },
  { type: 'job', value: job({ id: 'w', name: 'waits', state: 'queued', words: 'Waiting', worker: null, waiting_for: ['gpu-3: its vast is read-only'] }) },
  { type: 'job', value: job({ id: 'l', name: 'lost', lost: true, words: 'Lost contact' }) },
  { type: 'job', value: job({ id: 's', name: 'stops', stopping: 'stop', words: 'Stopping' }) },
];

test.each(PAGES)('%s, with trouble', async (page) => {
  const { container, user } = await ready(...troubled);
  await user.click(screen.getByRole('button', { name: new RegExp(`^${page}`) }));
  await check(container);
});

test.each(['waits', 'lost', 'stops'])('a job that %s', async (name) => {
  const { container, user } = await ready(...troubled);
  await user.keyboard('{Control>}2{/Control}');
  await user.click(screen.getByRole('row', { name: new RegExp(name) }));
  await check(container);
});

test('a worker, a storage that is edited in two places, and one that is to be removed', async () => {
  const { container, fake, user } = await ready(...troubled);
  await user.keyboard('{Control>}3{/Control}');
  await user.click(screen.getByRole('row', { name: /gpu-1/ }));
  await check(container);
  await user.keyboard('{Control>}4{/Control}');
  await user.click(screen.getByRole('button', { name: 'Remove vast' }));
  await check(container);
  await user.click(screen.getByRole('button', { name: 'Keep' }));
  await user.click(screen.getByRole('button', { name: 'Edit vast' }));
  await user.type(screen.getByLabelText('Your folder in it'), '2');
  fake.say({ type: 'storages', value: [storage({ user_subdir: 'tom' })] });
  await settle();
  expect(screen.getByText('vast was changed elsewhere while you edited.')).toBeVisible();
  await check(container);
});

test.each(['ready', 'queued', 'wait', 'none', 'blocked', 'offline'])('New job, when it is %s', async (state) => {
  const { container, fake, user } = await ready({ type: 'worker', value: worker() });
  const gone = { ...dataset().videos[0]!, written: '/x/gone.mp4', place: null, local: null, found: false, how: 'not_found', words: 'not found' };
  fake.datasets.set('vast:amick/labels.slp', dataset({ videos: [...dataset().videos, gone] }));
  fake.ready = readiness({ state, can_submit: state !== 'blocked' });
  await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
  await vi.waitFor(() => expect(fake.called('readiness').length).toBeGreaterThan(0));
  await settle();
  await check(container);
});

test('the questions before stopping, killing and quitting', async () => {
  const { container, fake, user } = await ready({ type: 'job', value: job() });
  await user.keyboard('{Control>}2{/Control}');
  await user.click(screen.getByRole('row', { name: /maze day 3/ }));
  await user.keyboard('{Control>}.{/Control}');
  await check(container);
  await user.click(screen.getByRole('button', { name: 'Go on running' }));
  fake.tell({ type: 'quit_asked', value: ['maze day 3'] });
  await settle();
  await check(container);
});
