import { screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { fitLook, healthLook, storageLook } from '../src/lib/components/state';
import { dataset, readiness, worker } from './views';
import { ready, settle } from './render';

test.each([
  ['now', 'confirmed', 'ok'],
  // Where no storage matters, nothing is to be proved.
  ['now', null, 'ok'],
  ['now', 'unknown', 'off'],
  ['now', 'same_mark', 'off'],
  ['busy', 'unknown', 'info'],
  ['no', 'unknown', 'bad'],
])('a worker that is %s, its storage %s, is %s', (fit, sameness, tone) => {
  expect(fitLook(fit, sameness).tone).toBe(tone);
});

test('what is not proved has neither the icon nor the colour of what is', () => {
  const theirs = (sameness: string) => storageLook({ ...worker().storages[0]!, sameness });
  expect(theirs('confirmed')).toMatchObject({ tone: 'ok' });
  for (const sameness of ['same_mark', 'unknown']) {
    expect(theirs(sameness).tone).toBe('off');
    expect(theirs(sameness).icon).not.toBe(theirs('confirmed').icon);
    expect(fitLook('now', sameness).icon).not.toBe(fitLook('now', 'confirmed').icon);
  }
});

test('a folder that is missing needs somebody, as everywhere', () => expect(healthLook('missing').tone).toBe('warn'));

test('who can run it: half a one is offered to be confirmed, one that cannot run it anyway is not', async () => {
  const theirs = [{ ...worker().storages[0]!, words: 'not confirmed', sameness: 'unknown' }];
  const { fake, user } = await ready(
    { type: 'worker', value: worker({ storages: theirs }) },
    { type: 'worker', value: worker({ id: 'w2', name: 'gpu-2', storages: theirs }) },
  );
  fake.datasets.set('vast:amick/labels.slp', dataset());
  const row = readiness().workers[0]!;
  fake.ready = readiness({ workers: [row, { ...row, id: 'w2', name: 'gpu-2', fit: 'no', words: 'has no SLEAP' }] });
  await user.type(screen.getByRole('textbox', { name: 'Path of the dataset' }), 'vast:amick/labels.slp{Enter}');
  await settle();
  const who = within(await screen.findByRole('region', { name: 'Who can run this' }));
  await who.findByText('has no SLEAP');
  expect(who.getByRole('button', { name: 'Confirm vast on gpu-1' })).toBeVisible();
  expect(who.queryByRole('button', { name: 'Confirm vast on gpu-2' })).toBeNull();
  expect(who.getByText('can start now').closest('.state')).toHaveClass('off');
});
