// What the keyboard does in the list of jobs, whichever of them is open.
import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { Update } from '../src/lib/ipc';
import { cutName } from '../src/lib/format';
import { job } from './views';
import { ready, settle } from './render';

const one = (over: Parameters<typeof job>[0]): Update => ({ type: 'job', value: job(over) });
const FIRST = one({ id: 'a', name: 'first', submitted_at: '2026-11-22T09:00:00Z' });
const SECOND = one({ id: 'b', name: 'second', submitted_at: '2026-11-22T09:01:00Z' });
const ENDED = one({ id: 'c', name: 'third', state: 'succeeded', words: 'Done', ended_at: '2026-11-22T09:01:00Z', results: null });

async function list(...jobs: Update[]) {
  const opened = await ready(...jobs);
  await opened.user.keyboard('{Control>}2{/Control}');
  return opened;
}

const row = (name: string) => screen.getByRole('row', { name: new RegExp(name) });
const enters = () => screen.getAllByRole('row').filter((one) => one.getAttribute('tabindex') === '0').map((one) => one.dataset['row']);

describe('The keyboard enters the list', () => {
  test('at the open job, or at the first row where that is not drawn', async () => {
    const { user } = await list(FIRST, SECOND, ENDED);
    expect(enters()).toEqual(['first']);
    await user.click(row('third'));
    expect(enters()).toEqual(['third']);
    await user.click(screen.getByRole('radio', { name: 'Active' }));
    expect(screen.getByRole('region', { name: 'Job third' })).toBeVisible();
    expect(enters()).toEqual(['first']);
    await user.type(screen.getByRole('searchbox'), 'second');
    expect(enters()).toEqual(['second']);
  });

  test('also where another person’s job is open', async () => {
    const { fake } = await list(FIRST, one({ id: 't', name: 'toms', submitted_by: 'tom' }));
    fake.tell({ type: 'notice_taken', value: 't' });
    await settle();
    expect(screen.getByRole('region', { name: 'Job toms' })).toBeVisible();
    expect(enters()).toEqual(['first']);
  });
});

describe('The keyboard comes to the list', () => {
  test('from the filter, at the first row that it found', async () => {
    const { user } = await list(FIRST, SECOND);
    await user.type(screen.getByRole('searchbox'), 'second{ArrowDown}');
    expect(row('second')).toHaveFocus();
    await user.type(screen.getByRole('searchbox'), '{Enter}');
    expect(row('second')).toHaveFocus();
    expect(screen.queryByRole('region', { name: 'Job second' })).toBeNull();
  });

  test('by the key of the page also where that is open', async () => {
    const { user } = await list(FIRST, SECOND);
    await user.click(row('second'));
    screen.getByRole('tab', { name: 'Overview' }).focus();
    await user.keyboard('{Control>}2{/Control}');
    expect(row('second')).toHaveFocus();
  });
});

test.each([
  ['maze · check · 29 Nov 18:05', 'maze · check ·', ' 29 Nov 18:05'],
  ['labels_of_the_big_maze_fly_017.v002', 'labels_of_the_big_maze_', 'fly_017.v002'],
])('%s keeps its end where it is cut', (name, head, tail) => {
  expect(cutName(name)).toEqual({ head, tail });
});

test.each(['maze day 3', 'שלום עולם שלום עולם שלום עולם', '👩‍🔬'.repeat(12)])('%s has no end that stays', (name) => {
  expect(cutName(name)).toBeNull();
});

test('what runs and does not say how far it is draws no bar', async () => {
  const { fake, user } = await list(one({ id: 'a', name: 'first', percent: null, status: 'Starting SLEAP, about 20 s' }));
  expect(row('first')).toHaveTextContent('Starting SLEAP, about 20 s');
  await user.click(row('first'));
  expect(screen.queryByRole('progressbar')).toBeNull();
  fake.say(one({ id: 'a', name: 'first', percent: 3 }));
  await settle();
  expect(screen.getAllByRole('progressbar')).toHaveLength(2);
});

test('the next job is looked at by the same, where it has that', async () => {
  const { fake, user } = await list(FIRST, SECOND, one({ id: 'w', name: 'waits', state: 'queued', words: 'Waiting', worker: null, started_at: null }));
  const open = () => screen.getByRole('tab', { selected: true });
  await user.click(row('first'));
  await user.click(screen.getByRole('tab', { name: 'Log' }));
  await user.click(row('second'));
  expect(open()).toHaveTextContent('Log');
  await user.click(row('waits'));
  expect(open()).toHaveTextContent('Overview');
  await user.click(row('first'));
  expect(open()).toHaveTextContent('Log');
  fake.tell({ type: 'notice_taken', value: 'b' });
  await settle();
  expect(open()).toHaveTextContent('Overview');
});

describe('The keys of a job', () => {
  test('mean the row that has the keyboard, and open its job', async () => {
    const { fake, user } = await list(FIRST, SECOND);
    await user.click(row('first'));
    row('second').focus();
    await user.keyboard('{Control>}.{/Control}');
    expect(screen.getByRole('dialog', { name: 'Stop second?' })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.getByRole('region', { name: 'Job second' })).toBeVisible();
    row('first').focus();
    await user.keyboard('{Control>}{Shift>}R{/Shift}{/Control}');
    expect(fake.called('showResults')).toEqual([['a']]);
    row('second').focus();
    await user.keyboard('{Control>}l{/Control}');
    expect(within(screen.getByRole('region', { name: 'Job second' })).getByRole('tab', { name: 'Log' })).toHaveAttribute('aria-selected', 'true');
  });

  test('mean it also while none is open', async () => {
    const { fake, user } = await list(FIRST, SECOND);
    row('second').focus();
    await user.keyboard('{Control>}l{/Control}');
    expect(screen.getByRole('tab', { name: 'Log' })).toHaveAttribute('aria-selected', 'true');
    expect(fake.called('followLog').map(([id]) => id)).toEqual(['b']);
    await user.keyboard('{Escape}');
    await user.keyboard('{Control>}.{/Control}');
    expect(screen.getByRole('dialog', { name: 'Stop second?' })).toBeVisible();
  });

  test('mean the open job elsewhere on the page, and nothing where it has not what they are for', async () => {
    const { fake, user } = await list(FIRST, ENDED);
    await user.click(row('first'));
    screen.getByRole('searchbox').focus();
    await user.keyboard('{Control>}.{/Control}');
    expect(screen.getByRole('dialog', { name: 'Stop first?' })).toBeVisible();
    await user.keyboard('{Escape}');
    row('third').focus();
    await user.keyboard('{Control>}.{/Control}{Control>}{Shift>}R{/Shift}{/Control}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(fake.called('showResults')).toEqual([]);
    expect(screen.getByRole('region', { name: 'Job first' })).toBeVisible();
  });
});

test('whoever has no jobs among those of others is offered one, and the others’', async () => {
  const { user } = await list(one({ id: 't', name: 'toms', submitted_by: 'tom' }));
  expect(screen.getByRole('heading', { name: 'No jobs of yours yet' })).toBeVisible();
  expect(screen.queryByText('Nothing matches.')).toBeNull();
  const card = within(screen.getByRole('heading', { name: 'No jobs of yours yet' }).closest<HTMLElement>('.card')!);
  expect(card.getByRole('button', { name: 'New job' })).toBeVisible();
  await user.click(card.getByRole('button', { name: 'Show everyone’s' }));
  expect(row('toms')).toHaveFocus();
  expect(screen.getByRole('combobox', { name: 'Whose jobs' })).toHaveDisplayValue('Everyone');
});
