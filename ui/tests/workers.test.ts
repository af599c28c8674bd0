import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure, type WorkerView } from '../src/lib/ipc';
import { dataset, job, kind, status, worker } from './views';
import { ready, settle } from './render';

const at = (over: Partial<WorkerView['storages'][number]>) => [{ ...worker().storages[0]!, ...over }];
const unknown = at({ words: 'not confirmed', sameness: 'unknown' });

async function open(...workers: WorkerView[]) {
  const opened = await ready(...workers.map((value) => ({ type: 'worker' as const, value })));
  await opened.user.keyboard('{Control>}3{/Control}');
  return opened;
}

describe('Workers', () => {
  test.each([
    [at({ state: 'read_only', words: 'read-only' }), 'gpu-1 can read vast but not write there; results cannot go to it.'],
    [at({ state: 'ready', words: 'other storage', sameness: 'other_storage' }), 'gpu-1’s vast is another storage, or another folder of it. No job of yours goes there.'],
    [at({ state: 'not_answering', words: 'not answering', sameness: 'unknown' }), 'vast does not answer gpu-1. It may be the network.'],
    [at({ words: 'confirmed', sameness: 'confirmed' }), 'gpu-1 proved that it reads the same files on vast as this computer.'],
    [at({ words: 'same mark', sameness: 'same_mark' }), 'gpu-1’s vast carries the same mark as yours. A copied folder would carry it, too.'],
    [[], 'gpu-1 has no vast.'],
  ])('the word of a storage has a sentence behind it', async (storages, sentence) => {
    const { user } = await open(worker({ storages }));
    const row = screen.getByRole('row', { name: /gpu-1/ });
    expect(within(row).getByTitle(sentence)).toHaveTextContent(storages[0]?.words ?? 'none');
    await user.click(row);
    if (storages.length > 0) expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toHaveTextContent(sentence);
  });

  test('whoever looks after the lab has a worker take no new job, or puts it out; nobody else is offered that', async () => {
    const inLab = status({ lab: 'Talmo Lab', link: 'connected', in_lab: true });
    const { fake, user } = await open(worker());
    fake.say({ type: 'status', value: inLab });
    await settle();
    // The keyboard is on the list's first row.
    expect(screen.getByRole('row', { name: /gpu-1/ })).toHaveFocus();
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    const panel = screen.getByRole('region', { name: 'Worker gpu-1' });
    expect(within(panel).queryByRole('button', { name: 'Drain' })).toBeNull();
    expect(within(panel).queryByRole('button', { name: 'Remove…' })).toBeNull();
    fake.say({ type: 'status', value: { ...inLab, admin: true } });
    await settle();
    await user.click(within(panel).getByRole('button', { name: 'Drain' }));
    await settle();
    expect(fake.called('drainWorker')).toEqual([['w1', true]]);
    fake.say({ type: 'worker', value: worker({ draining: true, state: 'takes no new jobs' }) }, { type: 'job', value: job({ worker: 'gpu-1' }) });
    await settle();
    expect(panel).toHaveTextContent(/It takes no new job; 1 left/);
    fake.failures.set('drainWorker', new Failure('no_worker', 'gpu-1 does not answer.'));
    await user.click(within(panel).getByRole('button', { name: 'Take jobs again' }));
    await settle();
    expect(fake.called('drainWorker').at(-1)).toEqual(['w1', false]);
    expect(panel).toHaveTextContent('gpu-1 does not answer.');
    await user.click(within(panel).getByRole('button', { name: 'Remove…' }));
    const question = screen.getByRole('dialog', { name: 'Remove gpu-1 from the lab?' });
    expect(question).toHaveTextContent('What it runs is given to another worker, and may go on there');
    expect(question).not.toHaveTextContent('Its computer goes');
    await user.click(within(question).getByRole('button', { name: 'Keep' }));
    expect(fake.called('removeWorker')).toEqual([]);
    await user.click(within(panel).getByRole('button', { name: 'Remove…' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
    await settle();
    expect(fake.called('removeWorker')).toEqual([['w1']]);
  });

  test('of a computer with a worker for each GPU all go, which is said before', async () => {
    const gpu = (n: number) => worker({ id: `lab-gpu:${n}`, name: `lab-gpu-gpu${n}` });
    const { fake, user } = await open(gpu(0), gpu(1), worker({ id: 'lab', name: 'lab' }));
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true, admin: true }) });
    await settle();
    await user.click(screen.getByRole('row', { name: /lab-gpu-gpu0/ }));
    await user.click(screen.getByRole('button', { name: 'Remove…' }));
    const question = screen.getByRole('dialog');
    expect(question).toHaveTextContent('Its computer goes, and with it lab-gpu-gpu1.');
    await user.click(within(question).getByRole('button', { name: 'Remove' }));
    await settle();
    expect(fake.called('removeWorker')).toEqual([['lab-gpu:0']]);
  });

  test.each([
    [['slp-check', 'sleap-train', 'sleap-predict', 'dlc-export'], 'SLEAP ×2, +1'],
    [['slp-check', 'sleap-train', 'sleap-predict'], 'SLEAP ×2'],
    [['slp-check', 'sleap-predict', 'dlc-export'], 'sleap-predict, +1'],
    [['slp-check', 'sleap-train'], 'SLEAP training'],
    [['slp-check', 'sleap-export', 'dlc-export'], 'sleap-export, +1'],
    [['slp-check'], 'Check only'],
    [[], 'nothing yet'],
  ])('who can train is seen in the list: %j', async (kinds, said) => {
    const { fake } = await open(worker({ kinds, unavailable: ['sleap-topdown: no program sleap-nn'] }));
    fake.say({ type: 'kinds', value: [kind(), kind({ name: 'sleap-train', title: 'SLEAP training' })] });
    await settle();
    const cell = within(screen.getByRole('row', { name: /gpu-1/ })).getByText(said).closest('td');
    expect(cell?.title).toMatch(/Cannot run sleap-topdown: no program sleap-nn\.$/);
    expect(cell?.title.startsWith('Can run Check a SLEAP project')).toBe(kinds.includes('slp-check'));
  });

  test('when a worker looked at a storage stands beside it', async () => {
    const { user } = await open(worker({ storages: [...at({ checked_at: '2020-11-22T09:14:00Z' }), ...at({ name: 'scratch' })] }));
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toHaveTextContent(/checked 22 Nov 2020/);
    expect(screen.getAllByText(/^checked /)).toHaveLength(1);
  });

  test('what a worker cannot run is told to whoever looks after it', async () => {
    const { user } = await open(worker({ unavailable: ['sleap-train: sleap-nn was not found in PATH or ~/.local/bin'] }));
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    await user.click(screen.getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toMatch(/^Samepath: what gpu-1 cannot run\namick, Samepath 0\.1\.0, .*\nsleap-train: sleap-nn was not found/);
  });

  test('what nobody has proved is confirmed at a word; who did not find the file says so', async () => {
    const { fake, user } = await open(worker({ storages: unknown }));
    fake.same = [{ id: 'w1', worker: 'gpu-1', saw: 'not_found', words: 'gpu-1 looked and did not find it.' }];
    const row = screen.getByRole('row', { name: /gpu-1/ });
    await user.click(within(row).getByRole('button', { name: 'Confirm vast on gpu-1' }));
    await settle();
    expect(fake.called('sameStorage')).toEqual([['vast', null]]);
    // The button is not the row.
    expect(screen.queryByRole('region', { name: 'Worker gpu-1' })).toBeNull();
    await user.click(row);
    const panel = screen.getByRole('region', { name: 'Worker gpu-1' });
    expect(panel).toHaveTextContent('gpu-1 looked and did not find it.');
    fake.failures.set('sameStorage', new Failure('io', 'vast:amick cannot be written.'));
    await user.click(within(panel).getByRole('button', { name: 'Confirm vast on gpu-1' }));
    await settle();
    expect(panel).toHaveTextContent('vast:amick cannot be written.');
    expect(panel).not.toHaveTextContent('did not find it');
    fake.say({ type: 'worker', value: worker({ storages: at({ words: 'confirmed', sameness: 'confirmed' }) }) });
    await settle();
    expect(screen.queryByRole('button', { name: 'Confirm vast on gpu-1' })).toBeNull();
  });

  test('a GPU that somebody else works with is told, with what that means', async () => {
    const { fake, user } = await open(worker({ gpus: 1, gpu: 'A40 45 GiB · 97 %', gpu_in_use: 'tom (python), 21 GiB' }), worker({ id: 'w2', name: 'gpu-2', gpus: 2 }));
    const row = screen.getByRole('row', { name: /gpu-1/ });
    expect(row).toHaveTextContent('A40 45 GiB · 97 %');
    expect(row).toHaveTextContent('in use by tom (python), 21 GiB');
    // Whose driver tells nothing.
    expect(within(screen.getByRole('row', { name: /gpu-2/ })).getByRole('cell', { name: '2' })).toBeVisible();
    await user.click(row);
    expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toHaveTextContent('It gets no job meanwhile that works with a GPU.');
    fake.say({ type: 'worker', value: worker({ gpus: 1, gpu: 'A40 45 GiB · 2 %' }) });
    await settle();
    expect(screen.queryByText(/in use by/)).toBeNull();
  });

  test('who is offline is told of with when it was seen, as far as jobs tell', async () => {
    const at = (days: number) => new Date(Date.now() - days * 24 * 3_600_000).toISOString();
    const tried = (id: string, worker: string, began: number, ended: number | null, end: string | null = 'succeeded') =>
      ({ type: 'job' as const, value: job({ id, worker, tries: [{ number: 1, worker, began_at: at(began), ended_at: ended === null ? null : at(ended), end, why: null, removed: false }] }) });
    const { fake, user } = await open(worker());
    expect(screen.queryByText(/offline/)).toBeNull();
    fake.say(tried('a', 'ws-2', 9, 8), tried('b', 'ws-2', 3, 2, 'lost'), tried('c', 'gpu-1', 1, 1), tried('d', 'old', 41, 40), tried('e', 'ws-3', 5, null, null));
    await settle();
    const rows = screen.getAllByRole('row').slice(1).map((row) => row.textContent?.replace(/\s+/g, ' ').trim());
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/^gpu-1.*now$/);
    expect(rows[1]).toMatch(/^ws-2 offline/);
    expect(rows[2]).toMatch(/^ws-3 offline/);
    expect(screen.getByText('1 ready · 0 busy · 2 offline')).toBeVisible();
    fake.say({ type: 'worker', value: worker({ id: 'w2', name: 'ws-2' }) }, { type: 'worker_gone', value: 'w1' });
    await settle();
    expect(screen.getByRole('row', { name: /^gpu-1 offline/ })).toBeVisible();
    expect(screen.queryByRole('row', { name: /^ws-2 offline/ })).toBeNull();
    await user.click(screen.getByRole('row', { name: /^gpu-1 offline/ }));
    expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toHaveTextContent(/offline A job last told of it/);
    // Once it is put out it stays as long as it is looked at, and is gone then.
    const lost = tried('c', 'gpu-1', 1, 1).value;
    fake.say({ type: 'job', value: { ...lost, tries: lost.tries.map((one) => ({ ...one, removed: true })) } });
    await settle();
    expect(screen.getByRole('row', { name: /^gpu-1 offline/ })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('row', { name: /^gpu-1/ })).toBeNull();
  });

  test('one that is offline tells of its jobs, and is put out by whoever looks after the lab', async () => {
    const began_at = new Date(Date.now() - 3_600_000).toISOString();
    const tried = job({ state: 'succeeded', words: 'Done', worker: 'gpu-1', ended_at: began_at, tries: [{ number: 1, worker: 'ws-2', began_at, ended_at: began_at, end: 'lost', why: null, removed: false }] });
    const { fake, user } = await open(worker());
    const inLab = status({ lab: 'Talmo Lab', link: 'connected', in_lab: true });
    fake.say({ type: 'job', value: tried }, { type: 'status', value: inLab });
    await settle();
    await user.keyboard('{ArrowDown}{Enter}');
    const panel = screen.getByRole('region', { name: 'Worker ws-2' });
    expect(panel).toHaveTextContent('Last jobs');
    expect(panel).toHaveTextContent('maze day 3');
    expect(within(panel).queryByRole('button', { name: 'Remove…' })).toBeNull();
    fake.say({ type: 'status', value: { ...inLab, admin: true } });
    await settle();
    fake.failures.set('removeWorker', new Failure('no_worker', 'No worker ws-2 has joined this lab.'));
    const remove = async () => {
      await user.click(within(panel).getByRole('button', { name: 'Remove…' }));
      await user.click(within(screen.getByRole('dialog', { name: 'Remove ws-2 from the lab?' })).getByRole('button', { name: 'Remove' }));
      await settle();
    };
    await remove();
    expect(panel).toHaveTextContent('No worker ws-2 has joined this lab.');
    fake.failures.clear();
    await remove();
    expect(fake.called('removeWorker')).toEqual([['ws-2'], ['ws-2']]);
    expect(panel).toHaveTextContent('ws-2 was removed from the lab.');
    expect(within(panel).getByRole('button', { name: 'Close the worker' })).toHaveFocus();
    expect(within(panel).queryByRole('button', { name: 'Remove…' })).toBeNull();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Worker ws-2' })).toBeNull();
    expect(screen.getByRole('row', { name: /ws-2 offline/ })).toHaveFocus();
  });

  test('a worker that comes moves no row while the pointer is in the list', async () => {
    const { fake, user } = await open(worker({ id: 'w2', name: 'gpu-2' }), worker({ id: 'w3', name: 'gpu-3' }));
    const names = () => [...document.querySelectorAll('[data-worker]')].map((row) => row.getAttribute('data-row'));
    await user.hover(screen.getByRole('row', { name: /gpu-3/ }));
    fake.say({ type: 'worker', value: worker() });
    await settle();
    expect(names()).toEqual(['gpu-2', 'gpu-3', 'gpu-1']);
    await user.hover(screen.getByRole('button', { name: 'New job' }));
    (document.activeElement as HTMLElement).blur();
    await settle();
    expect(names()).toEqual(['gpu-1', 'gpu-2', 'gpu-3']);
  });

  test('the heading counts as the sidebar does: who is ready, who is busy, and who takes no jobs', async () => {
    await open(worker(), worker({ id: 'w2', name: 'gpu-2' }), worker({ id: 'w3', name: 'gpu-3', busy: true, state: 'x', draining: true }), worker({ id: 'w4', name: 'gpu-4', draining: true }));
    expect(screen.getByText('2 ready · 1 busy · 1 taking no jobs')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Workers 2 of 4 workers are ready' })).toBeVisible();
  });

  test('those of a lab whose server has just begun are not called offline', async () => {
    const { fake, user } = await ready({ type: 'status', value: status({ in_lab: true, lab: 'Talmo Lab', beginning: true }) });
    await user.keyboard('{Control>}3{/Control}');
    expect(screen.getByRole('heading', { name: 'No worker is back yet' })).toBeVisible();
    expect(screen.getByRole('button', { name: 'Workers the workers may not be back yet' })).toBeVisible();
    expect(screen.queryByText(/No worker is online/)).toBeNull();
    fake.say({ type: 'status', value: status({ in_lab: true, lab: 'Talmo Lab' }) });
    await settle();
    expect(screen.getByRole('heading', { name: 'No worker is online' })).toBeVisible();
  });

  test('a check is run on the very worker', async () => {
    const { fake, user } = await open(worker(), worker({ id: 'w2', name: 'gpu-2', kinds: ['train'] }));
    fake.say({ type: 'kinds', value: [kind({ name: 'train', title: 'Training' }), kind()] });
    await user.click(screen.getByRole('row', { name: /gpu-2/ }));
    expect(screen.queryByRole('button', { name: 'Run a check here' })).toBeNull();
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    await user.click(screen.getByRole('button', { name: 'Run a check here' }));
    await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'nowhere');
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
  });

  test('a new one says that nothing ran on it, and is tried with one click', async () => {
    const { fake, user } = await open(worker({ untried: true }), worker({ id: 'w2', name: 'gpu-2', untried: true, kinds: ['train'] }), worker({ id: 'w3', name: 'gpu-3' }));
    fake.say({ type: 'kinds', value: [kind({ name: 'train', title: 'Training' }), kind()] });
    expect(screen.getByRole('row', { name: /gpu-1/ })).toHaveTextContent('free new · nothing run yet');
    expect(screen.getByRole('row', { name: /gpu-3/ })).not.toHaveTextContent('new');
    // There is nothing to try it with.
    await user.click(screen.getByRole('row', { name: /gpu-2/ }));
    expect(screen.queryByRole('button', { name: 'Run a test job' })).toBeNull();
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    const panel = screen.getByRole('region', { name: 'Worker gpu-1' });
    expect(panel).toHaveTextContent('New: nothing has run on it yet.');
    expect(within(panel).queryByRole('button', { name: 'Run a check here' })).toBeNull();
    await user.click(within(panel).getByRole('button', { name: 'Run a test job' }));
    await settle();
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('textbox', { name: 'Path of the dataset' })).toBeVisible();
    await user.keyboard('{Control>}3{/Control}');
    fake.say({ type: 'worker', value: worker() });
    await settle();
    expect(screen.queryByText(/nothing has run/)).toBeNull();
    expect(screen.getByRole('button', { name: 'Run a check here' })).toBeVisible();
  });

  test('its jobs are beside it, and lead to them', async () => {
    const { fake, user } = await open(worker({ busy: true, state: 'maze day 3' }));
    fake.say(
      { type: 'job', value: job() },
      { type: 'job', value: job({ id: 'old', name: 'maze day 2', state: 'succeeded', words: 'Done', ended_at: '2026-11-22T10:00:00Z' }) },
      { type: 'job', value: job({ id: 'else', name: 'elsewhere', worker: 'gpu-2' }) },
    );
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    const panel = screen.getByRole('region', { name: 'Worker gpu-1' });
    expect(panel).toHaveTextContent(/Runs now Running maze day 3 .*Last jobs Done maze day 2/);
    expect(panel).not.toHaveTextContent('elsewhere');
    await user.click(within(panel).getByRole('button', { name: /maze day 2/ }));
    expect(screen.getByRole('region', { name: 'Job maze day 2' })).toBeVisible();
  });

  test('of many, some are looked for; of thousands, as many rows are drawn as are looked at', async () => {
    const { container, user } = await open(
      ...Array.from({ length: 250 }, (_, n) => worker({ id: `w${n}`, name: `gpu-${n}`, host: `h${n}`, busy: n < 3, state: n < 3 ? 'x' : 'free', storages: n === 7 ? [] : worker().storages })),
    );
    const drawn = () => container.querySelectorAll('[data-worker]').length;
    expect(drawn()).toBe(60);
    await user.click(screen.getByText('190 more'));
    expect(drawn()).toBe(120);
    expect([...container.querySelectorAll('[data-worker]')].slice(8, 12).map((row) => row.getAttribute('data-row'))).toEqual(['gpu-8', 'gpu-9', 'gpu-10', 'gpu-11']);
    await user.selectOptions(screen.getByRole('combobox', { name: 'Which workers' }), 'Not ready for all your storages');
    expect(screen.getByRole('row', { name: /gpu-7/ })).toHaveAttribute('tabindex', '0');
    expect(drawn()).toBe(1);
    await user.keyboard('{Control>}f{/Control}nobody');
    await user.click(screen.getByRole('button', { name: 'Show all' }));
    expect(drawn()).toBe(120);
  }, 60_000);

  test('a worker is tried with what was run last, unless a dataset is chosen already', async () => {
    const LAST = 'vast:amick/project/labels.slp';
    const { fake, user } = await ready({ type: 'kinds', value: [kind()] }, { type: 'worker', value: worker({ name: 'gpu-9' }) }, { type: 'job', value: job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T09:20:00Z' }) }, { type: 'job', value: job({ id: 't', submitted_by: 'tom', submitted_at: '2026-11-23T09:00:00Z', settings: [['LABELS', 'vast:tom/theirs.slp']] }) });
    fake.datasets.set(LAST, dataset());
    const check = async () => {
      await user.keyboard('{Control>}3{/Control}');
      await user.click(screen.getByRole('row', { name: /gpu-9/ }));
      await user.click(screen.getByRole('button', { name: 'Run a check here' }));
      await settle();
    };
    await check();
    expect(screen.getByRole('list', { name: 'Where the dataset is' })).toHaveTextContent('project/labels.slp');
    await check();
    expect(fake.called('openDataset')).toEqual([[LAST]]);
  });

  test('the verbs of a worker are offered at its row, too', async () => {
    const { user } = await ready({ type: 'worker', value: worker() });
    await user.keyboard('{Control>}3{/Control}');
    await user.pointer({ keys: '[MouseRight]', target: screen.getByRole('row', { name: /gpu-1/ }), coords: { clientX: 300, clientY: 200 } });
    await settle();
    const menu = screen.getByRole('menu', { name: 'More for this worker' });
    expect(within(menu).getAllByRole('menuitem').map((item) => item.textContent?.trim())).toEqual(['Use for my next job', 'Run a check here', 'Copy its name']);
    await user.click(within(menu).getByRole('menuitem', { name: 'Use for my next job' }));
    expect(screen.getByRole('heading', { name: 'New job' })).toBeVisible();
  });

  test('whoever takes no job is not free', async () => {
    const { user } = await open(...Array.from({ length: 9 }, (_, n) => worker({ id: `w${n}`, name: `gpu-${n}`, draining: n === 4, state: n === 4 ? 'takes no new jobs' : 'free' })));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Which workers' }), 'Free');
    expect(screen.queryByRole('row', { name: /gpu-4/ })).toBeNull();
    expect(screen.getAllByRole('row', { name: /gpu-/ })).toHaveLength(8);
  });

  test('the verbs of one that is offline are offered at its row, too', async () => {
    const ended = job({ id: 'b', tries: [{ number: 1, worker: 'ws-2', began_at: new Date().toISOString(), ended_at: new Date().toISOString(), end: 'succeeded', why: null, removed: false }], state: 'succeeded', words: 'Done', worker: 'ws-2', ended_at: new Date().toISOString() });
    const { fake, user } = await ready({ type: 'worker', value: worker() }, { type: 'job', value: ended });
    await user.keyboard('{Control>}3{/Control}');
    const asked = async () => {
      await user.pointer({ keys: '[MouseRight]', target: screen.getByRole('row', { name: /ws-2/ }), coords: { clientX: 300, clientY: 200 } });
      await settle();
      return within(screen.getByRole('menu', { name: 'More for this worker' }));
    };
    expect((await asked()).getAllByRole('menuitem').map((item) => item.textContent?.trim())).toEqual(['Copy its name']);
    await user.keyboard('{Escape}');
    expect(screen.getByRole('row', { name: /ws-2/ })).toHaveFocus();
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', in_lab: true, admin: true }) });
    await settle();
    await user.click((await asked()).getByRole('menuitem', { name: 'Remove…' }));
    expect(screen.getByRole('dialog', { name: 'Remove ws-2 from the lab?' })).toBeVisible();
  });

  test('beside an open worker the list keeps to how each is and to the storages', async () => {
    const { user } = await open(worker(), worker({ id: 'w2', name: 'gpu-2', draining: true, state: 'takes no new jobs' }));
    const headings = () => screen.getAllByRole('columnheader').map((heading) => heading.textContent);
    expect(headings()).toEqual(['Worker', 'State', 'GPUs', 'vast', 'Runs', 'Seen']);
    expect(within(screen.getByRole('row', { name: /gpu-2/ })).getByText('takes no new jobs').closest('.state')).not.toHaveClass('ok');
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    expect(headings()).toEqual(['Worker', 'State', 'vast']);
    expect(screen.getByRole('row', { name: /gpu-2/ }).querySelectorAll('td')).toHaveLength(3);
    await user.keyboard('{Escape}');
    expect(headings()).toHaveLength(6);
  });
});
