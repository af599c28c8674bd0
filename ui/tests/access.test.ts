import { screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test } from 'vitest';
import type { Update } from '../src/lib/ipc';
import { dataset, job, row, worker } from './fake';
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
