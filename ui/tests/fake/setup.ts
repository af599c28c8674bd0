import type { AskedView, Finding, FolderView, FoundSettingsView, PlacingView, SameStorageView, SetupView, ShownView, StorageFields } from '../../src/lib/ipc';
import { Failure } from '../../src/lib/ipc';
import { FakeStorages } from './storages';

/** Setting up, and the demonstration. */
export class FakeSetup extends FakeStorages {
  around: SetupView = { here: [], missing: [] };
  own: FolderView | null = null;
  inside = '';
  findings: Finding[] = [{ area: 'storage', state: 'good', what: 'Read', found: 'opened and read a file in vast:amick', mend: null, code: null }];
  same: SameStorageView[] = [];
  refuted = false;

  async lookAround(): Promise<SetupView> {
    await this.note('lookAround');
    return this.around;
  }

  async folderIn(name: string, fields: StorageFields, path: string): Promise<string> {
    await this.note('folderIn', name, fields, path);
    return this.inside;
  }

  async ownFolder(name: string, fields: StorageFields): Promise<FolderView | null> {
    await this.note('ownFolder', name, fields);
    return this.own;
  }

  async tryStorage(name: string, fields: StorageFields, wished: boolean): Promise<Finding[]> {
    await this.note('tryStorage', name, fields, wished);
    return this.findings;
  }

  async makeOwn(name: string, fields: StorageFields, knowingly: boolean): Promise<Finding[]> {
    await this.note('makeOwn', name, fields, knowingly);
    return [{ area: 'storage', state: 'good', what: 'Your folder', found: `made ${name}:${fields.user_subdir ?? ''}`, mend: null, code: null }];
  }

  async sameStorage(name: string, fields: StorageFields | null): Promise<AskedView> {
    await this.note('sameStorage', name, fields);
    return { refuted: this.refuted, workers: this.same };
  }

  found: FoundSettingsView[] = [];
  /** What is found of a folder that is chosen; none: it is taken as it is. */
  placing: PlacingView | null = null;

  async foundSettings(): Promise<FoundSettingsView[]> {
    await this.note('foundSettings');
    return this.found;
  }

  async settingsOf(file: string): Promise<FoundSettingsView> {
    await this.note('settingsOf', file);
    return { file, words: 'nothing', rows: [] };
  }

  async placeFolder(name: string, path: string): Promise<PlacingView> {
    await this.note('placeFolder', name, path);
    return this.placing ?? { base_path: path, folder: '', inside: null, parts: [], other: false };
  }

  /** The demonstration that is under way: the test tells its steps and ends it. */
  show: { tell: (step: ShownView) => void; end: (failure?: Failure) => void } | null = null;

  async showMe(receive: (step: ShownView) => void): Promise<void> {
    await this.note('showMe');
    await new Promise<void>((resolve, reject) => {
      this.show = { tell: receive, end: (failure) => (failure ? reject(failure) : resolve()) };
    });
  }

  async stopShowing(): Promise<void> {
    await this.note('stopShowing');
    this.show?.end(new Failure('job_cancelled', 'The demonstration was stopped.'));
  }
}
