import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { checkBox, controlOf, isOutside, layout, modelsOf, stepped, textOf, valueOf } from '../src/lib/form';
import { Failure } from '../src/lib/ipc';
import { dataset, job, kind, parameter, path } from './views';
import { ready, settle } from './render';

const names = (parameters: { name: string }[]) => parameters.map(({ name }) => name);

describe('A form', () => {
  test('has its sections in order; More and what is hidden are folded away', () => {
    const { sections, more } = layout([
      parameter({ name: 'LABELS', role: 'dataset' }),
      parameter({ name: 'a', group: 'One' }),
      parameter({ name: 'b', group: 'More' }),
      parameter({ name: 'c', group: 'Two' }),
      parameter({ name: 'd', group: 'One' }),
      parameter({ name: 'e', group: 'Two', control: 'HIDDEN' }),
      parameter({ name: 'f' }),
    ]);
    expect(sections.map((section) => [section.title, names(section.parameters)])).toEqual([
      ['One', ['a', 'd']],
      ['Two', ['c']],
      ['', ['f']],
    ]);
    expect(names(more)).toEqual(['b', 'e']);
  });

  test('without sections, what needs no value is folded away where there is much of it', () => {
    const many = Array.from({ length: 8 }, (_, index) => parameter({ name: `p${index}`, required: index === 7 }));
    const { sections, more } = layout(many);
    expect(names(sections[0]!.parameters)).toEqual(['p0', 'p1', 'p2', 'p3', 'p7']);
    expect(names(more)).toEqual(['p4', 'p5', 'p6']);
  });

  test.each([
    [{ control: 'LINE_EDIT' }, 'line'],
    [{ control: 'MULTILINE_EDIT' }, 'lines'],
    [{ control: 'SPIN_BOX', type: 'INT' }, 'number'],
    [{ control: 'DROPDOWN_LIST', allowed: ['a'] }, 'select'],
    [{ control: 'CHECK_BOX', allowed: ['yes', 'no'] }, 'check'],
    [{ control: 'CHOOSE_INPUT_FILE', type: 'PATH' }, 'file'],
    [{ control: 'CHOOSE_OUTPUT_FILE', type: 'PATH' }, 'new-file'],
    [{ control: 'CHOOSE_DIRECTORY', type: 'PATH' }, 'folder'],
    [{ control: 'CHOOSE_INPUT_FILE_LIST', type: 'LIST[PATH]' }, 'files'],
    [{ control: 'CHOOSE_DIRECTORY_LIST', type: 'LIST[PATH]' }, 'folders'],
    [{ control: 'HIDDEN', type: 'FLOAT' }, 'number'],
    [{ control: 'HIDDEN', allowed: ['a'] }, 'select'],
    [{ control: 'OF_A_LATER_VERSION' }, 'line'],
  ])('%o is asked for as %s', (over, control) => expect(controlOf(parameter(over))).toBe(control));

  test.each<[Record<string, string>, { count: number; topDown: boolean } | null]>([
    [{}, null],
    [{ PIPELINE: 'bottomup' }, null],
    [{ PIPELINE: 'topdown' }, { count: 2, topDown: true }],
    [{ PIPELINE: 'multi_class_topdown' }, { count: 2, topDown: true }],
    // What is given decides, and goes on from one model.
    [{ PIPELINE: 'topdown', CONFIG: 'a.yaml' }, null],
    [{ CONFIG: 'a.yaml\nb.yaml\n' }, { count: 2, topDown: false }],
    [{ PIPELINE: 'topdown', RESUME_FROM: 'last.ckpt' }, null],
  ])('with %j a training makes %j', (typed, models) => {
    const parameters = ['PIPELINE', 'CONFIG', 'RESUME_FROM'].map((name) => parameter({ name }));
    expect(modelsOf(parameters, typed)).toEqual(models);
    // Of a job type of the lab's own nothing is known.
    expect(modelsOf([], typed)).toBeNull();
  });

  test('values are what the type has', () => {
    const int = parameter({ type: 'INT' });
    expect([valueOf(int, '7'), valueOf(int, '7.5'), valueOf(int, 'x')]).toEqual([7, '7.5', 'x']);
    expect(valueOf(parameter({ type: 'LIST[PATH]' }), 'a\n\n b \n')).toEqual(['a', 'b']);
    expect(valueOf(parameter({ type: 'INT', allowed: [1, 2] }), '2')).toBe(2);
    expect([textOf(['a', 'b']), textOf('x'), textOf(3)]).toEqual(['a\nb', 'x', '3']);
    expect(checkBox(parameter({ allowed: ['OFF', 'ON'] }))).toEqual({ on: 'ON', off: 'OFF' });
  });

  test.each([
    [{ type: 'INT', default: 100 }, '', true, '101'],
    [{ type: 'INT', default: 1, minimum: 1 }, '', false, '1'],
    [{ type: 'INT', maximum: 5 }, '5', true, '5'],
    [{ type: 'FLOAT', decimals: 2 }, '0.1', true, '0.11'],
    [{ type: 'FLOAT', step: 0.25 }, '1', false, '0.75'],
    [{ type: 'INT' }, 'x', true, 'x'],
  ])('a step of %o from "%s"', (over, typed, up, to) => expect(stepped(parameter(over), typed, up)).toBe(to));

  test('what a number may be', () => {
    const share = parameter({ type: 'FLOAT', minimum: 0, maximum: 1 });
    expect(['0.5', '', '2', '-1', 'x'].map((typed) => isOutside(share, typed))).toEqual([false, false, true, true, true]);
  });
});

const LABELS = 'vast:amick/project/labels.slp';

async function form(parameters: Parameters<typeof parameter>[0][], more: Partial<ReturnType<typeof kind>> = {}) {
  const opened = await ready({ type: 'kinds', value: [kind({ ...more, parameters: [...kind().parameters, ...parameters.map(parameter)] })] });
  opened.fake.datasets.set(LABELS, dataset());
  return opened;
}

async function open({ fake, user }: Awaited<ReturnType<typeof form>>, ...paths: string[]) {
  fake.pickedAll = paths.length > 0 ? paths : [LABELS];
  await user.click(screen.getByRole('button', { name: 'New job' }));
  await user.click(screen.getByRole('button', { name: 'Choose…' }));
  await settle();
}

describe('New job', () => {
  test('each control gives its value', async () => {
    const opened = await form([
      { name: 'LINES', label: 'Lines', control: 'MULTILINE_EDIT', group: 'Settings' },
      { name: 'TURN', label: 'Turn', control: 'CHECK_BOX', allowed: ['yes', 'no'], default: 'yes', group: 'Settings' },
      { name: 'COUNT', label: 'Count', type: 'INT', control: 'SPIN_BOX', default: 4, maximum: 5, group: 'Settings' },
      { name: 'FILES', label: 'Files', type: 'LIST[PATH]', control: 'CHOOSE_INPUT_FILE_LIST', group: 'More' },
      { name: 'FOLDER', label: 'Folder of it', type: 'PATH', control: 'CHOOSE_DIRECTORY', group: 'More' },
    ]);
    await open(opened);
    const { fake, user } = opened;
    const section = screen.getByRole('group', { name: 'Settings' });
    await user.type(within(section).getByRole('textbox', { name: 'Lines' }), 'a=1{Enter}b=2');
    expect(within(section).getByRole('checkbox', { name: 'Turn' })).toBeChecked();
    await user.click(within(section).getByRole('checkbox', { name: 'Turn' }));
    const count = within(section).getByRole('spinbutton', { name: 'Count' });
    await user.type(count, '{ArrowUp}{ArrowUp}');
    expect(count).toHaveValue('5');
    await user.click(screen.getByText('More (2)'));
    fake.pickedAll = ['/a.yaml', '/b.yaml'];
    await user.click(screen.getByRole('button', { name: 'Choose a file for Files' }));
    await user.click(screen.getByRole('button', { name: 'Choose a file for Files' }));
    expect(screen.getByRole('textbox', { name: 'Files' })).toHaveValue('/a.yaml\n/b.yaml\n/a.yaml\n/b.yaml');
    await user.type(screen.getByRole('textbox', { name: 'Folder of it' }), '/models');
    const begin = vi.spyOn(fake, 'pickFolder');
    await user.click(screen.getByRole('button', { name: 'Choose a folder for Folder of it' }));
    expect(begin).toHaveBeenCalledWith('Choose a folder for Folder of it', { type: 'near', value: '/mnt/vast/amick/project' });
    await waitFor(() =>
      expect(fake.drafts.at(-1)?.values).toEqual({
        LINES: 'a=1\nb=2', TURN: 'no', COUNT: 5, FILES: ['/a.yaml', '/b.yaml', '/a.yaml', '/b.yaml'], FOLDER: '/models',
      }),
    );
  });

  test('several files are a job each; one that no worker can see holds them back until it goes', async () => {
    const opened = await form([]);
    opened.fake.datasets.set('/b.mp4', dataset({ file_name: 'b.mp4', is_project: false, place: path('vast:amick/b.mp4'), videos: [] }));
    opened.fake.datasets.set('/c.mp4', dataset({ file_name: 'c.mp4', local: '/c.mp4', place: null, place_error: { code: 'not_in_any_backend', message: 'c.mp4 is on this computer only.', hint: null } }));
    await open(opened, LABELS, '/b.mp4', '/c.mp4');
    const { fake, user } = opened;
    const batch = screen.getByRole('region', { name: '3 files → 3 jobs, one settings form.' });
    expect(batch).toHaveTextContent('c.mp4 is on this computer only.');
    await waitFor(() => expect(screen.getByRole('contentinfo')).toHaveTextContent('1 of 3 files is not where a worker can see it. Remove it above.'));
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(fake.called('submit')).toEqual([]);
    expect(screen.getByRole('button', { name: 'Remove c.mp4' })).toHaveFocus();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.getByRole('button', { name: 'Submit 2' })).toBeEnabled());
    await user.click(screen.getByRole('button', { name: 'Submit 2' }));
    await settle();
    expect(fake.called('submit').map(([draft]) => (draft as { dataset: string }).dataset)).toEqual([LABELS, 'vast:amick/b.mp4']);
    expect(screen.getByRole('contentinfo')).toHaveTextContent('2 jobs: Submitted.');
  });

  test('of several files, those that were submitted before one was refused are not submitted again', async () => {
    const opened = await form([]);
    opened.fake.datasets.set('/b.mp4', dataset({ file_name: 'b.mp4', local: '/b.mp4', place: path('vast:amick/b.mp4') }));
    opened.fake.datasets.set('vast:amick/b.mp4', dataset({ file_name: 'b.mp4', place: path('vast:amick/b.mp4') }));
    await open(opened, LABELS, '/b.mp4');
    const { fake, user } = opened;
    await waitFor(() => expect(screen.getByRole('button', { name: 'Submit 2' })).toBeEnabled());
    fake.refused = new Map([['vast:amick/b.mp4', new Failure('fleet_unreachable', 'The queue does not answer.')]]);
    await user.click(screen.getByRole('button', { name: 'Submit 2' }));
    await settle();
    expect(screen.getByRole('contentinfo')).toHaveTextContent('The queue does not answer.');
    expect(screen.getByRole('region', { name: 'Dataset' })).toHaveTextContent('b.mp4');
    expect(screen.queryByRole('region', { name: /→/ })).toBeNull();
  });

  test('a job type that takes several files takes them together, if asked', async () => {
    const opened = await ready({ type: 'kinds', value: [kind({ parameters: [parameter({ name: 'VIDEOS', type: 'LIST[PATH]', role: 'dataset' })] })] });
    opened.fake.datasets.set(LABELS, dataset());
    opened.fake.datasets.set('/b.slp', dataset({ file_name: 'b.slp' }));
    await open(opened, LABELS, '/b.slp');
    expect(screen.getByRole('region', { name: '2 projects → 2 jobs, one settings form.' })).toBeVisible();
    await opened.user.click(screen.getByRole('button', { name: 'One job for all' }));
    await waitFor(() => expect(opened.fake.drafts.at(-1)?.values).toEqual({ VIDEOS: [LABELS, '/b.slp'] }));
    await opened.user.click(screen.getByRole('button', { name: 'Submit' }));
    expect(opened.fake.called('submit')).toHaveLength(1);
  });

  test('settings are recommended where there are some, and none is lacking that the person alone knows', async () => {
    const opened = await form([parameter({ name: 'MODELS', type: 'LIST[PATH]', label: 'Models', control: 'CHOOSE_DIRECTORY_LIST', required: true })]);
    const { fake, user } = opened;
    await open(opened);
    const recommended = () => screen.queryByRole('radio', { name: 'Recommended for this dataset' });
    expect(recommended()).not.toBeChecked();
    expect(screen.getByRole('radio', { name: 'Like run' })).toBeDisabled();
    await user.type(screen.getByLabelText('Models'), '/models');
    expect(recommended()).toBeChecked();
    fake.say({ type: 'kinds', value: [kind()] });
    await settle();
    expect(recommended()).toBeNull();
  });

  test('what is wrong is said in the place of the help, which keeps its room', async () => {
    const opened = await form([parameter({ name: 'EPOCHS', type: 'INT', label: 'Epochs', default: 1, minimum: 1, description: 'So many times, at most.' })]);
    await open(opened);
    const epochs = screen.getByLabelText('Epochs');
    expect(epochs).toHaveAccessibleDescription('So many times, at most.');
    await opened.user.type(epochs, '0');
    expect(epochs).toHaveAccessibleDescription('A whole number, 1 at least.');
    expect(screen.getByText('So many times, at most.')).toHaveClass('unlearned');
  });

  test('the settings of an earlier run are taken over, without what belongs to that run alone', async () => {
    const opened = await form([
      parameter({ name: 'EPOCHS', type: 'INT', label: 'Epochs', default: 0, minimum: 0, description: 'At most. 0 takes the configuration’s number.' }),
      parameter({ name: 'RUN_NAME', label: 'Run name', default: '' }),
      parameter({ name: 'CONFIG', type: 'LIST[PATH]', label: 'Configurations', default: [] }),
    ]);
    const { fake, user } = opened;
    fake.datasets.set(LABELS, dataset());
    fake.say({ type: 'job', value: job({ id: 'old', name: 'maze 12 Nov', state: 'succeeded', words: 'Done', ended_at: '2026-11-12T10:00:00Z' }) });
    await open(opened);
    expect(screen.getByLabelText('Epochs')).toHaveAttribute('placeholder', 'auto');
    expect(screen.getByRole('radio', { name: 'Recommended for this dataset' })).toBeChecked();
    fake.next = { ...fake.next, again: { kind: 'slp-check', dataset: 'vast:amick/other.slp', values: { EPOCHS: 40, RUN_NAME: 'old' } } };
    await user.click(screen.getByRole('radio', { name: 'Like run' }));
    await waitFor(() => expect(screen.getByLabelText('Epochs')).toHaveValue('40'));
    expect(fake.called('followUp')).toEqual([['old']]);
    expect(screen.getByLabelText('Run name')).toHaveValue('');
    expect(screen.getByRole('combobox', { name: 'Which run' })).toHaveDisplayValue(/^maze 12 Nov · /);
    await user.click(screen.getByRole('radio', { name: 'Recommended for this dataset' }));
    expect(screen.getByLabelText('Epochs')).toHaveValue('');
    fake.picked = '/mnt/vast/amick/train.yaml';
    await user.click(screen.getByRole('button', { name: 'From a file…' }));
    expect(screen.getByRole('button', { name: 'From train.yaml' })).toBeVisible();
    expect(screen.getByLabelText('Configurations')).toHaveValue('/mnt/vast/amick/train.yaml');
  });

  test('numbers of a section stand beside each other, and what their 0 stands for is not said beside what they show for it', async () => {
    const number = (over: Parameters<typeof parameter>[0]) => parameter({ type: 'INT', control: 'SPIN_BOX', group: 'Settings', default: 0, minimum: 0, ...over });
    await open(
      await form([
        number({ name: 'EPOCHS', label: 'Epochs', description: 'At most; 0 takes the configuration’s number.' }),
        number({ name: 'BATCH', label: 'Batch size', description: 'Frames at a time. 0 leaves 1.5 GB to others. Fewer need less.' }),
        number({ name: 'RATE', label: 'Learning rate', type: 'FLOAT', description: '0 takes the configuration’s.' }),
        parameter({ name: 'THEN', label: 'Then', group: 'Settings' }),
        number({ name: 'ALONE', label: 'Alone', default: 2, description: 'How many. 0 means all.' }),
      ]),
    );
    const field = (label: string) => screen.getByLabelText(label);
    expect(field('Epochs')).toHaveAttribute('placeholder', 'auto');
    expect(field('Epochs')).toHaveAccessibleDescription('At most.');
    expect(field('Batch size')).toHaveAccessibleDescription('Frames at a time. Fewer need less.');
    expect(field('Learning rate')).not.toHaveAttribute('aria-describedby');
    expect(field('Alone')).toHaveAccessibleDescription('How many. 0 means all.');
    const line = field('Epochs').closest('.beside');
    expect(['Batch size', 'Learning rate'].every((label) => line?.contains(field(label)))).toBe(true);
    expect(['Then', 'Alone'].map((label) => field(label).closest('.beside'))).toEqual([null, null]);
  });

  test('a video is located, and what fits the same change is taken along', async () => {
    const lost = (name: string, found = false) => ({
      written: `Z:\\day1\\${name}`, place: found ? path(`vast:amick/day1/${name}`) : null, local: null, found, how: found ? 'chosen' : 'not_found', by_name: false, words: found ? 'chosen by you' : 'not found', size: null,
    });
    const opened = await form([]);
    const { fake, user } = opened;
    fake.datasets.set(LABELS, dataset({ videos: [lost('a.mp4'), lost('b.mp4')] }));
    await open(opened);
    const chosen = { written: 'Z:\\day1\\a.mp4', path: 'vast:amick/day1/a.mp4' };
    const more = { written: 'Z:\\day1\\b.mp4', path: 'vast:amick/day1/b.mp4' };
    fake.located = { dataset: dataset({ videos: [lost('a.mp4', true), lost('b.mp4')] }), chosen, more: [more] };
    fake.picked = '/mnt/vast/amick/day1/a.mp4';
    await user.click(screen.getByRole('button', { name: 'Locate a.mp4' }));
    await settle();
    expect(fake.called('pickFile')).toEqual([['Where is a.mp4?']]);
    expect(fake.called('locateVideo')).toEqual([[LABELS, [], { written: chosen.written, path: fake.picked }]]);
    expect(screen.getByText('1 more video fits the same change.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Locate a.mp4' })).toBeNull();
    fake.datasets.set(LABELS, dataset({ videos: [lost('a.mp4', true), lost('b.mp4', true)] }));
    await user.click(screen.getByRole('button', { name: 'Use for all 2' }));
    await settle();
    expect(screen.queryByRole('button', { name: /^Locate/ })).toBeNull();
    await waitFor(() => expect(fake.drafts.at(-1)?.videos).toEqual([chosen, more]));
  });

  test('results go to a new folder in the chosen one, or into it if the person says so', async () => {
    const opened = await form([]);
    await open(opened);
    const { fake, user } = opened;
    fake.picked = '/mnt/vast/amick/models';
    await user.click(screen.getByRole('button', { name: 'Change the results folder' }));
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ results_in: '/mnt/vast/amick/models', values: {} }));
    expect(screen.getByRole('group', { name: 'models is there already.' })).toBeVisible();
    await user.click(screen.getByRole('radio', { name: 'Put the results into it, beside what is there' }));
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ results_in: null, values: { OUTPUT_DIR: '/mnt/vast/amick/models' } }));
    await user.click(screen.getByRole('button', { name: 'As proposed' }));
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ results_in: null, values: {} }));
  });

  test('a job that is run again brings its values, also those of several lines', async () => {
    const opened = await form([{ name: 'FILES', label: 'Files', type: 'LIST[PATH]', control: 'CHOOSE_INPUT_FILE_LIST' }]);
    const { fake, user } = opened;
    fake.say({ type: 'job', value: job() });
    fake.next = { ...fake.next, again: { kind: 'slp-check', dataset: LABELS, values: { FILES: ['vast:a', 'vast:b'] }, videos: [{ written: '/x', path: 'vast:x' }] } };
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    await user.click(screen.getByRole('button', { name: 'More for this job' }));
    await user.click(screen.getByRole('menuitem', { name: 'Run again…' }));
    await settle();
    expect(screen.getByRole('textbox', { name: 'Files' })).toHaveValue('vast:a\nvast:b');
    await waitFor(() => expect(fake.drafts.at(-1)).toMatchObject({ values: { FILES: ['vast:a', 'vast:b'] }, videos: [{ written: '/x', path: 'vast:x' }] }));
  });
});
