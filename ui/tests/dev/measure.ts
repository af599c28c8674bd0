// How fast the page is with much in it: `?scene=lab&measure=frames` (or `filter`, `log`), in the web view that the window has.
// What was measured is told in the window's title, and in `window.measured`.
import { flushSync } from 'svelte';
import type { Update } from '../../src/lib/ipc';
import { type Fake } from '../fake';
import { job, logLine, worker } from '../views';

const JOBS = 10_000;
const WORKERS = 1_000;
const UPDATES = 20;
const SECONDS = 15;

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const frame = () => new Promise<unknown>((done) => requestAnimationFrame(done));
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const runs = (n: number) => n < 500;
const waits = (n: number) => n < 2500;

function oneJob(n: number) {
  const id = `j${String(n).padStart(5, '0')}`;
  const name = `session ${n}`;
  const by = n % 4 === 0 ? 'tom' : 'amick';
  if (runs(n)) return job({ id, name, submitted_by: by, worker: `gpu-${n}`, percent: n % 90, started_at: ago(60), submitted_at: ago(70 + n), status: 'Epoch 3 of 100' });
  if (waits(n)) return job({ id, name, submitted_by: by, state: 'queued', words: 'Waiting', worker: null, percent: null, status: null, started_at: null, submitted_at: ago(70 + n), waiting_for: ['gpu-1: busy, 3 jobs before yours'] });
  const state = n % 9 === 0 ? ({ state: 'failed', words: 'Failed', failure: 'it ended with code 1' } as const) : ({ state: 'succeeded', words: 'Done' } as const);
  return job({ id, name, submitted_by: by, worker: `gpu-${n % WORKERS}`, percent: 100, status: '12 of 12 videos seen', submitted_at: ago(n + 200), started_at: ago(n + 150), ended_at: ago(n), ...state });
}

const oneWorker = (n: number, busy = runs(n)) =>
  worker({ id: `w${n}`, name: `gpu-${n}`, host: `gpu-${n}.lab.edu`, busy, state: busy ? `session ${n}` : 'free' });

/** A lab in which much happens. */
export const lab = (): Update[] => [
  ...Array.from({ length: WORKERS }, (_, n) => ({ type: 'worker' as const, value: oneWorker(n) })),
  ...Array.from({ length: JOBS }, (_, n) => ({ type: 'job' as const, value: oneJob(n) })),
];

interface Times {
  count: number;
  median: number;
  p99: number;
  longest: number;
  over50: number;
}

function told(times: number[]): Times {
  const sorted = [...times].sort((a, b) => b - a);
  const at = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
  return { count: sorted.length, median: at(0.5), p99: at(0.01), longest: at(0), over50: sorted.filter((time) => time > 50).length };
}

/** What the page itself does with a change: script, style and layout, without painting and without whatever else the machine does. */
const work: number[] = [];
function worked(act: () => void): void {
  const begin = performance.now();
  act();
  flushSync();
  void document.body.offsetHeight;
  work.push(performance.now() - begin);
}

/** Milliseconds between one frame and the next while `act` goes on. */
async function frames(act: () => Promise<void>): Promise<Times> {
  const times: number[] = [];
  let last = performance.now();
  let over = false;
  const count = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (!over) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  await act();
  over = true;
  return told(times);
}

/** Twenty updates a second, as a lab sends them: mostly progress, now and then a job that ends and one that begins. */
async function live(fake: Fake): Promise<void> {
  let ended = 0;
  for (let turn = 0; turn < UPDATES * SECONDS; turn += 1) {
    const n = (turn * 37) % 500;
    if (turn % 20 === 7) {
      const n = ended;
      worked(() => fake.say({ type: 'job', value: { ...oneJob(n), state: 'succeeded', words: 'Done', percent: 100, ended_at: ago(0) } }, { type: 'worker', value: oneWorker(n, false) }));
      ended += 1;
    } else if (turn % 20 === 13) {
      worked(() => fake.say({ type: 'job', value: { ...oneJob(500 + ended), state: 'running', words: 'Running', worker: `gpu-${ended}`, percent: 0, started_at: ago(0) } }, { type: 'worker', value: oneWorker(ended, true) }));
    } else if (n >= ended) {
      worked(() => fake.say({ type: 'job', value: { ...oneJob(n), percent: (turn / 3) % 100, status: `Epoch ${turn} of 900` } }));
    }
    await wait(1000 / UPDATES);
  }
}

async function type(label: string, text: string): Promise<number[]> {
  const field = document.querySelector<HTMLInputElement>(`input[type=search][aria-label="${label}"]`);
  if (!field) throw new Error(`there is no field ${label}`);
  const took: number[] = [];
  for (let length = 1; length <= text.length; length += 1) {
    const begin = performance.now();
    worked(() => {
      field.value = text.slice(0, length);
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await frame();
    await frame();
    took.push(Math.round(performance.now() - begin));
    await wait(200);
  }
  return took;
}

/** 100,000 lines: until they are drawn, while they are scrolled, and until a word in them is found. */
async function log(fake: Fake): Promise<unknown> {
  document.querySelector<HTMLElement>('tr[data-job]')?.click();
  await wait(300);
  [...document.querySelectorAll<HTMLElement>('[role=tab]')].find((tab) => tab.textContent?.trim() === 'Log')?.click();
  await wait(300);
  const receive = [...fake.logs.values()].at(-1);
  const lines = Array.from({ length: 100_000 }, (_, i) => logLine(i, i % 977 === 5 ? `warning: frame ${i} dropped` : `epoch ${Math.floor(i / 100)} batch ${i % 100} loss=${(1 / (i + 1)).toExponential(3)}`));
  const begin = performance.now();
  const open = await frames(async () => {
    for (let from = 0; from < lines.length; from += 1000) {
      receive?.({ type: 'lines', value: lines.slice(from, from + 1000) });
      if (from % 5000 === 0) await frame();
    }
    await frame();
    await frame();
  });
  const opened = Math.round(performance.now() - begin);
  const box = document.querySelector<HTMLElement>('[role=log]');
  const scroll = await frames(async () => {
    for (let step = 0; step < 120 && box; step += 1) {
      box.scrollTop = (box.scrollHeight * step) / 120;
      await frame();
    }
  });
  return { opened, open, scroll, find: await type('Find in the log', 'batch 77 loss=1.4') };
}

export async function measure(what: string, fake: Fake): Promise<void> {
  await wait(1500);
  const floor = await frames(() => wait(3000));
  Object.assign(window, { measuring: what });
  const found =
    what === 'frames' ? await frames(() => live(fake)) : what === 'filter' ? await type('Name, worker, path', 'session 4321') : await log(fake);
  const measured = { floor, [what]: found, work: told(work) };
  document.title = JSON.stringify(measured);
  Object.assign(window, { measured });
}
