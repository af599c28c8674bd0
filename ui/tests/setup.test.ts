import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { Failure, type LabStorageView, type SuggestionView } from '../src/lib/ipc';
import App from '../src/App.svelte';
import { Fake } from './fake';
import { job, status, storage } from './views';
import { HOSTILE, answerHere, next, open, settle, title } from './render';

const here = (over: Partial<SuggestionView> = {}): SuggestionView => ({
  name: 'talmo', base_path: '/Volumes/talmo', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //vast01/talmo', state: 'ready', words: 'ready', free_bytes: 41e12, lab: null, ...over,
});
const ofLab = (sure: boolean) => ({ name: 'vast', by: sure ? 'share' : 'name', sure, words: 'the lab’s vast: 4 workers mount this share', type: 'nfs', description: null, workers: ['gpu-1'], subpath: sure ? 'labs' : '' });
const missing: LabStorageView = { name: 'scratch', type: null, workers: ['gpu-1', 'gpu-2'], shares: [], connect: null, description: null, help: null, mount: null };

async function begin(setUp: (opened: Awaited<ReturnType<typeof open>>) => void = () => {}) {
  const opened = await open({ type: 'storages', value: [] });
  setUp(opened);
  await answerHere(opened.user);
  await settle();
  return opened;
}

/** What the shell was last told to keep. */
const kept = (fake: Awaited<ReturnType<typeof open>>['fake']) => fake.keptOf('setup');

describe('Setting up', () => {
  test('it begins by itself with where jobs run', async () => {
    const { fake } = await open({ type: 'storages', value: [] });
    const card = title('Where do your jobs run?');
    expect(screen.getByRole('radio', { name: /In my lab/ })).toBeChecked();
    expect(screen.getByRole('textbox', { name: 'Invitation' })).toHaveValue('');
    expect(card).toHaveTextContent('No account, no server. Jobs run here.');
    expect(within(card).getByRole('list', { name: 'Steps' })).toHaveTextContent(/Your lab.*Storage.*Your folder.*Check/);
    expect(within(card).getByRole('heading', { level: 1 })).toHaveFocus();
    expect(kept(fake)).toMatchObject({ step: 'lab' });
  });

  test('a folder that is not proposed is chosen, and named before it goes on', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: ofLab(true) })], missing: [] };
      fake.own = { name: 'amick', words: null };
    });
    await user.click(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' }));
    await settle();
    expect(screen.getByRole('radio', { name: /^amick/ })).toBeChecked();
    await user.click(screen.getByRole('radio', { name: 'Another folder' }));
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveFocus();
    expect(next()).toBeDisabled();
    await user.keyboard('tom');
    expect(screen.getByRole('radio', { name: 'Another folder' })).toBeChecked();
    await user.click(screen.getByRole('radio', { name: /^amick/ }));
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('');
    await user.click(next());
    await settle();
    expect(fake.called('tryStorage')[0]).toMatchObject(['vast', { user_subdir: 'amick' }, false]);
  });

  test('what could not be tried yet is no warning, and nobody’s to mend', async () => {
    const finding = { area: 'storage', what: 'Read', mend: null, code: null };
    const { user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: ofLab(true) })], missing: [] };
      fake.findings = [{ ...finding, state: 'note', found: 'not tried: no file is in vast yet' }, { ...finding, state: 'good', what: 'Write', found: 'wrote a file' }];
    });
    await user.click(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' }));
    await settle();
    await user.click(next());
    await settle();
    expect(screen.getByText(/^Read: not tried/).closest('.state')).toHaveClass('off');
    expect(screen.queryByRole('button', { name: 'Copy for your admin' })).toBeNull();
  });

  test('where nothing can be looked at, a folder can still be chosen, and it is looked again', async () => {
    const { fake, user } = await begin(({ fake }) => fake.failures.set('lookAround', new Failure('io', 'What is mounted here cannot be read.')));
    expect(screen.getByRole('alert')).toHaveTextContent('What is mounted here cannot be read.');
    expect(screen.getByRole('button', { name: 'Choose folder…' })).toBeVisible();
    fake.failures.clear();
    fake.around = { here: [here()], missing: [] };
    await user.click(screen.getByRole('button', { name: 'Check again' }));
    await settle();
    expect(screen.getByRole('button', { name: 'Add as… /Volumes/talmo' })).toBeVisible();
  });

  test('what takes long says what it waits for, and need not be waited for', async () => {
    vi.useFakeTimers();
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    const fake = new Fake([{ type: 'status', value: status() }, { type: 'storages', value: [] }]);
    render(App, { ipc: fake });
    await settle();
    const never = new Promise<never>(() => {});
    vi.spyOn(fake, 'lookAround').mockReturnValue(never);
    await answerHere(user);
    await settle();
    await vi.advanceTimersByTimeAsync(250);
    expect(screen.getByText('Looking at what is mounted here…')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Stop waiting' })).toBeNull();
    await vi.advanceTimersByTimeAsync(3100);
    expect(screen.getByText(/A share that does not answer is waited for\./)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Stop waiting' }));
    await settle();
    // What can be done without an answer is there.
    fake.picked = '/Volumes/talmo';
    vi.spyOn(fake, 'placeFolder').mockReturnValue(never);
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await settle();
    // It is looked around again meanwhile; that does not overtake what is found out of the folder.
    await vi.advanceTimersByTimeAsync(6000);
    expect(screen.getByText(/Waiting for \/Volumes\/talmo\./)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Stop waiting' }));
    await settle();
    vi.spyOn(fake, 'ownFolder').mockReturnValue(never);
    await user.click(next());
    await settle();
    await vi.advanceTimersByTimeAsync(3100);
    await user.click(screen.getByRole('button', { name: 'Stop waiting' }));
    await settle();
    vi.spyOn(fake, 'sameStorage').mockReturnValue(never);
    await user.click(screen.getByRole('radio', { name: 'None: I work in the whole storage' }));
    await user.click(next());
    await settle();
    await vi.advanceTimersByTimeAsync(250);
    expect(screen.getByText(/^Asking the workers/)).toBeVisible();
    await vi.advanceTimersByTimeAsync(3100);
    await user.click(screen.getByRole('button', { name: 'Stop waiting' }));
    await settle();
    expect(screen.getByText(/You did not wait for the rest of the answers/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Use this storage' })).toBeEnabled();
    vi.useRealTimers();
  });

  test('what the lab’s admin says of a storage is said where it is asked for', async () => {
    const told: LabStorageView = { ...missing, workers: [], description: 'Tapes', help: 'Off campus: VPN first', mount: 'tapes01:/archive' };
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: { ...ofLab(true), description: 'Institutional VAST' } })], missing: [told, { ...missing, name: 'fast', description: HOSTILE, connect: 'smb://nas/fast', mount: 'smb://nas/fast' }] };
    });
    const uses = screen.getByRole('list', { name: 'The lab uses' });
    expect(uses).toHaveTextContent('Institutional VAST · 1 worker');
    expect(uses).toHaveTextContent(/Tapes · no worker online has it.*Off campus: VPN first.*tapes01:\/archive/);
    expect(uses).toHaveTextContent(HOSTILE);
    await user.click(within(uses).getByRole('button', { name: 'Copy the address of scratch' }));
    expect(await navigator.clipboard.readText()).toBe('tapes01:/archive');
    await user.click(within(uses).getByRole('button', { name: 'Connect to smb://nas/fast' }));
    expect(fake.called('connect')).toEqual([['fast']]);
  });

  test('left half-way, it is resumed there at the next start, and from the frame', async () => {
    const progress = { step: 'folder', base_path: '/Volumes/talmo', name: 'vast', named: true, type: 'smb', subpath: '', folder: 'tom', make: false };
    const { fake, user } = await open({ type: 'storages', value: [] }, { type: 'kept', value: { setup: progress } });
    expect(title('Which folder in vast is yours?')).toBeVisible();
    expect(fake.called('ownFolder')).toEqual([['vast', { base_path: '/Volumes/talmo', type: 'smb', description: null, user_subdir: null, subpath: null }]]);
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('tom');
    await user.click(screen.getByRole('button', { name: 'Finish later' }));
    expect(screen.getByRole('region', { name: 'New job' })).toBeVisible();
    expect(kept(fake)).toMatchObject(progress);
    await user.click(screen.getByRole('button', { name: 'Finish setup' }));
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('tom');
  });

  test('resumed beside a storage that is there, it waits in the frame; a further one can be given up', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] }, { type: 'kept', value: { setup: { step: 'storage', name: 'fast', base_path: '/data/fast' } } });
    expect(screen.getByRole('button', { name: 'New job' })).toHaveAttribute('aria-current', 'page');
    await user.click(screen.getByRole('button', { name: 'Finish setup' }));
    expect(title(/^Where is your/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(screen.queryByRole('button', { name: 'Finish setup' })).toBeNull();
    expect(screen.getByRole('region', { name: 'Storage' })).toBeVisible();
    expect(kept(fake)).toBeNull();
  });

  test('what the lab uses is taken over with its name, part and type, and is written at the end alone', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: ofLab(true) })], missing: [] };
      fake.own = { name: 'amick', words: '214 items, newest today' };
      fake.same = [
        { id: 'w1', worker: 'gpu-1', saw: 'found', words: 'gpu-1 found the test file' },
        { id: 'w5', worker: 'gpu-5', saw: 'not_found', words: 'gpu-5 looked and did not find it' },
      ];
    });
    await user.click(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' }));
    await settle();
    expect(screen.getByRole('heading', { name: 'Which folder in vast is yours?' })).toHaveFocus();
    expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Your folder');
    expect(screen.getByRole('radio', { name: /amick your login/ })).toBeChecked();
    await user.click(next());
    await settle();
    const fields = { base_path: '/Volumes/talmo', type: 'smb', description: null, user_subdir: 'amick', subpath: 'labs' };
    expect(fake.called('tryStorage').at(-1)).toEqual(['vast', fields, false]);
    expect(fake.called('sameStorage').at(-1)).toEqual(['vast', fields]);
    const card = screen.getByRole('region', { name: 'Does it work?' });
    expect(card).toHaveTextContent(/Read: opened and read a file in vast:amick.*gpu-1 found the test file.*gpu-5 looked and did not find it/);
    expect(fake.called('addStorage')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Use this storage' }));
    await settle();
    expect(fake.called('addStorage')).toEqual([['vast', fields]]);
    expect(title('Ready.')).toHaveTextContent('1 worker shares vast with this computer.');
    expect(kept(fake)).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Choose a dataset…' }));
    await settle();
    expect(fake.called('pickFiles')).toHaveLength(1);
    expect(screen.getByRole('region', { name: 'New job' })).toBeVisible();
  });

  test('what is only called alike is asked about', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [here({ lab: ofLab(false) })], missing: [missing] }));
    const uses = screen.getByRole('list', { name: 'The lab uses' });
    expect(uses).toHaveTextContent(/vast 1 worker.*Looks like it. Is it\?.*scratch 2 workers.*Not connected here/);
    await user.click(screen.getByRole('button', { name: 'No, /Volumes/talmo is not vast' }));
    expect(screen.getByRole('list', { name: 'Other shares on this computer' })).toHaveTextContent('/Volumes/talmo');
    expect(title(/^Where is/)).toHaveTextContent('Ask your lab how to connect to scratch and vast. This page notices when they appear.');
    await user.click(screen.getByRole('button', { name: 'Copy message' }));
    expect(await navigator.clipboard.readText()).toMatch(/^How do I connect to scratch from my computer\?/);
    expect(fake.called('ownFolder')).toEqual([]);
  });

  test('a storage of the lab that is not here gets the folder that the person chooses', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [], missing: [missing] }));
    fake.picked = '/mnt/fast';
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    expect(fake.called('ownFolder')[0]?.[0]).toBe('scratch');
  });

  test('a folder of the person’s own gets a name; their folder is made if they say so', async () => {
    const { fake, user } = await begin();
    expect(screen.getByText(/No share is mounted here/)).toBeVisible();
    expect(next()).toBeDisabled();
    fake.picked = '/data/Fast disk';
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await settle();
    const name = screen.getByRole('textbox', { name: 'Name this storage' });
    expect(name).toHaveValue('Fast-disk');
    await user.clear(name);
    await user.type(name, 'a b');
    expect(next()).toBeDisabled();
    await user.clear(name);
    await user.type(name, 'fast');
    await user.click(next());
    await settle();
    await user.click(screen.getByRole('radio', { name: 'Make “amick” here' }));
    await user.click(next());
    await settle();
    const asked = fake.calls.map(([name]) => name).filter((name) => ['tryStorage', 'sameStorage', 'makeOwn'].includes(name));
    expect(asked).toEqual(['tryStorage', 'sameStorage', 'makeOwn']);
    expect(fake.called('tryStorage')[0]).toMatchObject(['fast', { user_subdir: 'amick' }, true]);
    expect(fake.called('makeOwn')[0]).toMatchObject(['fast', { user_subdir: 'amick' }, false]);
    expect(title('Does it work?')).toHaveTextContent(/Your folder: made fast:amick.*Read: opened/);
    // Alone, nobody else is to find it.
    expect(screen.queryByText(/nobody could be asked/)).toBeNull();
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', in_lab: true }) });
    await settle();
    expect(screen.getByText('No worker that is online has fast, so nobody could be asked. You can go on.')).toBeVisible();
  });

  test('what fails is said, and what was answered is there again after Back', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [here({ lab: ofLab(true) })], missing: [] }));
    await user.click(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' }));
    await settle();
    await user.type(screen.getByRole('textbox', { name: 'Another folder' }), 'tom');
    fake.failures.set('tryStorage', new Failure('path_not_found', 'There is no folder tom in vast.', 'Choose another one.'));
    await user.click(next());
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('There is no folder tom in vast.');
    expect(title('Does it work?')).toHaveTextContent('You can keep it as it is');
    await user.click(screen.getByRole('button', { name: 'Copy for your admin' }));
    const copied = await navigator.clipboard.readText();
    expect(copied).toMatch(/^Samepath: setting up vast\nAt \/Volumes\/talmo, folder tom\namick, Samepath 0.1.0, 2/);
    expect(copied).toContain('✕ There is no folder tom in vast.');
    await user.click(screen.getByRole('button', { name: 'Check again' }));
    await settle();
    expect(fake.called('tryStorage')).toHaveLength(2);
    await user.click(screen.getByRole('button', { name: 'Back' }));
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('tom');
    fake.failures.delete('tryStorage');
    fake.failures.set('sameStorage', new Failure('fleet_unreachable', 'The queue does not answer.'));
    await user.click(next());
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('The queue does not answer.');
    expect(screen.getByRole('button', { name: 'Use this storage' })).toBeEnabled();
  });

  test('a storage that no worker knows again is not the one to use, and nothing is made on it unless the person goes on', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [], missing: [missing] };
      fake.same = [{ id: 'w5', worker: 'gpu-5', saw: 'not_found', words: 'gpu-5 looked and did not find it' }];
      fake.refuted = true;
    });
    fake.picked = '/mnt';
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    expect(title(/^Which folder/)).toHaveTextContent(/scratch on this computer at \/mnt/);
    await user.click(screen.getByRole('radio', { name: 'Make “amick” here' }));
    await user.click(next());
    await settle();
    const card = title('Does it work?');
    expect(card).toHaveTextContent(/scratch on this computer at \/mnt/);
    expect(card).toHaveTextContent('This is another storage than the lab’s scratch');
    expect(fake.called('makeOwn')).toEqual([]);
    expect(screen.queryByRole('button', { name: 'Use this storage' })).toBeNull();
    // The better folder is asked for at once, beside the one that was chosen.
    const another = screen.getByRole('button', { name: 'Choose another folder' });
    expect(another).toHaveClass('primary');
    fake.picked = null;
    await user.click(another);
    await settle();
    expect(fake.called('pickFolder').at(-1)).toEqual(['Where is scratch on this computer?']);
    expect(fake.begins.at(-1)).toEqual({ type: 'storages', value: '/mnt' });
    expect(title('Does it work?')).toBeVisible();
    fake.picked = '/mnt/fast';
    await user.click(another);
    await settle();
    expect(title('Which folder in scratch is yours?')).toHaveTextContent('/mnt/fast');
    await user.click(screen.getByRole('radio', { name: 'Make “amick” here' }));
    await user.click(next());
    await settle();
    await user.click(screen.getByRole('button', { name: 'Use it anyway' }));
    await settle();
    expect(fake.called('makeOwn')).toEqual([['scratch', expect.objectContaining({ base_path: '/mnt/fast', user_subdir: 'amick' }), true]]);
    expect(fake.called('addStorage')).toMatchObject([['scratch', { base_path: '/mnt/fast', user_subdir: 'amick' }]]);
  });

  test('what is not mounted is not the one to use, and is connected there where the lab says how', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [], missing: [{ ...missing, connect: 'smb://nas/fast' }] }));
    fake.picked = '/mnt/fast';
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    await user.click(screen.getByRole('radio', { name: 'Make “amick” here' }));
    fake.failures.set('tryStorage', new Failure('backend_unavailable', '/mnt/fast is an empty folder, not the share: scratch is not mounted there.', 'Connect it, then check again.'));
    await user.click(next());
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('is an empty folder, not the share');
    expect(screen.getByRole('button', { name: 'Choose another folder' })).toHaveClass('primary');
    expect(screen.getByRole('button', { name: 'Use it anyway' })).not.toHaveClass('primary');
    await user.click(screen.getByRole('button', { name: 'Connect to smb://nas/fast' }));
    expect(fake.called('connect')).toEqual([['scratch']]);
    fake.failures.delete('tryStorage');
    await user.click(screen.getByRole('button', { name: 'Check again' }));
    await settle();
    expect(fake.called('makeOwn')).toHaveLength(1);
    expect(screen.getByRole('button', { name: 'Use this storage' })).toHaveClass('primary');
  });

  test('what is connected meanwhile appears by itself; names are text', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setInterval', 'clearInterval'] });
    try {
      const { fake, container } = await begin();
      expect(screen.getByText(/No share is mounted here/)).toBeVisible();
      fake.around = { here: [here({ name: HOSTILE })], missing: [] };
      vi.advanceTimersByTime(5000);
      await settle();
      expect(within(title(/^Where is your/)).getByText(HOSTILE)).toBeVisible();
      expect(container.querySelector('img, b')).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  test('a folder inside a storage is taken for one, and a part of one is asked about', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [], missing: [missing] }));
    fake.picked = '/mnt/fast/amick';
    fake.placing = { base_path: '/mnt/fast', folder: 'amick', inside: null, parts: [], other: false };
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    expect(fake.called('placeFolder')).toEqual([['scratch', '/mnt/fast/amick']]);
    expect(title(/^Where is/)).toHaveTextContent('That is a folder inside scratch. We take /mnt/fast as scratch and amick as your folder.');
    expect(next()).toBeDisabled();
    fake.placing = { base_path: '/mnt', folder: '', inside: '/mnt/fast', parts: [], other: false };
    await user.click(screen.getByRole('button', { name: 'Choose again' }));
    await settle();
    expect(fake.begins.at(-1)).toEqual({ type: 'storages', value: '/mnt/fast/amick' });
    expect(title(/^Where is/)).toHaveTextContent('That is above scratch: scratch is the folder fast in it.');
    fake.placing = null;
    await user.click(screen.getByRole('button', { name: 'Use /mnt/fast' }));
    await settle();
    expect(fake.called('placeFolder').at(-1)).toEqual(['scratch', '/mnt/fast']);
    expect(title(/^Which folder/)).toHaveTextContent('/mnt/');
    await user.click(screen.getByRole('button', { name: 'Back' }));
    fake.placing = { base_path: '/mnt/fast/amick', folder: '', inside: null, parts: [{ subpath: 'lab/amick', same: 3, of: 3 }, { subpath: 'amick', same: 1, of: 3 }], other: false };
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    expect(fake.begins.at(-1)).toEqual({ type: 'storages', value: '/mnt/fast' });
    const parts = screen.getByRole('group', { name: 'This share shows part of scratch. Which part?' });
    expect(within(parts).getByRole('radio', { name: /lab\/amick.*the same 3 names/ })).toBeChecked();
    await user.click(within(parts).getByRole('radio', { name: /^amick.*1 of 3 names/ }));
    await user.click(next());
    await settle();
    expect(fake.called('ownFolder').at(-1)).toEqual(['scratch', { base_path: '/mnt/fast/amick', type: null, description: null, user_subdir: null, subpath: 'amick' }]);
  });

  test('a folder with another mark is another storage, and gets another name', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [], missing: [missing] }));
    fake.picked = '/mnt/fast';
    fake.placing = { base_path: '/mnt/fast', folder: '', inside: null, parts: [], other: true };
    await user.click(screen.getByRole('button', { name: 'Choose folder of scratch' }));
    await settle();
    const card = title(/^Where is/);
    expect(card).toHaveTextContent('This is not the lab’s scratch: it carries another mark.');
    expect(next()).toBeDisabled();
    await user.click(screen.getByRole('button', { name: 'Choose another folder' }));
    await settle();
    expect(fake.called('pickFolder')).toHaveLength(2);
    await user.click(screen.getByRole('button', { name: 'Add it under another name' }));
    await user.type(screen.getByRole('textbox', { name: 'Name this storage' }), 'fast');
    await user.click(next());
    await settle();
    expect(fake.called('ownFolder')).toEqual([['fast', { base_path: '/mnt/fast', type: null, description: null, user_subdir: null, subpath: null }]]);
  });
});

describe('Show me first', () => {
  async function show() {
    const opened = await open({ type: 'storages', value: [] });
    await opened.user.click(screen.getByRole('radio', { name: /Show me first/ }));
    await opened.user.click(next());
    await settle();
    return opened;
  }

  test('each step as it happens, then on to one’s own storage', async () => {
    const { fake, user } = await show();
    const card = title('A job in a pretend lab');
    expect(card).toHaveTextContent('Making a pretend lab');
    fake.show!.tell({ type: 'lab', value: { yours: '/tmp/laptop/Volumes/talmo', workers: '/tmp/gpu-1/mnt/vast' } });
    fake.show!.tell({ type: 'dataset', value: { local: '/tmp/laptop/labels.slp', place: 'vast:amick/labels.slp' } });
    fake.show!.tell({ type: 'ready', value: 'Ready. gpu-1 can start now.' });
    fake.show!.tell({ type: 'job', value: job({ state: 'succeeded', words: 'Done' }) });
    fake.show!.tell({ type: 'seen', value: [{ written: '/Volumes/talmo/cam0.mp4', local: '/tmp/gpu-1/mnt/vast/cam0.mp4', found: true }] });
    await settle();
    expect(card).toHaveTextContent(/For everybody vast:amick\/labels.slp.*Ready. gpu-1 can start now.*Done.*found.*Nothing of this was kept/);
    expect(screen.queryByRole('button', { name: 'Set up my storage' })).toBeNull();
    fake.show!.end();
    await settle();
    await user.click(screen.getByRole('button', { name: 'Set up my storage' }));
    await settle();
    expect(title(/^Where is your/)).toBeVisible();
    expect(fake.called('stopShowing')).toEqual([]);
  });

  test('stopped, it is gone; what fails is said', async () => {
    const { fake, user } = await show();
    await user.click(screen.getByRole('button', { name: 'Stop' }));
    await settle();
    expect(title('Where do your jobs run?')).toBeVisible();
    expect(fake.called('stopShowing')).toHaveLength(1);
    await user.click(screen.getByRole('radio', { name: /Show me first/ }));
    await user.click(next());
    await settle();
    fake.show!.end(new Failure('io', 'The pretend lab cannot be made: no space left.'));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('The pretend lab cannot be made: no space left.');
    expect(screen.getByRole('button', { name: 'Show it again' })).toBeVisible();
  });

  test('a share of the lab is connected by the desktop’s own sign-in, or not used at all', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [], missing: [{ ...missing, connect: 'smb://nas/scratch' }, { ...missing, name: 'photos' }] };
    });
    await user.click(screen.getByRole('button', { name: 'Connect to smb://nas/scratch' }));
    expect(fake.called('connect')).toEqual([['scratch']]);
    expect(screen.getByRole('main')).toHaveTextContent('Ask your lab how to connect to photos.');
    await user.click(screen.getByRole('button', { name: 'I don’t use it: photos' }));
    expect(fake.keptOf('unused')).toEqual({ storage: 'photos', unused: true });
    fake.say({ type: 'kept', value: { unused: ['photos'] } });
    await settle();
    expect(screen.getByRole('main')).not.toHaveTextContent('Ask your lab');
    expect(screen.getByRole('list', { name: 'Not used' })).toHaveTextContent('You said that you do not use photos.');
    await user.click(screen.getByRole('button', { name: 'I do use photos' }));
    expect(fake.keptOf('unused')).toEqual({ storage: 'photos', unused: false });
    fake.failures.set('connect', new Failure('io', 'xdg-open is not there.'));
    await user.click(screen.getByRole('button', { name: 'Connect to smb://nas/scratch' }));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('xdg-open is not there.');
  });

  test('the person’s folder is known by what is in it, and another one is chosen with the system’s dialog', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: ofLab(true) })], missing: [] };
      fake.own = { name: 'amick', words: '214 items, newest today' };
    });
    await user.click(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' }));
    await settle();
    expect(screen.getByRole('radio', { name: 'amick your login · 214 items, newest today' })).toBeChecked();
    fake.picked = '/Volumes/talmo/labs/amick';
    fake.inside = 'labs/amick';
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await settle();
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('labs/amick');
    fake.failures.set('folderIn', new Failure('not_in_any_backend', '/tmp is not in /Volumes/talmo.'));
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('/tmp is not in /Volumes/talmo.');
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('labs/amick');
  });

  test('where jobs run says what they compute with', async () => {
    await open({ type: 'storages', value: [] });
    await settle();
    expect(screen.getByRole('radio', { name: /On this computer/ })).toHaveAccessibleDescription('No account, no server. Jobs run here. No NVIDIA GPU: SLEAP training will be slow.');
  });
});
