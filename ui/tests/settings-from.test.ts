import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { answerHere, next, open, settle, title } from './render';

describe('Settings of sleap-rtc', () => {
  const fields = (base_path: string, user_subdir: string | null = null) => ({ base_path, type: null, description: null, user_subdir, subpath: null });
  const found = {
    file: '/home/amick/sleap-rtc.toml',
    words: '2 storages, 1 path pair, 1 broken entry',
    rows: [
      { name: 'vast', words: '/Volumes/talmo', offered: true, fields: fields('/Volumes/talmo', 'amick') },
      { name: 'scratch', words: '/Volumes/scratch', offered: true, fields: fields('/Volumes/scratch') },
      { name: 'gdrive', words: 'sleap-rtc.toml, line 22: base_path is missing', offered: false, fields: null },
      { name: 'vast', words: '/Volumes/talmo/amick → /mnt/vast/amick (a path pair: becomes vast, folder amick); vast is set up here already', offered: false, fields: fields('/Volumes/talmo', 'amick') },
    ],
  };

  test('what is ticked is taken over, then each is gone through', async () => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    fake.found = [found];
    await answerHere(user);
    await user.click(screen.getByRole('button', { name: 'Back' }));
    await settle();
    const card = title('We found settings from sleap-rtc');
    expect(card).toHaveTextContent('2 storages, 1 path pair, 1 broken entry');
    expect(within(card).getAllByRole('checkbox').map((box) => (box as HTMLInputElement).checked)).toEqual([true, true, false]);
    expect(card).toHaveTextContent('gdrive sleap-rtc.toml, line 22: base_path is missing');
    expect(card).toHaveTextContent('Nothing in the file is removed.');
    await user.click(within(card).getByRole('button', { name: 'Import 2' }));
    await settle();
    expect(fake.called('addStorage')).toEqual([['vast', fields('/Volumes/talmo', 'amick')], ['scratch', fields('/Volumes/scratch')]]);
    expect(title('Which folder in vast is yours?')).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('amick');
    expect(fake.keptOf('setup')).toMatchObject({ step: 'folder', name: 'vast', written: true, left: ['scratch'] });
    await user.click(next());
    await settle();
    await user.click(screen.getByRole('button', { name: 'Use this storage' }));
    await settle();
    expect(fake.called('setStorage')).toEqual([['vast', { base_path: null, type: null, description: null, user_subdir: 'amick', subpath: null }]]);
    expect(title('Which folder in scratch is yours?')).toBeVisible();
    await user.click(next());
    await settle();
    await user.click(screen.getByRole('button', { name: 'Use this storage' }));
    await settle();
    expect(title('Ready.')).toBeVisible();
    expect(fake.called('addStorage')).toHaveLength(2);
  });

  test.each([
    ['tried again, it is written alone', true],
    ['left out, the others are gone on with', false],
  ])('where one of them is refused, the others are not written again: %s', async (_, again) => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    fake.found = [found];
    await answerHere(user);
    await user.click(screen.getByRole('button', { name: 'Back' }));
    await settle();
    const card = within(title('We found settings from sleap-rtc'));
    const add = fake.addStorage.bind(fake);
    fake.addStorage = async (name, fields) => {
      if (name === 'scratch') throw new Failure('io', 'config.toml cannot be written.');
      return add(name, fields);
    };
    await user.click(card.getByRole('button', { name: 'Import 2' }));
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('config.toml cannot be written.');
    const [vast, scratch, pair] = card.getAllByRole('checkbox');
    expect(vast).not.toBeChecked();
    expect(vast).toBeDisabled();
    expect(pair).toBeDisabled();
    expect(vast!.closest('li')).toHaveTextContent('imported');
    expect(scratch).toBeChecked();
    if (again) {
      fake.addStorage = add;
      await user.click(card.getByRole('button', { name: 'Import 1' }));
    } else {
      await user.click(scratch!);
      await user.click(card.getByRole('button', { name: 'Go on with what was imported' }));
    }
    await settle();
    expect(fake.called('addStorage').map(([name]) => name)).toEqual(again ? ['vast', 'scratch'] : ['vast']);
    expect(title('Which folder in vast is yours?')).toBeVisible();
    expect(fake.keptOf('setup')).toMatchObject({ name: 'vast', written: true, left: again ? ['scratch'] : [] });
  });

  test('another file can be chosen; one that is none says so', async () => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    fake.picked = '/data/old.toml';
    await user.click(screen.getByRole('button', { name: 'Use a settings file from sleap-rtc…' }));
    await settle();
    expect(title('We found settings from sleap-rtc')).toHaveTextContent('There is no storage in it.');
    fake.failures.set('settingsOf', new Failure('config_invalid', 'old.toml, line 1, column 2: not valid TOML'));
    await user.click(screen.getByRole('button', { name: 'Use another file of sleap-rtc…' }));
    await settle();
    // It is nothing that the invitation was refused with.
    const said = screen.getByRole('alert');
    expect(said).toHaveTextContent('not valid TOML');
    expect(within(said).queryByRole('button')).toBeNull();
  });
});
