import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import { Failure, type Update } from '../src/lib/ipc';
import { Looks } from '../src/lib/state/looks.svelte';
import { Fake } from './fake';
import { job, status, storage, worker } from './views';
import { open, ready, settle } from './render';

describe('The frame', () => {
  test('it opens on the jobs where one runs, on a new job where a storage is known, else on setting up', async () => {
    const first = await ready({ type: 'job', value: job() });
    expect(screen.getByRole('button', { name: /^Jobs/ })).toHaveAttribute('aria-current', 'page');
    first.container.remove();
    const second = await ready();
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
    second.container.remove();
    await open({ type: 'storages', value: [] });
    expect(screen.getByRole('button', { name: 'Finish setup' })).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('region', { name: 'Where do your jobs run?' })).toBeVisible();
  });

  test('jobs of others are counted nowhere, and are no reason to begin with them', async () => {
    const { fake } = await ready({ type: 'job', value: job({ submitted_by: 'tom' }) }, { type: 'job', value: job({ id: 'w', submitted_by: 'tom', state: 'queued' }) });
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('button', { name: 'Jobs' })).toBeVisible();
    fake.say({ type: 'job', value: job({ id: 'own' }) });
    await settle();
    expect(screen.getByRole('button', { name: 'Jobs 1 running' })).toBeVisible();
  });

  test('setting up that was begun is gone on with, whatever runs', async () => {
    const setup = { step: 'lab' };
    const one = { type: 'job' as const, value: job() };
    const first = await open({ type: 'storages', value: [] }, { type: 'kept', value: { setup } }, one);
    expect(screen.getByRole('button', { name: 'Finish setup' })).toHaveAttribute('aria-current', 'page');
    first.container.remove();
    // With a storage there and another page left open, it waits.
    const second = await ready({ type: 'kept', value: { setup, page: 'jobs' } }, one);
    expect(screen.getByRole('button', { name: /^Jobs/ })).toHaveAttribute('aria-current', 'page');
    second.container.remove();
    await ready({ type: 'kept', value: { setup, page: 'setup' } }, one);
    expect(screen.getByRole('button', { name: 'Finish setup' })).toHaveAttribute('aria-current', 'page');
  });

  test('a settings file that cannot be read is no reason to set up anew', async () => {
    const config_error = { code: 'config_invalid', message: 'config.toml, line 3: not TOML.', hint: null };
    await open({ type: 'storages', value: [] }, { type: 'status', value: status({ config_error }) });
    expect(screen.queryByRole('button', { name: 'Finish setup' })).toBeNull();
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
  });

  test('who, where and how connected', async () => {
    await open({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'reconnecting…' }) });
    expect(screen.getByRole('group', { name: 'Where your jobs run' })).toHaveTextContent('Talmo Lab reconnecting… amick');
  });

  test('a lab that does not answer is named, and nothing of it is made up', async () => {
    const error = { code: 'fleet_unreachable', message: 'Talmo Lab does not answer (hub:4222).', hint: 'Off campus? Connect the VPN.' };
    const since = new Date(Date.now() - 61_000).toISOString();
    const lab = { lab: 'Talmo Lab', link: 'reconnecting…', in_lab: true };
    const { fake, user } = await ready({ type: 'status', value: status({ ...lab, offline: { since, known: false, ended: false, error } }) });
    expect(screen.getByRole('group', { name: 'Where your jobs run' })).toHaveTextContent(/Talmo Lab offline since \S+( \d\d:\d\d)? amick/);
    expect(screen.getByText(/Not connected to Talmo Lab since .* Talmo Lab does not answer \(hub:4222\)\. Off campus\?/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Workers' })).toBeVisible();
    for (const [key, empty] of [['2', 'No jobs yet'], ['3', 'No worker is online']]) {
      await user.keyboard(`{Control>}${key}{/Control}`);
      expect(screen.getByRole('heading', { name: 'Not known yet' })).toBeVisible();
      expect(screen.queryByRole('heading', { name: empty! })).toBeNull();
    }
    fake.say({ type: 'status', value: status({ ...lab, offline: { since, known: true, ended: false, error } }) });
    await settle();
    expect(screen.getByText(/You see what was known then/)).toBeVisible();
    expect(screen.getByRole('heading', { name: 'No worker is online' })).toBeVisible();
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected' }) });
    await settle();
    expect(screen.queryByText(/Not connected to/)).toBeNull();
  });

  test('where nobody works for a lab, it is said how a computer does', async () => {
    const { user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    await user.keyboard('{Control>}3{/Control}');
    const page = screen.getByRole('region', { name: 'Workers' });
    expect(page).toHaveTextContent('samepath join INVITATION && samepath worker');
    expect(page).not.toHaveTextContent('Samepath runs one on this computer');
  });

  test('who does not want to wait has the lab tried at once, and hears what came of it', async () => {
    const error = { code: 'fleet_unreachable', message: 'Talmo Lab does not answer.', hint: null };
    const since = new Date(Date.now() - 61_000).toISOString();
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'reconnecting…', offline: { since, known: true, ended: false, error } }) });
    const banner = screen.getByText(/Not connected to Talmo Lab/);
    expect(banner).toHaveTextContent('You see what was known then. Trying again…');
    await user.click(screen.getByRole('button', { name: 'Try now' }));
    await settle();
    expect(fake.called('tryNow')).toHaveLength(1);
    expect(banner).toHaveTextContent('Tried just now: still not connected.');
    fake.connects = true;
    await user.click(screen.getByRole('button', { name: 'Try now' }));
    await settle();
    expect(banner).toHaveTextContent('Trying again…');
  });

  test('a mistake in the settings file is shown on its line, and an entry alone keeps no other storage away', async () => {
    const config_error = { code: 'config_invalid', message: 'config.toml, line 14: not TOML', hint: 'Mend line 14.' };
    const { fake, user } = await ready({ type: 'status', value: status({ config_error, config_error_line: 14 }) });
    await user.click(screen.getByRole('button', { name: 'Show line' }));
    await settle();
    expect(fake.called('settingsAround')).toEqual([[14]]);
    const lines = screen.getByRole('list', { name: 'Lines of the settings file' });
    expect(within(lines).getAllByRole('listitem')[1]).toHaveAttribute('aria-current', 'location');
    expect(lines).toHaveTextContent('13line 13 of the file14line 14 of the file');
    await user.click(screen.getByRole('button', { name: 'Hide line' }));
    expect(screen.queryByRole('list', { name: 'Lines of the settings file' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Open file' }));
    expect(fake.called('openSettings')).toHaveLength(1);
    const error = { code: 'config_invalid', message: 'config.toml, line 22: `base_path` must start with `/`', hint: null };
    fake.say({ type: 'status', value: status() }, { type: 'storages', value: [storage(), storage({ name: 'gdrive', base_path: null, health: null, error, error_line: 22 })] });
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('`base_path` must start with `/`. The other storages work.');
    fake.failures.set('settingsAround', new Failure('path_not_found', 'config.toml has no line 22 any more.'));
    await user.click(screen.getByRole('button', { name: 'Show line' }));
    await settle();
    expect(screen.getByText('config.toml has no line 22 any more.')).toBeVisible();
  });

  test('a lab that is back in a moment is no news', async () => {
    const error = { code: 'fleet_unreachable', message: 'Talmo Lab does not answer.', hint: null };
    const offline = { since: new Date().toISOString(), known: true, ended: false, error };
    await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'reconnecting…', offline }) });
    expect(screen.queryByText(/Not connected to/)).toBeNull();
  });

  test('ready workers are counted among those that are online, and one that goes is gone', async () => {
    const { fake } = await ready({ type: 'worker', value: worker() }, { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', busy: true, state: 'x' }) });
    expect(screen.getByRole('button', { name: 'Workers 1 of 2 workers is ready' })).toHaveAttribute('title', '1 of 2 workers is ready');
    fake.say({ type: 'worker_gone', value: 'w1' });
    await settle();
    expect(screen.getByRole('button', { name: 'Workers 0 of 1 worker is ready' })).toBeVisible();
  });

  test('a job that is no longer kept goes', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}');
    expect(screen.getByRole('row', { name: /maze day 3/ })).toBeVisible();
    fake.say({ type: 'job_gone', value: job().id });
    await settle();
    expect(screen.getByRole('heading', { name: 'No jobs yet' })).toBeVisible();
  });

  test('what is told anew takes the place of what was known, and nothing flickers meanwhile', async () => {
    const { fake } = await ready({ type: 'worker', value: worker() }, { type: 'job', value: job({ id: 'a' }) }, { type: 'job', value: job({ id: 'b' }) });
    fake.say({ type: 'reset' });
    await settle();
    expect(screen.getByRole('button', { name: /^Jobs/ })).toHaveTextContent('2 running');
    fake.say({ type: 'job', value: job({ id: 'b' }) });
    await settle();
    expect(screen.getByRole('button', { name: 'Workers 1 of 1 worker is ready' })).toBeVisible();
    fake.say({ type: 'current' });
    await settle();
    expect(screen.getByRole('button', { name: 'Workers this computer runs no jobs now' })).toBeVisible();
    expect(screen.getByRole('button', { name: /^Jobs/ })).toHaveTextContent('1 running');
  });

  test('what was known when the window opened is drawn before anything is told', async () => {
    const fake = new Fake([{ type: 'status', value: status() }, { type: 'storages', value: [storage()] }]);
    fake.known = [{ type: 'status', value: status() }, { type: 'storages', value: [storage()] }, { type: 'worker', value: worker() }, { type: 'current' }];
    render(App, { ipc: fake });
    expect(screen.getByRole('heading', { name: 'New job' })).toBeVisible();
    expect(screen.getByRole('button', { name: 'Workers 1 of 1 worker is ready' })).toBeVisible();
    // It went before the page watched.
    await settle();
    expect(screen.getByRole('button', { name: 'Workers this computer runs no jobs now' })).toBeVisible();
  });

  test('in a large lab the first page is the right one before everything is known', async () => {
    const all: Update[] = [{ type: 'status', value: status() }, { type: 'kept', value: { seen_until: Date.parse('2026-11-22T09:00:00Z') } }, { type: 'storages', value: [storage()] }];
    const ended = (id: string) => ({ type: 'job' as const, value: job({ id, state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' }) });
    const fake = new Fake([...all, ended('a'), ended('b')]);
    fake.known = [...all, ended('a')];
    render(App, { ipc: fake });
    expect(screen.getByRole('heading', { name: 'Jobs' })).toBeVisible();
    expect(fake.called('keep')).not.toContainEqual([expect.objectContaining({ type: 'seen_until' })]);
    await settle();
    expect(screen.getByRole('main')).toHaveTextContent('2 finished');
  });

  test('a reset forgets workers and jobs', async () => {
    const { fake, user } = await ready({ type: 'worker', value: worker() });
    fake.say({ type: 'reset' }, { type: 'current' });
    await user.keyboard('{Control>}3{/Control}');
    expect(screen.getByRole('heading', { name: 'This computer runs no jobs now' })).toBeVisible();
  });

  test('a storage that does not answer is said on every page but its own', async () => {
    const { fake, user } = await ready();
    fake.say({ type: 'storages', value: [storage({ health: { ...storage().health!, state: 'not_answering', words: 'not answering' } })] });
    await settle();
    expect(screen.getByRole('main')).toHaveTextContent(/vast does not answer \(asked .* ago\)\. It may be the network or VPN\./);
    await user.click(screen.getByRole('button', { name: 'Ask again' }));
    expect(fake.called('checkStorages')).toEqual([['vast']]);
    await user.click(screen.getByRole('button', { name: 'Details' }));
    expect(screen.getByRole('main')).not.toHaveTextContent('It may be the network or VPN.');
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('not answering');
  });

  test('a storage that is not mounted is said, and one that moved is followed at a word', async () => {
    const { fake, user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    const trouble = { ...storage().health!, state: 'not_mounted', words: 'not mounted' };
    fake.say({ type: 'storages', value: [storage({ health: trouble })] });
    await settle();
    expect(screen.getByRole('main')).toHaveTextContent('vast is not mounted on this computer. Jobs that run in the lab go on; you cannot choose files from it.');
    // Nobody has said how it is connected: the person says where it is.
    fake.picked = '/Volumes/talmo';
    await user.click(screen.getByRole('button', { name: 'Choose the folder of vast' }));
    await settle();
    expect(fake.called('setStorage')).toEqual([['vast', { base_path: '/Volumes/talmo', type: null, description: null, user_subdir: null, subpath: null }]]);
    fake.say({ type: 'storages', value: [storage({ health: trouble, connect: 'smb://vast01/talmo' })] });
    await settle();
    expect(screen.queryByRole('button', { name: 'Choose the folder of vast' })).toBeNull();
    const moved = { to: '/mnt/vast-1', sentence: 'vast moved: it was at /mnt/vast, now it is at /mnt/vast-1.' };
    fake.storages = [storage({ health: trouble, moved })];
    fake.say({ type: 'storages', value: fake.storages });
    await settle();
    expect(screen.getByRole('main')).toHaveTextContent(moved.sentence);
    await user.click(screen.getByRole('button', { name: 'Use the new place' }));
    await settle();
    expect(fake.called('setStorage').at(-1)).toEqual(['vast', { base_path: '/mnt/vast-1', type: null, description: null, user_subdir: null, subpath: null }]);
    fake.say({ type: 'storages', value: [storage({ health: trouble, moved })] });
    await settle();
    await user.click(screen.getByRole('button', { name: 'Not now' }));
    expect(screen.getByRole('main')).not.toHaveTextContent(moved.sentence);
  });

  test('a broken settings file is said, with its mend', async () => {
    await open({ type: 'status', value: status({ config_error: { code: 'config_invalid', message: 'config.toml, line 14: base_path must start with /.', hint: 'The other storages work.' } }) });
    expect(screen.getByRole('alert')).toHaveTextContent('config.toml, line 14: base_path must start with /.');
  });

  test('why this computer has no worker is said on every page', async () => {
    const worker_error = { code: 'already_exists', message: 'A worker called ws-3 runs on this computer already.', hint: 'Give this one another name.' };
    const { fake, user } = await ready({ type: 'status', value: status({ worker_error }) });
    expect(screen.getByRole('alert')).toHaveTextContent('A worker called ws-3 runs on this computer already.');
    await user.click(screen.getByRole('button', { name: 'Details' }));
    const why = screen.getByRole('region', { name: 'This computer’s worker is not running' });
    expect(why).toHaveTextContent('Give this one another name.');
    expect(screen.getAllByRole('alert')).toHaveLength(1);
    // What mends it is there, and nothing of another computer.
    expect(screen.getByText('Jobs wait until this computer’s worker runs.')).toBeVisible();
    expect(screen.queryByText('samepath worker')).toBeNull();
    fake.failures.set('startWorker', new Failure('io', 'The settings cannot be written.'));
    await user.click(within(why).getByRole('button', { name: 'Try again' }));
    await settle();
    expect(fake.called('startWorker')).toHaveLength(1);
    expect(why).toHaveTextContent('The settings cannot be written.');
    await user.click(within(why).getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toMatch(/^This computer’s worker is not running\n.*\nA worker called ws-3 runs on this computer already\.\nGive this one another name\./);
  });

  test('a shell that does not answer is said, and asked again', async () => {
    const fake = new Fake();
    fake.failures.set('watch', new Failure('internal', 'The queue cannot be opened.'));
    render(App, { ipc: fake });
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('The queue cannot be opened.');
    fake.failures.clear();
    screen.getByRole('button', { name: 'Try again' }).click();
    await settle();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('what is chosen in the menu bar is done, once', async () => {
    const { fake, user } = await ready();
    const choose = async (value: 'jobs' | 'settings' | 'keys' | 'new_job' | 'check_storages') => {
      fake.tell({ type: 'chosen', value });
      await settle();
    };
    await choose('jobs');
    expect(screen.getByRole('button', { name: 'Jobs' })).toHaveAttribute('aria-current', 'page');
    await choose('settings');
    expect(screen.getByRole('button', { name: 'Settings' })).toHaveAttribute('aria-current', 'page');
    await choose('check_storages');
    expect(fake.called('checkStorages')).toEqual([[null]]);
    // Its key may come to the page and to the menu bar.
    await user.keyboard('{Control>}/{/Control}');
    await choose('keys');
    expect(screen.getByRole('button', { name: 'Close the list of keys' })).toBeVisible();
    await choose('new_job');
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
  });

  test('closing while a job runs here asks; staying is the first answer', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    fake.tell({ type: 'quit_asked', value: ['maze day 3'] });
    await settle();
    const question = screen.getByRole('dialog', { name: '1 job runs on this computer' });
    await user.click(within(question).getByRole('button', { name: 'Keep Samepath open' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    fake.tell({ type: 'quit_asked', value: ['maze day 3'] });
    await settle();
    await user.click(screen.getByRole('button', { name: 'Stop it, saving, and quit' }));
    expect(fake.called('quit')).toEqual([['stop']]);
    await user.click(screen.getByRole('button', { name: 'Kill now and quit' }));
    expect(fake.called('quit')).toEqual([['stop'], ['kill']]);
  });
});

describe('Who listens', () => {
  test('hears each quarter and the end of their own jobs, what failed first and at once, and one thing in two seconds', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const other = job({ id: 'b', name: 'fly', percent: 10 });
    const { fake, container } = await ready({ type: 'job', value: job({ percent: 20 }) }, { type: 'job', value: other }, { type: 'job', value: job({ id: 't', submitted_by: 'tom' }) });
    const said = () => [...container.querySelectorAll('.visually-hidden[role=status], [aria-live=assertive]')].map((place) => place.textContent).filter((text) => text !== '' && text !== 'Copied');
    expect(said()).toEqual([]);
    fake.say({ type: 'job', value: job({ percent: 24 }) }, { type: 'job', value: job({ percent: 26 }) }, { type: 'job', value: job({ percent: 49 }) });
    await settle();
    expect(said()).toEqual(['maze day 3: 25 %.']);
    const end = { ended_at: '2026-11-22T10:00:00Z' };
    fake.say(
      { type: 'job', value: job({ percent: 51 }) },
      { type: 'job', value: { ...other, ...end, state: 'failed', words: 'Failed', trouble: { cause: 'gpu_memory', message: 'x', last_line: null } } },
      { type: 'job', value: job({ id: 't', submitted_by: 'tom', ...end, state: 'failed', words: 'Failed' }) },
    );
    await settle();
    expect(said()).toEqual(['maze day 3: 25 %.']);
    await vi.advanceTimersByTimeAsync(2000);
    await settle();
    expect(container.querySelector('[aria-live=assertive]')).toHaveTextContent('fly: failed, GPU memory.');
    // What is newer is said in place of what was not said yet.
    fake.say({ type: 'job', value: job({ ...end, state: 'succeeded', words: 'Done', percent: 100 }) });
    await vi.advanceTimersByTimeAsync(2000);
    await settle();
    expect(said()).toEqual(['maze day 3: done.']);
    await vi.advanceTimersByTimeAsync(4000);
    expect(said()).toEqual(['maze day 3: done.']);
    vi.useRealTimers();
  });
});

describe('Workers', () => {
  test('the columns are your storages; a row opens what the worker can run and why not', async () => {
    const { user } = await ready({ type: 'worker', value: worker({ unavailable: ['sleap-train: sleap-nn was not found'] }) });
    await user.keyboard('{Control>}3{/Control}');
    expect(screen.getByRole('columnheader', { name: 'vast' })).toBeVisible();
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    const panel = screen.getByRole('region', { name: 'Worker gpu-1' });
    expect(panel).toHaveTextContent('Check a SLEAP project');
    expect(panel).toHaveTextContent('sleap-train: sleap-nn was not found');
    await user.click(within(panel).getByRole('button', { name: 'Use for my next job' }));
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
  });
});

describe('Settings', () => {
  test('light or dark, and how large, at once and at the next start', async () => {
    const { fake, user, container } = await ready();
    await user.keyboard('{Control>}5{/Control}');
    const root = document.documentElement;
    expect(root).not.toHaveAttribute('data-dark');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Light or dark' }), 'dark');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Text size' }), '150 %');
    expect(root).toHaveAttribute('data-dark');
    expect(root.style.fontSize).toBe('150%');
    expect(fake.keptOf('looks')).toEqual({ appearance: 'dark', text_size: 150 });
    container.remove();
    root.removeAttribute('data-dark');
    root.style.fontSize = '';
    await ready({ type: 'kept', value: { looks: { appearance: 'dark', text_size: 150 } } });
    expect(root).toHaveAttribute('data-dark');
    expect(root.style.fontSize).toBe('150%');
    for (const kept of [undefined, {}, { appearance: 'pink', text_size: 7 }]) {
      const looks = new Looks(kept, () => {});
      expect([looks.appearance, looks.textSize]).toEqual(['system', 100]);
    }
    expect(root).not.toHaveAttribute('data-dark');
  });

  test('what is known, and nothing else', async () => {
    const { user } = await ready();
    await user.keyboard('{Control>}5{/Control}');
    const main = screen.getByRole('main');
    expect(main).toHaveTextContent('/home/amick/.sleap-rtc/config.toml');
    expect(main).toHaveTextContent('Samepath 0.1.0');
  });

  test('what ended while no window was open is told once, and counted until it is looked at', async () => {
    const away = { state: 'succeeded', words: 'Done', started_at: null } as const;
    const history: Update[] = [
      { type: 'job', value: job({ ...away, id: 'a', name: 'night 1', ended_at: '2026-11-21T23:00:00Z' }) },
      { type: 'job', value: job({ ...away, id: 'b', name: 'night 2', state: 'failed', words: 'Failed', ended_at: '2026-11-21T23:10:00Z' }) },
      { type: 'job', value: job({ ...away, id: 'c', name: 'theirs', submitted_by: 'tom', ended_at: '2026-11-21T23:20:00Z' }) },
      { type: 'job', value: job({ ...away, id: 'd', name: 'before', ended_at: '2026-11-20T10:00:00Z' }) },
    ];
    const first = await ready(...history, { type: 'current' });
    expect(screen.queryByText(/^Welcome back/)).toBeNull();
    first.container.remove();
    const { user } = await ready(...history, { type: 'kept', value: { seen_until: Date.parse('2026-11-21T18:02:00Z') } }, { type: 'current' });
    expect(screen.getByText(/^Welcome back\. Since .*: 1 finished, 1 failed\.$/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Show' }));
    expect(screen.queryByText(/^Welcome back/)).toBeNull();
    await user.click(screen.getByRole('row', { name: /night 2/ }));
    expect(screen.getByRole('button', { name: /^Jobs .*1 ended, not yet looked at/ })).toBeVisible();
  });

  test('the news is taken away once the jobs are opened, or all of it was looked at', async () => {
    const ended = (id: string, at: string) => ({ type: 'job' as const, value: job({ id, name: `night ${id}`, state: 'succeeded', words: 'Done', ended_at: at }) });
    const away: Update[] = [ended('a', '2026-11-21T23:00:00Z'), ended('b', '2026-11-21T23:10:00Z'), { type: 'kept', value: { seen_until: Date.parse('2026-11-21T18:02:00Z') } }];
    const first = await ready(...away);
    await first.user.click(screen.getByRole('row', { name: /night a/ }));
    expect(screen.getByText(/^Welcome back/)).toBeVisible();
    await first.user.click(screen.getByRole('row', { name: /night b/ }));
    expect(screen.queryByText(/^Welcome back/)).toBeNull();
    first.container.remove();
    const { user } = await ready(...away);
    await user.click(screen.getByRole('button', { name: 'New job' }));
    expect(screen.getByText(/^Welcome back/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    expect(screen.queryByText(/^Welcome back/)).toBeNull();
  });

  test('F6 moves on from sidebar to page to what is beside it, and back', async () => {
    const { user } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}');
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    const area = () => document.activeElement?.closest('nav, section.main, .side');
    const [sidebar, page, beside] = ['nav', 'section.main', '.side'].map((selector) => document.querySelector(selector));
    expect(area()).toBe(page);
    await user.keyboard('{F6}');
    expect(area()).toBe(beside);
    await user.keyboard('{F6}');
    expect(area()).toBe(sidebar);
    expect(screen.getByRole('button', { name: /^Jobs/ })).toHaveFocus();
    await user.keyboard('{F6}');
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveFocus();
    await user.keyboard('{Shift>}{F6}{/Shift}');
    expect(area()).toBe(sidebar);
  });

  test('Ctrl A marks what is typed and a log, and never the window', async () => {
    const { user, container } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}');
    const taken = async (target: Element) => !(await fireEvent.keyDown(target, { key: 'a', code: 'KeyA', ctrlKey: true }));
    expect(await taken(container)).toBe(true);
    expect(await taken(screen.getByRole('row', { name: /maze day 3/ }))).toBe(true);
    expect(await taken(screen.getByRole('searchbox'))).toBe(false);
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    await user.click(screen.getByRole('tab', { name: 'Log' }));
    expect(await taken(screen.getByRole('log'))).toBe(false);
  });

  test('the list of keys opens anywhere, and gives the keyboard back', async () => {
    const { user } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}');
    await user.keyboard('{Control>}/{/Control}');
    const list = screen.getByRole('region', { name: 'Keys' });
    expect(list).toHaveFocus();
    expect(list).toHaveTextContent('F6');
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Keys' })).toBeNull();
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveFocus();
    await user.keyboard('{Control>},{/Control}');
    expect(screen.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
  });

  test('keys are those of their place where the keyboard writes another script, or has digits behind Shift', async () => {
    await ready();
    const press = (key: string, code: string) => fireEvent.keyDown(document.body, { key, code, ctrlKey: true });
    await press('"', 'Digit3');
    expect(screen.getByRole('heading', { name: 'Workers', level: 1 })).toBeVisible();
    await press('т', 'KeyN');
    expect(screen.getByRole('heading', { name: 'New job', level: 1 })).toBeVisible();
    await press('@', 'Digit2');
    await press('N', 'KeyN');
    expect(screen.getByRole('heading', { name: 'New job', level: 1 })).toBeVisible();
    // On another keyboard this sign is where N is here: the sign counts.
    await press(',', 'KeyN');
    expect(screen.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
  });

  test('Ctrl W and Ctrl Q close the window as its button does', async () => {
    const { user, fake } = await ready();
    await user.keyboard('{Control>}w{/Control}');
    await user.keyboard('{Control>}q{/Control}');
    expect(fake.called('closeWindow')).toHaveLength(2);
  });
});
