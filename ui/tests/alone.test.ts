import { screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { dataset, job, kind, storage, worker } from './views';
import { answerHere, next, open, settle } from './render';

const own = worker({ name: 'ws-3', own: true, this_computer: true, kinds: ['slp-check', 'export'], unavailable: ['sleap-train: sleap-nn was not found'] });
const kinds = [kind(), kind({ name: 'sleap-train', title: 'SLEAP training' }), kind({ name: 'export', title: 'Export', built_in: false })];
const gone = { ...storage().health!, state: 'not_mounted', words: 'not mounted' };

/** No word on the page speaks of a lab, or of workers that could be elsewhere. */
const speaksOfHere = () => expect(document.body).not.toHaveTextContent(/\blab\b|is online|online worker|other workers|Others know/i);

test('on one computer alone no page speaks of a lab', async () => {
  const { fake, user } = await open({ type: 'storages', value: [storage(), storage({ name: 'fast', health: gone })] }, { type: 'kinds', value: kinds }, { type: 'worker', value: own });
  fake.datasets.set('vast:amick/labels.slp', dataset());
  fake.tell({ type: 'dropped', value: ['vast:amick/labels.slp'] });
  await settle();
  speaksOfHere();
  await user.selectOptions(screen.getByLabelText('Job type'), 'SLEAP training · not on this computer');
  expect(screen.getByText('SLEAP training: this computer cannot run it (sleap-nn was not found).')).toBeVisible();
  speaksOfHere();
  await user.selectOptions(screen.getByLabelText('Job type'), 'Export');
  expect(within(screen.getByRole('group', { name: 'Your own' })).getAllByRole('option')).toHaveLength(1);
  speaksOfHere();
  for (const page of [2, 3, 4]) {
    await user.keyboard(`{Control>}${page}{/Control}`);
    speaksOfHere();
  }
  await user.click(screen.getByRole('button', { name: 'Edit vast' }));
  await user.type(screen.getByLabelText('Name'), '2');
  speaksOfHere();
  await user.keyboard('{Escape}');
  await user.click(screen.getByRole('button', { name: 'Add storage…' }));
  await settle();
  speaksOfHere();
  // Its worker is gone.
  fake.say({ type: 'worker_gone', value: own.id }, { type: 'kept', value: { worker: false } });
  for (const page of [1, 2, 3, 4]) {
    await user.keyboard(`{Control>}${page}{/Control}`);
    speaksOfHere();
  }
  await user.keyboard('{Control>}3{/Control}');
  expect(screen.getByText('Its worker is turned off. The settings turn it on again.')).toBeVisible();
});

test('nor does setting it up, once jobs run here', async () => {
  const { fake, user } = await open({ type: 'storages', value: [] });
  fake.picked = '/data/maze';
  await answerHere(user);
  await settle();
  speaksOfHere();
  await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
  await settle();
  speaksOfHere();
  for (const _ of ['folder', 'check']) {
    await user.click(next());
    await settle();
    speaksOfHere();
  }
  await user.click(screen.getByRole('button', { name: 'Use this storage' }));
  await settle();
  speaksOfHere();
  await user.keyboard('{Control>}4{/Control}');
  speaksOfHere();
});

test('with another worker the words are those of a lab', async () => {
  const { fake } = await open({ type: 'storages', value: [storage({ health: gone })] }, { type: 'worker', value: own }, { type: 'job', value: job() });
  expect(screen.getByRole('main')).toHaveTextContent('Jobs that need it wait; you cannot choose files from it.');
  fake.say({ type: 'worker', value: worker({ id: 'w2', name: 'gpu-1' }) });
  await settle();
  expect(screen.getByRole('main')).toHaveTextContent('Jobs that run in the lab go on; you cannot choose files from it.');
});
