import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { fitLook, healthLook, storageLook } from '../src/lib/components/state';
import { dataset, job, kind, parameter, readiness, status, worker } from './views';
import { answerHere, open, ready, settle } from './render';

test.each([
  ['now', 'confirmed', 'ok'],
  // Where no storage matters, nothing is to be proved.
  ['now', null, 'ok'],
  ['now', 'unknown', 'off'],
  ['now', 'same_mark', 'off'],
  ['busy', 'unknown', 'info'],
  ['no', 'unknown', 'bad'],
])('a worker that is %s, its storage %s, is %s', (fit, sameness, tone) => {
  expect(fitLook(fit, sameness).tone).toBe(tone);
});

test('what is not proved has neither the icon nor the colour of what is', () => {
  const theirs = (sameness: string) => storageLook({ ...worker().storages[0]!, sameness });
  expect(theirs('confirmed')).toMatchObject({ tone: 'ok' });
  for (const sameness of ['same_mark', 'unknown']) {
    expect(theirs(sameness).tone).toBe('off');
    expect(theirs(sameness).icon).not.toBe(theirs('confirmed').icon);
    expect(fitLook('now', sameness).icon).not.toBe(fitLook('now', 'confirmed').icon);
  }
});

test('a folder that is missing needs somebody, as everywhere', () => expect(healthLook('missing').tone).toBe('warn'));

test('who can run it: half a one is offered to be confirmed, one that cannot run it anyway is not', async () => {
  const theirs = [{ ...worker().storages[0]!, words: 'not confirmed', sameness: 'unknown' }];
  const { fake, user } = await ready(
    { type: 'worker', value: worker({ storages: theirs }) },
    { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', storages: theirs }) },
  );
  fake.datasets.set('vast:amick/labels.slp', dataset());
  const row = readiness().workers[0]!;
  fake.ready = readiness({ workers: [row, { ...row, id: 'w2', name: 'gpu-2', fit: 'no', words: 'has no SLEAP' }] });
  await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
  await settle();
  const who = within(await screen.findByRole('region', { name: 'Who can run this' }));
  await who.findByText('has no SLEAP');
  expect(who.getByRole('button', { name: 'Confirm vast on gpu-1' })).toBeVisible();
  expect(who.queryByRole('button', { name: 'Confirm vast on gpu-2' })).toBeNull();
  expect(who.getByText('can start now').closest('.state')).toHaveClass('off');
});

describe('The sidebar', () => {
  const inLab = status({ lab: 'Talmo Lab', link: 'connected', in_lab: true });

  test('says none of workers that are not there, and nothing of those that may not be back', async () => {
    const { fake } = await ready();
    const workers = () => screen.getByRole('button', { name: /^Workers/ });
    expect(workers()).toHaveTextContent(/^Workers\s*none/);
    fake.say({ type: 'status', value: { ...inLab, beginning: true } });
    await settle();
    expect(workers()).toHaveTextContent(/^Workers\s*–/);
    fake.say({ type: 'worker', value: worker() });
    await settle();
    expect(workers()).toHaveTextContent(/^Workers\s*1\/1/);
  });

  test('without room for names tells them to the pointer, and where jobs run', async () => {
    const before = window.innerWidth;
    const { container } = await ready({ type: 'status', value: inLab });
    const titles = () => [...container.querySelectorAll('nav [title]')].map((one) => one.getAttribute('title'));
    const storage = 'Called “backend” in sleap-rtc and on the command line.';
    expect(titles()).toEqual(['no worker is online', storage]);
    window.innerWidth = 900;
    window.dispatchEvent(new Event('resize'));
    await settle();
    expect(titles()).toEqual(['New job', 'Jobs', 'Workers · no worker is online', `Storage · ${storage}`, 'Settings', 'Talmo Lab · connected · amick']);
    window.innerWidth = before;
    window.dispatchEvent(new Event('resize'));
  });
});

test('a storage that workers have and none of them can use says so', async () => {
  const away = [{ ...worker().storages[0]!, state: 'not_mounted', words: 'not mounted' }];
  const { fake, user } = await ready({ type: 'worker', value: worker({ storages: away }) });
  await user.click(screen.getByRole('button', { name: /^Storage/ }));
  const card = screen.getByRole('article', { name: 'vast' });
  expect(card).toHaveTextContent('the one worker that has it cannot use it');
  fake.say({ type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', storages: away }) });
  await settle();
  expect(card).toHaveTextContent('none of 2 workers can use it');
  // One way to add another, and what takes one away is behind the dots.
  expect(screen.queryByRole('button', { name: 'Set up…' })).toBeNull();
  expect(within(card).queryByRole('button', { name: /^Remove/ })).toBeNull();
});

test('when jobs begin and end stands where it stands when they ended', async () => {
  const queued = job({ id: 'q', name: 'waits', state: 'queued', words: 'Waiting', worker: null, percent: null, starts_in: 'about 40 min' });
  const { user } = await ready({ type: 'job', value: job() }, { type: 'job', value: queued });
  await user.click(screen.getByRole('button', { name: /^Jobs/ }));
  expect(screen.getByRole('row', { name: /waits/ })).toHaveTextContent(/in ~40 min$/);
  await user.click(screen.getByRole('row', { name: /waits/ }));
  expect(screen.getByRole('row', { name: /waits/ })).toHaveTextContent(/in ~40 min$/);
});

test('the settings of a job have one heading', async () => {
  const form = kind({ parameters: [...kind().parameters, parameter({ name: 'EPOCHS', label: 'Epochs', group: 'Settings' }), parameter({ name: 'RATE', label: 'Rate', group: 'Learning' })] });
  const { fake, user } = await ready({ type: 'kinds', value: [form] });
  fake.datasets.set('vast:amick/labels.slp', dataset());
  await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
  await settle();
  expect(screen.getByRole('heading', { name: 'Learning' })).toBeVisible();
  expect(screen.queryByRole('heading', { name: 'Settings' })).toBeNull();
  expect(screen.getByRole('group', { name: 'Settings' })).toBeVisible();
});

test('the settings say where jobs run, and of a connection where there is one', async () => {
  const { fake, user } = await ready();
  await user.click(screen.getByRole('button', { name: 'Settings' }));
  expect(screen.getByText('Jobs run on')).toBeVisible();
  expect(screen.queryByText('Connection')).toBeNull();
  fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
  await settle();
  expect(screen.getByText('Connection')).toBeVisible();
});

test('where no folder is listed, the first is chosen, and then another', async () => {
  const { fake, user } = await open({ type: 'storages', value: [] });
  fake.picked = '/data/fast';
  await answerHere(user);
  await settle();
  const choose = screen.getByRole('button', { name: 'Choose folder…' });
  expect(choose).toHaveClass('primary');
  await user.click(choose);
  await settle();
  expect(screen.getByRole('button', { name: 'Another folder…' })).not.toHaveClass('primary');
});
