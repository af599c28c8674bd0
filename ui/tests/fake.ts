// A shell for tests and for the development page: it keeps what it is told and says it to the page as the real one does.
import type {
  ChosenVideo,
  ClearedView,
  ComputerView,
  CopiedView,
  CopyUnderWay,
  CopyView,
  DatasetView,
  DoctorView,
  Draft,
  Finding,
  FolderView,
  FollowUpView,
  FoundSettingsView,
  InvitationView,
  Ipc,
  JobView,
  Keep,
  KeptView,
  KindView,
  LocatedView,
  LogUpdate,
  MembershipView,
  MetricsUpdate,
  PlacingView,
  ProgramView,
  QuitMode,
  ReadinessView,
  ResultsView,
  SameStorageView,
  SettingsLineView,
  SetupView,
  ShownView,
  StorageFields,
  StorageView,
  Update,
  Value,
  WindowUpdate,
} from '../src/lib/ipc';
import { Failure } from '../src/lib/ipc';
import { AT, job, path, readiness, status, storage } from './views';

export class Fake implements Ipc {
  kept: KeptView = {};
  known: Update[] = [];
  storages: StorageView[] = [];
  datasets = new Map<string, DatasetView>();
  ready: ReadinessView | Failure = readiness();
  reports = new Map<string, Value>();
  picked: string | null = null;
  /** What a dialog for several files answers; none: the one that is picked. */
  pickedAll: string[] | null = null;
  located: LocatedView | null = null;
  /** Why a job for a dataset is refused. */
  refused = new Map<string, Failure>();
  /** Every call, in order: name and arguments. */
  calls: [string, ...unknown[]][] = [];
  /** What a call of this name rejects with. */
  failures = new Map<string, Failure>();
  drafts: Draft[] = [];
  /** What a stopped job is then. */
  stopped: JobView | null = null;
  next: FollowUpView = { again: { kind: 'slp-check', dataset: 'vast:amick/project/labels.slp' }, command: 'samepath submit slp-check', opens: null, resumed: null, smaller: null };

  #asked: Promise<void> | null = null;
  #watcher: ((update: Update) => void) | null = null;
  #window: ((update: WindowUpdate) => void) | null = null;
  metrics = new Map<string, (update: MetricsUpdate) => void>();
  logs = new Map<string, (update: LogUpdate) => void>();
  readonly #first: Update[];

  constructor(first: Update[] = [{ type: 'status', value: status() }]) {
    this.#first = first;
    for (const update of first) {
      if (update.type === 'storages') this.storages = update.value;
      if (update.type === 'kept') this.kept = update.value;
    }
  }

  say(...updates: Update[]): void {
    for (const update of updates) this.#watcher?.(update);
  }

  /** The workers answer only once what this returns is called. */
  keepWaiting(): () => void {
    let answer = () => {};
    this.#asked = new Promise((resolve) => (answer = resolve));
    return answer;
  }

  tell(update: WindowUpdate): void {
    this.#window?.(update);
  }

  called(name: string): unknown[][] {
    return this.calls.filter((call) => call[0] === name).map(([, ...rest]) => rest);
  }

  async #note(name: string, ...rest: unknown[]): Promise<void> {
    this.calls.push([name, ...rest]);
    const failure = this.failures.get(name);
    if (failure) throw failure;
  }

  #publish(): void {
    this.say({ type: 'storages', value: [...this.storages] });
  }

  /** The labs that this computer has joined, and what an invitation says. */
  labs: MembershipView[] = [];
  invited: InvitationView = {
    line: 'samepath:eyJ4', lab: 'Talmo Lab', name: 'amick', server: 'hub.talmolab.org:4222', expires_at: new Date(Date.now() + 86_400_000).toISOString(), places: null,
  };

  async readInvitation(text: string): Promise<InvitationView> {
    await this.#note('readInvitation', text);
    return this.invited;
  }

  async joinLab(text: string): Promise<MembershipView> {
    await this.#note('joinLab', text);
    return { lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: AT };
  }

  async memberships(): Promise<MembershipView[]> {
    await this.#note('memberships');
    return this.labs;
  }

  async leaveLab(): Promise<void> {
    await this.#note('leaveLab');
  }

  async addComputer(): Promise<InvitationView> {
    await this.#note('addComputer');
    return this.invited;
  }

  /** Of the person in the lab. */
  computersHere: ComputerView[] = [];
  async computers(): Promise<ComputerView[]> {
    await this.#note('computers');
    return this.computersHere;
  }

  async removeComputer(key: string): Promise<void> {
    await this.#note('removeComputer', key);
    this.computersHere = this.computersHere.filter((one) => one.key !== key);
  }

  async drainWorker(worker: string, drain: boolean): Promise<number> {
    await this.#note('drainWorker', worker, drain);
    return 1;
  }

  async removeWorker(name: string): Promise<void> {
    await this.#note('removeWorker', name);
  }

  /** Whether the lab is connected once it was tried. */
  connects = false;

  async tryNow(): Promise<boolean> {
    await this.#note('tryNow');
    return this.connects;
  }

  async startAgain(): Promise<void> {
    await this.#note('startAgain');
  }

  async addStorage(name: string, fields: StorageFields): Promise<StorageView> {
    await this.#note('addStorage', name, fields);
    const added = storage({
      name,
      base_path: fields.base_path ?? null,
      user_subdir: fields.user_subdir ?? '',
      subpath: fields.subpath ?? '',
      type: fields.type ?? null,
      description: fields.description ?? null,
    });
    this.storages.push(added);
    this.#publish();
    return added;
  }

  async setStorage(name: string, fields: StorageFields): Promise<StorageView> {
    await this.#note('setStorage', name, fields);
    const index = this.storages.findIndex((one) => one.name === name);
    const changed = storage({ ...this.storages[index], base_path: fields.base_path ?? null, user_subdir: fields.user_subdir ?? '' });
    this.storages[index] = changed;
    this.#publish();
    return changed;
  }

  async renameStorage(name: string, to: string, fields: StorageFields): Promise<StorageView> {
    await this.#note('renameStorage', name, to, fields);
    const index = this.storages.findIndex((one) => one.name === name);
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    const renamed = storage({ ...this.storages[index], ...given, name: to });
    this.storages[index] = renamed;
    this.#publish();
    return renamed;
  }

  async removeStorage(name: string): Promise<void> {
    await this.#note('removeStorage', name);
    this.storages = this.storages.filter((one) => one.name !== name);
    this.#publish();
  }

  async checkStorages(name: string | null): Promise<StorageView[]> {
    await this.#note('checkStorages', name);
    return this.storages;
  }

  around: SetupView = { here: [], missing: [] };
  own: FolderView | null = null;
  inside = '';
  findings: Finding[] = [{ area: 'storage', state: 'good', what: 'Read', found: 'opened and read a file in vast:amick', mend: null, code: null }];
  same: SameStorageView[] = [];

  async lookAround(): Promise<SetupView> {
    await this.#note('lookAround');
    return this.around;
  }

  async folderIn(name: string, fields: StorageFields, path: string): Promise<string> {
    await this.#note('folderIn', name, fields, path);
    return this.inside;
  }

  async ownFolder(name: string, fields: StorageFields): Promise<FolderView | null> {
    await this.#note('ownFolder', name, fields);
    return this.own;
  }

  async tryStorage(name: string, fields: StorageFields, make: boolean): Promise<Finding[]> {
    await this.#note('tryStorage', name, fields, make);
    return this.findings;
  }

  async sameStorage(name: string, fields: StorageFields | null): Promise<SameStorageView[]> {
    await this.#note('sameStorage', name, fields);
    return this.same;
  }

  found: FoundSettingsView[] = [];
  /** What is found of a folder that is chosen; none: it is taken as it is. */
  placing: PlacingView | null = null;

  async foundSettings(): Promise<FoundSettingsView[]> {
    await this.#note('foundSettings');
    return this.found;
  }

  async settingsOf(file: string): Promise<FoundSettingsView> {
    await this.#note('settingsOf', file);
    return { file, words: 'nothing', rows: [] };
  }

  async placeFolder(name: string, path: string): Promise<PlacingView> {
    await this.#note('placeFolder', name, path);
    return this.placing ?? { base_path: path, folder: '', parts: [], other: false };
  }

  /** The demonstration that is under way: the test tells its steps and ends it. */
  show: { tell: (step: ShownView) => void; end: (failure?: Failure) => void } | null = null;

  async showMe(receive: (step: ShownView) => void): Promise<void> {
    await this.#note('showMe');
    await new Promise<void>((resolve, reject) => {
      this.show = { tell: receive, end: (failure) => (failure ? reject(failure) : resolve()) };
    });
  }

  async stopShowing(): Promise<void> {
    await this.#note('stopShowing');
    this.show?.end(new Failure('job_cancelled', 'The demonstration was stopped.'));
  }

  /** What it was last told to keep of this. */
  keptOf(type: Keep['type']): unknown {
    return this.called('keep').map(([change]) => change as Keep).findLast((change) => change.type === type)?.value;
  }

  async keep(change: Keep): Promise<void> {
    await this.#note('keep', change);
  }

  async startWorker(): Promise<void> {
    await this.#note('startWorker');
  }

  async stopWorker(mode: QuitMode): Promise<void> {
    await this.#note('stopWorker', mode);
  }

  async hardware(): Promise<string> {
    await this.#note('hardware');
    return 'No NVIDIA GPU: SLEAP training will be slow.';
  }

  programsHere: ProgramView[] = [{ name: 'sleap-nn', configured: null, found: '/home/amick/.local/bin/sleap-nn', problem: null }];

  async programs(): Promise<ProgramView[]> {
    await this.#note('programs');
    return this.programsHere;
  }

  async setProgram(name: string, path: string | null): Promise<void> {
    await this.#note('setProgram', name, path);
  }

  examined: DoctorView = {
    findings: [
      { area: 'storage', state: 'good', what: 'vast', found: 'ready', mend: null, code: null },
      { area: 'GPU', state: 'note', what: 'NVIDIA', found: 'there is a GPU, but no nvidia-smi to ask about it', mend: 'Install the driver’s programs.', code: null },
    ],
    report: 'Samepath 0.1.0 on COMPUTER',
  };

  async doctor(): Promise<DoctorView> {
    await this.#note('doctor');
    return this.examined;
  }

  async openSettings(): Promise<void> {
    await this.#note('openSettings');
  }

  async settingsAround(line: number): Promise<SettingsLineView[]> {
    await this.#note('settingsAround', line);
    return [line - 1, line].map((number) => ({ number, text: `line ${number} of the file` }));
  }

  async openPermissions(): Promise<void> {
    await this.#note('openPermissions');
  }

  async showStorage(name: string, own: boolean): Promise<void> {
    await this.#note('showStorage', name, own);
  }

  async showData(): Promise<void> {
    await this.#note('showData');
  }

  async connect(storage: string): Promise<void> {
    await this.#note('connect', storage);
  }

  async showNews(): Promise<void> {
    await this.#note('showNews');
  }

  async locateVideo(text: string, videos: ChosenVideo[], chosen: ChosenVideo): Promise<LocatedView> {
    await this.#note('locateVideo', text, videos, chosen);
    if (!this.located) throw new Failure('path_not_found', 'There is no such video.');
    return this.located;
  }

  async openDataset(text: string, videos: ChosenVideo[]): Promise<DatasetView> {
    await this.#note('openDataset', text, ...(videos.length > 0 ? [videos] : []));
    const found = this.datasets.get(text);
    if (!found) throw new Failure('path_not_found', `There is no file ${text}.`, 'Check the path.');
    return found;
  }

  /** What a copy is waiting for: it is told how far it is, and ended, by the test. */
  copy: { tell: (progress: CopyView) => void; end: (answer: CopiedView[] | Failure) => void } | null = null;

  copyFiles(files: string[], folder: string, receive: (progress: CopyView) => void): CopyUnderWay {
    this.calls.push(['copyFiles', files, folder]);
    const done = new Promise<CopiedView[]>((resolve, reject) => {
      this.copy = { tell: receive, end: (answer) => (answer instanceof Failure ? reject(answer) : resolve(answer)) };
    });
    return { done, stop: () => this.calls.push(['stopCopying']) };
  }

  async showDataset(path: string): Promise<void> {
    await this.#note('showDataset', path);
  }

  /** What is in folders that are chosen for results; others are empty. */
  there = new Map<string, ResultsView>();

  async resultsThere(folder: string, kind: string): Promise<ResultsView> {
    await this.#note('resultsThere', folder, kind);
    return this.there.get(folder) ?? { place: path(folder), exists: true, beside: path(`${folder}-2`), checkpoint: null, epoch: null };
  }

  async kinds(): Promise<KindView[]> {
    await this.#note('kinds');
    return [];
  }

  async readiness(draft: Draft): Promise<ReadinessView> {
    await this.#note('readiness', draft);
    this.drafts.push(draft);
    await this.#asked;
    if (this.ready instanceof Failure) throw this.ready;
    return this.ready;
  }

  async submit(draft: Draft): Promise<JobView> {
    await this.#note('submit', draft);
    const refused = this.refused.get(draft.dataset ?? '');
    if (refused) throw refused;
    const made = job({ id: 'new', name: draft.name || 'labels · check', state: 'queued', words: 'Waiting', worker: null, percent: null });
    this.say({ type: 'job', value: made });
    return made;
  }

  async stop(id: string): Promise<JobView> {
    await this.#note('stop', id);
    return this.stopped ?? job({ id });
  }

  async followUp(id: string): Promise<FollowUpView> {
    await this.#note('followUp', id);
    return this.next;
  }

  async showResults(id: string): Promise<void> {
    await this.#note('showResults', id);
  }

  async kill(id: string): Promise<JobView> {
    await this.#note('kill', id);
    return job({ id });
  }

  async retry(id: string): Promise<JobView> {
    await this.#note('retry', id);
    return job({ id });
  }

  async clearJobs(days: number): Promise<ClearedView> {
    await this.#note('clearJobs', days);
    return { cleared: 1, words: '1 job was cleared, with its log. Its results are where they were.' };
  }

  async openInSleap(id: string): Promise<void> {
    await this.#note('openInSleap', id);
  }

  async report(id: string): Promise<Value | null> {
    await this.#note('report', id);
    return this.reports.get(id) ?? null;
  }

  async pickFile(title: string): Promise<string | null> {
    await this.#note('pickFile', title);
    return this.picked;
  }

  async pickFiles(title: string): Promise<string[]> {
    await this.#note('pickFiles', title);
    return this.pickedAll ?? (this.picked === null ? [] : [this.picked]);
  }

  async pickNewFile(title: string): Promise<string | null> {
    await this.#note('pickNewFile', title);
    return this.picked;
  }

  async pickFolder(title: string): Promise<string | null> {
    await this.#note('pickFolder', title);
    return this.picked;
  }

  async watch(receive: (update: Update) => void): Promise<void> {
    await this.#note('watch');
    this.#watcher = receive;
    this.say(...this.#first, { type: 'current' });
  }

  async followLog(id: string, attempt: number | null, receive: (update: LogUpdate) => void): Promise<() => void> {
    await this.#note('followLog', id, attempt);
    this.logs.set(id, receive);
    return () => {
      this.calls.push(['leaveLog', id]);
      this.logs.delete(id);
    };
  }

  async followMetrics(id: string, receive: (update: MetricsUpdate) => void): Promise<() => void> {
    await this.#note('followMetrics', id);
    this.metrics.set(id, receive);
    return () => {
      this.calls.push(['leaveMetrics', id]);
      this.metrics.delete(id);
    };
  }

  async attendWindow(receive: (update: WindowUpdate) => void): Promise<void> {
    this.#window = receive;
  }

  async quit(mode: QuitMode): Promise<void> {
    await this.#note('quit', mode);
  }
}
