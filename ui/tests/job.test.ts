import { screen, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { timeLeft } from '../src/lib/state/jobs.svelte';
import { KEPT } from '../src/lib/state/log.svelte';
import { dataset, job, kind, logLine, row, status, storage, worker } from './views';
import { HOSTILE, ready, settle } from './render';

const ENDED = '2026-11-22T10:18:02Z';
const trouble = { cause: 'gpu_memory', message: 'the GPU ran out of memory at epoch 41 of 100.', last_line: 'torch.OutOfMemoryError: CUDA out of memory' };
const failed = job({ kind: 'sleap-train', state: 'failed', words: 'Failed', failure: trouble.message, trouble, ended_at: ENDED });
const train = kind({ name: 'sleap-train', title: 'SLEAP training', parameters: [...kind().parameters, { ...kind().parameters[0]!, name: 'RESUME_FROM', label: 'Continue from', role: 'setting', required: false }] });
const again = { kind: 'sleap-train', dataset: 'vast:amick/project/labels.slp', values: { MAX_EPOCHS: 50 } };
const resumed = { ...again, values: { RESUME_FROM: 'vast:amick/m/run' } };
const next = { again, command: "samepath submit sleap-train -p 'LABELS=vast:amick/project/labels.slp'", opens: null, resumed: { epoch: 41, batch_size: null, draft: resumed }, smaller: { epoch: 41, batch_size: 2, draft: { ...resumed, values: { ...resumed.values, BATCH_SIZE: 2 } } } };

async function open(value = job(), ...more: Parameters<typeof ready>) {
  const opened = await ready({ type: 'kinds', value: [kind(), train] }, { type: 'job', value }, ...more);
  opened.fake.datasets.set('vast:amick/project/labels.slp', dataset());
  return { ...opened, show: () => show(opened.user, value.name) };
}

async function show(user: Awaited<ReturnType<typeof ready>>['user'], name: string) {
  await user.click(screen.getByRole('button', { name: /^Jobs/ }));
  await user.click(screen.getByRole('row', { name: new RegExp(name) }));
  await settle();
  return screen.getByRole('region', { name: `Job ${name}` });
}

describe('The chart', () => {
  test('says what it draws, as the rows come: the newest epoch and the best', async () => {
    const { fake, show } = await open();
    const panel = await show();
    expect(within(panel).queryByRole('img')).toBeNull();
    fake.metrics.get(job().id)?.({ type: 'rows', value: [row(0, 0, 0, { values: {} }), row(1, 0.5, 0.4), row(2, 0.3, 0.2), row(3, 0.2, 0.00043)] });
    fake.metrics.get(job().id)?.({ type: 'rows', value: [row(4, 0.1, 0.25)] });
    // A job that goes on is the same try.
    fake.say({ type: 'job', value: job({ percent: 62 }) });
    await settle();
    expect(within(panel).getByRole('img', { name: '4 epochs: Training 0.1, Validation 0.25, best 4.3e-4 at epoch 3' })).toBeVisible();
    expect(panel).toHaveTextContent('Epoch 4 of 100');
  });

  test('each run has its own; a job type of the lab names its lines itself', async () => {
    const { fake, show } = await open();
    const panel = await show();
    fake.metrics.get(job().id)?.({ type: 'rows', value: [row(1, 1, 1, { run: 'centroid' }), row(1, 1, 1, { run: HOSTILE, values: { [HOSTILE]: 2, error: null } })] });
    await settle();
    expect(within(panel).getAllByRole('img')).toHaveLength(2);
    expect(within(panel).getByRole('img', { name: `1 epoch: ${HOSTILE} 2, error –` })).toBeVisible();
    expect(panel.querySelector('b')).toBeNull();
  });

  test('another try begins anew, and leaving ends the stream', async () => {
    const { fake, user, show } = await open();
    await show();
    // The row drew them before.
    const before = fake.called('leaveMetrics').length;
    fake.metrics.get(job().id)?.({ type: 'rows', value: [row(1, 1, 1)] });
    fake.say({ type: 'job', value: job({ attempts: 2 }) });
    await settle();
    expect(screen.queryByRole('img')).toBeNull();
    expect(fake.called('leaveMetrics')).toHaveLength(before + 2);
    await user.keyboard('{Escape}');
    expect(fake.called('leaveMetrics')).toHaveLength(before + 3);
  });
});

test('what happened is told try by try: who made it, how long, and how it ended, each thing once', async () => {
  const at = (time: string) => `2026-11-22T${time}Z`;
  const value = job({
    attempts: 2,
    tries: [
      { number: 1, worker: 'gpu-2', began_at: at('09:14:02'), ended_at: at('10:31:00'), end: 'lost', why: 'gpu-2 went away', removed: false },
      { number: 2, worker: 'gpu-1', began_at: at('10:32:00'), ended_at: at('10:33:00'), end: 'unfit', why: HOSTILE, removed: false },
      { number: 3, worker: 'gpu-3', began_at: at('10:34:00'), ended_at: null, end: null, why: null, removed: false },
    ],
    timeline: [
      { at: at('09:14:00'), words: 'submitted by amick' },
      { at: at('09:14:02'), words: 'given to gpu-2' },
      { at: at('10:31:00'), words: 'gpu-2 went away' },
      { at: at('10:32:00'), words: 'given to gpu-1' },
      { at: at('10:34:00'), words: 'given to gpu-3' },
    ],
  });
  const { show } = await open(value);
  const panel = await show();
  const said = panel.textContent.replace(/\s+/g, ' ').replace(/\d\d:\d\d:\d\d ?/g, '');
  expect(said).toContain('What happened submitted by amick Try 1 on gpu-2 lost 1 h 16 min given to gpu-2gpu-2 went away Try 2 on gpu-1 this worker cannot run it 1 min given to gpu-1 ' + HOSTILE);
  expect(said).toMatch(/Try 3 on gpu-3 goes on .*given to gpu-3/);
  expect(said.match(/gpu-2 went away/g)).toHaveLength(1);
  expect(panel.querySelector('img, b')).toBeNull();
});

test('that something was copied from the menu is said', async () => {
  const { user, show } = await open();
  const panel = await show();
  await user.click(within(panel).getByRole('button', { name: 'More for this job' }));
  await user.click(screen.getByRole('menuitem', { name: 'Copy as command' }));
  await settle();
  expect(await navigator.clipboard.readText()).toBe('samepath submit slp-check');
  expect(within(panel).getByText('Copied')).toBeVisible();
});

test('one that goes on from another says from which, or from what', async () => {
  const first = job({ id: 'first', name: 'maze day 1', kind: 'sleap-train', state: 'cancelled', words: 'Cancelled', status: 'Stopped at epoch 2 of 7.', ended_at: ENDED });
  const settings: [string, string][] = [['RESUME_FROM', `${first.results?.text}/run/last.ckpt`]];
  const { fake, user, show } = await open(job({ settings, results: null }));
  const panel = await show();
  expect(panel).toHaveTextContent('Goes on from vast:amick/project/slp-check_2026-11-22_0914/run/last.ckpt');
  fake.say({ type: 'job', value: first });
  await settle();
  expect(panel).toHaveTextContent('Goes on from maze day 1 (Stopped at epoch 2 of 7)');
  await user.click(within(panel).getByRole('button', { name: 'maze day 1' }));
  expect(screen.getByRole('region', { name: 'Job maze day 1' })).toBeVisible();
});

describe('A failed job', () => {
  test('says the cause and quotes the line; going on with half the batch size is offered first', async () => {
    const { fake, user, show } = await open(failed);
    fake.next = next;
    const panel = await show();
    expect(screen.getByRole('alert')).toHaveTextContent(
      'Failed after 1 h 04 min: GPU memory The GPU ran out of memory at epoch 41 of 100. torch.OutOfMemoryError: CUDA out of memory',
    );
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveTextContent(/Failed\s*GPU memory/);
    expect(within(panel).queryByRole('button', { name: 'Retry' })).toBeNull();
    expect(within(panel).getByRole('button', { name: 'Continue from epoch 41' })).toBeVisible();
    await user.click(within(panel).getByRole('button', { name: 'Continue from epoch 41 with batch size 2' }));
    expect(fake.called('submit')).toEqual([[next.smaller.draft]]);
    await settle();
    expect(screen.getByRole('region', { name: 'Job labels · check' })).toBeVisible();
  });

  test('the buttons come together, so that none takes the place of another', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake, show } = await open(failed);
    fake.followUp = () => new Promise(() => {});
    const panel = await show();
    const buttons = () => within(panel).getByRole('button', { name: 'Run again…', hidden: true }).parentElement;
    expect(buttons()).toHaveClass('unlearned');
    // Whoever knows may not answer.
    await vi.advanceTimersByTimeAsync(1100);
    await settle();
    expect(buttons()).not.toHaveClass('unlearned');
    vi.useRealTimers();
  });

  test('that ended with a code says the code once, and in its row what it printed last', async () => {
    const message = 'the program ended with code 3';
    const value = job({ state: 'failed', words: 'Failed', failure: message, trouble: { cause: 'exit_code', message, last_line: 'cuDNN: no device was found' }, ended_at: ENDED });
    const { show } = await open(value);
    const panel = await show();
    expect(within(panel).getByRole('alert').textContent.trim().replace(/\s+/g, ' ')).toBe('Failed after 1 h 04 min: the program ended with code 3 cuDNN: no device was found');
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveTextContent(/Failed\s*cuDNN: no device was found/);
    expect(within(panel).getByRole('button', { name: 'Retry' })).toHaveAttribute('title', 'Tries this job once more, with the same values');
    expect(within(panel).getByRole('button', { name: 'Run again…' })).toHaveAttribute('title', 'Opens New job with these values, to change some');
  });

  test('offers its log where there is one, and says so of the error where that is known', async () => {
    const { fake, show } = await open({ ...failed, trouble: { ...trouble, last_line: null } });
    const panel = await show();
    expect(within(panel).getByRole('button', { name: 'Open log' })).toBeVisible();
    fake.say({ type: 'job', value: { ...failed, started_at: null, trouble: { ...trouble, cause: 'output_not_usable' } } });
    await settle();
    expect(within(panel).queryByRole('button', { name: /^Open log/ })).toBeNull();
  });

  test('also below a job that was cancelled: Continue does not come under the pointer that was at Retry', async () => {
    const stopped = job({ kind: 'sleap-train', state: 'cancelled', words: 'Cancelled', ended_at: ENDED });
    const { fake, show } = await open(stopped);
    let answer = (_: typeof next) => {};
    fake.followUp = () => new Promise((resolve) => (answer = resolve));
    const panel = await show();
    const follows = () => panel.querySelector('footer > .end');
    expect(follows()).toHaveClass('unlearned');
    answer(next);
    await settle();
    expect(follows()).not.toHaveClass('unlearned');
    expect(within(panel).getByRole('button', { name: 'Continue from epoch 41' })).toBeVisible();
  });

  test('without a checkpoint it is run again, with half the batch size', async () => {
    const { fake, show } = await open(failed);
    fake.next = { ...next, resumed: null, smaller: { epoch: null, batch_size: 2, draft: again } };
    const panel = await show();
    expect(within(panel).getByRole('button', { name: 'Run again with batch size 2' })).toBeVisible();
    expect(within(panel).queryByRole('button', { name: /^Continue/ })).toBeNull();
  });

  test.each(['memory', 'storage_gone', 'lost'])('what lay with the worker (%s) is tried on another that has all it needs, the free one first', async (cause) => {
    const one = worker({ kinds: ['sleap-train'] });
    const { fake, user, show } = await open(
      { ...failed, worker: 'gpu-2', trouble: { ...trouble, cause } },
      { type: 'worker', value: { ...one, id: 'w2', name: 'gpu-2' } },
      { type: 'worker', value: { ...one, id: 'w3', name: 'gpu-3', storages: [{ ...one.storages[0]!, state: 'read_only' }] } },
      { type: 'worker', value: { ...one, id: 'w4', name: 'gpu-4', busy: true, state: 'x' } },
      { type: 'worker', value: { ...one, id: 'w5', name: 'gpu-5' } },
      { type: 'worker', value: { ...one, id: 'w6', name: 'a', kinds: [] } },
    );
    fake.next = next;
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Continue from epoch 41 on gpu-5' }));
    expect(fake.called('submit')).toEqual([[{ ...next.resumed.draft, worker: 'w5' }]]);
  });

  test('without another worker nothing of the kind is offered', async () => {
    const { fake, show } = await open({ ...failed, trouble: { ...trouble, cause: 'lost' } }, { type: 'worker', value: worker({ kinds: ['sleap-train'] }) });
    fake.next = next;
    expect(within(await show()).queryByRole('button', { name: / on gpu-/ })).toBeNull();
  });

  test('an input that is gone is located: the form opens with the one that was chosen', async () => {
    const { fake, user, show } = await open({ ...failed, trouble: { ...trouble, cause: 'input_changed' } });
    fake.next = next;
    fake.picked = '/mnt/vast/amick/moved.slp';
    fake.datasets.set('/mnt/vast/amick/moved.slp', dataset({ file_name: 'moved.slp', place: { ...dataset().place!, path: 'moved.slp', text: 'vast:amick/moved.slp' } }));
    await user.click(within(await show()).getByRole('button', { name: 'Locate…' }));
    await settle();
    expect(fake.called('pickFile')).toEqual([['Where is labels.slp?']]);
    expect(screen.getByRole('region', { name: 'New job' })).toHaveTextContent('moved.slp');
    expect(screen.getByRole('combobox', { name: 'Job type' })).toHaveValue('sleap-train');
  });

  test('Run again… opens the form filled in', async () => {
    const { fake, user, show } = await open(failed);
    fake.next = next;
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Run again…' }));
    await settle();
    expect(screen.getByRole('region', { name: 'New job' })).toHaveTextContent('labels.slp');
    expect(screen.getByRole('combobox', { name: 'Job type' })).toHaveValue('sleap-train');
    expect(screen.getByRole('radio', { name: 'Recommended for this dataset' })).not.toBeChecked();
    expect(screen.getByRole('radio', { name: 'Like run' })).toBeChecked();
  });

  test('Run again… of one that took a configuration says which', async () => {
    const config = { ...kind().parameters[0]!, name: 'CONFIG', label: 'Configuration', type: 'PATH', role: 'setting', required: false };
    const { fake, user, show } = await open(failed, { type: 'kinds', value: [{ ...train, parameters: [...kind().parameters, config] }] });
    fake.next = { ...next, again: { ...again, values: { CONFIG: 'vast:amick/maze/train.yaml' } } };
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Run again…' }));
    await settle();
    expect(screen.getByRole('button', { name: 'From train.yaml' })).toBeVisible();
    expect(screen.getByRole('radio', { name: 'Recommended for this dataset' })).not.toBeChecked();
  });

  test('results are opened in SLEAP where this computer has it, and nothing is offered where not', async () => {
    const done = job({ kind: 'sleap-train', state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' });
    const { fake, user, show } = await open(done);
    let panel = await show();
    await user.click(within(panel).getByRole('tab', { name: 'Results' }));
    expect(within(panel).queryByRole('button', { name: 'Open in SLEAP' })).toBeNull();
    await user.keyboard('{Escape}');
    fake.next = { ...next, opens: 'labels.predictions.slp' };
    panel = await show();
    await user.click(within(panel).getByRole('tab', { name: 'Results' }));
    fake.failures.set('openInSleap', new Failure('path_not_found', 'labels.predictions.slp is not there.'));
    const button = within(panel).getByRole('button', { name: 'Open in SLEAP' });
    expect(button).toHaveAttribute('title', 'labels.predictions.slp');
    await user.click(button);
    expect(fake.called('openInSleap')).toEqual([[done.id]]);
    expect(panel).toHaveTextContent('labels.predictions.slp is not there.');
    await user.click(within(panel).getByRole('button', { name: 'More for this job' }));
    expect(screen.getByRole('menuitem', { name: 'Open in SLEAP' })).toBeVisible();
  });

  test('the log opens at the line that is quoted', async () => {
    const { fake, user, show } = await open(failed);
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Open log at the error' }));
    const lines = Array.from({ length: 900 }, (_, i) => logLine(i, i === 500 ? trouble.last_line : `line ${i}`));
    fake.logs.get(failed.id)?.({ type: 'lines', value: lines });
    await settle();
    const log = screen.getByRole('log');
    expect(log.querySelector('.hit')).toHaveTextContent(trouble.last_line);
    expect(screen.getByRole('button', { name: 'Go to the end' })).toBeVisible();
  });

  test('a log that is too long to be shown whole is opened where it lies', async () => {
    const at = { storage_backend: 'vast', user_subdir: 'amick', path: 'maze/models/log.txt', text: 'vast:amick/maze/models/log.txt' };
    const { fake, user, show } = await open({ ...failed, log_file: at });
    const panel = await show();
    await user.click(within(panel).getByRole('tab', { name: 'Log' }));
    expect(panel).toHaveTextContent('The whole log: vast:amick/maze/models/log.txt');
    fake.logs.get(failed.id)?.({ type: 'lines', value: Array.from({ length: KEPT + 1 }, (_, i) => logLine(i, 'line')) });
    await settle();
    expect(panel).toHaveTextContent('Earlier lines: vast:amick/maze/models/log.txt');
    expect(panel).not.toHaveTextContent('samepath logs');
    fake.failures.set('openLog', new Failure('backend_unavailable', 'vast is not mounted.', 'Connect it.'));
    await user.click(within(panel).getByRole('button', { name: 'Open' }));
    expect(fake.called('openLog')).toEqual([[failed.id]]);
    expect(panel).toHaveTextContent('vast is not mounted.');
  });

  test('a full storage leads to the storages; what cannot be done is said', async () => {
    const { fake, user, show } = await open({ ...failed, trouble: { ...trouble, cause: 'storage_full' } });
    fake.failures.set('showResults', new Failure('backend_unavailable', 'vast is not mounted.', 'Connect it.'));
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'More for this job' }));
    await user.click(screen.getByRole('menuitem', { name: /Show results/ }));
    await settle();
    expect(screen.getAllByRole('alert').at(-1)).toHaveTextContent('vast is not mounted. Connect it.');
    await user.click(within(panel).getByRole('button', { name: 'Open Storage' }));
    expect(screen.getByRole('region', { name: 'Storage' })).toBeVisible();
  });
});

describe('What can be done', () => {
  test('Ctrl Shift R shows the results, and looks at no storage; Ctrl R does that', async () => {
    const { fake, user, show } = await open();
    await show();
    await user.keyboard('{Control>}{Shift>}R{/Shift}{/Control}');
    await settle();
    expect(fake.called('showResults')).toEqual([[job().id]]);
    expect(fake.called('checkStorages')).toEqual([]);
    await user.keyboard('{Control>}r{/Control}');
    expect(fake.called('checkStorages')).toEqual([[null]]);
    expect(fake.called('showResults')).toHaveLength(1);
  });

  test('the menu is walked by keys, and gives the place back', async () => {
    const { fake, user, show } = await open(failed);
    fake.next = next;
    const written = vi.spyOn(navigator.clipboard, 'writeText');
    const panel = await show();
    const more = within(panel).getByRole('button', { name: 'More for this job' });
    more.focus();
    await user.keyboard('{ArrowUp}');
    expect(screen.getByRole('menuitem', { name: 'Copy as command' })).toHaveFocus();
    await user.keyboard('{Home}');
    expect(screen.getByRole('menuitem', { name: 'Run again…' })).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(more).toHaveFocus();
    expect(screen.queryByRole('menu')).toBeNull();
    expect(panel).toBeVisible();
    await user.keyboard('{ArrowUp}{Enter}');
    await settle();
    expect(written).toHaveBeenLastCalledWith(next.command);
  });

  test('cancelling a waiting job can be undone for 8 seconds', async () => {
    const waiting = job({ state: 'queued', words: 'Waiting', worker: null, percent: null });
    const { fake, user, show } = await open(waiting);
    fake.stopped = job({ state: 'cancelled', words: 'Cancelled' });
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Cancel job' }));
    await settle();
    expect(screen.getByText('maze day 3 was cancelled.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(fake.called('retry')).toEqual([[job().id]]);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  test('results that are here are shown where they are, as by the key; of those that are not, their tab says why', async () => {
    const done = job({ state: 'succeeded', words: 'Done', ended_at: ENDED });
    const { fake, user, show } = await open(done);
    const panel = await show();
    const shows = () => within(panel).getByRole('button', { name: 'Show results' });
    expect(shows()).toHaveAttribute('title', 'Show in file manager (Ctrl Shift R)');
    await user.click(shows());
    await settle();
    expect(fake.called('showResults')).toEqual([[done.id]]);
    expect(within(panel).getByRole('tab', { name: 'Overview' })).toHaveAttribute('aria-selected', 'true');
    fake.say({ type: 'storages', value: [storage({ health: { ...storage().health!, state: 'not_mounted', words: 'not mounted' } })] });
    await settle();
    await user.click(shows());
    expect(panel).toHaveTextContent('Results are on vast, which is not mounted on this computer.');
    expect(fake.called('showResults')).toHaveLength(1);
  });

  test('what ends a job and what follows it are never in one place', async () => {
    const { fake, show } = await open(job({ state: 'queued', words: 'Waiting', worker: null, percent: null }));
    const panel = await show();
    const ends = () => [...panel.querySelectorAll('footer > button')].map((button) => button.textContent?.trim());
    const follows = () => [...panel.querySelectorAll('footer > .end > button')].map((button) => button.textContent?.trim());
    expect([ends(), follows()]).toEqual([['Cancel job'], []]);
    for (const [state, stopping, left, right] of [
      ['running', null, ['Stop…'], ['Show results']],
      ['running', 'stop', ['Kill now'], []],
      ['cancelled', null, [], ['Retry', 'Run again…', 'Show results']],
      ['succeeded', null, [], ['Run again…', 'Show results']],
      ['failed', null, [], ['Show results']],
    ] as const) {
      fake.say({ type: 'job', value: job({ state, stopping, words: state }) });
      await settle();
      expect([ends(), follows()], state).toEqual([left, right]);
    }
  });

  test('the offer to undo goes after 8 seconds', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake, user, show } = await open(job({ state: 'queued', words: 'Waiting', worker: null, percent: null }));
    fake.stopped = job({ state: 'cancelled', words: 'Cancelled' });
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Cancel job' }));
    await settle();
    await vi.advanceTimersByTimeAsync(7000);
    expect(screen.getByRole('button', { name: 'Undo' })).toBeVisible();
    await vi.advanceTimersByTimeAsync(1500);
    await settle();
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
    vi.useRealTimers();
  });

  test('a training is stopped and killed in the words of a training', async () => {
    const running = job({ kind: 'sleap-train', notice_seconds: 45 });
    const { fake, user, show } = await open(running);
    await show();
    const question = () => screen.getByRole('dialog', { name: 'Stop maze day 3?' });
    await user.keyboard('{Control>}.{/Control}');
    expect(question()).toHaveTextContent('Its first epoch is not done: nothing has been saved yet. It is asked to save what there is, up to 45 s.');
    fake.metrics.get(running.id)?.({ type: 'rows', value: [row(0, 0, 0)] });
    await settle();
    expect(question()).toHaveTextContent('nothing has been saved yet');
    fake.metrics.get(running.id)?.({ type: 'rows', value: [row(58, 0.1, 0.2), row(59, 0.1, 0.3)] });
    await settle();
    expect(question()).toHaveTextContent('It finishes this epoch and saves a checkpoint, up to 45 s. Results so far stay.');
    await user.click(screen.getByRole('button', { name: 'Stop and save' }));
    fake.say({ type: 'job', value: { ...running, stopping: 'stop', words: 'Stopping' } });
    await settle();
    await user.click(screen.getByRole('button', { name: 'Kill now' }));
    expect(screen.getByRole('dialog', { name: 'Kill now?' })).toHaveTextContent('What is not saved is lost; best.ckpt from epoch 58 stays.');
  });

  test.each([
    [{ state: 'checking', words: 'Starting', started_at: null }, 'It has not begun yet: there is nothing to save.', 'Stop', 'Ending it…'],
    [{ notice_seconds: 0 }, 'It is ended at once: its job type has nothing to save. Results so far stay.', 'Stop', 'Ending it…'],
    [{}, 'It is asked to save what it can and to end, up to 60 s. Results so far stay.', 'Stop and save', 'Saving…'],
  ])('one that saves no checkpoint is promised none: %o', async (over, sentence, yes, then) => {
    const { fake, user, show } = await open(job({ kind: 'slp-check', ...over }));
    const panel = await show();
    await user.click(within(panel).getByRole('button', { name: 'Stop…' }));
    const question = within(screen.getByRole('dialog', { name: 'Stop maze day 3?' }));
    expect(question.getByText(sentence)).toBeVisible();
    await user.click(question.getByRole('button', { name: yes }));
    fake.say({ type: 'job', value: job({ kind: 'slp-check', stopping: 'stop', words: 'Stopping', ...over }) });
    await settle();
    expect(panel).toHaveTextContent(then);
  });

  test('one’s own jobs are shown first where there are those of others', async () => {
    const { fake, user } = await open(job(), { type: 'job', value: job({ id: 'tom', name: 'fly', submitted_by: 'tom' }) });
    fake.say({ type: 'status', value: status() });
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    expect(screen.queryByRole('row', { name: /fly/ })).toBeNull();
    await user.selectOptions(screen.getByRole('combobox', { name: 'Whose jobs' }), 'Everyone');
    expect(screen.getByRole('row', { name: /fly/ })).toBeVisible();
  });
});

test.each([
  [50, 600, 0, 600],
  [25, 600, 60, 1740],
  [1, 600, 0, null],
  [50, 5, 0, null],
  [90, 90, 11, null],
  [100, 600, 0, null],
])('%i % after %i s, seen %i s ago: %s s are left', (percent, took, ago, left) => {
  const answer = timeLeft(0, { at: took * 1000, percent }, (took + ago) * 1000);
  expect(answer).toBe(left === null ? null : left * 1000);
});
