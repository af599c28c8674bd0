// Setting up in one question, where nothing else is left to be asked.
import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure, type LabStorageView, type SuggestionView } from '../src/lib/ipc';
import { answerHere, open, settle } from './render';

const vast = { name: 'vast', by: 'share', sure: true, words: 'the lab’s vast: 4 workers mount this share', type: 'nfs', description: null, workers: ['gpu-1'], subpath: '' };
const here: SuggestionView = {
  name: 'talmo', base_path: '/Volumes/talmo', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //vast01/talmo', state: 'ready', words: 'ready', free_bytes: 41e12, lab: vast,
};
const scratch: LabStorageView = { name: 'scratch', type: null, workers: ['gpu-1'], shares: [], connect: null, description: null, help: null, mount: null };
const found = (worker: string, saw = 'found') => ({ id: worker, worker, saw, words: `${worker} ${saw}` });

type Opened = Awaited<ReturnType<typeof open>>;

async function begin(change: (fake: Opened['fake']) => void = () => {}) {
  const opened = await open({ type: 'storages', value: [] });
  opened.fake.around = { here: [here], missing: [] };
  opened.fake.own = { name: 'amick', words: '214 items' };
  opened.fake.same = [found('gpu-1'), found('gpu-2'), found('gpu-3', 'silent')];
  change(opened.fake);
  await answerHere(opened.user);
  for (let turn = 0; turn < 4; turn += 1) await settle();
  return opened;
}

describe('We found everything', () => {
  test('is one question, and writes it down as it was found', async () => {
    const { fake, user } = await begin();
    const card = screen.getByRole('region', { name: 'We found everything.' });
    expect(card).toHaveTextContent(/vast.*\/Volumes\/talmo.*amick.*2 workers confirmed/);
    expect(fake.called('addStorage')).toEqual([]);
    await user.click(within(card).getByRole('button', { name: 'Looks right' }));
    await settle();
    expect(fake.called('addStorage')).toEqual([['vast', { base_path: '/Volumes/talmo', type: 'smb', description: null, user_subdir: 'amick', subpath: null }]]);
    expect(screen.getByRole('region', { name: 'Ready.' })).toHaveTextContent('2 workers share vast with this computer.');
  });

  test('is put aside by whoever wants it otherwise, and does not come back', async () => {
    const { fake, user } = await begin();
    await user.click(screen.getByRole('button', { name: 'Change…' }));
    expect(screen.queryByRole('region', { name: 'We found everything.' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Use this: /Volumes/talmo' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Check again' }));
    for (let turn = 0; turn < 4; turn += 1) await settle();
    expect(screen.queryByRole('region', { name: 'We found everything.' })).toBeNull();
    expect(fake.called('sameStorage')).toHaveLength(1);
  });

  test.each<[string, (fake: Opened['fake']) => void, boolean]>([
    ['the name alone speaks for it', (fake) => (fake.around = { here: [{ ...here, lab: { ...vast, sure: false } }], missing: [] }), false],
    ['there are two', (fake) => (fake.around = { here: [here, { ...here, base_path: '/Volumes/two' }], missing: [] }), false],
    ['another one of the lab is not here', (fake) => (fake.around = { here: [here], missing: [scratch] }), false],
    ['it does not answer', (fake) => (fake.around = { here: [{ ...here, state: 'not_answering' }], missing: [] }), false],
    ['there is no folder of theirs', (fake) => (fake.own = null), false],
    ['it cannot be written', (fake) => (fake.findings = [{ area: 'storage', state: 'note', what: 'Write', found: 'cannot be written', mend: null, code: null }]), false],
    ['it cannot be tried', (fake) => void fake.failures.set('tryStorage', new Failure('io', 'no')), false],
    ['no worker found the file', (fake) => (fake.same = [found('gpu-1', 'silent')]), true],
    ['one has another storage of the name', (fake) => (fake.same = [found('gpu-1'), found('gpu-2', 'other_storage')]), true],
  ])('is not said where %s: the person is led step by step', async (_, change, asked) => {
    const { fake } = await begin(change);
    expect(screen.queryByRole('region', { name: 'We found everything.' })).toBeNull();
    expect(screen.getByRole('region', { name: /Where is your storage/ })).toBeVisible();
    expect(fake.called('sameStorage')).toHaveLength(asked ? 1 : 0);
  });
});
