import { fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataset, path, worker } from './views';
import { advance, open, ready, settle } from './render';

const A = 'vast:amick/project/labels.slp';
const B = 'vast:amick/project/other.slp';
const stop = () => screen.queryByRole('button', { name: 'Stop waiting' });
const press = (name: string | RegExp) => fireEvent.click(screen.getByRole('button', { name }));
const bar = () => screen.getByRole('contentinfo');

/** Whether it can be read: what is hidden keeps its place. */
const isSaid = (text: RegExp) => within(screen.getByRole('main')).queryAllByText(text).some((place) => getComputedStyle(place).visibility !== 'hidden');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

async function drop({ fake }: Awaited<ReturnType<typeof ready>>, ...paths: string[]) {
  fake.tell({ type: 'dropped', value: paths });
  await settle();
}

/** The form with a dataset, of which the workers have told. */
async function form(over: Parameters<typeof dataset>[0] = {}) {
  const opened = await ready({ type: 'worker', value: worker() });
  opened.fake.datasets.set(A, dataset(over));
  await drop(opened, A);
  await advance(1000);
  return opened;
}

const video = (name: string) => ({ ...dataset().videos[0]!, written: `C:\\${name}`, by_name: true, place: path(`vast:amick/${name}`) });

type Place = [where: string, text: RegExp, of: RegExp, ask: () => Promise<{ answer: () => void }>];

const places: Place[] = [
  ['a dataset is read', /^Reading labels\.slp…/, /Waiting for vast:amick\/project\/labels\.slp\./, async () => {
    const opened = await ready();
    const answer = opened.fake.hold('openDataset');
    await drop(opened, A);
    return { answer };
  }],
  ['another dataset is read', /^Reading other\.slp…/, /Waiting for vast:amick\/project\/other\.slp\./, async () => {
    const opened = await form();
    const answer = opened.fake.hold('openDataset');
    await drop(opened, B);
    return { answer };
  }],
  ['a video is looked for', /^Looking for it on the storages…/, /A storage that does not answer is waited for\./, async () => {
    const { fake } = await form({ videos: [video('a.mp4'), video('b.mp4')] });
    const answer = fake.hold('openDataset');
    await press('Yes, it is a.mp4');
    return { answer };
  }],
  ['videos are looked for', /^Looking for them on the storages…/, /A storage that does not answer is waited for\./, async () => {
    const { fake } = await form({ videos: [video('a.mp4'), video('b.mp4')] });
    const answer = fake.hold('openDataset');
    await press('Yes, all 2');
    return { answer };
  }],
  ['a results folder is looked at', /^Looking at models…/, /Waiting for \/mnt\/vast\/amick\/models\./, async () => {
    const { fake } = await form();
    const answer = fake.hold('resultsThere');
    fake.picked = '/mnt/vast/amick/models';
    await press('Change the results folder');
    return { answer };
  }],
  ['the workers are asked', /^Asking 1 worker about 1 video…/, /Waiting for vast on this computer, or for gpu-1\./, async () => {
    const { fake } = await form();
    const answer = fake.keepWaiting();
    await fireEvent.change(screen.getByLabelText('Run on'));
    // Once nobody types any more.
    await advance(250);
    return { answer };
  }],
  ['mounts are looked at', /^Looking at what is mounted here…/, /A share that does not answer is waited for\./, async () => {
    const { fake } = await open({ type: 'storages', value: [] });
    const answer = fake.hold('lookAround');
    await fireEvent.click(screen.getByRole('radio', { name: /On this computer/ }));
    await press('Continue');
    return { answer };
  }],
  ['a lab is joined', /^Joining…/, /Waiting for hub\.talmolab\.org:4222\./, async () => {
    const { fake } = await open({ type: 'storages', value: [] });
    const answer = fake.hold('joinLab');
    await fireEvent.input(screen.getByRole('textbox', { name: 'Invitation' }), { target: { value: 'samepath:eyJ4' } });
    await settle();
    await press('Join and restart Samepath');
    return { answer };
  }],
  ['the doctor looks', /^Looking at everything\. It takes some seconds\./, /What does not answer is waited for\./, async () => {
    const { fake } = await ready();
    const answer = fake.hold('doctor');
    await fireEvent.keyDown(document.body, { key: '5', ctrlKey: true });
    await settle();
    await press('Run the doctor');
    return { answer };
  }],
];

describe('What is waited for', () => {
  test.each(places)('%s: it is said once it takes a moment, and is left once it takes long', async (_, text, of, ask) => {
    const { answer } = await ask();
    await advance(150);
    expect([isSaid(text), isSaid(of), stop()]).toEqual([false, false, null]);
    await advance(100);
    expect([isSaid(text), isSaid(of), stop()]).toEqual([true, false, null]);
    await advance(2600);
    expect([isSaid(of), stop()]).toEqual([false, null]);
    await advance(200);
    expect([isSaid(text), isSaid(of)]).toEqual([true, true]);
    await press('Stop waiting');
    await settle();
    expect([isSaid(text), stop()]).toEqual([false, null]);
    answer();
    await advance(1000);
    expect([isSaid(text), stop()]).toEqual([false, null]);
  });

  test('what stood in its place stands there until something is said, and what comes later has its place kept', async () => {
    const opened = await form();
    opened.fake.hold('openDataset');
    const facts = () => screen.queryByText('214 labelled frames · 1 animal · 1 video: 1 on vast');
    await drop(opened, B);
    expect(facts()).toBeVisible();
    await advance(250);
    expect(facts()).toBeNull();
    // Of what is said once it takes long, nothing has to move.
    const waits = screen.getByText(/^Reading other\.slp…/).closest('div')!;
    expect(waits).toHaveTextContent(`Reading other.slp… Waiting for ${B}. Stop waiting`);
    expect(within(waits).getByText('Stop waiting')).not.toBeVisible();
    await advance(3000);
    expect(waits).toHaveTextContent(`Reading other.slp… Waiting for ${B}. Stop waiting`);
    await press('Stop waiting');
    expect(facts()).toBeVisible();
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toHaveTextContent('project/labels.slp');
  });

  test('while somebody types, nothing is said of the workers at each letter', async () => {
    await form();
    expect(bar()).toHaveTextContent('Ready.');
    for (let letter = 0; letter < 5; letter += 1) {
      await fireEvent.change(screen.getByLabelText('Run on'));
      await advance(150);
      expect(bar()).not.toHaveTextContent('Asking');
    }
    await advance(400);
    expect(bar()).toHaveTextContent('Ready.');
  });
});
