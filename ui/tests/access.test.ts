import { screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test, vi } from 'vitest';
import { Failure, type Update } from '../src/lib/ipc';
import { dataset, job, kind, readiness, row, status, storage, worker } from './views';
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
    if (step === 1) await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await check(container);
    if (step === 0) await user.click(screen.getByRole('radio', { name: /On this computer/ }));
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
  await user.click(screen.getByRole('button', { name: 'More for vast' }));
  await user.click(screen.getByRole('menuitem', { name: 'Remove…' }));
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

test('New job, with all that it asks', async () => {
  const other = { ...worker().storages[0]!, words: 'other storage', sameness: 'other_storage' };
  const { container, fake, user } = await ready({ type: 'kinds', value: [kind({ built_in: false })] }, { type: 'worker', value: worker({ storages: [other] }) });
  const films = ['a.mp4', 'b.mp4', 'c.mp4'].map((name) => ({ ...dataset().videos[0]!, written: `/x/${name}`, how: 'beside_project', by_name: true }));
  fake.datasets.set('vast:amick/labels.slp', dataset({ videos: films }));
  await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
  await settle();
  await user.click(screen.getByRole('button', { name: 'No, it is not a.mp4' }));
  fake.picked = 'models';
  await user.click(screen.getByRole('button', { name: 'Change the results folder' }));
  await settle();
  expect(screen.getByRole('radio', { name: 'Make a new folder in it' })).toBeChecked();
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

test('an invitation that is none, and storages of the lab that are here, not here, or only part of one', async () => {
  const { container, fake, user } = await open({ type: 'storages', value: [] });
  fake.failures.set('readInvitation', new Failure('invalid_parameter', 'This is not a whole invitation.', 'Copy the line again.'));
  await user.click(screen.getByRole('radio', { name: /In my lab/ }));
  await user.type(screen.getByRole('textbox', { name: 'Invitation' }), 'x');
  await settle();
  await check(container);
  const lab = { name: 'vast', by: 'share', sure: true, words: 'the lab’s vast', type: 'nfs', description: null, workers: ['gpu-1'], subpath: '' };
  const here = { name: 'talmo', base_path: '/Volumes/talmo', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted', state: 'ready', words: 'ready', free_bytes: null, lab };
  fake.around = {
    here: [here, { ...here, base_path: '/Volumes/photos', lab: null }, { ...here, base_path: '/Volumes/fast', lab: { ...lab, name: 'fast', sure: false } }],
    missing: [{ name: 'scratch', type: null, workers: ['gpu-1'], shares: ['//nas/scratch'], connect: 'smb://nas/scratch', description: null, help: null, mount: null }],
  };
  fake.placing = { base_path: '/data/share', folder: '', inside: null, parts: [{ subpath: 'amick', same: 3, of: 3 }], other: false };
  fake.picked = '/data/share';
  await user.click(screen.getByRole('radio', { name: /On this computer/ }));
  await user.click(screen.getByRole('button', { name: 'Continue' }));
  await settle();
  await user.click(screen.getByRole('button', { name: 'Another folder…' }));
  await settle();
  await check(container);
});

test('what lies over the page: the list of keys, the verbs of a row, what can be taken back', async () => {
  const { container, fake, user } = await ready({ type: 'worker', value: worker() }, { type: 'job', value: job({ state: 'queued', words: 'Waiting', worker: null }) });
  await user.keyboard('{Control>}/{/Control}');
  await check(container);
  await user.keyboard('{Escape}{Control>}3{/Control}');
  await user.pointer({ keys: '[MouseRight]', target: screen.getByRole('row', { name: /gpu-1/ }) });
  await settle();
  await check(container);
  // Esc goes back to the row that was asked.
  await user.keyboard('{Escape}');
  expect(screen.getByRole('row', { name: /gpu-1/ })).toHaveFocus();
  await user.keyboard('{Control>}2{/Control}');
  await user.click(screen.getByRole('row', { name: /maze day 3/ }));
  fake.stopped = job({ state: 'cancelled', words: 'Cancelled', worker: null });
  await user.click(screen.getByRole('button', { name: 'Cancel job' }));
  await settle();
  expect(screen.getByRole('button', { name: 'Undo' })).toBeVisible();
  await check(container);
});

test('a lab that is left, and a computer that is added to it', async () => {
  const { container, fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
  fake.labs = [{ lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub:4222', joined_at: '2026-11-20T09:00:00Z', places: null, jobs: null }];
  await user.keyboard('{Control>},{/Control}');
  await settle();
  await user.click(screen.getByRole('button', { name: 'Add a computer…' }));
  await settle();
  const leave = screen.getByRole('button', { name: 'Leave this lab…' });
  await user.click(leave);
  await check(container);
  await user.click(screen.getByRole('button', { name: 'Stay' }));
  await settle();
  expect(leave).toHaveFocus();
});
