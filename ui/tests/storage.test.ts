import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { job, storage, worker } from './fake';
import { HOSTILE, open, settle } from './render';

/** The page of a computer that has no storage. */
async function none() {
  const opened = await open({ type: 'storages', value: [] });
  await opened.user.click(screen.getByRole('button', { name: /^Storage/ }));
  return opened;
}

describe('Storage', () => {
  test('without any, the page says what one is and offers to add it', async () => {
    const { user } = await none();
    expect(screen.getByRole('heading', { name: 'No storage yet' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Add storage…' }));
    expect(screen.getByRole('form', { name: 'Add a storage' })).toBeVisible();
  });

  test('the chosen folder suggests the name, and what is added is listed', async () => {
    const { fake, user } = await none();
    fake.picked = '/Volumes/Talmo Lab';
    await user.click(screen.getByRole('button', { name: 'Add storage…' }));
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    expect(screen.getByLabelText('Folder on this computer')).toHaveValue('/Volumes/Talmo Lab');
    expect(screen.getByLabelText('Name')).toHaveValue('Talmo-Lab');
    await user.clear(screen.getByLabelText('Name'));
    await user.type(screen.getByLabelText('Name'), 'vast');
    await user.type(screen.getByLabelText('Your folder in it'), 'amick');
    await user.click(screen.getByRole('button', { name: 'Add' }));
    expect(fake.called('addStorage')).toEqual([
      ['vast', { base_path: '/Volumes/Talmo Lab', type: null, description: null, user_subdir: 'amick', subpath: null }],
    ]);
    expect(screen.getByRole('article', { name: 'vast' })).toHaveTextContent('your folder amick');
    expect(screen.queryByRole('form')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Finish setup' })).toBeNull();
  });

  test('a name of one letter is refused before anything is written', async () => {
    const { fake, user } = await none();
    fake.picked = '/mnt/vast';
    await user.click(screen.getByRole('button', { name: 'Add storage…' }));
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await user.clear(screen.getByLabelText('Name'));
    await user.type(screen.getByLabelText('Name'), 'v');
    await user.click(screen.getByRole('button', { name: 'Add' }));
    expect(screen.getByLabelText('Name')).toBeInvalid();
    expect(fake.called('addStorage')).toEqual([]);
  });

  test('what the shell refuses is said in the form, which stays', async () => {
    const { fake, user } = await open({ type: 'storages', value: [storage()] });
    await user.keyboard('{Control>}4{/Control}');
    fake.picked = '/mnt/vast2';
    fake.failures.set('addStorage', new Failure('already_exists', 'There is a storage vast2 already.', 'Choose another name.'));
    await user.click(screen.getByRole('button', { name: 'Add storage…' }));
    await user.click(screen.getByRole('button', { name: 'Choose folder…' }));
    await user.click(screen.getByRole('button', { name: 'Add' }));
    expect(screen.getByRole('alert')).toHaveTextContent('There is a storage vast2 already. Choose another name.');
    expect(screen.getByLabelText('Folder on this computer')).toHaveValue('/mnt/vast2');
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

  test('removing asks, says what waits, and can be undone', async () => {
    const { fake, user } = await open(
      { type: 'storages', value: [storage()] },
      { type: 'job', value: job({ id: 'q', state: 'queued', words: 'Waiting' }) },
    );
    await user.click(screen.getByRole('button', { name: 'Storage' }));
    await user.click(screen.getByRole('button', { name: 'Remove vast' }));
    const question = screen.getByRole('dialog', { name: 'Remove vast from this computer?' });
    expect(question).toHaveTextContent('1 waiting job uses it and still runs.');
    await user.click(within(question).getByRole('button', { name: 'Remove' }));
    expect(fake.called('removeStorage')).toEqual([['vast']]);
    expect(screen.queryByRole('article', { name: 'vast' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(fake.called('addStorage')).toEqual([
      ['vast', { base_path: '/mnt/vast', type: 'nfs', description: 'Institutional VAST', user_subdir: 'amick', subpath: null }],
    ]);
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
