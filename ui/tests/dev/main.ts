// The page with a pretended shell, for looking at it in a browser: `npm run dev`, then /tests/dev/?scene=full&do=Jobs.
// `scene` is full, lab, hostile or empty; `looks` light or dark, `text` the percent of its size; `do` the names of what is clicked.
// Never part of what is built.
import '../../src/lib/language';
import { mount } from 'svelte';
import '../../src/app.css';
import App from '../../src/App.svelte';
import { lab, measure } from './measure';
import type { StatusView } from '../../src/lib/ipc';
import { Fake } from '../fake';
import { dataset, job, kind, logLine, parameter, path, readiness, row, status, storage, worker } from '../views';

const query = new URLSearchParams(location.search);
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const health = { ...storage().health!, checked_at: ago(0.2) };
const storages = [
  storage({ health }),
  storage({
    name: 'scratch', base_path: '/mnt/scratch', description: 'Fast scratch', user_subdir: '', source: 'config.toml, line 9',
    health: { ...health, state: 'not_mounted', words: 'not mounted', detail: '/mnt/scratch is an empty folder: the share is not connected. Mount it, then check again.', free_bytes: null, total_bytes: null, source: null, file_system: 'ext4', latency_ms: 0.2 },
  }),
  storage({
    name: 'gdrive', base_path: null, description: null, type: null, user_subdir: '', source: 'config.toml, line 22', health: null,
    error_line: 22, error: { code: 'config_invalid', message: 'config.toml, line 22: [storage.gdrive] has no base_path.', hint: 'Add base_path = "/where/it/is/mounted", or remove the table.' },
  }),
];
const workers = [
  worker({ id: 'w0', name: 'amick-laptop', gpus: 0, this_computer: true, own: true, kinds: ['slp-check'], unavailable: ['sleap-train: sleap-nn was not found in PATH or ~/.local/bin', 'sleap-predict: sleap-nn was not found'], host: 'amick-laptop', storages: [{ name: 'vast', state: 'ready', words: 'ready', sameness: null, base_path: '/mnt/vast', free_bytes: 41e12, source: null, checked_at: null }] }),
  worker({ gpus: 2, gpu: '2 × A40 45 GiB · 0 %', kinds: ['slp-check', 'sleap-train', 'sleap-predict'], storages: [{ name: 'vast', state: 'ready', words: 'confirmed', sameness: 'confirmed', base_path: '/home/jovyan/vast', free_bytes: 41e12, source: null, checked_at: null }] }),
  worker({ id: 'w2', name: 'gpu-2', gpus: 1, gpu: 'A40 45 GiB · 97 %', state: 'maze day 3 (amick)', busy: true, kinds: ['slp-check', 'sleap-train', 'sleap-predict'], storages: [{ name: 'vast', state: 'ready', words: 'not confirmed', sameness: 'unknown', base_path: '/mnt/vast', free_bytes: 41e12, source: null, checked_at: null }, { name: 'scratch', state: 'ready', words: 'ready', sameness: null, base_path: '/scratch', free_bytes: 3e12, source: null, checked_at: null }] }),
  worker({ id: 'w3', name: 'gpu-3', gpus: 1, gpu: 'RTX 3090 24 GiB · 88 %', gpu_in_use: 'tom (python), 21 GiB', storages: [{ name: 'vast', state: 'read_only', words: 'read-only', sameness: null, base_path: '/data/vast', free_bytes: 41e12, source: null, checked_at: null }] }),
  worker({ id: 'w9', name: 'gpu-9', storages: [{ name: 'vast', state: 'ready', words: 'other storage', sameness: 'other_storage', base_path: '/mnt/vast', free_bytes: 1e12, source: null, checked_at: null }] }),
  worker({ id: 'w5', name: 'gpu-10', untried: true, storages: [] }),
  worker({ id: 'w11', name: 'gpu-11', storages: [{ name: 'vast', state: 'ready', words: 'same mark', sameness: 'same_mark', base_path: '/mnt/vast', free_bytes: 41e12, source: null, checked_at: null }] }),
  worker({ id: 'w12', name: 'a-computer-with-a-name-so-long-that-no-column-takes-it.lab.salk.edu', storages: [{ name: 'vast', state: 'not_answering', words: 'not answering', sameness: 'unknown', base_path: '/mnt/vast', free_bytes: null, source: null, checked_at: null }] }),
];
const train = kind({
  name: 'sleap-train', title: 'SLEAP training', description: 'Trains a pose model on the labelled frames.',
  parameters: [
    ...kind().parameters,
    parameter({ name: 'MAX_EPOCHS', type: 'INT', label: 'Epochs', description: 'How many times all frames are gone through, at most.', default: 100, minimum: 1, maximum: 1000, group: 'Settings' }),
    parameter({ name: 'BATCH_SIZE', type: 'INT', label: 'Batch size', description: 'Frames at a time. Fewer need less memory. 0 takes the configuration’s number.', default: 0, minimum: 0, group: 'Settings' }),
    parameter({ name: 'LEARNING_RATE', type: 'FLOAT', label: 'Learning rate', description: '0 takes the configuration’s.', default: 0, minimum: 0, group: 'Settings' }),
    parameter({ name: 'THEN_PREDICT', label: 'Then predict', default: 'nothing', allowed: ['nothing', 'suggested frames', 'all videos'], group: 'Settings' }),
    parameter({ name: 'AUGMENT', label: 'Turn frames around', default: 'true', allowed: ['true', 'false'], control: 'CHECK_BOX', group: 'Tuning' }),
    parameter({ name: 'CONFIG', type: 'LIST[PATH]', label: 'Configurations', description: 'None: one is made for the project.', default: [], control: 'CHOOSE_INPUT_FILE_LIST', group: 'More' }),
    parameter({ name: 'RESUME_FROM', type: 'PATH', label: 'Continue from', default: '', group: 'More' }),
    parameter({ name: 'OVERRIDES', label: 'Further settings', description: 'More settings of sleap-nn, one a line: trainer_config.seed=7.', default: '', control: 'MULTILINE_EDIT', group: 'More' }),
  ],
});
const videos = Array.from({ length: 12 }, (_, i) => ({
  written: `/Users/amick/talmo/amick/day${1 + (i % 4)}/cam${i}.mp4`, place: i === 7 ? null : path(`vast:amick/day${1 + (i % 4)}/cam${i}.mp4`), local: i === 7 ? null : `/mnt/vast/amick/day1/cam${i}.mp4`, found: i !== 7, how: i === 7 ? 'not_found' : i > 9 ? 'beside_project' : 'base_path', by_name: i > 9, words: i === 7 ? 'not found' : 'on vast', size: i === 7 ? null : 12e6,
}));
const outputs = [
  { path: 'report.html', size: 15_321, modified: ago(70) },
  { path: 'report.json', size: 4_210, modified: ago(70) },
  { path: 'logs/log.txt', size: 812, modified: ago(70) },
];
const jobs = [
  job({ id: 'j1', kind: 'sleap-train', what: 'SLEAP training', status: 'Epoch 62 of 100, best validation loss 4.1e-4', started_at: ago(62), submitted_at: ago(63), timeline: [{ at: ago(63), words: 'submitted by amick' }, { at: ago(62.9), words: 'given to gpu-1, try 1' }, { at: ago(62.8), words: 'checking files on gpu-1' }, { at: ago(62), words: 'started' }] }),
  job({ id: 'j2', name: 'maze day 4', what: 'SLEAP training', kind: 'sleap-train', state: 'queued', words: 'Waiting', worker: null, percent: null, status: null, started_at: null, submitted_at: ago(4), waiting_for: ['gpu-1: busy, 1 job before yours', 'gpu-3: its vast is read-only', 'gpu-10: has no vast'], timeline: [{ at: ago(4), words: 'submitted by amick' }] }),
  job({ id: 'j3', name: 'sleap 12 cams', what: 'SLEAP training', kind: 'sleap-train', state: 'failed', words: 'Failed', worker: 'gpu-2', percent: 41, failure: 'The GPU ran out of memory on gpu-2 (24 GB) at epoch 41 of 100.\nKept: best.ckpt, last.ckpt', submitted_at: ago(260), started_at: ago(255), ended_at: ago(130), attempts: 2, tries: [{ number: 1, worker: 'gpu-1', began_at: ago(255), ended_at: ago(200), end: 'lost', why: 'gpu-1 was not heard of for 5 minutes', removed: false }, { number: 2, worker: 'gpu-2', began_at: ago(199), ended_at: ago(130), end: 'failed', why: 'the GPU ran out of memory at epoch 41 of 100.', removed: false }], timeline: [{ at: ago(260), words: 'submitted by amick' }, { at: ago(255), words: 'given to gpu-1' }, { at: ago(254.8), words: 'gpu-1 looks at its files' }, { at: ago(254), words: 'gpu-1 started it' }, { at: ago(200), words: 'gpu-1 was not heard of for 5 minutes' }, { at: ago(199), words: 'given to gpu-2' }, { at: ago(198), words: 'gpu-2 started it' }, { at: ago(130), words: 'failed' }], trouble: { cause: 'gpu_memory', message: 'the GPU ran out of memory at epoch 41 of 100. A smaller batch size needs less. Kept: best.ckpt (epoch 39), last.ckpt (epoch 41) in vast:amick/cams/models/all-12.', last_line: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.' }, settings: [['LABELS', 'vast:amick/cams/all-12-cameras.slp'], ['Epochs', '100']] }),
  job({ id: 'j4', name: 'maze day 2', state: 'succeeded', words: 'Done', percent: 100, submitted_at: ago(80), started_at: ago(75), ended_at: ago(70), outputs, status: '12 of 12 videos seen' }),
  job({ id: 'j5', name: 'maze day 1, with a very long name that does not fit into any column whatever one does', state: 'cancelled', words: 'Cancelled', submitted_at: ago(2900), started_at: ago(2880), ended_at: ago(2870), status: 'stopped by amick' }),
  job({ id: 'j6', name: 'day 0', worker: 'ws-2', tries: [{ number: 1, worker: 'ws-2', began_at: ago(19990), ended_at: ago(19980), end: 'succeeded', why: null, removed: false }], state: 'succeeded', words: 'Done', percent: 100, submitted_at: ago(20000), started_at: ago(19990), ended_at: ago(19980), outputs }),
];

// Names as somebody writes them who means harm, or has a cat on the keyboard.
if (query.get('scene') === 'hostile') {
  const odd = ['<img src=x onerror="alert(1)"><b>bold</b>', '\u202egpj.pls\u2069 then', '\u001b[31mred\u001b[0m\u0007', 'x'.repeat(300), 'שלום עולם', '👩‍🔬'.repeat(40), ' '.repeat(40), 'line\nline'];
  const name = (n: number) => odd[n % odd.length] ?? '';
  jobs.forEach((one, n) => Object.assign(one, { name: name(n), status: name(n + 1), worker: name(n + 3), what: name(n + 4), waiting_for: [name(n), name(n + 3)], timeline: odd.map((words) => ({ at: ago(9), words })) }));
  workers.forEach((one, n) => Object.assign(one, { name: name(n), state: name(n + 1), host: name(n + 3), unavailable: odd, storages: one.storages.map((theirs) => ({ ...theirs, base_path: name(n + 3) })) }));
  storages.forEach((one, n) => Object.assign(one, { description: name(n), user_subdir: name(n + 3), base_path: one.base_path && `/mnt/${name(n + 3)}`, source: name(n + 1), warnings: [name(n + 3)] }));
}

// How it was in the last days.
const hours = Array.from({ length: 120 }, (_, hour) => ({ hour: Math.floor(Date.now() / 3_600_000) - hour - (hour > 60 ? 20 : 0), state: hour === 30 || hour === 31 ? 'not_answering' : hour === 80 ? 'not_mounted' : 'ready' }));
const full = query.get('scene') !== 'empty';
/** `how` is what is said of the lab: joined, admin, offline, ended, broken. */
const how = query.getAll('how');
const wanted: Partial<StatusView> = {
  in_lab: how.length > 0,
  admin: how.includes('admin'),
  ...(how.includes('offline') || how.includes('ended')
    ? { link: 'reconnecting…', offline: { since: ago(70), known: true, ended: how.includes('ended'), error: { code: 'fleet_unreachable', message: 'Talmo Lab does not answer (hub.talmolab.org:4222).', hint: 'Off campus? Connect the VPN. Else ask whoever looks after the lab.' } } }
    : {}),
  ...(how.includes('broken') ? { config_error: { code: 'config_invalid', message: '/home/amick/.sleap-rtc/config.toml, line 14, column 3: not valid TOML: a key was expected', hint: 'mend line 14 in an editor; nothing is written to the file until then' }, config_error_line: 14 } : {}),
};
const looks = { appearance: query.get('looks') ?? 'system', text_size: Number(query.get('text') ?? 100) };
const fake = new Fake(
  full
    ? [
        { type: 'status', value: status({ lab: 'Talmo Lab', link: 'connected', ...wanted }) },
        { type: 'kept', value: { history: { vast: hours }, looks } },
        { type: 'storages', value: storages },
        { type: 'kinds', value: [kind(), train] },
        ...workers.map((value) => ({ type: 'worker' as const, value })),
        ...(query.get('scene') === 'lab' ? lab() : jobs.map((value) => ({ type: 'job' as const, value }))),
      ]
    : [{ type: 'status', value: status() }, { type: 'kept', value: { looks } }, { type: 'storages', value: [] }, { type: 'kinds', value: [kind()] }],
);
if (how.length > 0) {
  fake.labs = [{ lab: 'Talmo Lab', role: 'member', name: 'amick', server: 'hub.talmolab.org:4222', joined_at: ago(30_000), places: null, jobs: null }];
  fake.computersHere = [
    { key: 'UA', name: 'amick-mbp', joined_at: ago(30_000), own: true },
    { key: 'UB', name: 'ws-2', joined_at: ago(9000), own: false },
  ];
}
fake.datasets.set('labels', dataset({ videos, summary: '12 videos: 11 on vast, 1 not found' }));
fake.datasets.set('vast:amick/project/labels.slp', dataset({ videos, summary: '12 videos: 11 on vast, 1 not found' }));
fake.datasets.set('outside', dataset({ local: '/home/amick/Desktop/labels.slp', place: null, size: 14e3, place_error: { code: 'not_in_any_backend', message: 'labels.slp is on this computer only (Desktop). No worker elsewhere can see it.', hint: null } }));
fake.reports.set('j4', { videos: videos.map((v) => ({ written: v.written, found: v.found, local: v.local, how: v.how })) });
fake.ready = readiness({
  sentence: 'Ready. gpu-1 can start now; it sees labels.slp and 11 of 12 videos.',
  workers: [
    { id: 'w1', name: 'gpu-1', fit: 'now', words: 'free · 11/12 videos', detail: null, sameness: null, missing: [] },
    { id: 'w2', name: 'gpu-2', fit: 'busy', words: 'busy, 1 job before yours', detail: null, sameness: null, missing: null },
    { id: 'w0', name: 'amick-laptop', fit: 'now', words: 'free · 9/12 videos', detail: null, sameness: null, missing: [3, 4] },
    { id: 'w3', name: 'gpu-3', fit: 'no', words: 'its vast is read-only', detail: null, sameness: null, missing: null },
    { id: 'w5', name: 'gpu-10', fit: 'no', words: 'has no vast', detail: null, sameness: null, missing: null },
  ],
});
if (query.get('ready') === 'wait') fake.ready = readiness({ state: 'wait', ask_admin: true, sentence: 'No worker can run this now: gpu-3’s vast is read-only, gpu-10 has no vast. Submit and it waits; you are told when it starts.', button: 'Submit and wait', workers: [{ id: 'w3', name: 'gpu-3', fit: 'no', words: 'its vast is read-only', detail: null, sameness: null, missing: null }, { id: 'w5', name: 'gpu-10', fit: 'no', words: 'has no vast', detail: null, sameness: null, missing: null }] });
if (query.get('ready') === 'offline') fake.ready = readiness({ state: 'offline', sentence: 'Talmo Lab does not answer (hub.talmolab.org). Off campus? Connect the VPN.', can_submit: false });
if (query.get('ready') === 'never') fake.keepWaiting();
fake.there.set('models', { place: path('vast:amick/project/models/maze'), exists: true, beside: path('vast:amick/project/models/maze-2'), checkpoint: path('vast:amick/project/models/maze/maze/last.ckpt'), epoch: 41 });
fake.picked = query.get('pick') ?? 'labels';
if (query.get('several')) {
  fake.pickedAll = ['labels', 'vast:amick/day2/labels.slp', '/home/amick/Desktop/labels.slp'];
  fake.datasets.set('vast:amick/day2/labels.slp', dataset({ place: path('vast:amick/day2/labels.slp') }));
  fake.datasets.set('/home/amick/Desktop/labels.slp', dataset({ local: '/home/amick/Desktop/labels.slp', place: null, place_error: { code: 'not_in_any_backend', message: 'labels.slp is on this computer only. No worker elsewhere can see it.', hint: null } }));
}

const resumed = { kind: 'sleap-train', dataset: 'vast:amick/cams/all-12-cameras.slp', values: { RESUME_FROM: 'vast:amick/cams/models/all-12/last.ckpt' } };
fake.next = { again: { kind: 'sleap-train', dataset: 'labels' }, command: 'samepath submit sleap-train', opens: 'labels.predictions.slp', resumed: { epoch: 41, batch_size: null, draft: resumed }, smaller: { epoch: 41, batch_size: 2, draft: resumed } };

fake.around = {
  here: [
    { name: 'talmo', base_path: '/Volumes/talmo', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //vast01/talmo', state: 'ready', words: 'ready', free_bytes: 41e12, lab: { name: 'vast', by: 'share', sure: true, words: 'the lab’s vast: 4 workers mount this share', type: 'nfs', description: 'Institutional VAST', workers: ['gpu-1', 'gpu-2', 'gpu-4', 'gpu-9'], subpath: '' } },
    { name: 'photos', base_path: '/Volumes/photos', type: 'smb', user_subdir: null, elsewhere: null, source: 'mounted from //nas/photos', state: 'ready', words: 'ready', free_bytes: 1e12, lab: null },
  ],
  missing: [
    { name: 'scratch', type: null, workers: ['gpu-1', 'gpu-2'], shares: ['//nas/scratch'], connect: 'smb://nas/scratch', description: 'Fast scratch', help: 'Off campus: VPN first', mount: 'smb://nas/scratch' },
    { name: 'archive', type: null, workers: [], shares: [], connect: null, description: 'Tapes', help: null, mount: 'tapes01:/archive' },
  ],
};
fake.own = { name: 'amick', words: '214 items, newest today' };
fake.findings = [
  { area: 'storage', state: 'good', what: 'Read', found: 'opened and read a file in vast:amick', mend: null, code: null },
  { area: 'storage', state: 'note', what: 'Write', found: 'vast:amick cannot be written by you (Read-only file system).', mend: 'Jobs whose results go elsewhere still run. To write here, ask for access.', code: null },
  { area: 'storage', state: 'good', what: 'Space', found: '41 TB free (your quota may be smaller)', mend: null, code: null },
];
fake.same = [
  { id: 'w1', worker: 'gpu-1', saw: 'found', words: 'gpu-1 found the test file' },
  { id: 'w5', worker: 'gpu-5', saw: 'not_found', words: 'gpu-5 looked and did not find it: its vast is another storage, or another folder of it.' },
];

// For whatever no name leads to: `fake.say({ type: 'job', value: made.job({ … }) })` in the inspector.
Object.assign(window, { fake, made: { dataset, job, kind, logLine, parameter, path, readiness, row, status, storage, worker } });

const target = document.getElementById('app');
if (target) mount(App, { target, props: { ipc: fake } });

// What a picture needs to be looked at: `do` is a list of names to click, one after the other.
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
async function look() {
  await wait(50);
  for (const name of query.getAll('do')) {
    const all = [...document.querySelectorAll<HTMLElement>('button, [role=tab], tr[data-row], summary, [role=row], label')];
    const called = (e: HTMLElement) => e.getAttribute('aria-label') ?? e.dataset['row'] ?? e.textContent?.trim() ?? '';
    (all.find((e) => called(e) === name) ?? all.find((e) => called(e).startsWith(name)))?.click();
    await wait(120);
    const wave = (epoch: number, to: number) => to + 0.02 * Math.exp(-epoch / 9) * (1 + 0.25 * Math.sin(epoch * 1.7));
    for (const [id, last] of [['j1', 61], ['j3', 41]] as const)
      fake.metrics.get(id)?.({ type: 'rows', value: Array.from({ length: last }, (_, i) => row(i + 1, wave(i, 2e-4), wave(i + 0.4, 4e-4 + (i > 50 ? (i - 50) * 4e-6 : 0)))) });
    const lines = Array.from({ length: 100_000 }, (_, i) => logLine(i, i % 977 === 5 ? `warning: frame ${i} dropped` : `epoch ${Math.floor(i / 100)} batch ${i % 100} loss=${(1 / (i + 1)).toExponential(3)}`, i % 977 === 5 ? 'err' : i === 0 ? 'samepath' : 'out'));
    fake.logs.get('j1')?.({ type: 'lines', value: lines });
  }
  if (query.get('quit')) fake.tell({ type: 'quit_asked', value: ['maze day 3'] });
  // For whoever takes the picture.
  Object.assign(window, { __done: true });
}
void look().then(() => {
  const what = query.get('measure');
  if (what !== null) void measure(what, fake);
});
