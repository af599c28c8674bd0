import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure, type LabStorageView, type SuggestionView } from '../src/lib/ipc';
import { status } from './fake';
import { HOSTILE, open, settle } from './render';

const here = (over: Partial<SuggestionView> = {}): SuggestionView => ({
  name: 'talmo', base_path: '/Volumes/talmo', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //vast01/talmo', state: 'ready', words: 'ready', free_bytes: 41e12, lab: null, ...over,
});
const ofLab = (sure: boolean) => ({ name: 'vast', by: sure ? 'share' : 'name', sure, words: 'the lab’s vast: 4 workers mount this share', type: 'nfs', workers: ['gpu-1'], subpath: sure ? 'labs' : '' });
const missing: LabStorageView = { name: 'scratch', type: null, workers: ['gpu-1', 'gpu-2'], shares: [] };

async function begin(setUp: (opened: Awaited<ReturnType<typeof open>>) => void = () => {}) {
  const opened = await open({ type: 'storages', value: [] }, { type: 'status', value: status() });
  setUp(opened);
  await opened.user.click(screen.getByRole('button', { name: 'Set up…' }));
  await settle();
  return opened;
}

const next = () => screen.getByRole('button', { name: 'Continue' });

describe('Setting up', () => {
  test('what the lab uses is taken over with its name, part and type, and is written at the end alone', async () => {
    const { fake, user } = await begin(({ fake }) => {
      fake.around = { here: [here({ lab: ofLab(true) })], missing: [] };
      fake.own = 'amick';
      fake.same = [
        { id: 'w1', worker: 'gpu-1', saw: 'found', words: 'gpu-1 found the test file' },
        { id: 'w5', worker: 'gpu-5', saw: 'not_found', words: 'gpu-5 looked and did not find it' },
      ];
    });
    await user.click(screen.getByRole('button', { name: 'Use /Volumes/talmo' }));
    await settle();
    expect(screen.getByRole('heading', { name: 'Which folder in vast is yours?' })).toBeVisible();
    expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Your folder');
    expect(screen.getByRole('radio', { name: /amick · your login/ })).toBeChecked();
    await user.click(next());
    await settle();
    const fields = { base_path: '/Volumes/talmo', type: 'smb', description: null, user_subdir: 'amick', subpath: 'labs' };
    expect(fake.called('tryStorage')).toEqual([['vast', fields, false]]);
    expect(fake.called('sameStorage')).toEqual([['vast', fields]]);
    const card = screen.getByRole('region', { name: 'Does it work?' });
    expect(card).toHaveTextContent(/Read: opened and read a file in vast:amick.*gpu-1 found the test file.*gpu-5 looked and did not find it/);
    expect(fake.called('addStorage')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Use this storage' }));
    await settle();
    expect(fake.called('addStorage')).toEqual([['vast', fields]]);
    expect(screen.getByRole('region', { name: 'New job' })).toBeVisible();
  });

  test('what is only called alike is asked about', async () => {
    await begin(({ fake }) => (fake.around = { here: [here({ lab: ofLab(false) })], missing: [missing] }));
    const button = screen.getByRole('button', { name: 'Use /Volumes/talmo' });
    expect(button).toHaveTextContent('Yes, that is it');
    expect(button).not.toHaveClass('primary');
    expect(screen.getByText('2 workers have it')).toBeVisible();
  });

  test('a storage of the lab that is not here gets the folder that the person chooses', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [], missing: [missing] }));
    fake.picked = '/mnt/fast';
    await user.click(screen.getByRole('button', { name: 'Choose the folder of scratch' }));
    await settle();
    expect(fake.called('ownFolder')[0]?.[0]).toBe('scratch');
  });

  test('a folder of the person’s own gets a name; their folder is made if they say so', async () => {
    const { fake, user } = await begin();
    expect(screen.getByText(/No share is mounted here/)).toBeVisible();
    expect(next()).toBeDisabled();
    fake.picked = '/data/Fast disk';
    await user.click(screen.getByRole('button', { name: 'Another folder…' }));
    await settle();
    const name = screen.getByRole('textbox', { name: 'Name' });
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
    expect(fake.called('tryStorage')[0]).toMatchObject(['fast', { user_subdir: 'amick' }, true]);
    expect(screen.getByText('No worker has a storage of this name yet.')).toBeVisible();
  });

  test('what fails is said, and what was answered is there again after Back', async () => {
    const { fake, user } = await begin(({ fake }) => (fake.around = { here: [here({ lab: ofLab(true) })], missing: [] }));
    await user.click(screen.getByRole('button', { name: 'Use /Volumes/talmo' }));
    await settle();
    await user.type(screen.getByRole('textbox', { name: 'Another folder' }), 'tom');
    fake.failures.set('tryStorage', new Failure('path_not_found', 'There is no folder tom in vast.', 'Choose another one.'));
    await user.click(next());
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('There is no folder tom in vast.');
    await user.click(screen.getByRole('button', { name: 'Back' }));
    expect(screen.getByRole('textbox', { name: 'Another folder' })).toHaveValue('tom');
    fake.failures.delete('tryStorage');
    fake.failures.set('sameStorage', new Failure('fleet_unreachable', 'The queue does not answer.'));
    await user.click(next());
    await settle();
    expect(screen.getByRole('alert')).toHaveTextContent('The queue does not answer.');
    expect(screen.getByRole('button', { name: 'Use this storage' })).toBeEnabled();
  });

  test('left half-way, it goes on where it was; names are text', async () => {
    const { user, container } = await begin(({ fake }) => (fake.around = { here: [here({ name: HOSTILE })], missing: [] }));
    await user.click(screen.getByRole('button', { name: /^Workers/ }));
    await user.click(screen.getByRole('button', { name: 'Storage Finish setup' }));
    expect(within(screen.getByRole('region', { name: /^Where is the lab/ })).getByText(HOSTILE)).toBeVisible();
    expect(container.querySelector('img, b')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Finish later' }));
    expect(screen.getByRole('heading', { name: 'No storage yet' })).toBeVisible();
  });
});
