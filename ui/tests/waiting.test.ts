import { screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { answerHere, open, settle } from './render';

afterEach(() => vi.useRealTimers());

test('what is answered in a moment is not said to be waited for, and its place is kept', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { fake, user } = await open({ type: 'storages', value: [] });
  const answer = fake.hold('lookAround');
  await answerHere(user);
  const text = screen.getByText('Looking at what is mounted here…');
  expect(text).not.toBeVisible();
  await vi.advanceTimersByTimeAsync(250);
  await settle();
  expect(screen.getByText('Looking at what is mounted here…')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Stop waiting' })).toBeNull();
  await vi.advanceTimersByTimeAsync(3000);
  await settle();
  expect(screen.getByRole('button', { name: 'Stop waiting' })).toBeVisible();
  expect(screen.getByText('Looking at what is mounted here… A share that does not answer is waited for.')).toBeVisible();
  answer();
  await settle();
  expect(screen.queryByText(/^Looking at what is mounted/)).toBeNull();
});
