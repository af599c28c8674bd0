import { Failure, type InvitationView, type Ipc } from '../ipc';
import { Trying } from './trying.svelte';

/** Joining a lab with the line of an invitation. */
export class Joining {
  readonly #ipc: Ipc;
  readonly #startThere: () => Promise<void>;

  /** The line that was pasted, and what it says once it was read. */
  invitation = $state('');
  invited = $state.raw<InvitationView | null>(null);
  #unread = $state.raw<Failure | null>(null);
  readonly trying = new Trying();
  /** The lab that this computer belongs to. */
  lab = $state<string | null>(null);
  /** Whether it was joined when nobody waited for that any more: the window is not there yet. */
  since = $state(false);

  constructor(ipc: Ipc, startThere: () => Promise<void>) {
    this.#ipc = ipc;
    this.#startThere = startThere;
  }

  /** Why the line cannot be used, or the lab not be joined with it. */
  get failure(): Failure | null {
    return this.#unread ?? this.trying.failure;
  }

  forget(): void {
    this.#unread = null;
    this.trying.forget();
  }

  /** Reads what was pasted. The newest text counts. */
  async read(): Promise<void> {
    const text = this.invitation.trim();
    this.invited = null;
    this.forget();
    if (text === '') return;
    try {
      const invited = await this.#ipc.readInvitation(text);
      if (text === this.invitation.trim()) this.invited = invited;
    } catch (thrown) {
      if (text === this.invitation.trim()) this.#unread = Failure.from(thrown);
    }
  }

  /** The window is in the lab once it was started again. That is not done to whoever goes on without it. */
  async join(): Promise<void> {
    if (this.trying.busy) return;
    if (this.invited === null) await this.read();
    if (this.invited === null) return;
    await this.trying.run(async (asked) => {
      const { lab } = await this.#ipc.joinLab(this.invitation);
      if (asked()) return this.#startThere();
      this.lab = lab;
      this.since = true;
    });
  }
}
