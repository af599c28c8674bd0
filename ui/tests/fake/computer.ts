import type { BeginIn, DoctorView, FilterView, ProgramView, QuitMode, SettingsLineView } from '../../src/lib/ipc';
import { FakeSetup } from './setup';

/** What of this computer the page asks for: its programs, its settings file, its dialogs. */
export class FakeComputer extends FakeSetup {
  picked: string | null = null;
  /** What a dialog for several files answers; none: the one that is picked. */
  pickedAll: string[] | null = null;
  /** Where each dialog began. */
  begins: (BeginIn | null)[] = [];

  async startWorker(): Promise<void> {
    await this.note('startWorker');
  }

  async stopWorker(mode: QuitMode): Promise<void> {
    await this.note('stopWorker', mode);
  }

  async hardware(): Promise<string> {
    await this.note('hardware');
    return 'No NVIDIA GPU: SLEAP training will be slow.';
  }

  programsHere: ProgramView[] = [{ name: 'sleap-nn', configured: null, found: '/home/amick/.local/bin/sleap-nn', version: '0.3.5', problem: null }];

  async programs(): Promise<ProgramView[]> {
    await this.note('programs');
    return this.programsHere;
  }

  async setProgram(name: string, path: string | null): Promise<void> {
    await this.note('setProgram', name, path);
  }

  examined: DoctorView = {
    findings: [
      { area: 'storage', state: 'good', what: 'vast', found: 'ready', mend: null, code: null },
      { area: 'GPU', state: 'note', what: 'NVIDIA', found: 'there is a GPU, but no nvidia-smi to ask about it', mend: 'Install the driver’s programs.', code: null },
    ],
    report: 'Samepath 0.1.0 on COMPUTER',
  };

  async doctor(): Promise<DoctorView> {
    await this.note('doctor');
    return this.examined;
  }

  async openSettings(): Promise<void> {
    await this.note('openSettings');
  }

  async settingsAround(line: number): Promise<SettingsLineView[]> {
    await this.note('settingsAround', line);
    return [line - 1, line].map((number) => ({ number, text: `line ${number} of the file` }));
  }

  async openPermissions(): Promise<void> {
    await this.note('openPermissions');
  }

  async showStorage(name: string, own: boolean): Promise<void> {
    await this.note('showStorage', name, own);
  }

  async showData(): Promise<void> {
    await this.note('showData');
  }

  async connect(storage: string): Promise<void> {
    await this.note('connect', storage);
  }

  async showNews(): Promise<void> {
    await this.note('showNews');
  }

  async pickFile(title: string, _filters: FilterView[], begin: BeginIn | null = null): Promise<string | null> {
    this.begins.push(begin);
    await this.note('pickFile', title);
    return this.picked;
  }

  async pickFiles(title: string, _filters: FilterView[], begin: BeginIn | null = null): Promise<string[]> {
    this.begins.push(begin);
    await this.note('pickFiles', title);
    return this.pickedAll ?? (this.picked === null ? [] : [this.picked]);
  }

  async pickNewFile(title: string, _filters: FilterView[], begin: BeginIn | null = null): Promise<string | null> {
    this.begins.push(begin);
    await this.note('pickNewFile', title);
    return this.picked;
  }

  async pickFolder(title: string, begin: BeginIn | null = null): Promise<string | null> {
    this.begins.push(begin);
    await this.note('pickFolder', title);
    return this.picked;
  }
}
