// What a person is asked and told while a job is made, and before it is submitted.
import { screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Update } from '../src/lib/ipc';
import { dataset, job, kind, parameter, path, readiness, status, storage, worker } from './views';
import { HOSTILE, ready, settle, stopWaiting } from './render';

const LABELS = 'vast:amick/project/labels.slp';
const train = kind({
  name: 'train', title: 'Training',
  parameters: [...kind().parameters, parameter({ name: 'RESUME_FROM', type: 'PATH', label: 'Continue from', group: 'More' })],
});

async function chosen(...more: Update[]) {
  const opened = await ready({ type: 'worker', value: worker() }, ...more);
  opened.fake.datasets.set(LABELS, dataset());
  return opened;
}

async function choose({ fake, user }: Awaited<ReturnType<typeof chosen>>, picked = LABELS) {
  fake.picked = picked;
  await user.click(screen.getByRole('button', { name: 'New job' }));
  await user.click(screen.getByRole('button', { name: 'Choose…' }));
  await settle();
}

const bar = () => within(screen.getByRole('contentinfo'));
const sentence = () => bar().getAllByRole('status')[0]!;

afterEach(() => vi.useRealTimers());

describe('Asking the workers', () => {
  test('what takes long says whom it waits for, and is left; asked again, it is answered', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const opened = await chosen({ type: 'worker', value: worker({ id: 'w2', name: HOSTILE }) });
    const answer = opened.fake.keepWaiting();
    await choose(opened);
    await vi.advanceTimersByTimeAsync(2500);
    expect(bar().queryByRole('button', { name: 'Stop waiting' })).toBeNull();
    await vi.advanceTimersByTimeAsync(2000);
    await settle();
    expect(sentence()).toHaveTextContent(`Waiting for vast on this computer, or for ${HOSTILE}, gpu-1.`);
    await opened.user.click(bar().getByRole('button', { name: 'Stop waiting' }));
    expect(sentence()).toHaveTextContent('You stopped waiting, so nobody has said yet whether it can run.');
    // What is answered then counts for nothing, and what happens in the lab asks nobody.
    answer();
    opened.fake.say({ type: 'worker', value: worker({ busy: true, state: 'x' }) });
    await vi.advanceTimersByTimeAsync(5000);
    expect(opened.fake.called('readiness')).toHaveLength(1);
    expect(bar().getByRole('button', { name: /^Submit$/ })).toBeDisabled();
    await opened.user.click(bar().getByRole('button', { name: 'Ask again' }));
    await vi.advanceTimersByTimeAsync(500);
    expect(sentence()).toHaveTextContent('Ready. gpu-1 can start now');
    expect(bar().queryByRole('button', { name: 'Ask again' })).toBeNull();
  });

  test('while the lab is away the job is kept as a draft, and gone on with at the next start', async () => {
    const opened = await chosen({ type: 'status', value: status({ in_lab: true, lab: 'Talmo Lab' }) });
    const { fake, user } = opened;
    fake.ready = readiness({ state: 'offline', sentence: 'Talmo Lab does not answer.', can_submit: false });
    await choose(opened);
    await user.type(screen.getByLabelText('Name'), 'day 3');
    await waitFor(() => expect(sentence()).toHaveTextContent('Talmo Lab does not answer.'));
    expect(bar().queryByRole('button', { name: /Submit/ })).toBeNull();
    await user.click(bar().getByRole('button', { name: 'Keep draft' }));
    expect(sentence()).toHaveTextContent('Your job is kept here as a draft.');
    expect(fake.keptOf('draft')).toMatchObject({ kind: 'slp-check', dataset: LABELS, name: 'day 3' });
  });

  test('a draft that was kept is filled in, and forgotten once it is submitted', async () => {
    const draft = { kind: 'slp-check', dataset: LABELS, name: 'day 3', results_in: 'vast:amick/models' };
    const { fake, user } = await chosen({ type: 'kept', value: { draft } });
    await user.click(screen.getByRole('button', { name: 'New job' }));
    expect(screen.getByText('A draft is kept here: labels.slp, Check a SLEAP project')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Go on with it' }));
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    expect(screen.getByLabelText('Name')).toHaveValue('day 3');
    await user.click(bar().getByRole('button', { name: /^Submit$/ }));
    await settle();
    expect(fake.called('submit')).toMatchObject([[{ name: 'day 3', results_in: 'vast:amick/models' }]]);
    expect(fake.called('keep')).toContainEqual([{ type: 'draft', value: null }]);
  });

  test('what only the admin can allow is copied for them', async () => {
    const opened = await chosen();
    const refusal = 'LABELS: jobs of amick may not read `vast:tom/a.slp`: on vast they may read only in `vast:amick`.';
    opened.fake.ready = readiness({ state: 'blocked', sentence: refusal, can_submit: false, ask_admin: true });
    await choose(opened);
    await waitFor(() => expect(sentence()).toHaveTextContent(refusal));
    await opened.user.click(bar().getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toContain(refusal);
  });
});

test('a dataset that is read in the place of another can be left, and the one that was chosen stays', async () => {
  const opened = await chosen();
  await choose(opened);
  opened.fake.openDataset = () => new Promise(() => {});
  opened.fake.tell({ type: 'dropped', value: ['/mnt/vast/amick/other.slp'] });
  await settle();
  await stopWaiting(opened.user);
  expect(screen.queryByText(/Reading other/)).toBeNull();
  expect(screen.getByRole('list', { name: 'Where the dataset is' })).toHaveTextContent('project/labels.slp');
});

test('several videos are called so', async () => {
  const opened = await chosen();
  const film = (name: string) => dataset({ file_name: name, is_project: false, place: path(`vast:amick/${name}`), videos: [], summary: '4 MB' });
  for (const name of ['a.mp4', 'b.AVI']) opened.fake.datasets.set(`/mnt/${name}`, film(name));
  opened.fake.pickedAll = ['/mnt/a.mp4', '/mnt/b.AVI'];
  await choose(opened);
  expect(screen.getByRole('region', { name: '2 videos → 2 jobs, one settings form.' })).toBeVisible();
});

describe('Results', () => {
  const there = { place: path('vast:amick/models/maze'), exists: true, beside: path('vast:amick/models/maze-2'), checkpoint: path('vast:amick/models/maze/maze/last.ckpt'), epoch: 41 };

  async function into(type = 'train') {
    const opened = await chosen({ type: 'kinds', value: [kind(), train] }, { type: 'worker', value: worker({ kinds: ['slp-check', 'train'] }) });
    await choose(opened);
    await opened.user.selectOptions(screen.getByLabelText('Job type'), type);
    opened.fake.there.set('/mnt/vast/amick/models/maze', there);
    opened.fake.picked = '/mnt/vast/amick/models/maze';
    await opened.user.click(screen.getByRole('button', { name: 'Change the results folder' }));
    await settle();
    return opened;
  }

  test('in those of an earlier job nothing is overwritten: a new folder beside them, or on from its checkpoint', async () => {
    const { fake, user } = await into();
    expect(fake.called('resultsThere')).toEqual([['/mnt/vast/amick/models/maze', 'train']]);
    expect(screen.getByRole('radio', { name: 'New folder maze-2' })).toBeChecked();
    expect(screen.queryByRole('radio', { name: /Put the results into it/ })).toBeNull();
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ results_in: null, values: { OUTPUT_DIR: 'vast:amick/models/maze-2' } }));
    expect(fake.drafts.at(-1)?.values).not.toHaveProperty('RESUME_FROM');
    await user.click(screen.getByRole('radio', { name: 'Continue from epoch 41, with results in the new folder maze-2' }));
    await waitFor(() =>
      expect(fake.drafts.at(-1)?.values).toEqual({ OUTPUT_DIR: 'vast:amick/models/maze-2', RESUME_FROM: 'vast:amick/models/maze/maze/last.ckpt' }),
    );
    await user.click(screen.getByRole('button', { name: 'As proposed' }));
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ results_in: null, values: {} }));
  });

  test('what takes long to be looked at is not waited for: a new folder is made in it', async () => {
    const opened = await chosen();
    await choose(opened);
    opened.fake.resultsThere = () => new Promise(() => {});
    opened.fake.picked = '/mnt/vast/amick/models';
    await opened.user.click(screen.getByRole('button', { name: 'Change the results folder' }));
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    expect(bar().getByRole('button', { name: /^Submit$/ })).toBeDisabled();
    await stopWaiting(opened.user);
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    expect(opened.fake.drafts.at(-1)).toMatchObject({ results_in: '/mnt/vast/amick/models', values: {} });
  });

  test('another job type is asked anew, and one that goes on from nothing is not offered to', async () => {
    const { fake, user } = await into();
    await user.click(screen.getByRole('radio', { name: /^Continue from epoch 41/ }));
    fake.there.set('/mnt/vast/amick/models/maze', { ...there, checkpoint: null, epoch: null });
    await user.selectOptions(screen.getByLabelText('Job type'), 'slp-check');
    await settle();
    expect(screen.queryByRole('radio', { name: /^Continue/ })).toBeNull();
    expect(screen.getByRole('radio', { name: 'Make a new folder in it' })).toBeChecked();
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ kind: 'slp-check', results_in: '/mnt/vast/amick/models/maze', values: {} }));
  });
});

describe('Videos that are known by their name alone', () => {
  const film = (name: string) => ({ ...dataset().videos[0]!, written: `/Users/tom/${name}`, place: path(`vast:amick/project/${name}`), how: 'beside_project', by_name: true, words: 'beside the project' });

  async function doubted() {
    const opened = await chosen();
    opened.fake.datasets.set(LABELS, dataset({ videos: [film('a.mp4'), film('b.mp4')] }));
    await choose(opened);
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    return { ...opened, row: (name: string) => screen.getByRole('row', { name: new RegExp(`^${name}`) }) };
  }

  test('are asked about; what is said travels with the job', async () => {
    const { fake, user, row } = await doubted();
    expect(row('a.mp4')).toHaveTextContent('same name beside the project – is it this one?');
    fake.datasets.set(LABELS, dataset({ videos: [{ ...film('a.mp4'), by_name: false, how: 'chosen', words: 'chosen by you' }, film('b.mp4')] }));
    await user.click(screen.getByRole('button', { name: 'Yes, it is a.mp4' }));
    await settle();
    expect(row('a.mp4')).toHaveTextContent('chosen by you');
    const a = { written: '/Users/tom/a.mp4', path: 'vast:amick/project/a.mp4' };
    await waitFor(() => expect(fake.drafts.at(-1)?.videos).toEqual([a]));
  });

  test('whose answer is wanted get it by the keyboard, too', async () => {
    const opened = await doubted();
    const { fake, user } = opened;
    fake.ready = readiness({ state: 'asks', sentence: '2 of 2 videos are known by their names alone. Say above whether they are these.', can_submit: false });
    await user.selectOptions(screen.getByLabelText('Run on'), 'gpu-1');
    await waitFor(() => expect(sentence()).toHaveTextContent('Say above whether they are these.'));
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toEqual([]);
    expect(screen.getByRole('button', { name: 'Yes, all 2' })).toHaveFocus();
    // What is missing comes before what is in doubt.
    await user.click(screen.getByRole('button', { name: 'No, it is not a.mp4' }));
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(screen.getByRole('button', { name: 'Locate a.mp4' })).toHaveFocus();
  });

  test('of many the answer is one', async () => {
    const { fake, user } = await doubted();
    await user.click(screen.getByRole('button', { name: 'Yes, all 2' }));
    await waitFor(() => expect(fake.drafts.at(-1)?.videos).toHaveLength(2));
  });

  test('looking for one is not waited for longer than the person wants, and what is found then counts for nothing', async () => {
    const { fake, user, row } = await doubted();
    let answer = (_: unknown) => {};
    fake.openDataset = () => new Promise((resolve) => (answer = resolve as typeof answer));
    await user.click(screen.getByRole('button', { name: 'Yes, it is a.mp4' }));
    expect(screen.getByRole('button', { name: 'No, it is not b.mp4' })).toBeDisabled();
    await stopWaiting(user);
    answer(dataset({ videos: [] }));
    await settle();
    expect(row('b.mp4')).toBeVisible();
    expect(screen.getByRole('button', { name: 'No, it is not b.mp4' })).toBeEnabled();
  });

  test('one that is another is to be located, unless that was wrong', async () => {
    const { fake, user, row } = await doubted();
    await user.click(screen.getByRole('button', { name: 'No, it is not a.mp4' }));
    expect(row('a.mp4')).toHaveTextContent('same name beside the project, which is another one');
    expect(screen.getByRole('button', { name: 'Locate a.mp4' })).toBeVisible();
    expect(sentence()).toHaveTextContent('1 of 2 videos is still to be located. Mend it above.');
    await waitFor(() => expect(fake.called('readiness')).toHaveLength(2));
    expect(bar().getByRole('button', { name: /^Submit$/ })).toBeDisabled();
    await user.click(screen.getByRole('button', { name: 'Yes, it is a.mp4' }));
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
  });
});

describe('The storage of the dataset', () => {
  test('is confirmed once a worker has proved it', async () => {
    const opened = await chosen();
    await choose(opened);
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    const place = screen.getByRole('region', { name: 'Dataset' });
    expect(place).not.toHaveTextContent('confirmed');
    opened.fake.ready = readiness({ workers: [{ ...readiness().workers[0]!, sameness: 'confirmed' }] });
    opened.fake.say({ type: 'worker', value: worker({ busy: true, state: 'x' }) });
    await waitFor(() => expect(place).toHaveTextContent('labels.slp confirmed'), { timeout: 4000 });
  });

  test('is not the lab’s where everybody’s carries another mark: it gets another name, or another folder', async () => {
    const other = { ...worker().storages[0]!, words: 'other storage', sameness: 'other_storage' };
    const opened = await chosen({ type: 'worker', value: worker({ storages: [other] }) });
    await choose(opened);
    const said = 'This is not the lab’s vast: it carries another mark.';
    expect(screen.getByText(new RegExp(said))).toBeVisible();
    opened.fake.say({ type: 'worker', value: worker({ id: 'w2', name: 'gpu-2' }) });
    await settle();
    expect(screen.queryByText(new RegExp(said))).toBeNull();
    opened.fake.say({ type: 'worker_gone', value: 'w2' });
    await settle();
    await opened.user.click(screen.getByRole('button', { name: 'Add it under another name' }));
    expect(screen.getByRole('form', { name: 'Edit vast' })).toBeVisible();
    expect(screen.getByLabelText('Name')).toHaveFocus();
  });

  test('that carries another mark than before is told of', async () => {
    const warning = 'vast at /mnt/vast carries another mark than when it was last seen: it is another storage.';
    const opened = await chosen({ type: 'storages', value: [storage({ health: { ...storage().health!, warning } })] });
    await choose(opened);
    expect(screen.getByText(warning)).toBeVisible();
  });

  test('shows the dataset in the file manager', async () => {
    const opened = await chosen();
    await choose(opened);
    await opened.user.click(screen.getByRole('button', { name: 'Reveal' }));
    expect(opened.fake.called('showDataset')).toEqual([[dataset().local]]);
  });
});

describe('Job types', () => {
  const export_ = kind({ name: 'export', title: 'DLC export', built_in: false });
  const types = () => within(screen.getByLabelText('Job type')).getAllByRole('option').map((option) => option.textContent);

  test('of the lab that nobody ran yet are new', async () => {
    const opened = await chosen({ type: 'kinds', value: [kind(), export_] }, { type: 'worker', value: worker({ kinds: ['slp-check', 'export'] }) });
    await choose(opened);
    expect(screen.queryByText(/New in the lab/)).toBeNull();
    expect(within(screen.getByRole('group', { name: 'The lab’s own' })).getAllByRole('option')).toHaveLength(1);
    await opened.user.selectOptions(screen.getByLabelText('Job type'), 'DLC export');
    expect(screen.getByLabelText('Job type')).toHaveAccessibleDescription(/^New in the lab: nothing run yet\./);
    opened.fake.say({ type: 'job', value: job({ kind: 'export' }) });
    await settle();
    expect(screen.queryByText(/New in the lab/)).toBeNull();
  });

  test('of a worker that is offline stay, with its name', async () => {
    const opened = await chosen({ type: 'kinds', value: [kind(), export_] }, { type: 'job', value: job({ kind: 'export', worker: 'gpu-7' }) });
    await choose(opened);
    expect(types()).toEqual(['Check a SLEAP project', 'DLC export · from gpu-7, offline']);
  });
});

test('whoever does not want copies is offered none', async () => {
  const local = '/home/amick/Desktop/labels.slp';
  const opened = await chosen({ type: 'kept', value: { copies: false } });
  opened.fake.datasets.set(local, dataset({ local, place: null, place_error: { code: 'not_in_any_backend', message: 'labels.slp is on this computer only.', hint: null } }));
  await choose(opened, local);
  expect(screen.queryByRole('button', { name: /^Copy to/ })).toBeNull();
  await opened.user.click(within(screen.getByRole('alert')).getByRole('button', { name: 'Settings' }));
  const asked = within(screen.getByRole('region', { name: 'Files not on shared storage' }));
  expect(asked.getByRole('radio', { name: 'Never copy them' })).toBeChecked();
  await opened.user.click(asked.getByRole('radio', { name: 'Ask each time whether to copy them' }));
  expect(opened.fake.keptOf('copies')).toBe(true);
});
