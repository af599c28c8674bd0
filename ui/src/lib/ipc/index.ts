// What the page asks of the shell. Everything else in the page knows this interface and nothing behind it; tests and the
// development page bring their own.
import type {
  AskedView,
  BeginIn,
  ComputerView,
  CopiedView,
  CopyView,
  DatasetView,
  DoctorView,
  Draft,
  ErrorCode,
  ChosenVideo,
  ClearedView,
  FilterView,
  Finding,
  FolderView,
  FollowUpView,
  FoundSettingsView,
  InvitationView,
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
  SettingsLineView,
  SetupView,
  ShownView,
  StorageFields,
  StorageView,
  Update,
  Value,
  WindowUpdate,
} from './bindings';

export type * from './bindings';

/** A copy that is under way. */
export interface CopyUnderWay {
  /** Where each file is, in their order. */
  done: Promise<CopiedView[]>;
  /** What is half copied is taken away; `done` rejects once that has happened. */
  stop(): void;
}

export interface Ipc {
  /** What earlier windows kept, as it was when this one was opened. */
  readonly kept: KeptView;
  /** What was known then: with `current` at its end if it was everything. `watch` tells all of it once more. */
  readonly known: Update[];
  addStorage(name: string, fields: StorageFields): Promise<StorageView>;
  setStorage(name: string, fields: StorageFields): Promise<StorageView>;
  /** Wherever the file speaks of it; what is null stays. */
  renameStorage(name: string, to: string, fields: StorageFields): Promise<StorageView>;
  removeStorage(name: string): Promise<void>;
  /** As it was written before it was removed; where the file was changed since, with these values. */
  putStorageBack(name: string, fields: StorageFields): Promise<void>;
  checkStorages(name: string | null): Promise<StorageView[]>;
  /** In the file manager: the person's own folder in it, or all of it. */
  showStorage(name: string, own: boolean): Promise<void>;
  lookAround(): Promise<SetupView>;
  ownFolder(name: string, fields: StorageFields): Promise<FolderView | null>;
  /** Where a folder lies in a storage that need not be configured yet. */
  folderIn(name: string, fields: StorageFields, path: string): Promise<string>;
  /** With `wished` the person’s folder is made later, by the next. */
  tryStorage(name: string, fields: StorageFields, wished: boolean): Promise<Finding[]>;
  makeOwn(name: string, fields: StorageFields, knowingly: boolean): Promise<Finding[]>;
  sameStorage(name: string, fields: StorageFields | null): Promise<AskedView>;
  foundSettings(): Promise<FoundSettingsView[]>;
  settingsOf(file: string): Promise<FoundSettingsView>;
  /** Where a folder that was chosen for a storage of this name stands in it. */
  placeFolder(name: string, path: string): Promise<PlacingView>;
  /** A job in a pretend lab, step by step; answers once the lab is gone again. */
  showMe(receive: (step: ShownView) => void): Promise<void>;
  stopShowing(): Promise<void>;
  /** What an invitation to a lab says, before anything is done with it. */
  readInvitation(text: string): Promise<InvitationView>;
  /** The window is in the lab once it was started again. */
  joinLab(text: string): Promise<MembershipView>;
  /** With a worker's invitation: this computer runs jobs of the lab once `samepath worker` runs. */
  joinAsWorker(text: string): Promise<MembershipView>;
  memberships(): Promise<MembershipView[]>;
  leaveLab(): Promise<void>;
  /** An invitation for one more computer of the same person. */
  addComputer(): Promise<InvitationView>;
  /** Of this person in the lab. */
  computers(): Promise<ComputerView[]>;
  removeComputer(key: string): Promise<void>;
  /** Whether it is to take no new job; how many tries it still looks after. */
  drainWorker(worker: string, drain: boolean): Promise<number>;
  removeWorker(name: string): Promise<void>;
  /** Whether the lab is connected now. */
  tryNow(): Promise<boolean>;
  startAgain(): Promise<void>;
  /** For the next start of the window. */
  keep(change: Keep): Promise<void>;
  startWorker(): Promise<void>;
  /** Ends the jobs that run here first. */
  stopWorker(mode: QuitMode): Promise<void>;
  /** What jobs find here to compute with, in a sentence. */
  hardware(): Promise<string>;
  programs(): Promise<ProgramView[]>;
  /** Null: it is looked for in the usual places again. */
  setProgram(name: string, path: string | null): Promise<void>;
  doctor(): Promise<DoctorView>;
  openSettings(): Promise<void>;
  /** A line of the settings file with those around it. */
  settingsAround(line: number): Promise<SettingsLineView[]>;
  /** Where a Mac lets a program read network volumes. */
  openPermissions(): Promise<void>;
  showData(): Promise<void>;
  /** By the system's own desktop, which asks the person to sign in. */
  connect(storage: string): Promise<void>;
  showNews(): Promise<void>;
  openDataset(path: string, videos: ChosenVideo[]): Promise<DatasetView>;
  /** The dataset once one more of its videos was chosen, and which others the same change leads to. */
  locateVideo(path: string, videos: ChosenVideo[], chosen: ChosenVideo): Promise<LocatedView>;
  /** Files of this computer into a folder of a storage. Nothing there is replaced. */
  copyFiles(files: string[], folder: string, receive: (progress: CopyView) => void): CopyUnderWay;
  /** In the file manager. */
  showDataset(path: string): Promise<void>;
  /** What is in a folder that was chosen for the results of a job of this type. */
  resultsThere(folder: string, kind: string): Promise<ResultsView>;
  kinds(): Promise<KindView[]>;
  readiness(draft: Draft): Promise<ReadinessView>;
  submit(draft: Draft): Promise<JobView>;
  stop(id: string): Promise<JobView>;
  kill(id: string): Promise<JobView>;
  retry(id: string): Promise<JobView>;
  /** Forgets the person's own jobs that ended so many days ago, with their logs. */
  clearJobs(days: number): Promise<ClearedView>;
  followUp(id: string): Promise<FollowUpView>;
  /** The whole log of a job, where it lies beside its results. */
  openLog(id: string): Promise<void>;
  /** In the file manager. */
  showResults(id: string): Promise<void>;
  /** In SLEAP's own window, where this computer has it: see `FollowUpView.opens`. */
  openInSleap(id: string): Promise<void>;
  report(id: string): Promise<Value | null>;
  pickFile(title: string, filters: FilterView[], begin?: BeginIn | null): Promise<string | null>;
  pickFiles(title: string, filters: FilterView[], begin?: BeginIn | null): Promise<string[]>;
  pickNewFile(title: string, filters: FilterView[], begin?: BeginIn | null): Promise<string | null>;
  pickFolder(title: string, begin?: BeginIn | null): Promise<string | null>;
  /** Everything known first, then `current`, then every change. */
  watch(receive: (update: Update) => void): Promise<void>;
  /** From the first line on. What it answers with ends it. */
  followLog(id: string, attempt: number | null, receive: (update: LogUpdate) => void): Promise<() => void>;
  /** Likewise, the rows of a job's chart. */
  followMetrics(id: string, receive: (update: MetricsUpdate) => void): Promise<() => void>;
  attendWindow(receive: (update: WindowUpdate) => void): Promise<void>;
  /** As the window's own button does: it may ask. */
  closeWindow(): Promise<void>;
  quit(mode: QuitMode): Promise<void>;
}

/** What happened, to what, and what to do. The only thing that calls of `Ipc` reject with. */
export class Failure extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  /** What was meant, where that is known: a path to be used in the place of the one that was given. */
  readonly instead: string | null;

  constructor(code: ErrorCode, message: string, hint: string | null = null, instead: string | null = null) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.hint = hint;
    this.instead = instead;
  }

  /** Makes one of whatever a call rejected with: our own errors are objects, those of the window system are text. */
  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
      const { code, message, hint, instead } = thrown as { code: ErrorCode; message: unknown; hint?: unknown; instead?: unknown };
      return new Failure(code, String(message), typeof hint === 'string' ? hint : null, typeof instead === 'string' ? instead : null);
    }
    return new Failure('internal', thrown instanceof Error ? thrown.message : String(thrown));
  }
}
