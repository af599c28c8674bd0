import { fireEvent, screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { KEPT } from '../src/lib/state/log.svelte';
import { job, logLine, row, storage } from './views';
import { HOSTILE, ready, settle } from './render';

const open = async (value = job()) => {
  const opened = await ready({ type: 'job', value });
  await opened.user.click(screen.getByRole('button', { name: /^Jobs/ }));
  await opened.user.click(screen.getByRole('row', { name: new RegExp(value.name.slice(0, 8)) }));
  return opened;
};

const tab = (name: string) => screen.getByRole('tab', { name });

describe('Jobs', () => {
  test('without any, it offers a new one', async () => {
    const { user } = await ready();
    await user.click(screen.getByRole('button', { name: 'Jobs' }));
    expect(screen.getByRole('heading', { name: 'No jobs yet' })).toBeVisible();
  });

  test('what runs comes first, and a job is shown live', async () => {
    const { fake } = await open();
    const panel = screen.getByRole('region', { name: 'Job maze day 3' });
    expect(panel).toHaveTextContent('61 % · 7 of 12 videos');
    fake.say({ type: 'job', value: job({ percent: 75, status: '9 of 12 videos' }) });
    await settle();
    expect(panel).toHaveTextContent('75 % · 9 of 12 videos');
    expect(within(panel).getByRole('button', { name: 'Show results' })).toBeVisible();
    expect(within(panel).getByRole('progressbar', { name: 'Progress' })).toHaveAttribute('aria-valuenow', '75');
  });

  test('a row draws how its losses go, until the job is opened or ends', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}');
    const maze = screen.getByRole('row', { name: /maze day 3/ });
    expect(within(maze).queryByRole('img')).toBeNull();
    expect(maze).toHaveTextContent('61 %');
    fake.metrics.get(job().id)?.({ type: 'rows', value: [row(1, 0.1, 0.1), row(2, 0.01, 0.02), row(3, 0.001, 0.01)] });
    await settle();
    const points = within(maze).getByRole('img', { name: 'Losses' }).querySelector('polyline')?.getAttribute('points')?.split(' ') ?? [];
    expect(points.map((point) => Number(point.split(',')[0]))).toEqual([0, 24, 48]);
    expect(points.map((point) => Number(point.split(',')[1]))).toEqual([1, 10.8, 15]);
    expect(maze).toHaveTextContent('3/100');
    fake.say({ type: 'job', value: job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' }) });
    await settle();
    expect(fake.called('leaveMetrics')).toHaveLength(1);
  });

  test('one that waits says when it may start, where that is known', async () => {
    const waits = job({ state: 'queued', words: 'Waiting', worker: null, percent: null, status: null, waiting_for: ['gpu-1: busy, 1 job before yours'] });
    const { fake } = await open(waits);
    const panel = screen.getByRole('region', { name: 'Job maze day 3' });
    expect(panel).not.toHaveTextContent('Starts in');
    fake.say({ type: 'job', value: { ...waits, starts_in: 'about 40 min', starts: 'Starts in about 40 min, on gpu-1.' } });
    await settle();
    expect(panel).toHaveTextContent('Starts in about 40 min, on gpu-1.');
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveTextContent(/1 job before yours\s*in ~40 min/);
  });

  test('a job whose worker is away says so, and with whom contact is lost', async () => {
    const status = 'gpu-1 is away; its job goes on there.';
    await open(job({ lost: true, words: 'Lost contact', status }));
    expect(screen.getByRole('region', { name: 'Job maze day 3' })).toHaveTextContent(/Lost contact with gpu-1.*gpu-1 is away/);
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveTextContent(/Lost contact/);
  });

  test('of thousands, as many rows are drawn as are looked at; all of them are found', async () => {
    const many = Array.from({ length: 220 }, (_, n) => ({
      type: 'job' as const,
      value: job({ id: `j${n}`, name: `night ${n}`, state: 'succeeded', words: 'Done', ended_at: `2026-11-0${1 + (n % 9)}T10:00:00Z` }),
    }));
    const { container } = await ready(...many);
    await fireEvent.click(screen.getByText('Jobs'));
    const drawn = () => container.querySelectorAll('[data-job]').length;
    expect(drawn()).toBe(60);
    await fireEvent.click(screen.getByText('160 more'));
    expect(drawn()).toBe(120);
    await fireEvent.click(screen.getByText('100 more'));
    await fireEvent.click(screen.getByText('40 more'));
    expect(drawn()).toBe(220);
    await fireEvent.input(screen.getByPlaceholderText('Name, worker, path'), { target: { value: 'night 219' } });
    expect(drawn()).toBe(1);
  }, 60_000);

  describe('while the pointer or the keyboard is in the list', () => {
    const at = (minute: number) => `2026-11-22T09:${minute}:00Z`;
    const three = ['first', 'second', 'third'].map((name, n) => ({ type: 'job' as const, value: job({ id: name, name, submitted_at: at(10 + n) }) }));
    const names = () => [...document.querySelectorAll('[data-job]')].map((row) => row.getAttribute('data-row'));
    const ended = { type: 'job' as const, value: job({ id: 'first', name: 'first', submitted_at: at(10), state: 'succeeded', words: 'Done', ended_at: at(30) }) };
    const fourth = { type: 'job' as const, value: job({ id: 'fourth', name: 'fourth', submitted_at: at(0) }) };

    async function listed() {
      const opened = await ready(...three);
      // Opened by a click, not by a key.
      await opened.user.click(screen.getByRole('button', { name: /^Storage/ }));
      await opened.user.click(screen.getByRole('button', { name: /^Jobs/ }));
      return opened;
    }

    test('no row moves: each has its new values in place, what is new comes behind, and all goes to its place once they left', async () => {
      const { fake, user } = await listed();
      await user.hover(screen.getByRole('row', { name: /second/ }));
      fake.say(ended, fourth);
      await settle();
      expect(names()).toEqual(['first', 'second', 'third', 'fourth']);
      expect(screen.getByRole('row', { name: /first/ })).toHaveTextContent('Done');
      fake.say({ type: 'job_gone', value: 'second' });
      await settle();
      expect(names()).toEqual(['first', 'third', 'fourth']);
      await user.hover(screen.getByRole('button', { name: 'New job' }));
      await settle();
      expect(names()).toEqual(['fourth', 'third', 'first']);
    });

    test('what is new is there also where more jobs wait to be drawn', async () => {
      const { fake, user } = await listed();
      fake.say(...Array.from({ length: 100 }, (_, n) => ({ type: 'job' as const, value: job({ id: `old ${n}`, name: `old ${n}`, submitted_at: at(9), state: 'succeeded', words: 'Done', ended_at: at(9) }) })));
      await settle();
      const before = names();
      await user.hover(screen.getByRole('row', { name: /second/ }));
      fake.say(fourth);
      await settle();
      expect(names()).toEqual([...before, 'fourth']);
    }, 60_000);

    test('the keyboard holds it as well, until it goes elsewhere', async () => {
      const { fake, user } = await listed();
      await user.keyboard('{ArrowDown}');
      expect(screen.getByRole('row', { name: /second/ })).toHaveFocus();
      fake.say(ended);
      await settle();
      expect(names()).toEqual(['first', 'second', 'third']);
      screen.getByRole('searchbox').focus();
      await settle();
      expect(names()).toEqual(['second', 'third', 'first']);
    });

    test('what was asked for anew is in its own order', async () => {
      const { fake, user } = await listed();
      await user.hover(screen.getByRole('row', { name: /second/ }));
      fake.say(ended);
      await fireEvent.input(screen.getByRole('searchbox'), { target: { value: 'i' } });
      expect(names()).toEqual(['second', 'third', 'first']);
      await fireEvent.input(screen.getByRole('searchbox'), { target: { value: 'nothing' } });
      await user.click(screen.getByRole('button', { name: 'Show all' }));
      expect(names()).toEqual(['second', 'third', 'first']);
    });

    test('where the page put the keyboard by itself, it goes with its row', async () => {
      const { fake } = await listed();
      expect(screen.getByRole('row', { name: /first/ })).toHaveFocus();
      fake.say(ended);
      await settle();
      expect(names()).toEqual(['second', 'third', 'first']);
      expect(screen.getByRole('row', { name: /first/ })).toHaveFocus();
    });
  });

  test('with nothing selected, copying means the storage path of the open job; in a field it means the field', async () => {
    await open();
    const copied = (target: Element) => {
      const event = new Event('copy', { bubbles: true, cancelable: true });
      const taken: string[] = [];
      Object.assign(event, { clipboardData: { setData: (_: string, text: string) => taken.push(text) } });
      target.dispatchEvent(event);
      return taken;
    };
    expect(copied(screen.getByRole('row', { name: /maze day 3/ }))).toEqual(['vast:amick/project/slp-check_2026-11-22_0914']);
    expect(copied(screen.getByRole('searchbox', { name: 'Name, worker, path' }))).toEqual([]);
  });

  test('settings are called as in the form', async () => {
    const { user } = await open();
    await user.click(tab('Settings'));
    expect(screen.getByText('Project')).toBeVisible();
    expect(screen.queryByText('LABELS')).toBeNull();
  });

  test('a job that ends while nobody looks is counted until it is looked at', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    fake.say({ type: 'job', value: job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' }) });
    await settle();
    await user.click(screen.getByRole('button', { name: /^Jobs .*1 ended, not yet looked at/ }));
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    expect(screen.getByRole('button', { name: 'Jobs' })).toBeVisible();
  });

  test('that a job of somebody else ended is no news', async () => {
    const theirs = job({ submitted_by: 'tom' });
    const { fake } = await ready({ type: 'job', value: theirs });
    fake.say({ type: 'job', value: { ...theirs, state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' } });
    await settle();
    expect(screen.getByRole('button', { name: 'Jobs' })).toBeVisible();
  });

  test('stopping asks first; killing is offered only while it saves', async () => {
    const { fake, user } = await open();
    await user.click(screen.getByRole('button', { name: 'Stop…' }));
    await user.click(within(screen.getByRole('dialog', { name: 'Stop maze day 3?' })).getByRole('button', { name: 'Stop and save' }));
    expect(fake.called('stop')).toEqual([[job().id]]);
    fake.say({ type: 'job', value: job({ stopping: 'stop', words: 'Stopping' }) });
    await settle();
    await user.click(screen.getByRole('button', { name: 'Kill now' }));
    await user.click(within(screen.getByRole('dialog', { name: 'Kill now?' })).getByRole('button', { name: 'Kill' }));
    expect(fake.called('kill')).toEqual([[job().id]]);
    const panel = screen.getByRole('region', { name: /^Job / });
    expect(panel).toHaveTextContent('Saving…');
    fake.say({ type: 'job', value: job({ stopping: 'kill', words: 'Stopping' }) });
    await settle();
    // What is killed saves nothing.
    expect(panel).toHaveTextContent('Ending it…');
    expect(panel).not.toHaveTextContent('Saving…');
  });

  test('a waiting job says why per worker, and is cancelled without a question', async () => {
    const { fake, user } = await open(job({ state: 'queued', words: 'Waiting', waiting_for: ['gpu-3: its vast is read-only'], worker: null }));
    expect(screen.getByRole('region', { name: /^Job / })).toHaveTextContent('gpu-3: its vast is read-only');
    await user.click(screen.getByRole('button', { name: 'Cancel job' }));
    expect(fake.called('stop')).toHaveLength(1);
  });

  test('what only whoever looks after the workers can mend is to be sent to them', async () => {
    const { fake, user } = await open(job({ state: 'queued', words: 'Waiting', worker: null, status: null, waiting_for: ['gpu-3: its vast is read-only'], waits: true, unserved: true }));
    const text = async () => {
      await user.click(screen.getByRole('button', { name: 'Copy for your admin' }));
      return navigator.clipboard.readText();
    };
    expect(await text()).toMatch(/^Job maze day 3 \(Check a SLEAP project\)\nvast:amick\/.*\namick, Samepath 0\.1\.0, 2.*\nWaiting\ngpu-3: its vast is read-only\n[^]*\nJob id 0199c0de.*\nMore: samepath doctor/);
    // Whom others are before waits for nobody who could mend it.
    fake.say({ type: 'job', value: job({ state: 'queued', words: 'Waiting', worker: null, waiting_for: ['gpu-1: busy'], waits: true, starts: 'Starts in about 40 min, on gpu-1.' }) });
    await settle();
    expect(screen.queryByRole('button', { name: 'Copy for your admin' })).toBeNull();
    fake.say({ type: 'job', value: job({ lost: true, words: 'Lost contact', status: 'gpu-1 has not answered for 8 s.' }) });
    await settle();
    expect(await text()).toContain('\nLost contact with gpu-1: gpu-1 has not answered for 8 s.\n');
    const message = 'gpu-1 went away three times.';
    fake.say({ type: 'job', value: job({ state: 'failed', words: 'Failed', failure: message, trouble: { cause: 'lost', message, last_line: null }, ended_at: '2026-11-22T10:18:02Z' }) });
    await settle();
    expect(await text()).toMatch(/\namick, Samepath 0\.1\.0, 2.*\nFailed on gpu-1: gpu-1 went away three times\.\n[^]*\nMore: samepath doctor/);
  });

  test('a failure is said first and can be retried; a refusal is shown', async () => {
    const { fake, user } = await open(job({ state: 'failed', words: 'Failed', failure: 'lost thrice', trouble: { cause: 'lost', message: 'gpu-2 went away three times.', last_line: null }, ended_at: '2026-11-22T10:18:02Z' }));
    expect(screen.getByRole('alert')).toHaveTextContent('Failed after 1 h 04 min: worker lost gpu-2 went away three times.');
    fake.failures.set('retry', new Failure('fleet_unreachable', 'The queue does not answer.', 'Try again.'));
    await user.click(screen.getByRole('button', { name: 'Retry' }));
    expect(screen.getAllByRole('alert').at(-1)).toHaveTextContent('The queue does not answer. Try again.');
  });

  test('results on a storage that is away here say so, and lead to it', async () => {
    const { fake, user } = await open(job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:18:02Z' }));
    await user.click(tab('Results'));
    const panel = screen.getByRole('region', { name: 'Job maze day 3' });
    expect(within(panel).getByRole('button', { name: 'Show results' })).toBeVisible();
    fake.say({ type: 'storages', value: [storage({ health: { ...storage().health!, state: 'not_mounted', words: 'not mounted' } })] });
    await settle();
    expect(panel).toHaveTextContent('Results are on vast, which is not mounted on this computer.');
    expect(within(panel).queryByRole('button', { name: 'Show results' })).toBeNull();
    expect(within(panel).queryByRole('button', { name: 'Connect…' })).toBeNull();
    fake.say({ type: 'storages', value: [storage({ connect: 'smb://vast01/talmo', health: { ...storage().health!, state: 'not_mounted', words: 'not mounted' } })] });
    await settle();
    await user.click(within(panel).getByRole('button', { name: 'Connect…' }));
    expect(fake.called('connect')).toEqual([['vast']]);
    fake.say({ type: 'storages', value: [] });
    await settle();
    expect(panel).toHaveTextContent('Results are on vast, which is not set up on this computer.');
    await user.click(within(panel).getByRole('button', { name: 'Open Storage' }));
    expect(screen.getByRole('heading', { name: 'Storage', level: 1 })).toBeVisible();
  });

  test.each(['report.json', 'report-2.json'])('results are the manifest, and %s is a table of text', async (path) => {
    const { fake, user, container } = await open(
      job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:18:02Z', outputs: [{ path, size: 4210, modified: '2026-11-22T10:18:00Z' }] }),
    );
    fake.reports.set(job().id, { videos: [{ written: `/x/${HOSTILE}`, found: true, local: '/data/a.mp4' }, { written: '/x/b.mp4', found: false }, 7] });
    await user.click(tab('Results'));
    await settle();
    const report = screen.getByRole('region', { name: 'Report' });
    expect(report).toHaveTextContent('1 of 2 videos seen');
    expect(report).toHaveTextContent('/data/a.mp4');
    expect(container.querySelector('img, b')).toBeNull();
    expect(screen.getByRole('region', { name: '1 file' })).toHaveTextContent('4.2 KB');
  });

  test('arrow keys move, Enter opens, Esc goes back to the row', async () => {
    const { user } = await ready(
      { type: 'job', value: job({ id: 'a', name: 'first', submitted_at: '2026-11-22T09:00:00Z' }) },
      { type: 'job', value: job({ id: 'b', name: 'second', submitted_at: '2026-11-22T09:01:00Z' }) },
    );
    await user.keyboard('{Control>}2{/Control}');
    screen.getByRole('row', { name: /first/ }).focus();
    await user.keyboard('{ArrowDown}');
    expect(screen.getByRole('row', { name: /second/ })).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(screen.getByRole('region', { name: 'Job second' })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Job second' })).toBeNull();
    expect(screen.getByRole('row', { name: /second/ })).toHaveFocus();
    await user.keyboard('f');
    expect(screen.getByRole('row', { name: /first/ })).toHaveFocus();
  });

  test('Space peeks: what is beside the list follows the keyboard, until Space again', async () => {
    const { user } = await ready(
      { type: 'job', value: job({ id: 'a', name: 'first', submitted_at: '2026-11-22T09:00:00Z' }) },
      { type: 'job', value: job({ id: 'b', name: 'second', submitted_at: '2026-11-22T09:01:00Z' }) },
    );
    await user.keyboard('{Control>}2{/Control} ');
    expect(screen.getByRole('region', { name: 'Job first' })).toBeVisible();
    await user.keyboard('{ArrowDown}');
    expect(screen.getByRole('region', { name: 'Job second' })).toBeVisible();
    expect(screen.getByRole('row', { name: /second/ })).toHaveFocus();
    await user.keyboard(' ');
    expect(screen.queryByRole('region', { name: /^Job / })).toBeNull();
    expect(screen.getByRole('row', { name: /second/ })).toHaveFocus();
    // What was opened stays when the keyboard goes on.
    await user.keyboard('{Enter}{ArrowUp}');
    expect(screen.getByRole('region', { name: 'Job second' })).toBeVisible();
  });

  test('a row asked for its verbs opens them where the pointer is, and has the keyboard again', async () => {
    const { fake, user } = await open();
    const row = screen.getByRole('row', { name: /maze day 3/ });
    await user.pointer({ keys: '[MouseRight]', target: row, coords: { clientX: 300, clientY: 200 } });
    const menu = await screen.findByRole('menu');
    expect(menu).toHaveStyle({ left: '300px', top: '200px' });
    expect(within(menu).getAllByRole('menuitem').map((item) => item.querySelector('span')?.textContent)).toEqual([
      'Run again…', 'Show results', 'Copy storage path', 'Copy path on this computer', 'Copy as command', 'Stop…',
    ]);
    expect(within(menu).getAllByRole('menuitem')[0]).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(screen.getByRole('row', { name: /maze day 3/ })).toHaveFocus();
    await user.pointer({ keys: '[MouseRight]', target: screen.getByRole('row', { name: /maze day 3/ }) });
    await user.click(await screen.findByRole('menuitem', { name: /^Stop…/ }));
    expect(screen.getByRole('dialog', { name: /^Stop/ })).toBeVisible();
    expect(fake.called('stop')).toEqual([]);
  });

  test('Ctrl Alt C copies where the results are on this computer', async () => {
    const { user } = await open();
    screen.getByRole('row', { name: /maze day 3/ }).focus();
    await user.keyboard('{Control>}{Alt>}[KeyC]{/Alt}{/Control}');
    expect(await navigator.clipboard.readText()).toBe('/mnt/vast/amick/project/slp-check_2026-11-22_0914');
  });

  test('what a job said last is kept in sight after its end', async () => {
    await open(job({ state: 'cancelled', words: 'Cancelled', status: 'Stopped at epoch 2 of 7.', ended_at: '2026-11-22T10:00:00Z' }));
    expect(screen.getByRole('region', { name: 'Job maze day 3' })).toHaveTextContent('Stopped at epoch 2 of 7.');
  });

  test('search and filter; nothing found offers to show all', async () => {
    const { user } = await ready({ type: 'job', value: job() });
    await user.keyboard('{Control>}2{/Control}{Control>}f{/Control}nothing like it');
    expect(screen.getByText('Nothing matches.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Show all' }));
    expect(screen.getByRole('row', { name: /maze day 3/ })).toBeVisible();
    // Of its paths, the dataset's too.
    await user.type(screen.getByRole('searchbox', { name: 'Name, worker, path' }), 'project/LABELS.slp');
    expect(screen.getByRole('row', { name: /maze day 3/ })).toBeVisible();
    await user.click(screen.getByRole('radio', { name: 'Ended' }));
    expect(screen.queryByRole('row', { name: /maze day 3/ })).toBeNull();
  });
});

describe('Log', () => {
  test('what is too much for the page is told of, with where it is', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    fake.logs.get(job().id)?.({ type: 'lines', value: lines(0, KEPT + 10) });
    await settle();
    const note = screen.getByText(/^The first 10 lines are not shown here/);
    expect(note).toHaveTextContent(`In a terminal: samepath logs ${job().id}`);
    await user.click(within(note).getByRole('button', { name: 'Copy the command' }));
    expect(await navigator.clipboard.readText()).toBe(`samepath logs ${job().id}`);
  });

  const lines = (from: number, count: number) => Array.from({ length: count }, (_, i) => logLine(from + i, `line ${from + i}`));

  test('100,000 lines are read, and only those in sight are drawn', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    fake.logs.get(job().id)?.({ type: 'lines', value: lines(0, 100_000) });
    await settle();
    expect(screen.getByText('100,000 lines')).toBeVisible();
    expect(screen.getByRole('log').querySelectorAll('.entry').length).toBeLessThan(300);
  });

  test('it follows the end until it is scrolled, and again when asked', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    const log = screen.getByRole('log');
    Object.defineProperties(log, { scrollHeight: { get: () => 18 * 5000, configurable: true }, clientHeight: { get: () => 180, configurable: true } });
    fake.logs.get(job().id)?.({ type: 'lines', value: lines(0, 5000) });
    await settle();
    expect(log.scrollTop).toBe(18 * 5000);
    log.scrollTop = 1800;
    await fireEvent.scroll(log);
    fake.logs.get(job().id)?.({ type: 'lines', value: lines(5000, 10) });
    await settle();
    expect(log.scrollTop).toBe(1800);
    expect(log).toHaveTextContent('line 100');
    await user.click(screen.getByRole('button', { name: 'Go to the end' }));
    expect(log.scrollTop).toBe(18 * 5000);
  });

  test('finding counts and goes from one to the next', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    fake.logs.get(job().id)?.({ type: 'lines', value: [logLine(0, 'fine'), logLine(1, 'Warning: a'), logLine(2, 'warning: b')] });
    await settle();
    await user.type(screen.getByLabelText('Find in the log'), 'warning');
    expect(screen.getByText('1 of 2')).toBeVisible();
    const log = screen.getByRole('log');
    expect([...log.querySelectorAll('mark')].map((word) => word.textContent)).toEqual(['Warning', 'warning']);
    expect(log.querySelector('.hit')).toHaveTextContent('Warning: a');
    await user.keyboard('{Enter}');
    expect(screen.getByText('2 of 2')).toBeVisible();
    expect(log.querySelector('.hit')).toHaveTextContent('warning: b');
    const back = screen.getByRole('button', { name: 'Previous hit' });
    expect(back).toHaveAttribute('title', 'Previous hit (Shift Enter)');
    await user.click(back);
    expect(screen.getByText('1 of 2')).toBeVisible();
    const on = screen.getByRole('button', { name: 'Next hit' });
    expect(on).toHaveAttribute('title', 'Next hit (Enter)');
    await user.click(on);
    expect(screen.getByText('2 of 2')).toBeVisible();
    await user.type(screen.getByLabelText('Find in the log'), ' z');
    expect(on).toBeDisabled();
  });

  test('errors and warnings are counted and marked; Ctrl F finds in the log', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    const said = ['fine', 'UserWarning: an error may follow', 'ValueError: no frames', 'epoch 1: error=0.3'];
    fake.logs.get(job().id)?.({ type: 'lines', value: said.map((text, index) => logLine(index, text)) });
    await settle();
    expect(screen.getByText('4 lines · 1 error, 1 warning')).toBeVisible();
    const log = screen.getByRole('log');
    expect([...log.querySelectorAll('.error')].map((line) => line.textContent)).toEqual([said[2]]);
    expect(log.parentElement?.querySelectorAll('.marks span')).toHaveLength(2);
    await user.keyboard('{Control>}f{/Control}frames');
    expect(screen.getByLabelText('Find in the log')).toHaveValue('frames');
    expect(screen.getByText('1 of 1')).toBeVisible();
  });

  test('a line that turns its direction or commands a terminal keeps to itself', async () => {
    const { fake, user } = await open();
    await user.click(tab('Log'));
    fake.logs.get(job().id)?.({ type: 'lines', value: [logLine(0, '\u001b[31mred\u001b[0m \u202egpj.exe\u0007\u0000 end')] });
    await settle();
    const line = screen.getByRole('log').querySelector('.entry');
    expect(line).toHaveTextContent('red \u202egpj.exe␇␀ end');
    expect(line?.firstElementChild?.tagName).toBe('BDI');
  });

  test('lines are text, and leaving the tab ends the stream', async () => {
    const { fake, user, container } = await open();
    await user.click(tab('Log'));
    fake.logs.get(job().id)?.({ type: 'lines', value: [logLine(0, HOSTILE)] });
    await settle();
    expect(screen.getByRole('log')).toHaveTextContent(HOSTILE);
    expect(container.querySelector('img, b')).toBeNull();
    await user.click(tab('Overview'));
    await settle();
    expect(fake.calls.filter(([name]) => name === 'leaveLog')).toHaveLength(1);
  });

  test('a log that cannot be read says so', async () => {
    const { fake, user } = await open();
    fake.failures.set('followLog', new Failure('job_not_found', 'There is no such job.'));
    await user.click(tab('Log'));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('There is no such job.');
  });
});
