import { flushSync } from 'svelte';
import { expect, test } from 'vitest';
import { Jobs } from '../src/lib/state/jobs.svelte';
import { Log } from '../src/lib/state/log.svelte';
import { Ordered } from '../src/lib/state/ordered.svelte';
import type { LogUpdate } from '../src/lib/ipc';
import { Fake } from './fake';
import { job, logLine } from './views';

/** Numbers that are the same in every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test('whatever comes, changes and goes: the order is that of sorting all of them', () => {
  type Thing = { id: string; rank: number };
  const compare = (a: Thing, b: Thing) => a.rank - b.rank || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  for (let seed = 1; seed <= 20; seed += 1) {
    const roll = dice(seed);
    const ordered = new Ordered<Thing>(compare);
    const all = new Map<string, Thing>();
    for (let turn = 0; turn < 400; turn += 1) {
      const id = `t${roll(40)}`;
      if (roll(4) === 0) {
        ordered.delete(id);
        all.delete(id);
      } else {
        const thing = { id, rank: roll(8) };
        ordered.put(thing);
        all.set(id, thing);
      }
      expect(ordered.list).toEqual([...all.values()].sort(compare));
      expect(ordered.size).toBe(all.size);
      expect(ordered.get(id)).toBe(all.get(id));
    }
  }
});

test('jobs are counted as they run, wait, end and go; each is found by what it is called now', () => {
  const jobs = new Jobs();
  const counts = () => [jobs.running, jobs.waiting, jobs.all.size];
  jobs.put(job({ id: 'a', state: 'queued' }), 'amick');
  jobs.put(job({ id: 'b', state: 'running' }), 'amick');
  expect(counts()).toEqual([1, 1, 2]);
  jobs.put(job({ id: 'a', state: 'checking' }), 'amick');
  expect(counts()).toEqual([2, 0, 2]);
  expect(jobs.matching('all', 'MAZE').length).toBe(2);
  jobs.put(job({ id: 'a', name: 'fly', worker: null, results: null, state: 'succeeded', ended_at: '2026-11-22T10:00:00Z' }), 'amick');
  expect(counts()).toEqual([1, 0, 2]);
  expect(jobs.matching('all', 'maze').map((one) => one.id)).toEqual(['b']);
  expect(jobs.matching('ended', 'fly').map((one) => one.id)).toEqual(['a']);
  jobs.forget('b');
  expect(counts()).toEqual([0, 0, 1]);
  jobs.forget('a');
  expect(counts()).toEqual([0, 0, 0]);
});

test('a word is found in a log as it is typed, taken back, and as the log grows', async () => {
  const log = new Log();
  const fake = new Fake();
  await log.follow(fake, 'j', null);
  const say = (...texts: string[]) => fake.logs.get('j')?.({ type: 'lines', value: texts.map((text, index) => logLine(index, text)) } satisfies LogUpdate);
  say('Epoch 1 (a.b)', 'epoch 2 axb', 'done');
  const typed = ['e', 'ep', 'epoch', 'epoch 2', 'epoch', 'a.b', 'A.B)', '', '('];
  expect(typed.map((text) => log.find(text))).toEqual([[0, 1, 2], [0, 1], [0, 1], [1], [0, 1], [0], [0], [], [0]]);
  log.find('epoch');
  say('EPOCH 3', 'end');
  flushSync();
  expect(log.find('epoch')).toEqual([0, 1, 3]);
  expect(log.find('epoch 3')).toEqual([3]);
});
