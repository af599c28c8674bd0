import { fireEvent, screen, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { job, status, storage, worker } from './views';
import { HOSTILE, next, open, settle, stopWaiting, title } from './render';

/** The page of a computer that has no storage. */
async function none() {
  const opened = await open({ type: 'storages', value: [] });
  await opened.user.click(screen.getByRole('button', { name: /^Storage/ }));
  return opened;
}

describe('Storage', () => {
  test('without any, the page says what one is and leads to where it is set up', async () => {
    const { user } = await none();
    expect(screen.getByRole('heading', { name: 'No storage yet' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Set up…' }));
    expect(title('Where do your jobs run?')).toBeVisible();
  });

  test('one more is set up as the first was: nobody types where it is', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    fake.around = { here: [{ name: 'photos', base_path: '/Volumes/photos', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //nas/photos', state: 'ready', words: 'ready', free_bytes: 1e12, lab: null }], missing: [] };
    await user.click(screen.getByRole('button', { name: 'Add storage…' }));
    await settle();
    await user.click(screen.getByRole('button', { name: 'Add as… /Volumes/photos' }));
    await user.click(next());
    await settle();
    await user.click(next());
    await settle();
    await user.click(screen.getByRole('button', { name: 'Use this storage' }));
    await settle();
    expect(fake.called('addStorage')).toMatchObject([['photos', { base_path: '/Volumes/photos' }]]);
    await user.keyboard('{Control>}4{/Control}');
    expect(screen.getByRole('article', { name: 'photos' })).toBeVisible();
  });

  test.each([
    [{ own: true, others: ['ws-3'] }, 'The settings file is shared with ws-3. vast is at /mnt/vast on this computer only: kept under this computer’s name.'],
    [{ own: true, others: [] }, 'vast is at /mnt/vast on this computer only: kept under this computer’s name.'],
    [{ own: false, others: ['ws-3', 'ws-4'] }, 'The settings file is shared with ws-3, ws-4, where vast is at another place: kept under those computers’ names.'],
  ])('where several computers share the file, its place on this one is told, beside it and where it is changed', async (shared, sentence) => {
    const { fake, user } = await open({ type: 'storages', value: [storage({ shared })] });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent(sentence);
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    expect(screen.getByRole('form', { name: 'Edit vast' })).toHaveTextContent(sentence);
    await user.keyboard('{Escape}');
    fake.say({ type: 'storages', value: [storage()] });
    await settle();
    expect(screen.queryByText(/settings file|kept under/)).toBeNull();
  });

  test('what the shell refuses is said in the form, which stays', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    fake.failures.set('setStorage', new Failure('config_changed', 'config.toml was changed elsewhere.', 'Look again.'));
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    fake.picked = '/mnt/vast2';
    // The second click of two on Edit… comes to this button.
    await fireEvent.click(screen.getByRole('button', { name: 'Choose folder…' }), { detail: 2 });
    expect(fake.called('pickFolder')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('config.toml was changed elsewhere. Look again.');
    expect(screen.getByLabelText('Folder on this computer')).toHaveValue('/mnt/vast2');
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  const GONE = new Failure('backend_unavailable', 'There is no folder /mnt/wrong.', 'Correct it.');

  async function edited(path: string, setUp: (fake: Awaited<ReturnType<typeof open>>['fake']) => void) {
    const opened = await open({ type: 'storages', value: [storage()] });
    await opened.user.keyboard('{Control>}4{/Control}');
    await opened.user.click(screen.getByRole('button', { name: 'Edit vast' }));
    opened.fake.picked = path;
    await opened.user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    setUp(opened.fake);
    await opened.user.click(screen.getByRole('button', { name: 'Save' }));
    await settle();
    return opened;
  }

  test('a folder that is not there is said before it is written, and written all the same at a word', async () => {
    const { fake, user } = await edited('/mnt/wrong', (fake) => fake.failures.set('tryStorage', GONE));
    expect(fake.called('tryStorage')).toEqual([['vast', { base_path: '/mnt/wrong', type: 'nfs', description: null, user_subdir: 'amick', subpath: null }, false]]);
    expect(screen.getByRole('alert')).toHaveTextContent('There is no folder /mnt/wrong. Correct it.');
    expect(fake.called('setStorage')).toEqual([]);
    // Of another folder it says nothing.
    await user.type(screen.getByLabelText('Folder on this computer'), '2');
    expect(screen.queryByRole('alert')).toBeNull();
    await user.type(screen.getByLabelText('Folder on this computer'), '{Backspace}');
    await user.click(screen.getByRole('button', { name: 'Save it anyway' }));
    await settle();
    expect(fake.called('setStorage')).toMatchObject([['vast', { base_path: '/mnt/wrong' }]]);
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('/mnt/wrong');
  });

  test('what can never be written is not offered to be', async () => {
    const { fake } = await edited('relative', (fake) => fake.failures.set('tryStorage', new Failure('config_invalid', '`base_path` must start with /.')));
    expect(screen.getByRole('alert')).toHaveTextContent('must start with /');
    expect(screen.queryByRole('button', { name: 'Save it anyway' })).toBeNull();
    expect(fake.called('setStorage')).toEqual([]);
  });

  test('a folder that does not answer need not be waited for', async () => {
    const { fake, user } = await edited('/mnt/silent', (fake) => vi.spyOn(fake, 'tryStorage').mockReturnValue(new Promise(() => {})));
    await stopWaiting(user);
    expect(screen.getByRole('alert')).toHaveTextContent('You did not wait for the answer');
    await user.click(screen.getByRole('button', { name: 'Save it anyway' }));
    await settle();
    expect(fake.called('setStorage')).toMatchObject([['vast', { base_path: '/mnt/silent' }]]);
  });

  test('what was changed can be had back: as it was before, and nothing else', async () => {
    const { fake, user } = await edited('/mnt/other', () => {});
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('/mnt/other');
    expect(screen.getByText('vast was changed.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    await settle();
    expect(fake.called('setStorage').at(-1)).toEqual(['vast', { base_path: '/mnt/vast', user_subdir: null, type: null, subpath: null, description: null }]);
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('/mnt/vast');
  });

  test('its folder is shown, and its verbs are where the pointer asks for them', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    const card = screen.getByRole('article', { name: 'vast' });
    // The keyboard is where one would begin.
    expect(within(card).getByRole('button', { name: 'Open vast' })).toHaveFocus();
    await user.click(within(card).getByRole('button', { name: 'Open vast' }));
    expect(fake.called('showStorage')).toEqual([['vast', true]]);
    await user.pointer({ keys: '[MouseRight]', target: card });
    await settle();
    const menu = screen.getByRole('menu', { name: 'More for vast' });
    const verbs = within(menu).getAllByRole('menuitem').map((item) => item.textContent?.trim());
    expect(verbs).toEqual(['Open', 'Open the whole storage', 'Check now', 'Edit…', 'Copy its path', 'Remove…']);
    fake.failures.set('showStorage', new Failure('backend_unavailable', 'vast does not answer.'));
    await user.click(within(menu).getByRole('menuitem', { name: 'Open the whole storage' }));
    await settle();
    expect(fake.called('showStorage').at(-1)).toEqual(['vast', false]);
    expect(card).toHaveTextContent('vast does not answer.');
    await user.click(within(card).getByRole('button', { name: 'More for vast' }));
    await user.click(screen.getByRole('menuitem', { name: 'Remove…' }));
    expect(screen.getByRole('dialog', { name: 'Remove vast from this computer?' })).toBeVisible();
  });

  test('an entry without a folder is given one, and the keyboard begins there', async () => {
    const error = { code: 'config_invalid', message: 'config.toml, line 22: base_path is missing', hint: null };
    const { fake, user } = await open({ type: 'storages', value: [storage(), storage({ name: 'gdrive', base_path: null, health: null, error, error_line: 22 })] });
    await user.keyboard('{Control>}4{/Control}');
    const card = screen.getByRole('article', { name: 'gdrive' });
    const choose = within(card).getByRole('button', { name: 'Choose the folder of gdrive' });
    expect(choose).toHaveFocus();
    await user.click(within(card).getByRole('button', { name: 'Show line' }));
    expect(fake.called('settingsAround')).toEqual([[22]]);
    fake.picked = '/mnt/gdrive';
    await user.click(choose);
    await settle();
    expect(fake.called('setStorage')).toEqual([['gdrive', { base_path: '/mnt/gdrive', type: null, description: null, user_subdir: null, subpath: null }]]);
  });

  test('what a Mac does not let Samepath read, its settings do', async () => {
    vi.spyOn(navigator, 'platform', 'get').mockReturnValue('MacIntel');
    const { fake, user } = await open({ type: 'storages', value: [storage({ health: { ...storage().health!, state: 'denied', words: 'no permission' } })] });
    await user.keyboard('{Meta>}4{/Meta}');
    const card = screen.getByRole('article', { name: 'vast' });
    expect(card).toHaveTextContent('System Settings → Privacy & Security → Files and Folders → Samepath.');
    await user.click(within(card).getByRole('button', { name: 'Open that page' }));
    expect(fake.called('openPermissions')).toHaveLength(1);
    await user.click(within(card).getByRole('button', { name: 'Try again' }));
    expect(fake.called('checkStorages')).toEqual([['vast']]);
    vi.restoreAllMocks();
  });

  test('one that moved is told, and followed only when somebody says so', async () => {
    const moved = { to: '/Volumes/talmo-1', sentence: 'vast moved: it was at /Volumes/talmo, now it is at /Volumes/talmo-1.' };
    const { fake, user } = await open({ type: 'storages', value: [storage({ base_path: '/Volumes/talmo', moved })] });
    await user.keyboard('{Control>}4{/Control}');
    const card = screen.getByRole('article', { name: 'vast' });
    expect(card).toHaveTextContent(moved.sentence);
    expect(fake.called('setStorage')).toEqual([]);
    await user.click(within(card).getByRole('button', { name: 'Use the new place' }));
    expect(fake.called('setStorage')).toEqual([
      ['vast', { base_path: '/Volumes/talmo-1', type: null, description: null, user_subdir: null, subpath: null }],
    ]);
    fake.say({ type: 'storages', value: [storage({ base_path: '/Volumes/talmo', moved })] });
    await settle();
    await user.click(within(card).getByRole('button', { name: 'Not now' }));
    expect(card).not.toHaveTextContent(moved.sentence);
  });

  test('another storage than the lab’s stays one until it is proved otherwise, also on other pages', async () => {
    const refuted = { at: '2026-11-22T09:14:02Z', sentence: 'This is another storage than the lab’s vast: gpu-5 looked for what was written here, and did not find it.' };
    const { fake, user } = await open({ type: 'storages', value: [storage({ refuted })] });
    expect(screen.getByText(/on this computer is another storage than the lab’s/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Details' }));
    const card = screen.getByRole('article', { name: 'vast' });
    expect(card).toHaveTextContent(/vast other storage.*gpu-5 looked for what was written here/);
    await user.click(within(card).getByRole('button', { name: 'Ask the workers again' }));
    expect(fake.called('sameStorage')).toEqual([['vast', null]]);
    fake.picked = '/mnt/right';
    await user.click(within(card).getByRole('button', { name: 'Choose the folder of vast' }));
    await settle();
    expect(fake.begins).toEqual([{ type: 'storages', value: '/mnt/vast' }]);
    expect(fake.called('setStorage')).toMatchObject([['vast', { base_path: '/mnt/right' }]]);
    // Of what is not there now it says nothing.
    fake.say({ type: 'storages', value: [storage({ refuted, health: { ...storage().health!, state: 'not_mounted', words: 'not mounted' } })] });
    await settle();
    expect(card).toHaveTextContent(/vast not mounted/);
    expect(card).not.toHaveTextContent('gpu-5 looked');
  });

  test('what is not there is connected where that is known, else its folder is chosen', async () => {
    const away = { ...storage().health!, state: 'missing', words: 'missing' };
    const { fake, user } = await open({ type: 'storages', value: [storage({ health: away }), storage({ name: 'fast', health: away, connect: 'smb://nas/fast' })] });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    const card = screen.getByRole('article', { name: 'fast' });
    expect(within(card).queryByRole('button', { name: 'Choose the folder of fast' })).toBeNull();
    // There is nothing to open.
    expect(screen.queryByRole('button', { name: /^Open (vast|fast)/ })).toBeNull();
    await user.pointer({ keys: '[MouseRight]', target: card });
    await settle();
    const verbs = screen.getAllByRole('menuitem').map((item) => item.textContent?.trim());
    expect(verbs).toEqual(['Connect…', 'Choose folder…', 'Check now', 'Edit…', 'Copy its path', 'Remove…']);
    await user.keyboard('{Escape}');
    await user.click(within(card).getByRole('button', { name: 'Connect fast' }));
    expect(fake.called('connect')).toEqual([['fast']]);
    fake.picked = '/mnt/right';
    await user.click(screen.getByRole('button', { name: 'Choose the folder of vast' }));
    await settle();
    expect(fake.called('setStorage')).toMatchObject([['vast', { base_path: '/mnt/right' }]]);
  });

  test('a broken entry is listed with its error, the good one with its health', async () => {
    const { user } = await open({
      type: 'storages',
      value: [
        storage(),
        storage({ name: 'gdrive', base_path: null, health: null, error: { code: 'config_invalid', message: 'line 22: base_path is missing', hint: 'Add it.' } }),
      ],
    });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('ready');
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('41 TB of 200 TB free');
    expect(within(screen.getByRole('article', { name: 'gdrive' })).getByRole('alert')).toHaveTextContent('line 22: base_path is missing Add it.');
    expect(screen.getByRole('button', { name: /^Storage a storage is not ready/ })).toBeVisible();
  });

  test('what is odd about a good storage is said on its card', async () => {
    const odd = 'vast and again are at one place, /mnt/vast.';
    const { user } = await open({ type: 'storages', value: [storage({ warnings: [odd] })] });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent(odd);
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('ready');
  });

  test('copying at a storage means the person’s own place in it, and with Alt the path here', async () => {
    const { user } = await open({ type: 'storages', value: [storage({ subpath: 'labs' })] });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    const event = new Event('copy', { bubbles: true, cancelable: true });
    const setData = vi.fn();
    Object.assign(event, { clipboardData: { setData } });
    expect(screen.getByRole('button', { name: 'Open vast' })).toHaveFocus();
    document.activeElement?.dispatchEvent(event);
    expect(setData).toHaveBeenCalledWith('text/plain', 'vast:labs/amick');
    await user.keyboard('{Control>}{Alt>}[KeyC]{/Alt}{/Control}');
    expect(await navigator.clipboard.readText()).toBe('/mnt/vast/amick');
  });

  test('removing asks, says what waits, and can be undone', async () => {
    const { fake, user } = await open(
      { type: 'storages', value: [storage()] },
      { type: 'job', value: job({ id: 'p' }) },
      { type: 'job', value: job({ id: 'q', state: 'queued', words: 'Waiting' }) },
      { type: 'job', value: job({ id: 'r', state: 'queued', words: 'Waiting', results: null, settings: [['LABELS', 'fast:a.slp, vast:amick/b.slp']] }) },
      { type: 'job', value: job({ id: 's', state: 'queued', words: 'Waiting', results: null, settings: [['LABELS', 'vast2:b.slp']] }) },
      { type: 'job', value: job({ id: 't', state: 'queued', words: 'Waiting', submitted_by: 'tom' }) },
      { type: 'job', value: job({ id: 'u', state: 'queued', words: 'Waiting', submitted_by: 'tom' }) },
    );
    await user.click(screen.getByRole('button', { name: 'Storage' }));
    await user.click(screen.getByRole('button', { name: 'More for vast' }));
    await user.click(screen.getByRole('menuitem', { name: 'Remove…' }));
    const question = screen.getByRole('dialog', { name: 'Remove vast from this computer?' });
    // Only this computer runs them, and what runs has its paths.
    expect(question).toHaveTextContent('1 running job uses it and goes on.');
    expect(question).toHaveTextContent('2 waiting jobs use it and wait until it is here again.');
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', in_lab: true }) });
    await settle();
    expect(question).toHaveTextContent('2 waiting jobs use it and still run.');
    fake.say({ type: 'worker', value: worker({ this_computer: true }) });
    await settle();
    expect(question).toHaveTextContent('2 waiting jobs use it and wait until it is here again.');
    await user.click(within(question).getByRole('button', { name: 'Remove' }));
    expect(fake.called('removeStorage')).toEqual([['vast']]);
    expect(screen.queryByRole('article', { name: 'vast' })).toBeNull();
    // Its card had the keyboard.
    expect(screen.getByRole('button', { name: 'Set up…' })).toHaveFocus();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(fake.called('putStorageBack')).toEqual([
      ['vast', { base_path: '/mnt/vast', type: 'nfs', description: 'Institutional VAST', user_subdir: 'amick', subpath: null }],
    ]);
    expect(screen.getByRole('article', { name: 'vast' })).toBeVisible();
  });

  test('an entry that is not usable comes back as it was', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage(), storage({ name: 'gdrive', base_path: null, health: null, error: { code: 'config_invalid', message: 'config.toml, line 22: [storage.gdrive] has no base_path.', hint: null } })] });
    await user.click(screen.getByRole('button', { name: /^Storage/ }));
    await user.click(screen.getByRole('button', { name: 'More for gdrive' }));
    await user.click(screen.getByRole('menuitem', { name: 'Remove…' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(fake.called('putStorageBack').map(([name]) => name)).toEqual(['gdrive']);
    expect(screen.getByRole('article', { name: 'gdrive' })).toHaveTextContent('has no base_path');
  });

  test('editing sends an emptied field as empty, so that its key goes', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    await user.clear(screen.getByLabelText('Your folder in it'));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(fake.called('setStorage')[0]).toEqual([
      'vast',
      { base_path: '/mnt/vast', type: 'nfs', description: 'Institutional VAST', user_subdir: '', subpath: '' },
    ]);
  });

  test('who shares it is beside it, and leads there; whoever is not proved is asked', async () => {
    const mine = { name: 'vast', state: 'ready', words: 'confirmed', sameness: 'confirmed', base_path: '/home/jovyan/vast', free_bytes: null, source: null, checked_at: null };
    const { fake, user } = await open(
      { type: 'storages', value: [storage()] },
      { type: 'worker', value: worker({ storages: [mine] }) },
      { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', storages: [{ ...mine, words: 'not confirmed', sameness: 'unknown', base_path: '/mnt/vast' }] }) },
      { type: 'worker', value: worker({ id: 'w9', name: 'gpu-9', storages: [{ ...mine, words: 'other storage', sameness: 'other_storage' }] }) },
      { type: 'worker', value: worker({ id: 'w3', name: 'gpu-3', storages: [] }) },
    );
    await user.keyboard('{Control>}4{/Control}');
    const card = screen.getByRole('article', { name: 'vast' });
    expect(card).toHaveTextContent('confirmed with 1 of 2 workers');
    expect(within(card).getAllByRole('listitem').map((item) => item.textContent.replace(/\s+/g, ' '))).toEqual([
      'gpu-1 confirmed /home/jovyan/vast',
      'gpu-2 not confirmed /mnt/vast',
      'gpu-9 other storage /home/jovyan/vast',
    ]);
    fake.same = [{ id: 'w2', worker: 'gpu-2', saw: 'silent', words: 'gpu-2 has not answered.' }, { id: 'w1', worker: 'gpu-1', saw: 'found', words: 'gpu-1 found the test file' }];
    await user.click(within(card).getByRole('button', { name: 'Confirm with the workers' }));
    await settle();
    expect(card).toHaveTextContent('gpu-2 has not answered.');
    expect(card).not.toHaveTextContent('gpu-1 found the test file');
    await user.click(within(card).getByRole('button', { name: 'gpu-2' }));
    expect(screen.getByRole('region', { name: 'Worker gpu-2' })).toBeVisible();
  });

  test('how it was is told hour by hour', async () => {
    const hour = Math.floor(Date.now() / 3_600_000);
    const history = { vast: ([[400, 'missing'], [30, 'ready'], [29, 'not_answering'], [28, 'not_mounted'], [1, 'ready'], [0, 'ready']] as const).map(([ago, state]) => ({ hour: hour - ago, state })) };
    const { fake, user } = await open({ type: 'storages', value: [storage()] }, { type: 'kept', value: { history } });
    await user.keyboard('{Control>}4{/Control}');
    const card = screen.getByRole('article', { name: 'vast' });
    expect(within(card).getByRole('img', { name: 'Seen in 5 hours of the last 7 days: not answering in 1, not mounted in 1.' })).toBeVisible();
    fake.say({ type: 'kept', value: {} });
    await settle();
    expect(within(card).queryByRole('img', { name: /^Seen in/ })).toBeNull();
  });

  test('another name is warned of, and goes with everything that the file says of the storage', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    await user.clear(screen.getByLabelText('Name'));
    await user.type(screen.getByLabelText('Name'), 'v');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByLabelText('Name')).toBeInvalid();
    await user.type(screen.getByLabelText('Name'), 'ast2');
    await user.clear(screen.getByLabelText('Your folder in it'));
    expect(screen.getByRole('form')).toHaveTextContent('Jobs that wait know this storage as vast. Under another name they do not find it.');
    fake.say({ type: 'status', value: status({ lab: 'Talmo Lab', in_lab: true }) });
    await settle();
    expect(screen.getByRole('form')).toHaveTextContent('Others know this storage as vast. Under another name no worker matches.');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(fake.called('renameStorage')).toEqual([['vast', 'vast2', { base_path: null, type: null, description: null, user_subdir: '', subpath: null }]]);
    for (const other of ['addStorage', 'removeStorage', 'setStorage']) expect(fake.called(other)).toEqual([]);
    expect(screen.getByRole('article', { name: 'vast2' })).toHaveTextContent('/mnt/vast');
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    await settle();
    expect(fake.called('renameStorage').at(-1)).toEqual(['vast2', 'vast', { base_path: null, user_subdir: 'amick', type: null, subpath: null, description: null }]);
  });

  test.each([['Use mine', '/mnt/mine'], ['Use theirs', '/mnt/theirs']])('what was changed in both places is asked about: %s', async (answer, at) => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    await user.clear(screen.getByLabelText('Folder on this computer'));
    await user.type(screen.getByLabelText('Folder on this computer'), '/mnt/mine');
    fake.say({ type: 'storages', value: [storage({ base_path: '/mnt/theirs' })] });
    await settle();
    const question = screen.getByRole('alert');
    expect(question).toHaveTextContent(/vast was changed elsewhere while you edited\.\s*Theirs\s*Yours\s*Folder on this computer\s*\/mnt\/theirs\s*\/mnt\/mine/);
    expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled();
    await user.click(within(question).getByRole('button', { name: answer }));
    expect(screen.queryByRole('alert')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(fake.called('setStorage')[0]).toMatchObject(['vast', { base_path: at }]);
  });

  test('a change elsewhere that the person has made, too, is no question', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    await user.click(screen.getByRole('button', { name: 'Edit vast' }));
    await user.clear(screen.getByLabelText('Your folder in it'));
    fake.say({ type: 'storages', value: [storage({ user_subdir: '' })] });
    await settle();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('names are text, whatever is in them', async () => {
    const { user, container } = await open(
      { type: 'storages', value: [storage({ name: HOSTILE, base_path: `/mnt/${HOSTILE}`, description: HOSTILE, user_subdir: HOSTILE })] },
      { type: 'worker', value: worker({ name: HOSTILE, state: HOSTILE, kinds: [HOSTILE] }) },
    );
    for (const page of [/^Storage/, /^Workers/]) {
      await user.click(screen.getByRole('button', { name: page }));
      await settle();
      expect(container.querySelector('img, b')).toBeNull();
      expect(container).toHaveTextContent(HOSTILE);
    }
  });
});
