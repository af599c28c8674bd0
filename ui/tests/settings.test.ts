import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { isNewer } from '../src/lib/format';
import { Failure } from '../src/lib/ipc';
import { job, status, storage, worker } from './views';
import { HOSTILE, open, ready, settle } from './render';

const own = worker({ id: 'w0', name: 'amick-laptop', this_computer: true, own: true, unavailable: [`sleap-train: ${HOSTILE}`] });
const joined = { lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: '2026-11-20T09:00:00Z', places: null, jobs: null };
const section = (name: string) => screen.getByRole('region', { name });

async function settings(...more: Parameters<typeof ready>) {
  const opened = await ready({ type: 'worker', value: own }, ...more);
  await opened.user.keyboard('{Control>}5{/Control}');
  await settle();
  return opened;
}

describe('Settings', () => {
  test('a lab is joined from here, a computer added to it, and it is left', async () => {
    const { fake, user } = await settings();
    await user.click(within(section('Where your jobs run')).getByRole('button', { name: 'Join a lab…' }));
    expect(screen.getByRole('radio', { name: /In my lab/ })).toBeChecked();
    fake.labs = [{ lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: '2026-11-20T09:00:00Z', places: null, jobs: null }];
    await user.keyboard('{Control>}5{/Control}');
    await settle();
    const lab = section('Where your jobs run');
    expect(lab).toHaveTextContent('hub.talmolab.org:4222');
    fake.failures.set('addComputer', new Failure('fleet_unreachable', 'Talmo Lab does not answer.'));
    await user.click(within(lab).getByRole('button', { name: 'Add a computer…' }));
    await settle();
    expect(lab).toHaveTextContent('Talmo Lab does not answer.');
    fake.failures.clear();
    await user.click(within(lab).getByRole('button', { name: 'Add a computer…' }));
    await settle();
    expect(within(lab).getByText('samepath:eyJ4')).toBeVisible();
    expect(lab).toHaveTextContent('It can be used once; whoever has it is you.');
    await user.click(within(lab).getByRole('button', { name: 'Leave this lab…' }));
    let question = screen.getByRole('dialog', { name: 'Leave Talmo Lab?' });
    expect(question).toHaveTextContent('None of your jobs runs now. The sign-in of this computer is deleted.');
    await user.click(within(question).getByRole('button', { name: 'Stay' }));
    expect(fake.called('leaveLab')).toEqual([]);
    await user.click(within(lab).getByRole('button', { name: 'Leave this lab…' }));
    question = screen.getByRole('dialog', { name: 'Leave Talmo Lab?' });
    await user.click(within(question).getByRole('button', { name: 'Leave and restart' }));
    await settle();
    expect([fake.called('leaveLab').length, fake.called('startAgain').length]).toEqual([1, 1]);
  });

  test('whoever leaves says what becomes of what waits; what runs goes on', async () => {
    const mine = [job({ id: 'r' }), job({ id: 'q1', state: 'queued', worker: null }), job({ id: 'q2', state: 'queued', worker: null }), job({ id: 't', state: 'queued', worker: null, submitted_by: 'tom' })];
    const { fake, user } = await ready(...mine.map((value) => ({ type: 'job' as const, value })));
    fake.labs = [joined];
    await user.keyboard('{Control>}5{/Control}');
    await settle();
    const leave = () => user.click(screen.getByRole('button', { name: 'Leave this lab…' }));
    await leave();
    const question = screen.getByRole('dialog', { name: 'Leave Talmo Lab?' });
    expect(question).toHaveTextContent('Your running job goes on. 2 jobs of yours wait. They are');
    expect(within(question).getByRole('radio', { name: /^kept/ })).toBeChecked();
    await user.click(within(question).getByRole('radio', { name: 'cancelled' }));
    fake.failures.set('stop', new Failure('job_not_found', 'It has gone already.'));
    await user.click(within(question).getByRole('button', { name: 'Leave and restart' }));
    await settle();
    expect(fake.called('stop')).toEqual([['q1'], ['q2']]);
    expect(fake.called('leaveLab')).toHaveLength(1);
  });

  test('a person’s computers are listed, and one of them is put out', async () => {
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    fake.labs = [joined];
    fake.computersHere = [
      { key: 'UA', name: HOSTILE, joined_at: '2026-11-20T09:00:00Z', own: true },
      { key: 'UB', name: 'ws-2', joined_at: '2026-11-21T09:00:00Z', own: false },
      { key: 'UC', name: null, joined_at: '2026-11-22T09:00:00Z', own: false },
    ];
    await user.keyboard('{Control>}5{/Control}');
    await settle();
    const list = within(section('Your lab')).getByRole('list', { name: 'Your computers' });
    const rows = within(list).getAllByRole('listitem');
    expect(rows[0]).toHaveTextContent(`${HOSTILE} this computer`);
    expect(within(rows[0]!).queryByRole('button')).toBeNull();
    expect(rows[2]).toHaveTextContent('a computer without a name');
    await user.click(within(list).getByRole('button', { name: 'Remove ws-2' }));
    const question = screen.getByRole('dialog', { name: 'Remove ws-2 from the lab?' });
    fake.failures.set('removeComputer', new Failure('fleet_unreachable', 'Talmo Lab does not answer.'));
    await user.click(within(question).getByRole('button', { name: 'Remove' }));
    await settle();
    expect(section('Your lab')).toHaveTextContent('Talmo Lab does not answer.');
    fake.failures.clear();
    await user.click(within(list).getByRole('button', { name: 'Remove ws-2' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
    await settle();
    expect(fake.called('removeComputer').at(-1)).toEqual(['UB']);
    expect(list).not.toHaveTextContent('ws-2');
  });

  test('a lab server that knows nothing of computers is shown without', async () => {
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    fake.labs = [joined];
    fake.failures.set('computers', new Failure('invalid_parameter', 'this lab does not let the member amick ask computers'));
    await user.keyboard('{Control>}5{/Control}');
    await settle();
    expect(section('Your lab')).toHaveTextContent('hub.talmolab.org:4222');
    expect(screen.queryByRole('list', { name: 'Your computers' })).toBeNull();
    expect(section('Your lab')).not.toHaveTextContent('does not let');
  });

  test('where the lab does not let this computer in any more, it says so and is removed here', async () => {
    const error = { code: 'fleet_unreachable', message: 'Your access to Talmo Lab as amick has ended.', hint: 'samepath leave' };
    const offline = { since: '2026-11-22T18:02:00Z', known: true, ended: true, error };
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'access ended', in_lab: true, offline }) });
    fake.labs = [joined];
    const banner = screen.getByText(/^\s*Your access to Talmo Lab ended (on|at) .*Your files are untouched\./);
    expect(banner).not.toHaveTextContent('samepath leave');
    expect(screen.queryByRole('button', { name: 'Try now' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Remove this lab…' }));
    await settle();
    const lab = section('Your lab');
    expect(lab).toHaveTextContent('Your files are untouched.');
    expect(within(lab).getByText('access ended')).toBeVisible();
    expect(screen.queryByText(/offline since/)).toBeNull();
    expect(within(lab).queryByRole('button', { name: 'Add a computer…' })).toBeNull();
    expect(fake.called('computers')).toEqual([]);
    await user.click(within(lab).getByRole('button', { name: 'Remove this lab' }));
    await settle();
    expect([fake.called('leaveLab').length, fake.called('startAgain').length]).toEqual([1, 1]);
  });

  test('the keyboard lands on the first control of the page', async () => {
    await settings();
    expect(section('Where your jobs run').contains(document.activeElement)).toBe(true);
    expect(document.activeElement?.tagName).toBe('BUTTON');
  });

  test('this computer is a worker as long as the person wants it', async () => {
    const { fake, user } = await settings();
    const here = section('This computer as a worker');
    expect(here).toHaveTextContent('No NVIDIA GPU: SLEAP training will be slow.');
    expect(here).toHaveTextContent('Check a SLEAP project');
    expect(here).toHaveTextContent(`sleap-train: ${HOSTILE}`);
    const on = within(here).getByRole('checkbox', { name: /^Run jobs on this computer/ });
    expect(on).toBeChecked();
    await user.click(on);
    expect(fake.called('stopWorker')).toEqual([['stop']]);
    fake.say({ type: 'kept', value: { worker: false } }, { type: 'worker_gone', value: 'w0' });
    await settle();
    expect(on).not.toBeChecked();
    expect(here).toHaveTextContent('Jobs wait until it is on again.');
    await user.click(on);
    expect(fake.called('startWorker')).toHaveLength(1);
  });

  test('old jobs of the person’s own are cleared, once it was said how many', async () => {
    const ago = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
    const ended = (id: string, days: number, by = 'amick') =>
      ({ type: 'job', value: job({ id, state: 'succeeded', words: 'Done', ended_at: ago(days), submitted_by: by }) }) as const;
    const { fake, user } = await settings(ended('a', 40), ended('b', 35), ended('c', 10), ended('d', 50, 'tom'), { type: 'job', value: job({ id: 'e' }) });
    const data = section('Data');
    await user.click(within(data).getByRole('button', { name: 'Clear older than…' }));
    expect(data).toHaveTextContent(/2 of your jobs ended before .* They go with their logs; results on the storages stay\./);
    await user.click(within(data).getByRole('button', { name: 'Keep' }));
    expect(fake.called('clearJobs')).toEqual([]);
    await user.click(within(data).getByRole('button', { name: 'Clear older than…' }));
    await user.selectOptions(within(data).getByRole('combobox', { name: 'Clear jobs that ended' }), 'more than a year ago');
    expect(within(data).getByRole('button', { name: 'Clear' })).toBeDisabled();
    await user.selectOptions(within(data).getByRole('combobox', { name: 'Clear jobs that ended' }), 'more than a week ago');
    fake.failures.set('clearJobs', new Failure('fleet_unreachable', 'Talmo Lab does not answer.'));
    await user.click(within(data).getByRole('button', { name: 'Clear 3 jobs' }));
    await settle();
    expect(data).toHaveTextContent('Talmo Lab does not answer.');
    fake.failures.clear();
    await user.click(within(data).getByRole('button', { name: 'Clear 3 jobs' }));
    await settle();
    expect(fake.called('clearJobs')).toEqual([[7], [7]]);
    expect(data).toHaveTextContent('Its results are where they were.');
    expect(data).not.toHaveTextContent('does not answer');
  });

  test('in a lab the window runs no jobs, and says what does', async () => {
    await settings({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    const here = section('This computer as a worker');
    expect(within(here).queryByRole('checkbox')).toBeNull();
    expect(here).toHaveTextContent('In Talmo Lab jobs run on computers that joined as workers, whether this window is open or not.');
  });

  test('in a lab this computer joins as a worker with an invitation for one, and is told what runs its jobs', async () => {
    const inLab = { type: 'status' as const, value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) };
    const { fake, user } = await settings(inLab);
    const here = section('This computer as a worker');
    const join = within(here).getByRole('button', { name: 'Join as a worker' });
    expect(join).toBeDisabled();
    fake.failures.set('joinAsWorker', new Failure('invalid_parameter', 'This invitation is for a person of Talmo Lab, not for a worker.'));
    await user.type(within(here).getByLabelText('Invitation for a worker'), ' samepath:abc ');
    await user.click(join);
    await settle();
    expect(fake.called('joinAsWorker')).toEqual([['samepath:abc']]);
    expect(here).toHaveTextContent('This invitation is for a person of Talmo Lab, not for a worker.');
    fake.failures.delete('joinAsWorker');
    await user.click(join);
    await settle();
    expect(here).toHaveTextContent('This computer has joined Talmo Lab as the worker ws-2. It runs jobs as long as this runs, in a terminal: samepath worker');
    expect(within(here).queryByLabelText('Invitation for a worker')).toBeNull();
    expect(here).not.toHaveTextContent('not for a worker');
  });

  test('in a lab a computer that has joined as a worker says so', async () => {
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    fake.labs = ['member', 'worker'].map((role) => ({ ...joined, role, name: `the ${role}` }));
    await user.keyboard('{Control>}5{/Control}');
    await settle();
    expect(section('This computer as a worker')).toHaveTextContent('has joined Talmo Lab as the worker the worker.');
  });

  test('a job that runs here is asked about before the worker ends', async () => {
    const { fake, user } = await settings({ type: 'job', value: job({ worker: 'amick-laptop' }) }, { type: 'job', value: job({ id: 'x', name: 'elsewhere', worker: 'gpu-1' }) });
    const on = screen.getByRole('checkbox', { name: /^Run jobs on this computer/ });
    await user.click(on);
    const question = screen.getByRole('dialog', { name: '1 job runs on this computer' });
    expect(question).toHaveTextContent('maze day 3');
    expect(question).not.toHaveTextContent('elsewhere');
    expect(on).toBeChecked();
    await user.click(within(question).getByRole('button', { name: 'Keep the worker on' }));
    expect(fake.called('stopWorker')).toEqual([]);
    await user.click(on);
    fake.failures.set('stopWorker', new Failure('job_failed', 'It does not end.'));
    await user.click(screen.getByRole('button', { name: 'Stop it, saving, and turn the worker off' }));
    expect(screen.getByRole('dialog')).toHaveTextContent('It does not end.');
    fake.failures.clear();
    await user.click(screen.getByRole('button', { name: 'Stop it, saving, and turn the worker off' }));
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(fake.called('stopWorker')).toEqual([['stop'], ['stop']]);
  });

  test('those who share this login are named, and taken out again', async () => {
    const { fake, user } = await settings({ type: 'kept', value: { people: ['Anna'] } });
    const lab = section('Where your jobs run');
    await user.type(within(lab).getByRole('textbox', { name: 'Name' }), ' Ben {Enter}');
    expect(fake.keptOf('people')).toEqual(['Anna', 'Ben']);
    fake.say({ type: 'kept', value: { people: ['Anna', 'Ben'] } });
    await settle();
    await user.type(within(lab).getByRole('textbox', { name: 'Name' }), 'Anna{Enter}');
    expect(fake.called('keep').filter(([change]) => (change as { type: string }).type === 'people')).toHaveLength(1);
    await user.click(within(lab).getByRole('button', { name: 'Remove Anna' }));
    expect(fake.keptOf('people')).toEqual(['Ben']);
  });

  test('a program is chosen, and looked for again', async () => {
    const { fake, user } = await settings();
    expect(section('This computer as a worker')).toHaveTextContent(/sleap-nn 0\.3\.5 found/);
    fake.picked = '/opt/sleap/bin/sleap-nn';
    fake.programsHere = [{ name: 'sleap-nn', configured: fake.picked, found: fake.picked, version: null, problem: null }];
    await user.click(screen.getByRole('button', { name: 'Choose the program sleap-nn' }));
    await settle();
    expect(fake.called('setProgram')).toEqual([['sleap-nn', '/opt/sleap/bin/sleap-nn']]);
    expect(section('This computer as a worker')).toHaveTextContent('chosen');
    await user.click(screen.getByRole('button', { name: /^Look for it in the usual places: sleap-nn/ }));
    expect(fake.called('setProgram').at(-1)).toEqual(['sleap-nn', null]);
  });

  test('what is told of outside the window is chosen one by one', async () => {
    const { fake, user } = await settings({ type: 'kept', value: { notices: { ended: false } } });
    expect(screen.getByRole('checkbox', { name: 'A job ended' })).not.toBeChecked();
    await user.click(screen.getByRole('checkbox', { name: 'A job failed' }));
    expect(fake.keptOf('notices')).toEqual({ ended: false, failed: false });
  });

  test('the doctor is asked, and what it found can be sent', async () => {
    const { fake, user } = await settings();
    await user.click(screen.getByRole('button', { name: 'Run the doctor' }));
    await settle();
    expect(screen.getByRole('list', { name: 'Doctor' })).toHaveTextContent('NVIDIA: there is a GPU, but no nvidia-smi to ask about it');
    expect(screen.getByRole('button', { name: 'Copy the report' })).toBeVisible();
    fake.failures.set('doctor', new Failure('internal', 'No doctor.'));
    await user.click(screen.getByRole('button', { name: 'Run the doctor' }));
    await settle();
    expect(section('Help')).toHaveTextContent('No doctor.');
  });

  test('the settings file and the data are opened, and what cannot be opened is said', async () => {
    const { fake, user } = await settings();
    await user.click(screen.getByRole('button', { name: 'Open the settings file' }));
    await user.click(screen.getByRole('button', { name: 'Show folder' }));
    expect([fake.called('openSettings').length, fake.called('showData').length]).toEqual([1, 1]);
    fake.failures.set('openSettings', new Failure('path_not_found', 'config.toml is not there yet, or empty.'));
    await user.click(screen.getByRole('button', { name: 'Open the settings file' }));
    await settle();
    expect(section('Data')).toHaveTextContent('config.toml is not there yet, or empty.');
  });
});

describe('The banner', () => {
  test('a settings file that cannot be read is opened from it', async () => {
    const config_error = { code: 'config_invalid', message: 'config.toml, line 14: base_path must start with /.', hint: null };
    const { fake, user } = await ready({ type: 'status', value: status({ config_error }) });
    await user.click(screen.getByRole('button', { name: 'Open file' }));
    expect(fake.called('openSettings')).toHaveLength(1);
    // Of which no line is known, none is shown.
    expect(screen.queryByRole('button', { name: 'Show line' })).toBeNull();
  });

  test('a share that can be connected is, by a button', async () => {
    const { fake, user } = await ready();
    const health = { ...storage().health!, state: 'not_mounted', words: 'not mounted' };
    fake.say({ type: 'storages', value: [storage({ health })] });
    await settle();
    expect(screen.queryByRole('button', { name: 'Connect…' })).toBeNull();
    fake.say({ type: 'storages', value: [storage({ health, connect: 'smb://vast01/talmo' })] });
    await settle();
    await user.click(screen.getByRole('button', { name: 'Connect…' }));
    expect(fake.called('connect')).toEqual([['vast']]);
    // The page of the storages, which shows no banner of it, has the same button; what the desktop says against it is told there.
    await user.keyboard('{Control>}4{/Control}');
    fake.failures.set('connect', new Failure('io', 'vast01 was not found.'));
    await user.click(screen.getByRole('button', { name: 'Connect vast' }));
    await settle();
    expect(fake.called('connect')).toHaveLength(2);
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('vast01 was not found.');
  });

  test('a newer version that the lab runs is told of once', async () => {
    const { fake, user } = await ready({ type: 'worker', value: worker({ version: '0.5.0' }) }, { type: 'worker', value: worker({ id: 'w2', version: '0.0.9' }) });
    expect(screen.getByRole('main')).toHaveTextContent('Samepath 0.5.0 is out; you have 0.1.0. Running jobs are not affected.');
    await user.click(screen.getByRole('button', { name: 'What’s new' }));
    expect(fake.called('showNews')).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Not now' }));
    expect(screen.getByRole('main')).not.toHaveTextContent('is out');
  });

  test('versions are compared by their numbers', () => {
    const compared = [['0.10.0', '0.9.9'], ['1.0.0', '0.99.99'], ['0.1.0', '0.1.0'], ['0.1.0', '0.2.0'], ['dev', '0.1.0'], ['0.2.0-rc1', '0.1.0']] as const;
    expect(compared.map(([a, b]) => isNewer(a, b))).toEqual([true, true, false, false, false, false]);
  });
});

describe('A start', () => {
  test('with a dataset opens it, and a further start does, too', async () => {
    const { fake } = await ready();
    fake.tell({ type: 'opened', value: ['vast:amick/project/labels.slp'] });
    await settle();
    expect(fake.called('openDataset')).toEqual([['vast:amick/project/labels.slp']]);
    fake.tell({ type: 'notice_taken', value: null });
    await settle();
    expect(screen.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
  });

  test('goes on at the page that was open last, unless a job is there to be seen', async () => {
    const first = await ready({ type: 'kept', value: { page: 'storage' } }, { type: 'current' });
    expect(screen.getByRole('region', { name: 'Storage' })).toBeVisible();
    await first.user.keyboard('{Control>}3{/Control}');
    expect(first.fake.keptOf('page')).toBe('workers');
    expect(first.fake.keptOf('seen_until')).toBeTypeOf('number');
    first.container.remove();
    const second = await ready({ type: 'kept', value: { page: 'storage' } }, { type: 'job', value: job() }, { type: 'current' });
    expect(screen.getByRole('region', { name: 'Jobs' })).toBeVisible();
    second.container.remove();
    // What no page is called, and setting up that is not under way, are nowhere to go.
    for (const page of ['elsewhere', 'setup']) {
      const third = await open({ type: 'storages', value: [storage()] }, { type: 'kept', value: { page } }, { type: 'current' });
      expect(screen.getByRole('region', { name: 'New job' })).toBeVisible();
      third.container.remove();
    }
  });
});
