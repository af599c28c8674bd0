// What a page is shown in tests and in the development page: one of each, to be changed where a test needs it.
import type {
  DatasetView,
  JobView,
  KindView,
  LogView,
  MetricsView,
  ParameterView,
  ReadinessView,
  StatusView,
  StorageView,
  WorkerView,
} from '../src/lib/ipc';

/** When everything in them happened. */
export const AT = '2026-11-22T09:14:02Z';

export const status = (over: Partial<StatusView> = {}): StatusView => ({
  lab: 'This computer',
  link: 'this computer',
  member: 'amick',
  admin: false,
  version: '0.1.0',
  config_file: '/home/amick/.sleap-rtc/config.toml',
  beginning: false,
  offline: null,
  config_error: null,
  config_error_line: null,
  worker_error: null,
  in_lab: false,
  ...over,
});

/** As the shell says it. */
const ownPlace = ({ name, subpath, user_subdir }: Pick<StorageView, 'name' | 'subpath' | 'user_subdir'>) =>
  `${name}:${[subpath, user_subdir].filter((part) => part !== '').join('/')}`;

export const storage = (over: Partial<StorageView> = {}): StorageView => ({
  name: 'vast',
  base_path: '/mnt/vast',
  type: 'nfs',
  description: 'Institutional VAST',
  user_subdir: 'amick',
  subpath: '',
  source: 'config.toml, line 3',
  error: null,
  error_line: null,
  warnings: [],
  mark: null,
  connect: null,
  moved: null,
  refuted: null,
  shared: null,
  health: {
    state: 'ready',
    words: 'ready',
    detail: null,
    file_system: 'nfs4',
    source: 'vast01:/talmo',
    free_bytes: 41e12,
    total_bytes: 200e12,
    latency_ms: 8,
    id: null,
    warning: null,
    checked_at: AT,
  },
  ...over,
  own_place: ownPlace({ name: 'vast', user_subdir: 'amick', subpath: '', ...over }),
});

export const worker = (over: Partial<WorkerView> = {}): WorkerView => ({
  id: 'w1',
  name: 'gpu-1',
  this_computer: false,
  own: false,
  state: 'free',
  untried: false,
  busy: false,
  draining: false,
  job: null,
  gpus: null,
  gpu: null,
  gpu_in_use: null,
  version: '0.1.0',
  os: 'linux',
  host: 'gpu-1.lab.edu',
  storages: [{ name: 'vast', state: 'ready', words: 'ready', sameness: null, base_path: '/home/jovyan/vast', free_bytes: 41e12, source: null, checked_at: null }],
  kinds: ['slp-check'],
  unavailable: [],
  ...over,
});

/** A row of a form. */
export const parameter = (over: Partial<ParameterView>): ParameterView => ({
  name: 'X', type: 'STRING', label: 'X', description: null, default: null, role: 'setting', required: false,
  allowed: [], minimum: null, maximum: null, control: '', group: null, decimals: null, step: null, filters: [], ...over,
});

export const kind = (over: Partial<KindView> = {}): KindView => ({
  name: 'slp-check',
  title: 'Check a SLEAP project',
  description: 'Which of the project’s videos does the worker see?',
  digest: 'blake3:00',
  built_in: true,
  parameters: [
    parameter({ name: 'LABELS', type: 'PATH', label: 'Project', role: 'dataset', required: true }),
    parameter({ name: 'OUTPUT_DIR', type: 'PATH', label: 'Results', role: 'results', required: true }),
  ],
  ...over,
});

export const path = (text: string) => {
  const [storage_backend = '', rest = ''] = text.split(/:(.*)/s);
  const [user_subdir = '', ...more] = rest.split('/');
  return { storage_backend, user_subdir, path: more.join('/'), text };
};

export const dataset = (over: Partial<DatasetView> = {}): DatasetView => ({
  local: '/mnt/vast/amick/project/labels.slp',
  file_name: 'labels.slp',
  place: path('vast:amick/project/labels.slp'),
  place_error: null,
  share: null,
  size: null,
  someone_elses: false,
  labelled_frames: 214,
  animals: 1,
  is_project: true,
  is_package: false,
  videos: [
    { written: '/Users/amick/day1/cam0.mp4', place: path('vast:amick/day1/cam0.mp4'), local: '/mnt/vast/amick/day1/cam0.mp4', found: true, how: 'base_path', by_name: false, words: 'on vast', size: 1000 },
  ],
  summary: '1 video: 1 on vast',
  ...over,
});

export const readiness = (over: Partial<ReadinessView> = {}): ReadinessView => ({
  state: 'ready',
  sentence: 'Ready. gpu-1 can start now; it sees labels.slp and its video.',
  note: null,
  can_submit: true,
  ask_admin: false,
  button: 'Submit',
  results: path('vast:amick/project/slp-check_2026-11-22_0914'),
  name: 'labels · check · 22 Nov 09:14',
  workers: [{ id: 'w1', name: 'gpu-1', fit: 'now', words: 'free · 1/1 videos', detail: null, sameness: 'unknown', missing: [] }],
  ...over,
});

export const job = (over: Partial<JobView> = {}): JobView => ({
  id: '0199c0de-0000-7000-8000-000000000001',
  name: 'maze day 3',
  kind: 'slp-check',
  what: 'Check a SLEAP project',
  state: 'running',
  words: 'Running',
  stopping: null,
  notice_seconds: 60,
  lost: false,
  worker: 'gpu-1',
  percent: 61,
  status: '7 of 12 videos',
  starts_in: null,
  starts: null,
  waiting_for: [],
  waits: false,
  unserved: false,
  submitted_by: 'amick',
  by: over.submitted_by ?? 'amick',
  submitted_at: AT,
  started_at: AT,
  ended_at: null,
  confirmed: [],
  attempts: 1,
  tries: [{ number: 1, worker: 'gpu-1', began_at: AT, ended_at: null, end: null, why: null, removed: false }],
  timeline: [
    { at: AT, words: 'submitted by amick' },
    { at: AT, words: 'given to gpu-1' },
  ],
  failure: null,
  trouble: null,
  results: path('vast:amick/project/slp-check_2026-11-22_0914'),
  outputs: [],
  log_file: null,
  settings: [['LABELS', 'vast:amick/project/labels.slp']],
  ...over,
});

export const logLine = (seq: number, text: string, stream = 'out'): LogView => ({ seq, at: AT, stream, text });

export const row = (epoch: number, train: number, val: number, over: Partial<MetricsView> = {}): MetricsView => ({
  run: 'maze', epoch, of: 100, runs: null, batch_size: 4, values: { 'train/loss': train, 'val/loss': val, learning_rate: 1e-4 }, ...over,
});
