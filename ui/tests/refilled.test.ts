import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { Update } from '../src/lib/ipc';
import { dataset, job, kind, parameter, path, worker } from './views';
import { ready, settle } from './render';

const MINE = 'vast:amick/mine.slp';
const THEIRS = 'vast:amick/project/labels.slp';
const train = kind({ name: 'train', title: 'Training', parameters: [...kind().parameters, parameter({ name: 'EPOCHS', type: 'INT', label: 'Epochs', required: true })] });
const ended: Update = { type: 'job', value: job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' }) };

async function filledIn(...more: Update[]) {
  const opened = await ready({ type: 'kinds', value: [kind(), train] }, { type: 'worker', value: worker({ kinds: ['slp-check', 'train'] }) }, ended, ...more);
  const { fake, user } = opened;
  fake.datasets.set(MINE, dataset({ file_name: 'mine.slp', place: path(MINE) }));
  fake.datasets.set(THEIRS, dataset());
  fake.tell({ type: 'dropped', value: [MINE] });
  await settle();
  await user.selectOptions(screen.getByLabelText('Job type'), 'train');
  await user.type(screen.getByLabelText('Epochs'), '50');
  await user.type(screen.getByLabelText('Name'), 'long one');
  return opened;
}

const again = async ({ user }: Awaited<ReturnType<typeof ready>>) => {
  await user.keyboard('{Control>}2{/Control}');
  await user.click(screen.getByRole('row', { name: /maze day 3/ }));
  await user.click(screen.getByRole('button', { name: 'Run again…' }));
  await settle();
};

const SAID = 'What was in the form has been replaced.';
const undo = () => screen.getByRole('button', { name: 'Undo' });
const isBack = async (fake: Awaited<ReturnType<typeof ready>>['fake']) => {
  expect(screen.getByRole('region', { name: 'Dataset' })).toHaveTextContent('mine.slp');
  expect(screen.getByLabelText('Job type')).toHaveDisplayValue('Training');
  expect(screen.getByLabelText('Epochs')).toHaveValue('50');
  expect(screen.getByLabelText('Name')).toHaveValue('long one');
  await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ kind: 'train', dataset: MINE, values: { EPOCHS: 50 }, worker: null }));
};

describe('What the person put into the form', () => {
  test('comes back where a job that is run again took its place', async () => {
    const opened = await filledIn();
    await again(opened);
    expect(screen.getByRole('region', { name: 'Dataset' })).toHaveTextContent('labels.slp');
    expect(screen.getByText(SAID)).toBeVisible();
    await opened.user.click(undo());
    await isBack(opened.fake);
    expect(screen.queryByText(SAID)).toBeNull();
  });

  test('comes back also while that is still being read', async () => {
    const opened = await filledIn();
    const read = opened.fake.hold('openDataset');
    await again(opened);
    await opened.user.click(undo());
    read();
    await settle();
    await isBack(opened.fake);
  });

  test('comes back where a worker was to be tried', async () => {
    const opened = await filledIn();
    await opened.user.keyboard('{Control>}3{/Control}');
    await opened.user.click(screen.getByRole('row', { name: /gpu-1/ }));
    await opened.user.click(screen.getByRole('button', { name: 'Run a check here' }));
    await settle();
    expect(screen.getByLabelText('Job type')).toHaveDisplayValue('Check a SLEAP project');
    await opened.user.click(undo());
    await isBack(opened.fake);
  });

  test('comes back with its further files, which are read to their end', async () => {
    const opened = await ready(ended);
    const { fake, user } = opened;
    fake.datasets.set(MINE, dataset({ file_name: 'mine.slp', place: path(MINE) }));
    fake.datasets.set('vast:amick/b.slp', dataset({ file_name: 'b.slp', place: path('vast:amick/b.slp') }));
    fake.datasets.set(THEIRS, dataset());
    const open = fake.openDataset.bind(fake);
    fake.openDataset = (text, videos) => (text.endsWith('b.slp') ? new Promise(() => {}) : open(text, videos));
    fake.tell({ type: 'dropped', value: [MINE, 'vast:amick/b.slp'] });
    await settle();
    fake.openDataset = open;
    await again(opened);
    expect(screen.queryByRole('region', { name: /→/ })).toBeNull();
    await user.click(undo());
    await settle();
    expect(within(screen.getByRole('region', { name: /→ 2 jobs/ })).getByText(/can be used/)).toBeInTheDocument();
  });

  test('comes back where the form was begun anew, which another page only leads to', async () => {
    const opened = await filledIn();
    const { fake, user } = opened;
    await user.keyboard('{Control>}2{/Control}');
    await user.keyboard('{Control>}n{/Control}');
    await isBack(fake);
    for (const begin of [() => user.keyboard('{Control>}n{/Control}'), () => user.click(screen.getByRole('button', { name: 'New job' }))]) {
      await begin();
      await settle();
      expect(screen.getByRole('heading', { name: 'Drop a SLEAP project (.slp), videos or a folder' })).toBeVisible();
      expect(screen.getByText('The form is empty again.')).toBeVisible();
      await user.click(undo());
      await isBack(fake);
    }
  });

  test('is nothing where nothing was typed or chosen, or all was submitted', async () => {
    const opened = await ready({ type: 'worker', value: worker() }, ended);
    opened.fake.datasets.set(THEIRS, dataset());
    await again(opened);
    expect(screen.queryByText(SAID)).toBeNull();
    const submit = () => within(screen.getByRole('contentinfo')).getByRole('button', { name: /^Submit$/ });
    await waitFor(() => expect(submit()).toBeEnabled());
    await opened.user.click(submit());
    await again(opened);
    expect(screen.queryByText(SAID)).toBeNull();
  });
});
