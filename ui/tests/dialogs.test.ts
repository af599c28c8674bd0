import { screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Failure } from '../src/lib/ipc';
import { job, status, worker } from './views';
import { ready, settle } from './render';

const quitting = { type: 'quit_asked' as const, value: ['maze day 3'] };

describe('Ending what runs here', () => {
  test('once it was chosen, nothing pretends to keep it from ending', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    const saved = fake.hold('quit');
    fake.tell(quitting);
    await settle();
    const question = screen.getByRole('dialog', { name: '1 job runs on this computer' });
    // As in every question: first what changes nothing.
    expect(within(question).getAllByRole('button').map((button) => button.textContent)).toEqual(['Keep Samepath open', 'Stop it, saving, and quit']);
    await user.click(within(question).getByRole('button', { name: 'Stop it, saving, and quit' }));
    expect(within(question).getByText('Saving, usually within a minute. Samepath closes by itself then. Kill now loses what is not saved.')).toHaveFocus();
    expect(within(question).getAllByRole('button').map((button) => button.textContent)).toEqual(['Kill now and quit']);
    await user.keyboard('{Escape}');
    expect(question).toBeVisible();
    await user.click(within(question).getByRole('button', { name: 'Kill now and quit' }));
    expect(question).toHaveTextContent('Ending it…');
    expect(within(question).getByRole('button', { name: 'Kill now and quit' })).toBeDisabled();
    expect(fake.called('quit')).toEqual([['stop'], ['kill']]);
    saved();
  });

  test('where it cannot be ended, the choice is open again', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    fake.failures.set('quit', new Failure('internal', 'The job cannot be ended.'));
    fake.tell(quitting);
    await settle();
    const question = screen.getByRole('dialog');
    await user.click(within(question).getByRole('button', { name: 'Stop it, saving, and quit' }));
    await settle();
    expect(question).toHaveTextContent('The job cannot be ended.');
    expect(within(question).getByRole('button', { name: 'Keep Samepath open' })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('a kill that fails while it still saves leaves it saving', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    const saved = fake.hold('quit');
    fake.tell(quitting);
    await settle();
    const question = screen.getByRole('dialog');
    await user.click(within(question).getByRole('button', { name: 'Stop it, saving, and quit' }));
    fake.failures.set('quit', new Failure('internal', 'No such job.'));
    await user.click(within(question).getByRole('button', { name: 'Kill now and quit' }));
    await settle();
    expect(question).toHaveTextContent('Saving, usually within a minute.');
    expect(within(question).queryByRole('button', { name: 'Keep Samepath open' })).toBeNull();
    saved();
    await settle();
  });

  test('the worker that is being turned off is not offered to be kept on', async () => {
    const { fake, user } = await ready({ type: 'worker', value: worker({ own: true }) }, { type: 'job', value: job() });
    const saved = fake.hold('stopWorker');
    await user.keyboard('{Control>}5{/Control}');
    await user.click(screen.getByRole('checkbox', { name: /^Run jobs on this computer/ }));
    const question = screen.getByRole('dialog');
    await user.click(within(question).getByRole('button', { name: 'Stop it, saving, and turn the worker off' }));
    expect(within(question).queryByRole('button', { name: 'Keep the worker on' })).toBeNull();
    expect(question).toHaveTextContent('The worker is turned off then.');
    saved();
    await settle();
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});

describe('What ends by itself while the question is open', () => {
  const ended = job({ state: 'succeeded', words: 'Done', ended_at: '2026-11-22T11:00:00Z' });

  async function turningOff() {
    const opened = await ready({ type: 'worker', value: worker({ own: true }) }, { type: 'job', value: job() });
    await opened.user.keyboard('{Control>}5{/Control}');
    await opened.user.click(screen.getByRole('checkbox', { name: /^Run jobs on this computer/ }));
    return { ...opened, question: screen.getByRole('dialog', { name: '1 job runs on this computer' }) };
  }

  test('nothing runs here any more, and nothing is offered to be saved or kept', async () => {
    const { fake, user, question } = await turningOff();
    const stay = within(question).getByRole('button', { name: 'Keep the worker on' });
    fake.say({ type: 'job', value: ended });
    await settle();
    expect(screen.getByRole('dialog', { name: 'Nothing runs on this computer any more' })).toBe(question);
    expect(within(question).getByText('It ended by itself.')).toBeVisible();
    expect(within(question).queryByRole('list')).toBeNull();
    expect(within(question).getAllByRole('button').map((button) => button.textContent)).toEqual(['Keep the worker on', 'Turn the worker off']);
    // Nobody who is about to press it presses something else.
    expect(within(question).getByRole('button', { name: 'Keep the worker on' })).toBe(stay);
    expect(fake.called('stopWorker')).toEqual([]);
    await user.click(within(question).getByRole('button', { name: 'Turn the worker off' }));
    await settle();
    expect(fake.called('stopWorker')).toEqual([['stop']]);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('what ends because of the answer is not counted down', async () => {
    const { fake, user, question } = await turningOff();
    fake.hold('stopWorker');
    await user.click(within(question).getByRole('button', { name: 'Stop it, saving, and turn the worker off' }));
    fake.say({ type: 'job', value: ended });
    await settle();
    expect(screen.getByRole('dialog', { name: '1 job runs on this computer' })).toBe(question);
    expect(question).toHaveTextContent('Saving, usually within a minute.');
  });

  test('the same where it is asked whether to quit', async () => {
    const { fake } = await ready({ type: 'job', value: job() }, { type: 'job', value: job({ id: '2', name: 'maze day 4' }) });
    fake.tell({ type: 'quit_asked', value: ['maze day 3', 'maze day 4'] });
    await settle();
    fake.say({ type: 'job', value: ended });
    await settle();
    const question = screen.getByRole('dialog', { name: '1 job runs on this computer' });
    expect(within(question).getByRole('list')).toHaveTextContent('maze day 4');
    fake.say({ type: 'job', value: { ...ended, id: '2', name: 'maze day 4' } });
    await settle();
    expect(screen.getByRole('dialog', { name: 'Nothing runs on this computer any more' })).toBe(question);
    expect(within(question).getAllByRole('button').map((button) => button.textContent)).toEqual(['Keep Samepath open', 'Quit']);
  });
});

describe('Esc in a question', () => {
  test('leaves the question alone, and the worker that it is about stays open', async () => {
    const { user } = await ready({ type: 'status', value: status({ lab: 'Talmo Lab', in_lab: true, admin: true }) }, { type: 'worker', value: worker() });
    await user.keyboard('{Control>}3{/Control}');
    await user.click(screen.getByRole('row', { name: /gpu-1/ }));
    await user.click(screen.getByRole('button', { name: 'Remove…' }));
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('region', { name: 'Worker gpu-1' })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Worker gpu-1' })).toBeNull();
  });

  test('of two, leaves the one on top; what is under them stays', async () => {
    const { fake, user } = await ready({ type: 'job', value: job() });
    await user.click(screen.getByRole('button', { name: /^Jobs/ }));
    await user.click(screen.getByRole('row', { name: /maze day 3/ }));
    await user.click(screen.getByRole('button', { name: 'Stop…' }));
    fake.tell(quitting);
    await settle();
    expect(screen.getAllByRole('dialog')).toHaveLength(2);
    await user.keyboard('{Control>}.{/Control}{Escape}');
    expect(screen.getByRole('dialog', { name: 'Stop maze day 3?' })).toBeVisible();
    expect(screen.getAllByRole('dialog')).toHaveLength(1);
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(screen.getByRole('region', { name: 'Job maze day 3' })).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'Job maze day 3' })).toBeNull();
  });
});
