import type { ComputerView, InvitationView, MembershipView } from '../../src/lib/ipc';
import { AT } from '../views';
import { FakeShell } from './shell';

/** Labs, the person’s computers in them, and workers. */
export class FakeLab extends FakeShell {
  /** The labs that this computer has joined, and what an invitation says. */
  labs: MembershipView[] = [];
  invited: InvitationView = {
    line: 'samepath:eyJ4', lab: 'Talmo Lab', name: 'amick', server: 'hub.talmolab.org:4222', expires_at: new Date(Date.now() + 86_400_000).toISOString(), places: null,
  };

  async readInvitation(text: string): Promise<InvitationView> {
    await this.note('readInvitation', text);
    return this.invited;
  }

  async joinLab(text: string): Promise<MembershipView> {
    await this.note('joinLab', text);
    return { lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: AT, places: null, jobs: null };
  }

  async joinAsWorker(text: string): Promise<MembershipView> {
    await this.note('joinAsWorker', text);
    return { lab: 'Talmo Lab', role: 'worker', name: 'ws-2', server: 'hub.talmolab.org:4222', joined_at: AT, places: null, jobs: null };
  }

  async memberships(): Promise<MembershipView[]> {
    await this.note('memberships');
    return this.labs;
  }

  async leaveLab(): Promise<void> {
    await this.note('leaveLab');
  }

  async addComputer(): Promise<InvitationView> {
    await this.note('addComputer');
    return this.invited;
  }

  /** Of the person in the lab. */
  computersHere: ComputerView[] = [];
  async computers(): Promise<ComputerView[]> {
    await this.note('computers');
    return this.computersHere;
  }

  async removeComputer(key: string): Promise<void> {
    await this.note('removeComputer', key);
    this.computersHere = this.computersHere.filter((one) => one.key !== key);
  }

  async drainWorker(worker: string, drain: boolean): Promise<number> {
    await this.note('drainWorker', worker, drain);
    return 1;
  }

  async removeWorker(name: string): Promise<void> {
    await this.note('removeWorker', name);
  }

  /** Whether the lab is connected once it was tried. */
  connects = false;

  async tryNow(): Promise<boolean> {
    await this.note('tryNow');
    return this.connects;
  }

  async startAgain(): Promise<void> {
    await this.note('startAgain');
  }
}
