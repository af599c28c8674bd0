import { screen } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { job } from './views';
import { ready, settle } from './render';

const at = (minutes: number) => new Date(Date.parse('2026-11-22T10:00:00Z') + minutes * 60_000).toISOString();
const ended = (id: string, minutes: number, by = 'amick') =>
  ({ type: 'job', value: job({ id, name: id, state: 'succeeded', words: 'Done', ended_at: at(minutes), submitted_by: by }) }) as const;
const kept = (unseen?: string[]) => ({ type: 'kept', value: { seen_until: Date.parse(at(30)), ...(unseen ? { unseen } : {}) } }) as const;
const row = (name: string) => screen.getByRole('row', { name: new RegExp(name) });

describe('What ended and was not looked at', () => {
  test('is kept as it ends, and no more once it was looked at', async () => {
    const { fake, user } = await ready({ type: 'job', value: job({ id: 'a', name: 'maze a' }) }, { type: 'job', value: job({ id: 'b', name: 'maze b' }) });
    fake.say(...[ended('a', 40), ended('b', 41)].map((update) => ({ ...update, value: { ...update.value, name: `maze ${update.value.id}` } })));
    await settle();
    expect(fake.keptOf('unseen')).toEqual(['a', 'b']);
    await user.keyboard('{Control>}2{/Control}');
    await user.click(row('maze a'));
    await settle();
    expect(fake.keptOf('unseen')).toEqual(['b']);
    fake.say({ type: 'job_gone', value: 'b' });
    await settle();
    expect(fake.keptOf('unseen')).toEqual([]);
  });

  test('is not in the next window either; what was looked at is, and what is no longer kept is forgotten', async () => {
    const { fake } = await ready(ended('seen', 10), ended('unseen', 20), ended('tom', 20, 'tom'), kept(['unseen', 'gone', 'tom']));
    expect(screen.getByRole('button', { name: /^Jobs 1 ended, not yet looked at/ })).toBeVisible();
    expect(row('unseen')).toHaveTextContent('not yet looked at');
    expect(fake.keptOf('unseen')).toEqual(['unseen']);
  });

  test('of a window that knew nothing of it is what ended since', async () => {
    const { fake } = await ready(ended('before', 10), ended('after', 40), kept());
    expect(fake.keptOf('unseen')).toEqual(['after']);
  });
});
