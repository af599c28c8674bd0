import { screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { job } from './views';
import { ready, settle } from './render';

/** What was scrolled to; jsdom itself scrolls nothing. */
const scrolled: Element[] = [];

beforeEach(() => {
  scrolled.length = 0;
  Element.prototype.scrollIntoView = function () {
    scrolled.push(this);
  };
});

afterEach(() => void Reflect.deleteProperty(Element.prototype, 'scrollIntoView'));

const two = [job(), job({ id: 'b', name: 'fly' })].map((value) => ({ type: 'job' as const, value }));

/** The list, with no job open. */
async function listed() {
  const opened = await ready(...two);
  await opened.user.keyboard('{Control>}2{/Control}');
  await settle();
  expect(scrolled).toEqual([]);
  return opened;
}

const panel = () => document.querySelector('main .side');

describe('In a small window a job lies below the list, and is scrolled to', () => {
  test('where a notification opens it, from another page and from the list itself', async () => {
    const { fake, user } = await listed();
    fake.tell({ type: 'notice_taken', value: 'b' });
    await settle();
    expect(scrolled).toEqual([panel()]);
    // It is open already, and the list may be in sight instead of it.
    fake.tell({ type: 'notice_taken', value: 'b' });
    await settle();
    expect(scrolled).toHaveLength(2);
    await user.keyboard('{Control>}4{/Control}');
    fake.tell({ type: 'notice_taken', value: 'b' });
    await settle();
    expect(scrolled).toEqual([expect.anything(), expect.anything(), panel()]);
  });

  test('where somebody comes back to it', async () => {
    const { user } = await listed();
    await user.click(screen.getByRole('row', { name: /fly/ }));
    await user.keyboard('{Control>}4{/Control}{Control>}2{/Control}');
    await settle();
    expect(scrolled.at(-1)).toBe(panel());
    expect(scrolled).toHaveLength(2);
  });

  test('where Space begins to peek; going through the rows then leaves these in sight', async () => {
    const { user } = await listed();
    await user.keyboard(' ');
    await settle();
    expect(scrolled).toEqual([panel()]);
    await user.keyboard('{ArrowDown}');
    await settle();
    expect(screen.getByRole('region', { name: 'Job fly' })).toBeVisible();
    expect(scrolled).toHaveLength(1);
  });

  test('where something that was asked of it cannot be done; its menu alone moves nothing under the pointer', async () => {
    const { fake, user } = await listed();
    fake.failures.set('showResults', new Failure('backend_unavailable', 'vast is not mounted.'));
    await user.pointer({ keys: '[MouseRight]', target: screen.getByRole('row', { name: /fly/ }) });
    await settle();
    expect(scrolled).toEqual([]);
    await user.click(screen.getByRole('menuitem', { name: /Show results/ }));
    await vi.waitFor(() => expect(screen.getByText('vast is not mounted.')).toBeVisible());
    await settle();
    expect(scrolled).toEqual([panel()?.querySelector('.problem')]);
  });
});
