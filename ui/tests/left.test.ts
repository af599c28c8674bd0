import { fireEvent, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { job, status, worker } from './views';
import { advance, open, ready, settle } from './render';

const press = (name: string | RegExp) => fireEvent.click(screen.getByRole('button', { name }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const joined = { lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: '2026-11-20T09:00:00Z', places: null, jobs: null };
const inLab = { type: 'status' as const, value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true, admin: true }) };
const MAY = 'You stopped waiting. It may still happen.';

/** The settings of a window that is in a lab. */
async function settings() {
  const opened = await ready(inLab);
  opened.fake.labs = [joined];
  opened.fake.computersHere = [{ key: 'UB', name: 'ws-2', joined_at: '2026-11-21T09:00:00Z', own: false }];
  await fireEvent.keyDown(document.body, { key: '5', ctrlKey: true });
  await settle();
  return opened;
}

describe('After Stop waiting', () => {
  const line = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'Invitation' });
  async function joins() {
    const { fake } = await open({ type: 'storages', value: [] });
    const answer = fake.hold('joinLab');
    await fireEvent.input(line(), { target: { value: 'samepath:eyJ4' } });
    await settle();
    await press('Join and restart Samepath');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    return { fake, answer };
  }

  test('a lab that is joined after all starts nothing again, and is told of', async () => {
    const { fake, answer } = await joins();
    expect(screen.getByText(MAY)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Join and restart Samepath' })).toBeEnabled();
    answer();
    await advance(10);
    expect(fake.called('startAgain')).toEqual([]);
    expect(screen.queryByText(MAY)).toBeNull();
    expect(screen.getByText('This computer has joined Talmo Lab. Samepath is there once it is started again.')).toBeVisible();
    await press('Start again');
    await settle();
    expect(fake.called('startAgain')).toHaveLength(1);
    // In the lab it goes on with the storage.
    expect(fake.keptOf('setup')).toEqual({ step: 'storage' });
  });

  test('whoever went on without the lab stays where they are, whether it is joined or not', async () => {
    const { fake, answer } = await joins();
    await fireEvent.click(screen.getByRole('radio', { name: /On this computer/ }));
    await press('Continue');
    await settle();
    const kept = fake.called('keep').length;
    answer();
    await advance(10);
    expect(fake.called('startAgain')).toEqual([]);
    expect(fake.called('keep')).toHaveLength(kept);
    expect(screen.getByRole('region', { name: /^Where is your/ })).toBeVisible();
  });

  test('a refusal that comes late is not shown over what is typed meanwhile', async () => {
    const { fake } = await open({ type: 'storages', value: [] });
    let refuse = (_: unknown) => {};
    fake.joinLab = () => new Promise((_, reject) => (refuse = reject));
    await fireEvent.input(line(), { target: { value: 'samepath:eyJ4' } });
    await settle();
    await press('Join and restart Samepath');
    await advance(3100);
    await press('Stop waiting');
    await fireEvent.input(line(), { target: { value: 'samepath:other' } });
    await settle();
    expect(screen.queryByText(MAY)).toBeNull();
    refuse(new Failure('fleet_unreachable', 'Talmo Lab does not answer.'));
    await settle();
    expect(screen.queryByText('Talmo Lab does not answer.')).toBeNull();
  });

  test('what the doctor finds counts for nothing any more', async () => {
    const { fake } = await settings();
    const answer = fake.hold('doctor');
    await press('Run the doctor');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    expect(screen.getByRole('button', { name: 'Run the doctor' })).toBeEnabled();
    answer();
    await advance(10);
    expect(screen.queryByRole('list', { name: 'Doctor' })).toBeNull();
    await press('Run the doctor');
    await settle();
    expect(screen.getByRole('list', { name: 'Doctor' })).toBeVisible();
  });

  test('a line for another computer that comes late is not shown', async () => {
    const { fake } = await settings();
    const answer = fake.hold('addComputer');
    await press('Add a computer…');
    await advance(3100);
    expect(screen.getByText(/^Asking the lab… Waiting for Talmo Lab\./)).toBeVisible();
    await press('Stop waiting');
    answer();
    await advance(10);
    expect(screen.queryByText('samepath:eyJ4')).toBeNull();
    expect(screen.getByRole('button', { name: 'Add a computer…' })).toBeEnabled();
  });

  test('a worker that is made of this computer late is told of', async () => {
    const { fake } = await settings();
    const answer = fake.hold('joinAsWorker');
    await fireEvent.input(screen.getByRole('textbox', { name: 'Invitation for a worker' }), { target: { value: 'samepath:w' } });
    await press('Join as a worker');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    const here = screen.getByRole('region', { name: 'This computer as a worker' });
    expect(here).toHaveTextContent(MAY);
    screen.getByRole('button', { name: 'Run the doctor' }).focus();
    answer();
    await advance(10);
    expect(here).toHaveTextContent('has joined Talmo Lab as the worker ws-2');
    expect(here).not.toHaveTextContent(MAY);
    expect(screen.getByRole('button', { name: 'Run the doctor' })).toHaveFocus();
  });

  test('a question whose answer takes long is closed, and said that it may still happen; that it did is told', async () => {
    const { fake } = await settings();
    const answer = fake.hold('leaveLab');
    await press('Leave this lab…');
    const question = screen.getByRole('dialog', { name: 'Leave Talmo Lab?' });
    await fireEvent.click(within(question).getByRole('button', { name: 'Leave and restart' }));
    await advance(100);
    expect(within(question).getByRole('button', { name: 'Stay' })).toBeDisabled();
    await advance(200);
    expect(question).toHaveTextContent('Leaving…');
    expect(within(question).queryByRole('button', { name: 'Stay' })).toBeNull();
    await advance(3000);
    expect(within(question).getByText(/Waiting for hub\.talmolab\.org:4222\./)).toBeVisible();
    await fireEvent.click(within(question).getByRole('button', { name: 'Stop waiting' }));
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
    const lab = screen.getByRole('region', { name: 'Your lab' });
    expect(lab).toHaveTextContent(MAY);
    fake.labs = [];
    answer();
    await advance(10);
    expect(fake.called('startAgain')).toEqual([]);
    expect(lab).not.toHaveTextContent(MAY);
    expect(lab).toHaveTextContent('This computer has left Talmo Lab. Samepath lets go of it once it is started again.');
    await press('Start again');
    expect(fake.called('startAgain')).toHaveLength(1);
  });

  test('of two steps the one that was not begun is not', async () => {
    const { fake } = await settings();
    fake.say({ type: 'job', value: job({ id: 'q', state: 'queued', worker: null }) });
    await settle();
    const answer = fake.hold('stop');
    await press('Leave this lab…');
    await fireEvent.click(screen.getByRole('radio', { name: 'cancelled' }));
    await press('Leave and restart');
    await advance(3100);
    await press('Stop waiting');
    answer();
    await advance(10);
    expect(fake.called('leaveLab')).toEqual([]);
  });

  test('Esc in a question that is being answered leaves it as the button does', async () => {
    const { fake } = await settings();
    fake.hold('removeComputer');
    await press('Remove ws-2');
    await press('Remove');
    await advance(300);
    await fireEvent.keyDown(window, { key: 'Escape' });
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('region', { name: 'Your lab' })).toHaveTextContent(MAY);
  });

  test('a computer that is put out late is gone from the list, and a refusal that comes late is not told', async () => {
    const { fake } = await settings();
    const list = () => screen.getByRole('list', { name: 'Your computers' });
    const answer = fake.hold('removeComputer');
    await press('Remove ws-2');
    await press('Remove');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    expect(list()).toHaveTextContent('ws-2');
    answer();
    await advance(10);
    expect(list()).not.toHaveTextContent('ws-2');
    expect(screen.getByRole('region', { name: 'Your lab' })).not.toHaveTextContent(MAY);
  });

  test('a storage is removed late without anything being offered over what is done meanwhile', async () => {
    const { fake } = await ready();
    await fireEvent.keyDown(document.body, { key: '4', ctrlKey: true });
    await settle();
    const answer = fake.hold('removeStorage');
    await press('More for vast');
    await fireEvent.click(screen.getByRole('menuitem', { name: 'Remove…' }));
    await settle();
    await press('Remove');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    expect(screen.getByText(MAY)).toBeVisible();
    answer();
    await advance(10);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  test('a worker’s removal and a job’s end are left, too', async () => {
    const { fake } = await ready(inLab, { type: 'worker', value: worker() }, { type: 'job', value: job() });
    fake.hold('removeWorker');
    fake.hold('stop');
    await fireEvent.keyDown(document.body, { key: '3', ctrlKey: true });
    await settle();
    await fireEvent.click(screen.getByRole('row', { name: /gpu-1/ }));
    await press('Remove…');
    await press('Remove');
    await advance(3100);
    await press('Stop waiting');
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toHaveTextContent(MAY);
    await fireEvent.keyDown(document.body, { key: '2', ctrlKey: true });
    await settle();
    await fireEvent.click(screen.getByRole('row', { name: /maze day 3/ }));
    await press('Stop…');
    await press(/^Stop( and save)?$/);
    await advance(3100);
    await press('Stop waiting');
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('region', { name: 'Job maze day 3' })).toHaveTextContent(MAY);
    expect(screen.getByRole('button', { name: 'Stop…' })).toBeEnabled();
  });
});
