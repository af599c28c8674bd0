// What becomes of a draft while the person goes on: what answers late, what was submitted, what was copied.
import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { type DatasetView, Failure, type Update } from '../src/lib/ipc';
import { dataset, job, kind, parameter, path, worker } from './views';
import { ready, settle, stopWaiting } from './render';

const at = (name: string) => dataset({ file_name: name, local: `/mnt/vast/amick/${name}`, place: path(`vast:amick/${name}`), videos: [] });

async function opened(...more: Update[]) {
  const opened = await ready({ type: 'worker', value: worker() }, ...more);
  for (const name of ['a.slp', 'b.slp', 'c.slp']) {
    opened.fake.datasets.set(`/mnt/vast/amick/${name}`, at(name));
    opened.fake.datasets.set(`vast:amick/${name}`, at(name));
  }
  const drop = async (...names: string[]) => {
    opened.fake.tell({ type: 'dropped', value: names.map((name) => `/mnt/vast/amick/${name}`) });
    await settle();
  };
  return { ...opened, drop };
}

const chosen = () => screen.getByRole('region', { name: 'Dataset' });
const bar = () => within(screen.getByRole('contentinfo'));

describe('Several files that are read slowly', () => {
  async function slowly() {
    const all = await opened();
    await all.drop('a.slp');
    const open = all.fake.openDataset.bind(all.fake);
    const waiting: (() => void)[] = [];
    all.fake.openDataset = async (text, videos): Promise<DatasetView> => {
      if (text.endsWith('b.slp')) await new Promise<void>((resolve) => waiting.push(resolve));
      return open(text, videos);
    };
    await all.drop('b.slp', 'c.slp');
    return { ...all, answer: async () => (waiting.forEach((one) => one()), await settle()) };
  }

  test('and are waited for no more leave the one that was chosen alone', async () => {
    const { user, answer } = await slowly();
    await stopWaiting(user);
    await answer();
    expect(chosen()).toHaveTextContent('a.slp');
    expect(screen.queryByRole('region', { name: /→/ })).toBeNull();
  });

  test('come too late once another was chosen', async () => {
    const { drop, answer } = await slowly();
    await drop('c.slp');
    await answer();
    expect(chosen()).toHaveTextContent('c.slp');
    expect(screen.queryByRole('region', { name: /→/ })).toBeNull();
  });
});

describe('What was copied', () => {
  const HERE = '/home/amick/Desktop/labels.slp';
  const outside = dataset({
    local: HERE, place: null, place_error: { code: 'not_in_any_backend', message: 'labels.slp is on this computer only.', hint: null }, size: 14_000,
  });

  async function copies() {
    const all = await opened();
    all.fake.datasets.set(HERE, outside);
    all.fake.datasets.set('vast:amick/labels.slp', dataset());
    all.fake.tell({ type: 'dropped', value: [HERE] });
    await settle();
    await all.user.click(screen.getByRole('button', { name: 'Copy to vast › amick' }));
    return { ...all, end: async () => (all.fake.copy!.end([{ from: HERE, place: path('vast:amick/labels.slp'), already: false }]), await settle()) };
  }

  test('is told of no other dataset', async () => {
    const { drop, end } = await copies();
    await end();
    expect(screen.getByText('Copied to vast:amick/labels.slp')).toBeVisible();
    await drop('a.slp');
    expect(screen.queryByText(/^Copied to/)).toBeNull();
  });

  test('is told of no other dataset either where that was chosen meanwhile', async () => {
    const { drop, end } = await copies();
    await drop('a.slp');
    await end();
    expect(chosen()).toHaveTextContent('a.slp');
    expect(screen.queryByText(/^Copied to/)).toBeNull();
  });

  test('nor why it was not', async () => {
    const { fake, drop } = await copies();
    fake.copy!.end(new Failure('io', 'vast has 10 KB free.'));
    await settle();
    expect(screen.getByText('vast has 10 KB free.')).toBeVisible();
    fake.datasets.set('/home/amick/Desktop/a.slp', { ...outside, file_name: 'a.slp', local: '/home/amick/Desktop/a.slp' });
    fake.tell({ type: 'dropped', value: ['/home/amick/Desktop/a.slp'] });
    await settle();
    expect(chosen()).toHaveTextContent('a.slp');
    expect(screen.queryByText('vast has 10 KB free.')).toBeNull();
    await drop('b.slp');
  });

  test('of several files is told once all are copied', async () => {
    const { fake } = await opened();
    const here = (name: string) => ({ ...outside, file_name: name, local: `/home/amick/${name}` });
    fake.datasets.set('/home/amick/a.slp', here('a.slp'));
    fake.datasets.set('/home/amick/b.slp', here('b.slp'));
    fake.tell({ type: 'dropped', value: ['/home/amick/a.slp', '/home/amick/b.slp'] });
    await settle();
    screen.getByRole('button', { name: 'Copy all 2 to vast:amick' }).click();
    fake.copy!.end(['a.slp', 'b.slp'].map((name) => ({ from: `/home/amick/${name}`, place: path(`vast:amick/${name}`), already: false })));
    await settle();
    expect(screen.getByText('Copied 2 files.')).toBeVisible();
  });
});

describe('Results in an existing folder', () => {
  const train = kind({
    name: 'train', title: 'Training',
    parameters: [...kind().parameters, parameter({ name: 'RESUME_FROM', type: 'PATH', label: 'Continue from', group: 'More' })],
  });
  const maze = '/mnt/vast/amick/models/maze';
  const there = (beside: string) => ({ place: path('vast:amick/models/maze'), exists: true, beside: path(beside), checkpoint: path('vast:amick/models/maze/last.ckpt'), epoch: 41 });

  async function beside() {
    const all = await opened({ type: 'kinds', value: [train] }, { type: 'worker', value: worker({ kinds: ['train'] }) });
    await all.drop('a.slp');
    all.fake.there.set(maze, there('vast:amick/models/maze-2'));
    all.fake.picked = maze;
    await all.user.click(screen.getByRole('button', { name: 'Change the results folder' }));
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    const went = () => all.fake.called('submit').map(([draft]) => (draft as { values: Record<string, unknown> }).values['OUTPUT_DIR']);
    return { ...all, went };
  }

  test('are never sent to where an earlier job of the same form goes', async () => {
    const { fake, user, went } = await beside();
    await user.click(screen.getByRole('button', { name: 'Submit another like this' }));
    expect(screen.getByText(/^Submitted: /)).toBeVisible();
    // Nobody has made that folder yet.
    expect(await screen.findByRole('radio', { name: 'New folder maze-3' })).toBeChecked();
    await waitFor(() => expect(fake.drafts.at(-1)?.values).toEqual({ OUTPUT_DIR: 'vast:amick/models/maze-3' }));
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    expect(screen.getByText(/^Submitted: /)).toBeVisible();
    // Others have made one more.
    fake.there.set(maze, there('vast:amick/models/maze-5'));
    await user.click(screen.getByRole('button', { name: 'Submit another like this' }));
    expect(await screen.findByRole('radio', { name: 'New folder maze-5' })).toBeChecked();
    expect(went()).toEqual(['vast:amick/models/maze-2', 'vast:amick/models/maze-3']);
    expect(fake.called('resultsThere')).toHaveLength(3);
  });

  test('are looked at again where the form is changed after the job was submitted', async () => {
    const { fake, user, went } = await beside();
    await user.click(bar().getByRole('button', { name: /^Submit$/ }));
    await settle();
    expect(bar().getByText(/^Submitted\. It runs/)).toBeVisible();
    await user.type(screen.getByLabelText('Name'), 'x');
    await waitFor(() => expect(fake.drafts.at(-1)?.values).toEqual({ OUTPUT_DIR: 'vast:amick/models/maze-3' }));
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    await user.click(bar().getByRole('button', { name: /^Submit$/ }));
    expect(went()).toEqual(['vast:amick/models/maze-2', 'vast:amick/models/maze-3']);
  });
});

test('what a job is called matters to no worker', async () => {
  const { fake, user, drop } = await opened();
  await drop('a.slp');
  await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
  await user.type(screen.getByLabelText('Name'), 'maze');
  expect(bar().getByText(/^Ready\./)).toBeVisible();
  await user.click(bar().getByRole('button', { name: /^Submit$/ }));
  expect(fake.called('submit')).toMatchObject([[{ name: 'maze' }]]);
  expect(fake.drafts.map(({ name }) => name)).toEqual(['']);
  // Another name makes another job of it.
  fake.say({ type: 'job', value: job({ id: 'new', state: 'running' }) });
  await settle();
  await user.type(screen.getByLabelText('Name'), ' 2');
  await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
});
