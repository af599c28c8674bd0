import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { midnight } from '../src/lib/format';
import { Clock } from '../src/lib/state/clock.svelte';

const START = new Date(2026, 10, 22, 23, 59, 40).getTime();

beforeEach(() => vi.useFakeTimers({ now: START }));
afterEach(() => vi.useRealTimers());

test('a clock ticks as long as something that is drawn shows the time, and not longer', async () => {
  const clock = new Clock();
  expect(clock.now).toBe(START);
  expect(vi.getTimerCount()).toBe(0);
  const shown: number[] = [];
  const end = $effect.root(() => {
    $effect(() => void shown.push(clock.now));
  });
  flushSync();
  for (let second = 0; second < 3; second++) {
    vi.advanceTimersByTime(1000);
    flushSync();
  }
  expect(shown).toEqual([0, 1, 2, 3].map((second) => START + second * 1000));
  end();
  // Whoever takes over at once shall find it ticking.
  await Promise.resolve();
  expect(vi.getTimerCount()).toBe(0);
});

test('the day changes by itself, without seconds', () => {
  const clock = new Clock();
  let looks = 0;
  const end = clock.follow(() => looks++);
  expect(clock.today).toBe(midnight(START));
  vi.advanceTimersByTime(30_000);
  expect([clock.today, looks]).toEqual([midnight(START + 30_000), 1]);
  expect(clock.today).not.toBe(midnight(START));
  end();
  expect(vi.getTimerCount()).toBe(0);
});
