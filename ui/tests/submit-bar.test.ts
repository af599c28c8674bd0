import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Failure, type Update } from '../src/lib/ipc';
import { dataset, job, kind, readiness, status, worker } from './views';
import { ready, settle } from './render';

const LABELS = 'vast:amick/project/labels.slp';
const bar = () => within(screen.getByRole('contentinfo'));
const inLab: Update = { type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) };

async function chosen(...more: Update[]) {
  const opened = await ready(...more);
  opened.fake.datasets.set(LABELS, dataset());
  opened.fake.tell({ type: 'dropped', value: [LABELS] });
  await settle();
  return opened;
}

async function submitted(...more: Update[]) {
  const opened = await chosen(...more);
  await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
  await opened.user.click(bar().getByRole('button', { name: /^Submit$/ }));
  await settle();
  return opened;
}

afterEach(() => vi.useRealTimers());

describe('Whether the computer is to be kept on', () => {
  const HERE = 'Submitted. It runs on this computer: keep it on and awake.';
  const THERE = 'Submitted. It runs in the lab: you may close the laptop.';

  test('it is for its own queue, whoever works for that', async () => {
    const { fake } = await submitted({ type: 'worker', value: worker({ own: true, this_computer: true }) }, { type: 'worker', value: worker({ id: 'w2', name: 'ws-2' }) });
    expect(bar().getByText(HERE)).toBeVisible();
    fake.say({ type: 'worker_gone', value: 'w1' });
    await settle();
    expect(bar().getByText(HERE)).toBeVisible();
  });

  test('it is not in a lab, whoever is online there, until the job is given to this computer', async () => {
    const { fake } = await submitted(inLab);
    expect(bar().getByText(THERE)).toBeVisible();
    fake.say({ type: 'worker', value: worker({ own: true, this_computer: true }) });
    await settle();
    expect(bar().getByText(THERE)).toBeVisible();
    fake.say({ type: 'job', value: job({ id: 'new', worker: 'gpu-1' }) });
    await settle();
    expect(bar().getByText(HERE)).toBeVisible();
  });
});

test('of one that waits for others to end it is said that it waits its turn', async () => {
  const { fake } = await submitted({ type: 'worker', value: worker({ own: true, this_computer: true, busy: true }) });
  fake.say({ type: 'job', value: job({ id: 'new', state: 'queued', words: 'Waiting', worker: null, waits: true, waiting_for: ['gpu-1: is busy'] }) });
  await settle();
  expect(bar().getByText('Submitted. It waits its turn on this computer: keep it on and awake.')).toBeVisible();
  fake.say({ type: 'job', value: job({ id: 'new' }) });
  await settle();
  expect(bar().getByText('Submitted. It runs on this computer: keep it on and awake.')).toBeVisible();
});

describe('Once it was submitted, the keyboard', () => {
  test.each(['{Control>}{Enter}{/Control}', '{Enter}'])('is at the job where %s submitted it', async (keys) => {
    const { user } = await chosen();
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    if (keys === '{Enter}') bar().getByRole('button', { name: /^Submit$/ }).focus();
    else expect(screen.getByRole('button', { name: 'Change…' })).toHaveFocus();
    await user.keyboard(keys);
    await settle();
    expect(bar().getByRole('button', { name: 'Show job' })).toHaveFocus();
  });

  test('stays where it was where the pointer did, and where the form is kept', async () => {
    const { user } = await submitted();
    expect(bar().getByRole('button', { name: 'Show job' })).not.toHaveFocus();
    await user.type(screen.getByLabelText('Name'), 'b');
    await waitFor(() => expect(bar().getByRole('button', { name: /^Submit$/ })).toBeEnabled());
    await user.keyboard('{Control>}{Shift>}{Enter}{/Shift}{/Control}');
    await settle();
    expect(screen.getByLabelText('Name')).toHaveFocus();
  });
});

test('where nobody runs jobs because this computer’s worker is turned off, it is turned on here', async () => {
  const { fake, user } = await chosen({ type: 'kept', value: { worker: false } });
  fake.ready = readiness({ state: 'none', sentence: 'No worker is online. Submit and it waits.', ask_admin: true, button: 'Submit and wait', workers: [] });
  fake.failures.set('startWorker', new Failure('io', 'The settings cannot be written.'));
  const on = () => bar().getByRole('button', { name: 'Turn the worker on' });
  expect(screen.getByText('Nobody runs jobs: the worker of this computer is turned off.')).toBeVisible();
  expect(bar().queryByRole('button', { name: 'Copy for your admin' })).toBeNull();
  await user.click(on());
  expect(bar().getByText('The settings cannot be written.')).toBeVisible();
  fake.failures.clear();
  await user.click(on());
  expect(fake.called('startWorker')).toHaveLength(2);
  fake.say({ type: 'kept', value: { worker: true } });
  await settle();
  expect(bar().queryByRole('button', { name: 'Turn the worker on' })).toBeNull();
});

test('the worker that it is for stands there also while that is offline', async () => {
  const { fake, user } = await chosen({ type: 'worker', value: worker() }, { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2' }) });
  const select = () => screen.getByRole<HTMLSelectElement>('combobox', { name: 'Run on' });
  await user.selectOptions(select(), 'gpu-2');
  fake.say({ type: 'worker_gone', value: 'w2' });
  await settle();
  expect(select()).toHaveDisplayValue('gpu-2 (offline)');
  await waitFor(() => expect(fake.drafts.at(-1)?.worker).toBe('w2'));
  await user.selectOptions(select(), 'any worker');
  expect([...select().options].map((option) => option.text)).toEqual(['any worker', 'gpu-1']);
});

test('the worker of an earlier job that is offline is named as well as it is known', async () => {
  const { fake, user } = await ready({ type: 'worker', value: worker() }, { type: 'job', value: job({ state: 'succeeded', words: 'Done', worker: 'gpu-7' }) });
  fake.datasets.set(LABELS, dataset());
  fake.next = { ...fake.next, again: { kind: 'slp-check', dataset: LABELS, worker: 'gpu-7' } };
  await user.click(screen.getByRole('button', { name: 'Jobs' }));
  await user.click(screen.getByRole('row', { name: /maze day 3/ }));
  await user.click(screen.getByRole('button', { name: 'Run again…' }));
  await settle();
  expect(screen.getByRole('combobox', { name: 'Run on' })).toHaveDisplayValue('gpu-7 (offline)');
});

test('whoever listens is told one thing in two seconds, and of what comes meanwhile the newest', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { fake } = await chosen({ type: 'worker', value: worker() });
  const said: string[] = [];
  const live = screen.getAllByRole('status').filter((place) => !place.closest('main') && place.getAttribute('aria-live') !== 'off');
  const heard = new MutationObserver(() => live.forEach((place) => place.textContent && said.push(place.textContent.trim())));
  live.forEach((place) => heard.observe(place, { childList: true, characterData: true, subtree: true }));
  const sentence = bar().getAllByRole('status')[0]!;
  expect(sentence).toHaveAttribute('aria-live', 'off');
  await vi.advanceTimersByTimeAsync(3000);
  said.length = 0;
  for (const name of ['first', 'second', 'third']) {
    fake.ready = readiness({ sentence: `Ready. ${name}.` });
    await fireEvent.change(screen.getByLabelText('Run on'));
    await vi.advanceTimersByTimeAsync(500);
    await settle();
  }
  expect(sentence).toHaveTextContent('Ready. third.');
  expect(said).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(said.at(-1)).toBe('Ready. third.');
  expect(said).toHaveLength(2);
});

test('values that cannot be are counted, in the words of the form', async () => {
  const epochs = { ...kind().parameters[0]!, name: 'MAX_EPOCHS', label: 'Epochs', type: 'INT', role: 'setting', required: false, minimum: 0 };
  const { fake, user } = await chosen({ type: 'kinds', value: [kind({ parameters: [...kind().parameters, epochs] })] });
  fake.ready = readiness({ state: 'blocked', sentence: 'MAX_EPOCHS: is -5; 0 at least', can_submit: false });
  await user.type(screen.getByLabelText('Epochs'), '-5');
  await settle();
  expect(bar().getByText('1 setting needs mending above.')).toBeVisible();
  expect(bar().queryByText(/MAX_EPOCHS/)).toBeNull();
});
