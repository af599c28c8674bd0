import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { dataset, job, kind, parameter, path, readiness, worker } from './views';
import { HOSTILE, open, ready, settle } from './render';

const LABELS = '/mnt/vast/amick/project/labels.slp';

/** New job with a dataset chosen through the dialog, and workers that have not answered yet. */
async function asked() {
  const opened = await ready({ type: 'worker', value: worker() });
  const answer = opened.fake.keepWaiting();
  await choose(opened);
  return { ...opened, answer };
}

/** New job with a dataset chosen through the dialog. */
async function chosen(...more: Parameters<typeof ready>) {
  const opened = await ready({ type: 'worker', value: worker() }, ...more);
  await choose(opened);
  return opened;
}

async function choose(opened: Awaited<ReturnType<typeof ready>>) {
  opened.fake.datasets.set(LABELS, dataset());
  opened.fake.picked = LABELS;
  await opened.user.click(screen.getByRole('button', { name: 'New job' }));
  await opened.user.click(screen.getByRole('button', { name: 'Choose…' }));
}

const sentence = () => within(screen.getByRole('contentinfo')).getAllByRole('status')[0]!;

describe('New job', () => {
  test('a dataset is shown as storage, folder and file, and the workers are asked', async () => {
    const { fake, user, answer } = await asked();
    expect(fake.called('pickFiles')).toEqual([['Choose a dataset']]);
    const place = screen.getByRole('list', { name: 'Where the dataset is' });
    expect(place).toHaveTextContent(/Storage vast Your folder amick File project\/labels\.slp/);
    expect(screen.getByText('214 labelled frames · 1 animal · 1 video: 1 on vast')).toBeVisible();
    await waitFor(() => expect(sentence()).toHaveTextContent('Asking 1 worker about 1 video…'));
    expect(screen.getByRole('button', { name: /^Submit Ctrl|^Submit$/ })).toBeDisabled();
    answer();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready. gpu-1 can start now; it sees labels.slp and its video.'));
    expect(screen.getByText('free · 1/1 videos')).toBeVisible();
    await user.click(screen.getByRole('button', { name: /^Submit$/ }));
    expect(fake.called('submit')).toEqual([
      [{ kind: 'slp-check', dataset: 'vast:amick/project/labels.slp', values: {}, name: '', worker: null, results_in: null, videos: [], person: null }],
    ]);
    expect(sentence()).toHaveTextContent('Submitted. It runs on this computer: keep it on and awake.');
    fake.say({ type: 'job', value: job({ id: 'new', state: 'queued', words: 'Waiting', waiting_for: ['gpu-1: has no sleap-nn'], waits: true, unserved: true }) });
    await settle();
    expect(sentence()).toHaveTextContent('Submitted. It waits for a worker that can run it; you are told when it starts.');
    fake.say({ type: 'job', value: job({ id: 'new', name: 'labels · check', state: 'succeeded', words: 'Done' }) });
    await settle();
    expect(sentence()).toHaveTextContent('The job that you submitted has ended: done.');
    await user.click(screen.getByRole('button', { name: 'Show job' }));
    expect(screen.getByRole('region', { name: 'Job labels · check' })).toBeVisible();
    // What was submitted is gone from the form.
    await user.keyboard('{Control>}n{/Control}');
    expect(screen.getByRole('heading', { name: 'Drop a SLEAP project (.slp), videos or a folder' })).toBeVisible();
    expect(screen.getByRole('main')).not.toHaveTextContent('The job that you submitted');
  });

  test('a job is submitted and its form kept for another like it, which a new job does not take away', async () => {
    const { fake, user, answer } = await asked();
    answer();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    await user.click(screen.getByRole('button', { name: 'Submit another like this' }));
    await user.keyboard('{Control>}2{/Control}');
    await user.keyboard('{Control>}n{/Control}');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Submit another like this' })).toBeEnabled());
    expect(fake.called('submit')).toHaveLength(1);
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toHaveTextContent('project/labels.slp');
  });

  test('of a job whose form was kept it is said that it is on its way, until the next is changed', async () => {
    const { fake, user, answer } = await asked();
    answer();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    const bar = screen.getByRole('contentinfo');
    await user.keyboard('{Control>}{Shift>}{Enter}{/Shift}{/Control}');
    await settle();
    expect(sentence()).toHaveTextContent('Submitted: labels · check.');
    // What the lab does meanwhile takes nothing away, and it is not before itself.
    fake.ready = readiness({ state: 'queued', sentence: 'Ready. 1 job before yours.' });
    fake.say({ type: 'worker', value: worker({ busy: true, state: 'x' }) });
    const questions = fake.called('readiness').length;
    await waitFor(() => expect(fake.called('readiness').length).toBeGreaterThan(questions), { timeout: 5000 });
    await settle();
    expect(bar).toHaveTextContent('Submitted: labels · check.');
    expect(bar).not.toHaveTextContent('before yours');
    await user.type(screen.getByRole('textbox', { name: 'Name' }), 'b');
    expect(bar).not.toHaveTextContent('Submitted');
    expect(sentence()).toHaveTextContent('Ready. 1 job before yours.');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Submit another like this' })).toBeEnabled());
    await user.click(screen.getByRole('button', { name: 'Submit another like this' }));
    await settle();
    expect(fake.called('submit')).toHaveLength(2);
    await user.click(within(bar).getByRole('button', { name: 'Show job' }));
    expect(screen.getByRole('region', { name: 'Job b' })).toBeVisible();
  });

  test('what was submitted is asked about no more, and why the next like it could not be is said', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake, user, answer } = await asked();
    answer();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    await user.click(screen.getByRole('button', { name: 'Submit another like this' }));
    fake.ready = readiness({ state: 'blocked', sentence: 'labels.slp is gone.', can_submit: false });
    fake.say({ type: 'worker', value: worker({ busy: true, state: 'x' }) });
    await vi.advanceTimersByTimeAsync(3000);
    expect(sentence()).toHaveTextContent('labels.slp is gone.');
    expect(screen.getByRole('contentinfo')).toHaveTextContent('Submitted: labels · check.');
    fake.ready = readiness();
    await user.type(screen.getByRole('textbox', { name: 'Name' }), 'b');
    fake.say({ type: 'worker', value: worker() });
    await vi.advanceTimersByTimeAsync(3000);
    await user.click(screen.getByRole('button', { name: /^Submit$/ }));
    const questions = fake.called('readiness').length;
    fake.say({ type: 'worker', value: worker({ busy: true, state: 'b (amick)' }) });
    await vi.advanceTimersByTimeAsync(3000);
    expect(fake.called('readiness')).toHaveLength(questions);
    vi.useRealTimers();
  });

  test('it begins with the job type that this person ran last, and what was said stays', async () => {
    const kinds = [kind(), kind({ name: 'train', title: 'Training' }), kind({ name: 'other', title: 'Other' })];
    const ran = (id: string, name: string, over = {}) => ({ type: 'job' as const, value: job({ id, kind: name, state: 'succeeded', ended_at: '2026-11-22T10:00:00Z', ...over }) });
    const { fake, user } = await chosen(
      { type: 'kinds', value: kinds },
      { type: 'worker', value: worker({ kinds: ['slp-check', 'train', 'other'] }) },
      ran('a', 'slp-check', { submitted_at: '2026-11-20T10:00:00Z' }),
      ran('b', 'train', { submitted_at: '2026-11-22T10:00:00Z' }),
      ran('c', 'gone', { submitted_at: '2026-11-23T10:00:00Z' }),
      ran('d', 'other', { submitted_at: '2026-11-24T10:00:00Z', submitted_by: 'tom' }),
    );
    const type = () => screen.getByRole('combobox', { name: 'Job type' });
    expect(type()).toHaveDisplayValue('Training');
    await waitFor(() => expect(fake.drafts.at(-1)?.kind).toBe('train'));
    await user.selectOptions(type(), 'Other');
    fake.say(ran('e', 'slp-check', { submitted_at: '2026-11-25T10:00:00Z' }));
    await settle();
    expect(type()).toHaveDisplayValue('Other');
  });

  test.each([
    ['labelled frames are for a training', {}, ['slp-check', 'sleap-train'], 'SLEAP training'],
    ['without somebody who trains it is looked at', {}, ['slp-check'], 'Check a SLEAP project'],
    ['without labelled frames it is looked at', { labelled_frames: 0 }, ['slp-check', 'sleap-train'], 'Check a SLEAP project'],
    ['what is no project is looked at', { is_project: false }, ['slp-check', 'sleap-train'], 'Check a SLEAP project'],
  ])('of whoever has run nothing: %s', async (_, over, kinds, title) => {
    const opened = await ready({ type: 'kinds', value: [kind(), kind({ name: 'sleap-train', title: 'SLEAP training' })] });
    opened.fake.datasets.set(LABELS, dataset(over));
    opened.fake.tell({ type: 'dropped', value: [LABELS] });
    await settle();
    const type = () => screen.getByRole('combobox', { name: 'Job type' });
    expect(type()).toHaveDisplayValue('Check a SLEAP project');
    opened.fake.say({ type: 'worker', value: worker({ kinds }) });
    await settle();
    expect(type()).toHaveDisplayValue(new RegExp(`^${title}`));
  });

  test('what is worth knowing stands beside the sentence, and what a worker lacks in its row', async () => {
    const { fake, user } = await chosen();
    const why = 'does not see the dataset: `labels.slp` does not exist on `vast` (`/mnt/vast/labels.slp` on gpu-2)';
    fake.ready = readiness({
      sentence: 'Ready. gpu-1 can start now; it sees labels.slp.',
      note: '3 of 3 videos are not where a worker can see them. This job type does not need them.',
      workers: [...readiness().workers, { id: 'w2', name: 'gpu-2', fit: 'no', words: 'cannot see the dataset', detail: why, sameness: null, missing: null }],
    });
    await user.selectOptions(screen.getByLabelText('Run on'), 'gpu-1');
    await waitFor(() => expect(sentence()).toHaveTextContent('it sees labels.slp. 3 of 3 videos are not where a worker can see them.'));
    expect(within(sentence()).getByText(/3 of 3 videos/)).toHaveClass('note');
    const row = within(screen.getByRole('region', { name: 'Who can run this' })).getByText('cannot see the dataset');
    expect(screen.getByText(why)).not.toBeVisible();
    await user.click(row);
    expect(screen.getByText(why)).toBeVisible();
  });

  test('a worker that nobody has proved is asked for it where it is chosen; who is offline is told of', async () => {
    const unknown = { ...worker().storages[0]!, words: 'not confirmed', sameness: 'unknown' };
    const last = job({ id: 'old', state: 'succeeded', words: 'Done', worker: 'ws-2', tries: [{ number: 1, worker: 'ws-2', began_at: new Date(Date.now() - 60_000).toISOString(), ended_at: null, end: 'succeeded', why: null, removed: false }] });
    const { fake, user } = await chosen({ type: 'worker', value: worker({ storages: [unknown] }) }, { type: 'job', value: last });
    await waitFor(() => expect(fake.called('readiness')).toHaveLength(1));
    const who = screen.getByRole('region', { name: 'Who can run this' });
    expect(within(who).getByRole('list', { name: 'offline' })).toHaveTextContent(/ws-2 offline since/);
    fake.same = [{ id: 'w1', worker: 'gpu-1', saw: 'not_found', words: 'gpu-1 looked and did not find it.' }];
    await user.click(within(who).getByRole('button', { name: 'Confirm vast on gpu-1' }));
    await settle();
    expect(fake.called('sameStorage')).toEqual([['vast', null]]);
    expect(who).toHaveTextContent('gpu-1 looked and did not find it.');
  });

  test('what happens in the lab is asked about, but not at every turn; what the person changes is at once', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake, user } = await chosen();
    const questions = () => fake.called('readiness').length;
    await waitFor(() => expect(questions()).toBe(1));
    const busy = async (turns: number) => {
      for (let turn = 0; turn < turns; turn += 1) {
        fake.say({ type: 'worker', value: worker({ state: `job ${turn}`, busy: true }) });
        await vi.advanceTimersByTimeAsync(50);
      }
    };
    await busy(30);
    expect(questions()).toBe(1);
    await busy(30);
    expect(questions()).toBe(2);
    fake.say({ type: 'worker', value: worker() });
    await user.selectOptions(screen.getByLabelText('Run on'), 'gpu-1');
    await vi.advanceTimersByTimeAsync(500);
    expect(questions()).toBe(3);
    vi.useRealTimers();
  });

  test('Ctrl+Enter submits once it is ready, and not before', async () => {
    const { fake, user, answer } = await asked();
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toEqual([]);
    answer();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toHaveLength(1);
  });

  test('where several people share the login, it is said who submits, once', async () => {
    const { fake, user } = await chosen({ type: 'kept', value: { people: ['Anna', 'Ben'] } });
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    const submit = screen.getByRole('button', { name: /^Submit$/ });
    expect(submit).toBeDisabled();
    await user.keyboard('{Control>}{Enter}{/Control}');
    const who = screen.getByRole('combobox', { name: 'Who submits this job' });
    expect(who).toHaveFocus();
    await user.selectOptions(who, 'Ben');
    await user.click(submit);
    await settle();
    expect(fake.called('submit')[0]?.[0]).toMatchObject({ person: 'Ben' });
    await user.keyboard('{Control>}n{/Control}');
    await user.click(screen.getByRole('button', { name: 'Choose…' }));
    expect(screen.getByRole('combobox', { name: 'Who submits this job' })).toHaveValue('Ben');
  });

  test.each([
    ['wait', 'Submit and wait', true],
    ['none', 'Submit and wait', true],
    ['blocked', 'Submit', false],
  ])('%s: the sentence and the button are what the shell says', async (state, button, can) => {
    const { fake } = await chosen();
    fake.ready = readiness({ state, button, can_submit: can, sentence: `It is ${state}.`, workers: [{ id: 'w1', name: 'gpu-1', fit: 'no', words: 'its vast is read-only', detail: null, sameness: 'unknown', missing: null }] });
    fake.say({ type: 'worker', value: worker({ busy: true, state: 'other' }) });
    await waitFor(() => expect(sentence()).toHaveTextContent(`It is ${state}.`));
    expect(screen.getByText('its vast is read-only')).toBeVisible();
    const submit = screen.getByRole('button', { name: new RegExp(`^${button}$`) });
    if (can) expect(submit).toBeEnabled();
    else expect(submit).toBeDisabled();
  });

  test('what cannot be asked is said with its mend', async () => {
    const { fake, user } = await chosen();
    fake.ready = new Failure('invalid_parameter', 'Epochs must be at least 1.', 'Give a whole number.');
    await user.type(screen.getByLabelText('Name'), 'x');
    await waitFor(() => expect(sentence()).toHaveTextContent('Epochs must be at least 1. Give a whole number.'));
    expect(screen.getByRole('button', { name: /^Submit$/ })).toBeDisabled();
  });

  test('the form is made of the settings of the job type', async () => {
    const setting = parameter({});
    const { fake, user } = await chosen({
      type: 'kinds',
      value: [
        kind(),
        kind({
          name: 'train',
          title: 'Training',
          parameters: [
            ...kind().parameters,
            { ...setting, name: 'MAX_EPOCHS', type: 'INT', label: 'Epochs', default: 100, minimum: 1 },
            { ...setting, name: 'MODEL', type: 'STRING', label: 'Model', default: 'single', allowed: ['single', 'top-down'] },
          ],
        }),
      ],
    });
    // The worker that is online cannot run it, and the list says so.
    await user.selectOptions(screen.getByLabelText('Job type'), 'Training · no online worker has it');
    expect(screen.queryByLabelText('Project')).toBeNull();
    await user.type(screen.getByLabelText('Epochs'), '0');
    expect(screen.getByLabelText('Epochs')).toBeInvalid();
    await user.type(screen.getByLabelText('Epochs'), '{Backspace}50');
    expect(screen.getByLabelText('Epochs')).toBeValid();
    await user.selectOptions(screen.getByLabelText('Model'), 'top-down');
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ kind: 'train', values: { MAX_EPOCHS: 50, MODEL: 'top-down' } }));
  });

  test('a job type that nobody online can run says why, for whoever can mend it', async () => {
    const { fake, user } = await chosen();
    fake.say(
      { type: 'kinds', value: [kind({ name: 'train', title: 'Training' })] },
      { type: 'worker', value: worker({ unavailable: ['train: sleap-nn was not found', 'other: x'] }) },
      { type: 'worker', value: worker({ id: 'w3', name: 'gpu-3', unavailable: ['train: sleap-nn was not found'] }) },
      { type: 'worker', value: worker({ id: 'w4', name: 'gpu-4', unavailable: ['train: too old'] }) },
      { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2' }) },
    );
    await settle();
    const said = 'Training: no worker that is online can run it (gpu-1, gpu-3: sleap-nn was not found; gpu-4: too old).';
    expect(screen.getByText(said)).toBeVisible();
    // Below, the same is not asked for once more.
    fake.ready = readiness({ state: 'wait', ask_admin: true, sentence: 'No worker can run this now: gpu-1 has no sleap-nn.', workers: [] });
    await user.selectOptions(screen.getByLabelText('Run on'), 'gpu-1');
    await waitFor(() => expect(sentence()).toHaveTextContent('No worker can run this now'));
    await user.click(screen.getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toMatch(/^Training: no worker .*\namick, Samepath 0\.1\.0, 2.*\ngpu-1: sleap-nn was not found\ngpu-3: sleap-nn was not found\ngpu-4: too old\nMore: /);
    fake.say({ type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', kinds: ['train'] }) });
    await settle();
    expect(screen.queryByText(said)).toBeNull();
  });

  test('what only waits can be told to whoever looks after the workers', async () => {
    const { fake, user } = await ready({ type: 'worker', value: worker() });
    fake.ready = readiness({ state: 'wait', ask_admin: true, sentence: 'No worker can run this now: gpu-3: its vast is read-only.', button: 'Submit and wait', workers: [{ id: 'w3', name: 'gpu-3', fit: 'no', words: 'its vast is read-only', detail: null, sameness: null, missing: null }] });
    await choose({ fake, user } as Awaited<ReturnType<typeof ready>>);
    await waitFor(() => expect(sentence()).toHaveTextContent('No worker can run this now'));
    await user.click(screen.getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toContain('vast:amick/project/labels.slp\namick, Samepath');
    await user.keyboard('{Control>}{Alt>}[KeyC]{/Alt}{/Control}');
    expect(await navigator.clipboard.readText()).toBe(LABELS);
  });

  test('of each video, the workers that answered say whether they see it', async () => {
    const { fake, user } = await ready({ type: 'worker', value: worker() });
    const video = dataset().videos[0]!;
    const { fit, words, sameness } = readiness().workers[0]!;
    fake.ready = readiness({
      workers: [{ id: 'w1', name: 'gpu-1', fit, words, detail: null, sameness, missing: [] }, { id: 'w2', name: 'gpu-2', fit, words, detail: null, sameness, missing: [2] }, { id: 'w3', name: 'gpu-3', fit, words, detail: null, sameness, missing: null }],
    });
    await choose({ fake, user } as Awaited<ReturnType<typeof ready>>);
    fake.datasets.set('three', dataset({ videos: [video, { ...video, written: '/x/gone.mp4', place: null, local: null, found: false, how: 'not_found', words: 'not found' }, { ...video, written: '/x/cam2.mp4' }] }));
    fake.tell({ type: 'dropped', value: ['three'] });
    await waitFor(() => expect(screen.getByRole('columnheader', { name: 'gpu-2' })).toBeVisible());
    expect(screen.queryByRole('columnheader', { name: 'gpu-3' })).toBeNull();
    expect(screen.getByRole('row', { name: /^cam2/ })).toHaveTextContent(/gpu-1 sees it\s*gpu-2 does not see it/);
    expect(screen.getByRole('row', { name: /^cam0/ })).toHaveTextContent(/gpu-1 sees it\s*gpu-2 sees it/);
    expect(screen.getByRole('row', { name: /^gone/ })).not.toHaveTextContent(/see/);
  });

  test('a pasted storage path is opened, wherever the page has the keyboard', async () => {
    const { fake, user } = await ready();
    fake.datasets.set('vast:amick/project/labels.slp', dataset());
    await user.click(screen.getByRole('button', { name: 'New job' }));
    await fireEvent.paste(document.body, { clipboardData: { getData: () => 'vast:amick/project/labels.slp\n' } });
    await settle();
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toBeVisible();
  });

  test('a file that cannot be opened takes the place of none, and what is still chosen is submitted only once that is meant', async () => {
    const { fake, user } = await chosen();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    const paste = async () => {
      await fireEvent.paste(document.body, { clipboardData: { getData: () => 'vast:amick/odd/x.slp' } });
      await settle();
    };
    await paste();
    expect(screen.getByRole('alert')).toHaveTextContent('There is no file vast:amick/odd/x.slp. Check the path. Still chosen: vast:amick/project/labels.slp');
    expect(sentence()).toHaveTextContent('What you chose last was not opened. labels.slp is still chosen');
    expect(screen.getByRole('button', { name: /^Submit$/ })).toBeDisabled();
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toEqual([]);
    expect(screen.getByRole('button', { name: 'Go on with labels.slp' })).toHaveFocus();
    await user.keyboard('{Enter}');
    await settle();
    expect(screen.queryByRole('alert')).toBeNull();
    expect(sentence()).toHaveTextContent('Ready.');
    expect(screen.getByRole('button', { name: /^Submit$/ })).toBeEnabled();
    expect(screen.getByRole('button', { name: 'Change…' })).toHaveFocus();
    await paste();
    await user.keyboard('{Control>}n{/Control}');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('what is still chosen is not submitted while another is read', async () => {
    const { fake, user } = await chosen();
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
    const read = fake.hold('openDataset');
    fake.datasets.set('vast:amick/other.slp', dataset({ file_name: 'other.slp', place: path('vast:amick/other.slp') }));
    await fireEvent.paste(document.body, { clipboardData: { getData: () => 'vast:amick/other.slp' } });
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toEqual([]);
    read();
    await settle();
    await waitFor(() => expect(screen.getByRole('button', { name: /^Submit$/ })).toBeEnabled());
  });

  test('a folder is called one', async () => {
    const { fake } = await ready();
    fake.datasets.set('vast:amick/odd', dataset({ file_name: 'odd', place: path('vast:amick/odd'), is_project: false, videos: [], labelled_frames: null, animals: null, summary: 'a folder' }));
    fake.tell({ type: 'dropped', value: ['vast:amick/odd'] });
    await settle();
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toHaveTextContent(/Your folder amick Folder odd/);
  });

  test('why videos are missing is said once for all of which it is so, in their rows in a word', async () => {
    const why = 'not found: It is on no storage that is known here.';
    const gone = { ...dataset().videos[0]!, place: null, local: null, found: false, how: 'not_found', words: why };
    const { fake, user } = await ready();
    fake.datasets.set(LABELS, dataset({ videos: [{ ...gone, written: '/x/a.mp4' }, { ...gone, written: '/x/b.mp4' }, { ...gone, written: '/x/c.mp4', how: 'ambiguous', words: 'not clear: There is more than one.' }, dataset().videos[0]!] }));
    fake.picked = LABELS;
    await user.keyboard('{Control>}o{/Control}');
    await settle();
    expect(screen.getByText('2 of 4 videos: not found. It is on no storage that is known here.')).toBeVisible();
    expect(screen.getByText('1 of 4 videos: not clear. There is more than one.')).toBeVisible();
    const row = screen.getByRole('row', { name: /^a\.mp4/ });
    expect(within(row).getByTitle(why)).toHaveTextContent(/^not found$/);
    expect(row).not.toHaveTextContent('no storage');
  });

  test('a file that is not there is said in the page, which goes on', async () => {
    const { user } = await ready();
    await user.click(screen.getByRole('button', { name: 'New job' }));
    await user.type(screen.getByLabelText('Path of the dataset'), 'vast:no.slp');
    await user.click(screen.getByRole('button', { name: 'Open' }));
    expect(screen.getByRole('alert')).toHaveTextContent('There is no file vast:no.slp. Check the path.');
    expect(within(screen.getByRole('alert')).getByRole('button', { name: 'Choose…' })).toBeEnabled();
  });

  test('a path of another computer is opened as the storage path that it means', async () => {
    const { fake, user } = await ready();
    const pasted = 'Z:\\amick\\project\\labels.slp';
    fake.failures.set('openDataset', new Failure('path_not_found', `\`${pasted}\` is no path of this computer`, null, 'vast:amick/project/labels.slp'));
    await user.click(screen.getByRole('button', { name: 'New job' }));
    await fireEvent.paste(document.body, { clipboardData: { getData: () => pasted } });
    await settle();
    const alert = within(screen.getByRole('alert'));
    expect(alert.queryByRole('button', { name: 'Choose…' })).toBeNull();
    fake.failures.clear();
    fake.datasets.set('vast:amick/project/labels.slp', dataset());
    await user.click(alert.getByRole('button', { name: 'Use vast:amick/project/labels.slp' }));
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toBeVisible();
  });

  const HERE = '/home/amick/Desktop/labels.slp';
  const outside = (over: Parameters<typeof dataset>[0] = {}) =>
    dataset({
      local: HERE,
      place: null,
      place_error: { code: 'not_in_any_backend', message: 'labels.slp is on this computer only (Desktop). No worker elsewhere can see it.', hint: null },
      size: 14_000,
      ...over,
    });

  async function fromTheDesktop(over: Parameters<typeof dataset>[0] = {}) {
    const opened = await ready();
    opened.fake.picked = HERE;
    opened.fake.datasets.set(HERE, outside(over));
    await opened.user.keyboard('{Control>}o{/Control}');
    return opened;
  }

  test('a file on a share that is no storage leads to where the share is set up, and is not offered to be copied', async () => {
    const { user } = await fromTheDesktop({ share: '/Volumes/talmo' });
    expect(screen.queryByRole('button', { name: /^Copy to/ })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Add it…' }));
    await settle();
    expect(screen.getByRole('region', { name: /storage on this computer/ })).toHaveTextContent('/Volumes/talmo');
    expect(screen.getByRole('textbox', { name: 'Name this storage' })).toHaveValue('talmo');
  });

  test('a file of this computer is copied to the person’s folder, with progress, and the draft goes on with the copy', async () => {
    const { fake, user } = await fromTheDesktop();
    expect(screen.getByRole('alert')).toHaveTextContent('labels.slp is on this computer only (Desktop). No worker elsewhere can see it.');
    expect(screen.getByRole('alert')).toHaveTextContent('14 KB; its video is already on vast');
    expect(screen.queryByRole('button', { name: 'Add it…' })).toBeNull();
    expect(sentence()).toHaveTextContent('labels.slp is not where a worker can see it. Mend it above.');
    expect(fake.called('readiness')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Copy to vast › amick' }));
    expect(fake.called('copyFiles')).toEqual([[[HERE], 'vast:amick']]);
    fake.copy!.tell({ file: 0, step: 'copying', bytes: 7_000, total: 14_000 });
    await settle();
    expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '50');
    expect(screen.getByText(/7\.0 KB \/ 14 KB/)).toBeVisible();
    fake.datasets.set('vast:amick/labels.slp', dataset());
    fake.copy!.end([{ from: HERE, place: path('vast:amick/labels.slp'), already: false }]);
    await waitFor(() => expect(screen.getByText('Copied to vast:amick/labels.slp')).toBeVisible());
    expect(fake.called('openDataset').at(-1)).toEqual(['vast:amick/labels.slp']);
    await waitFor(() => expect(sentence()).toHaveTextContent('Ready.'));
  });

  test('videos that are here only are copied with their project, and chosen', async () => {
    const video = (over: object) => ({ ...dataset().videos[0]!, written: 'C:\\film.mp4', local: '/home/amick/Desktop/film.mp4', place: null, how: 'elsewhere', size: 1.2e9, ...over });
    const { fake, user } = await fromTheDesktop({ videos: [video({}), video({ written: 'D:\\lost.mp4', local: null, found: false })] });
    expect(screen.getByRole('alert')).toHaveTextContent('14 KB, with 1 video that is here only, 1.2 GB');
    await user.click(screen.getByRole('button', { name: 'Copy to vast › amick' }));
    expect(fake.called('copyFiles')).toEqual([[[HERE, '/home/amick/Desktop/film.mp4'], 'vast:amick']]);
    fake.datasets.set('vast:amick/labels-2.slp', dataset());
    fake.copy!.end([
      { from: HERE, place: path('vast:amick/labels-2.slp'), already: false },
      { from: '/home/amick/Desktop/film.mp4', place: path('vast:amick/film.mp4'), already: true },
    ]);
    await waitFor(() => expect(screen.getByText('Copied 2 files, 1 of which was there already.')).toBeVisible());
    expect(fake.called('openDataset').at(-1)).toEqual(['vast:amick/labels-2.slp', [{ written: 'C:\\film.mp4', path: 'vast:amick/film.mp4' }]]);
  });

  test('a video of this computer is copied from its row', async () => {
    const here = { ...dataset().videos[0]!, written: '/Users/amick/Movies/x.mp4', local: '/Users/amick/Movies/x.mp4', place: null, how: 'elsewhere', words: 'on this computer only', size: 1.2e9 };
    const { fake, user } = await ready();
    fake.datasets.set(LABELS, dataset({ videos: [here] }));
    fake.datasets.set('vast:amick/project/labels.slp', dataset());
    fake.picked = LABELS;
    await user.keyboard('{Control>}o{/Control}');
    const videos = await screen.findByRole('region', { name: 'Videos (1)' });
    expect(videos).toHaveTextContent('1.2 GB');
    await user.click(screen.getByRole('button', { name: 'Copy to vast:amick: x.mp4' }));
    fake.copy!.end([{ from: here.local, place: path('vast:amick/x.mp4'), already: false }]);
    await waitFor(() => expect(fake.called('openDataset').at(-1)).toEqual(['vast:amick/project/labels.slp', [{ written: here.written, path: 'vast:amick/x.mp4' }]]));
  });

  test('a copy is stopped, and one that fails says why', async () => {
    const { fake, user } = await fromTheDesktop();
    await user.click(screen.getByRole('button', { name: 'Copy to vast › amick' }));
    await user.click(screen.getByRole('button', { name: 'Stop' }));
    expect(fake.called('stopCopying')).toEqual([[]]);
    expect(screen.getByRole('button', { name: 'Stopping…' })).toBeDisabled();
    fake.copy!.end(new Failure('io', 'copying was stopped'));
    await user.click(await screen.findByRole('button', { name: 'Copy to vast › amick' }));
    fake.copy!.end(new Failure('io', 'vast has 10 KB free; labels.slp needs 14 KB.', 'free some space, or use another place'));
    await waitFor(() => expect(screen.getAllByRole('alert').at(-1)).toHaveTextContent('vast has 10 KB free; labels.slp needs 14 KB. free some space'));
  });

  test('without a storage there is nowhere to copy it to', async () => {
    const { fake, user } = await open({ type: 'kinds', value: [kind()] });
    fake.picked = HERE;
    fake.datasets.set(HERE, outside());
    await user.keyboard('{Control>}o{/Control}');
    expect(screen.getByRole('alert')).toHaveTextContent('Set a storage up first');
    expect(screen.queryByRole('button', { name: /^Copy to/ })).toBeNull();
  });

  test('a dropped file is opened', async () => {
    const { fake } = await ready();
    fake.datasets.set(LABELS, dataset());
    fake.tell({ type: 'drag_entered' });
    await settle();
    expect(screen.getByRole('heading', { name: 'Let go to open it' })).toBeVisible();
    fake.tell({ type: 'dropped', value: [LABELS] });
    await settle();
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toBeVisible();
  });

  test('recent datasets are those of the person’s own jobs, newest first', async () => {
    await ready(
      { type: 'job', value: job({ id: 'a', state: 'succeeded', words: 'Done', submitted_at: '2026-11-20T09:00:00Z', settings: [['LABELS', 'vast:amick/old.slp']] }) },
      { type: 'job', value: job({ id: 'b', state: 'failed', words: 'Failed', settings: [['LABELS', 'vast:amick/new.slp']] }) },
      { type: 'job', value: job({ id: 'c', submitted_by: 'tom', submitted_at: '2026-11-23T09:00:00Z', settings: [['LABELS', 'vast:tom/theirs.slp']] }) },
    );
    const recent = within(screen.getByRole('region', { name: 'Recent' })).getAllByRole('button');
    expect(recent.map((row) => row.dataset['row'])).toEqual(['new.slp', 'old.slp']);
  });

  test('opened with a dataset, the keyboard is at what changes it; so it is once one was chosen', async () => {
    const { user } = await chosen();
    await waitFor(() => expect(screen.getByRole('button', { name: 'Change…' })).toHaveFocus());
    await user.keyboard('{Control>}2{/Control}{Control>}n{/Control}');
    expect(screen.getByRole('button', { name: 'Change…' })).toHaveFocus();
  });

  test('copying at a dataset that was run means its storage path, and with Alt the path here', async () => {
    const { user } = await ready({ type: 'job', value: job({ state: 'succeeded', words: 'Done' }) });
    await user.click(screen.getByRole('button', { name: 'New job' }));
    const row = within(screen.getByRole('region', { name: 'Recent' })).getByRole('button');
    const event = new Event('copy', { bubbles: true, cancelable: true });
    const setData = vi.fn();
    Object.assign(event, { clipboardData: { setData } });
    row.dispatchEvent(event);
    expect(setData).not.toHaveBeenCalled();
    row.focus();
    row.dispatchEvent(event);
    expect(setData).toHaveBeenCalledWith('text/plain', 'vast:amick/project/labels.slp');
    await user.keyboard('{Control>}{Alt>}[KeyC]{/Alt}{/Control}');
    expect(await navigator.clipboard.readText()).toBe(LABELS);
  });

  test('videos are listed with where each is; names are text', async () => {
    const { fake, user, container } = await ready();
    fake.picked = LABELS;
    fake.datasets.set(
      LABELS,
      dataset({
        file_name: HOSTILE,
        place: path(`vast:amick/${HOSTILE}`),
        summary: HOSTILE,
        videos: Array.from({ length: 3000 }, (_, i) => ({ written: `/x/${i}/${HOSTILE}`, place: null, local: null, found: false, how: 'not_found', by_name: false, words: 'not found', size: null })),
      }),
    );
    await user.keyboard('{Control>}o{/Control}');
    await user.click(screen.getByText('Videos (3000)'));
    const drawn = within(screen.getByRole('region', { name: 'Videos (3000)' })).getAllByRole('row').length;
    expect(drawn).toBeLessThan(500);
    expect(container.querySelector('img, b')).toBeNull();
  });
});
