import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { vi } from 'vitest';
import App from '../src/App.svelte';
import type { Update } from '../src/lib/ipc';
import { Fake } from './fake';
import { kind, status, storage } from './views';

/** The page as it is once everything known has arrived. */
export async function open(...first: Update[]) {
  const fake = new Fake([{ type: 'status', value: status() }, ...first]);
  const user = userEvent.setup();
  const { container } = render(App, { ipc: fake });
  await settle();
  return { fake, user, container };
}

/** The page with a storage and a job type. */
export const ready = (...more: Update[]) =>
  open({ type: 'storages', value: [storage()] }, { type: 'kinds', value: [kind()] }, ...more);

/** Lets answers that are there already reach the page. */
export async function settle() {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  await tick();
}

/** Lets this much of a pretended time pass, and what it brings reach the page; milliseconds. */
export async function advance(time: number) {
  await vi.advanceTimersByTimeAsync(time);
  await settle();
}

/** Does not wait any more, once that is offered. */
export const stopWaiting = async (user: ReturnType<typeof userEvent.setup>) =>
  user.click(await screen.findByRole('button', { name: 'Stop waiting' }, { timeout: 10_000 }));

/** What stands under this title. */
export const title = (name: string | RegExp) => screen.getByRole('region', { name });

/** The button that goes on to the next question of setting up. */
export const next = () => screen.getByRole('button', { name: 'Continue' });

/** Answers the first question of setting up: jobs run on this computer. */
export async function answerHere(user: ReturnType<typeof userEvent.setup>) {
  await user.click(screen.getByRole('radio', { name: /On this computer/ }));
  await user.click(next());
}

/** What would be markup if anything but text were made of it. */
export const HOSTILE = '<img src=x onerror="document.title=`owned`"><b>bold</b>';
