import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../src/lib/ipc';
import App from '../src/App.svelte';
import { Fake } from './fake';
import { status } from './views';
import { open, settle, title } from './render';

describe('Joining a lab', () => {
  test('a lab is joined with the line of an invitation, and the window starts again', async () => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    const join = () => screen.getByRole('button', { name: 'Join and restart Samepath' });
    expect(join()).toBeDisabled();
    expect(join()).toHaveAccessibleDescription('Paste the invitation first.');
    await user.click(screen.getByRole('radio', { name: /On this computer/ }));
    expect(screen.getByRole('button', { name: 'Continue' })).toBeEnabled();
    await user.click(screen.getByRole('radio', { name: /In my lab/ }));
    const line = screen.getByRole('textbox', { name: 'Invitation' });
    fake.failures.set('readInvitation', new Failure('invalid_parameter', 'This is not a whole invitation.', 'Copy the line again, to its end.'));
    await user.click(line);
    await user.paste('samepath:half');
    await settle();
    // Once, beside the line, and to be sent without it.
    const said = screen.getByRole('alert');
    expect(said).toHaveTextContent(/This is not a whole invitation\. Copy the line again/);
    await user.click(within(said).getByRole('button', { name: 'Copy for your admin' }));
    expect(await navigator.clipboard.readText()).toMatch(/This is not a whole invitation\.\nCopy the line again, to its end\./);
    expect(await navigator.clipboard.readText()).not.toContain('samepath:half');
    fake.failures.clear();
    fake.invited = { ...fake.invited, places: 'writes and reads in amick only' };
    await user.clear(line);
    await user.paste(' samepath:eyJ4\n');
    await settle();
    const card = title('Where do your jobs run?');
    expect(card).toHaveTextContent(/Talmo Lab · you join as amick · lab server hub\.talmolab\.org:4222 · invitation valid until \d{1,2} \w{3} \d{4}/);
    expect(card).toHaveTextContent('A job of amick writes and reads in amick only.');
    expect(card).not.toHaveTextContent('not a whole invitation');
    fake.failures.set('joinLab', new Failure('fleet_unreachable', 'This invitation was used already, or was withdrawn.', 'Else ask for a new one.'));
    // Enter in the line is the button.
    await user.type(line, '{Enter}');
    await settle();
    expect(card).toHaveTextContent('was used already, or was withdrawn');
    // Beside why there is what to do; the button below does not do it a second time.
    expect(join()).toBeDisabled();
    expect(join()).toHaveAccessibleDescription('Try again above, or join later.');
    // Whoever needs a new one has the words to ask for it.
    expect(card).toHaveTextContent('Another invitation?');
    await user.click(screen.getByRole('button', { name: 'Copy message' }));
    expect(await navigator.clipboard.readText()).toMatch(/^Could you send me a Samepath invitation/);
    expect(fake.called('startAgain')).toEqual([]);
    fake.failures.clear();
    await user.type(line, ' ');
    await settle();
    expect(join()).toHaveAccessibleDescription('');
    await user.click(join());
    await settle();
    expect(fake.called('joinLab').at(-1)?.[0]).toContain('samepath:eyJ4');
    expect(fake.called('startAgain')).toHaveLength(1);
    // In the lab it goes on with the storage.
    expect(fake.keptOf('setup')).toEqual({ step: 'storage' });
  });

  test('an invitation is pasted at a button, or the field is shown where the clipboard is kept', async () => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    await navigator.clipboard.writeText(' samepath:eyJ4 \n');
    const line = screen.getByRole('textbox', { name: 'Invitation' });
    await user.click(screen.getByRole('button', { name: 'Paste' }));
    await vi.waitFor(() => expect(line).toHaveValue('samepath:eyJ4'));
    expect(fake.called('readInvitation')).toEqual([['samepath:eyJ4']]);
    const kept = vi.spyOn(navigator.clipboard, 'readText').mockRejectedValue(new Error('denied'));
    await user.click(screen.getByRole('button', { name: 'Paste' }));
    await vi.waitFor(() => expect(line).toHaveFocus());
    expect(line).toHaveValue('samepath:eyJ4');
    expect(title('Where do your jobs run?')).toHaveTextContent('Press Ctrl V in the field.');
    kept.mockRestore();
  });

  test('an invitation that is too old says so, and a lab that does not answer can be joined later', async () => {
    const { fake, user } = await open({ type: 'storages', value: [] });
    fake.invited = { ...fake.invited, expires_at: '2026-11-20T09:00:00Z' };
    vi.useFakeTimers({ now: Date.parse('2026-11-22T09:00:00Z'), toFake: ['Date'] });
    await user.click(screen.getByRole('textbox', { name: 'Invitation' }));
    await user.paste('samepath:eyJ4');
    await settle();
    vi.useRealTimers();
    const card = title('Where do your jobs run?');
    expect(within(card).getByRole('alert')).toHaveTextContent('This invitation expired on 20 Nov 2026, by this computer’s clock. Ask for a new one.');
    fake.failures.set('joinLab', new Failure('fleet_unreachable', 'Talmo Lab does not answer (hub:4222).', 'Off campus? Connect the VPN.'));
    await user.click(screen.getByRole('button', { name: 'Join and restart Samepath' }));
    await settle();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await settle();
    expect(fake.called('joinLab')).toHaveLength(2);
    await user.click(screen.getByRole('button', { name: 'Continue; join later' }));
    await settle();
    expect(title(/^Where is the lab/)).toBeVisible();
  });

  test('whoever has joined a lab has answered where jobs run, and goes on to the storage', async () => {
    const fake = new Fake([{ type: 'status', value: status() }, { type: 'storages', value: [] }]);
    fake.labs = [{ lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub:4222', joined_at: '2026-11-20T09:00:00Z', places: null, jobs: null }];
    render(App, { ipc: fake });
    await settle();
    const user = userEvent.setup();
    expect(screen.getByRole('radio', { name: /In my lab/ })).toBeChecked();
    expect(screen.getByText(/This computer belongs to Talmo Lab already/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Join and restart Samepath' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Continue' }));
    expect(screen.getByRole('heading', { name: /^Where is the lab/ })).toBeVisible();
    expect(fake.called('joinLab')).toEqual([]);
  });
});
