// What the pages of the storages and the workers say. Part of the catalogue in words.ts.
import { plural, tame } from './format';
import { HERE, HERE_FIRST } from './platform';

export const TRAIN = 'sleap-train';
/** Job types that come with Samepath. */
const SLEAP = [TRAIN, 'sleap-predict'];
/** The one that says which files a worker sees. */
export const CHECK = 'slp-check';

export const storage = {
  tooltip: 'Called “backend” in sleap-rtc and on the command line.',
  add: 'Add storage…',
  check: 'Check now',
  checking: 'Looking…',
  emptyTitle: 'No storage yet',
  emptyText:
    `A storage is a folder that the lab’s computers share. Say where it is on ${HERE}; workers know the same storage under their own path.`,
  emptyTextHere: `A storage is a folder with your data, such as a share. Say where it is on ${HERE}: jobs know it by its name.`,
  at: `on ${HERE} at`,
  yourFolder: 'your folder',
  noFolder: 'the whole storage',
  part: (subpath: string) => `shows ${subpath} of it`,
  useNewPlace: 'Use the new place',
  notNow: 'Not now',
  open: 'Open',
  openName: (name: string) => `Open ${name}`,
  openWhole: 'Open the whole storage',
  other: 'other storage',
  refutedAt: (when: string) => `Last asked ${when}. It stays so until a worker finds it. Choose the folder of the lab’s storage, or ask again.`,
  askAgain: 'Ask the workers again',
  chooseFor: (name: string) => `Choose the folder of ${name}`,
  checkOne: 'Check now',
  copy: 'Copy its path',
  verbs: (name: string) => `More for ${name}`,
  edit: 'Edit…',
  editName: (name: string) => `Edit ${name}`,
  connectName: (name: string) => `Connect ${name}`,
  remove: 'Remove…',
  copyPath: (name: string) => `Copy the path of ${name}`,
  free: (free: string, total: string) => `${free} of ${total} free`,
  freeOnly: (free: string) => `${free} free`,
  used: (name: string) => `Space used on ${name}`,
  notLooked: 'not looked at yet',
  /** Where the settings file is read by several computers, and this storage is not at one place on all of them. */
  shared: (name: string, path: string, own: boolean, others: string[]) => {
    const who = `The settings file is shared with ${others.join(', ')}`;
    if (!own) return `${who}, where ${name} is at another place: kept under ${others.length === 1 ? 'that computer’s name' : 'those computers’ names'}.`;
    const here = `${name} is at ${path} on ${HERE} only: kept under this computer’s name.`;
    return others.length === 0 ? here : `${who}. ${here}`;
  },
  broken: 'not usable',
  noPlace: `no folder on ${HERE}`,
  /** `all`: also those that have it and cannot use it. */
  workersHave: (count: number, confirmed: number, all: number) =>
    count === 0
      ? all === 0
        ? 'no worker has it'
        : all === 1
          ? 'the one worker that has it cannot use it'
          : `none of ${all} workers can use it`
      : confirmed === 0
        ? `${plural(count, 'worker has', 'workers have')} it`
        : `confirmed with ${confirmed} of ${plural(count, 'worker', 'workers')}`,
  workers: 'Workers',
  workersMore: (count: number) => `and ${count} more`,
  confirm: 'Confirm with the workers',
  confirming: 'Asking the workers…',
  historyWords: (hours: number, wrong: [string, number][]) =>
    `Seen in ${plural(hours, 'hour', 'hours')} of the last 7 days: ${wrong.length === 0 ? 'always ready' : wrong.map(([state, times]) => `${state} in ${times}`).join(', ')}.`,
  answered: (milliseconds: number) =>
    `answered in ${milliseconds < 1 ? 'less than 1' : Math.round(milliseconds).toString()} ms`,
  checked: (ago: string) => `checked ${ago} ago`,
  written: (where: string) => `written in ${where}`,
  editTitle: (name: string) => `Edit ${name}`,
  folder: `Folder on ${HERE}`,
  folderHint: 'The top folder of the storage, as it is mounted here.',
  chooseFolder: 'Choose folder…',
  dialogTitle: 'Choose the storage’s folder',
  name: 'Name',
  nameBad: 'Two to 64 letters, digits, - and _; the first a letter or digit.',
  subdir: 'Your folder in it',
  subdirHint: 'Results go here unless you choose otherwise. Leave it empty to work in the whole storage.',
  type: 'Type',
  types: [
    { value: '', label: 'not said' },
    { value: 'nfs', label: 'NFS share' },
    { value: 'smb', label: 'SMB share' },
    { value: 'google_shared_drive', label: 'Google shared drive' },
    { value: 'local', label: `a disk of ${HERE}` },
  ],
  more: 'More',
  subpath: 'Part of the storage',
  subpathHint: 'Only if this folder shows a part of the storage: which one, for example labs/talmo.',
  description: 'Description',
  save: 'Save',
  saveAnyway: 'Save it anyway',
  saved: (name: string) => `${name} was changed.`,
  lookingAt: (path: string) => `Looking at ${path}…`,
  notWaited: 'You did not wait for the answer: nobody knows whether this folder is there.',
  saving: 'Writing…',
  renameWarning: (name: string) => `Others know this storage as ${name}. Under another name no worker matches.`,
  renameWarningHere: (name: string) => `Jobs that wait know this storage as ${name}. Under another name they do not find it.`,
  conflict: (name: string) => `${name} was changed elsewhere while you edited.`,
  theirs: 'Theirs',
  yours: 'Yours',
  empty: 'nothing',
  useMine: 'Use mine',
  useTheirs: 'Use theirs',
  removeTitle: (name: string) => `Remove ${name} from ${HERE}?`,
  removeText: 'Only this entry goes; no file on the storage is touched.',
  removeRunning: (count: number) => `${plural(count, 'running job uses', 'running jobs use')} it and ${count === 1 ? 'goes' : 'go'} on.`,
  removeWaiting: (count: number) => `${plural(count, 'waiting job uses', 'waiting jobs use')} it and still ${count === 1 ? 'runs' : 'run'}.`,
  /** Nobody else has it. */
  removeWaitingHere: (count: number) => `${plural(count, 'waiting job uses', 'waiting jobs use')} it and ${count === 1 ? 'waits' : 'wait'} until it is here again.`,
  removeYes: 'Remove',
  removeNo: 'Keep',
  removed: (name: string) => `${name} was removed.`,
} as const;

export const workers = {
  notRunning: `${HERE_FIRST}’s worker is not running`,
  list: 'Workers',
  columns: { name: 'Worker', state: 'State', gpu: 'GPUs', runs: 'Runs', seen: 'Seen', version: 'Version' },
  summary: (ready: number, busy: number, draining: number, offline: number) =>
    [`${ready} ready`, `${busy} busy`, draining > 0 ? `${draining} taking no jobs` : '', offline > 0 ? `${offline} offline` : ''].filter((part) => part !== '').join(' · '),
  offline: 'offline',
  seenNow: 'now',
  seenHint: 'Of a worker that is offline: when a job last told of it',
  filter: 'Which workers',
  filters: { all: 'All', free: 'Free', trouble: 'Not ready for all your storages' },
  search: 'Name, computer, job',
  none: 'none',
  confirm: 'Confirm',
  confirmOn: (storage: string, worker: string) => `Confirm ${storage} on ${worker}`,
  confirming: 'Asking…',
  /** What stands behind the word of a worker's storage; none where the word says all. */
  cell: (worker: string, storage: string, state: string, sameness: string | null) => {
    if (sameness === 'other_storage') return `${worker}’s ${storage} is another storage, or another folder of it. No job of yours goes there.`;
    const wrong: Partial<Record<string, string>> = {
      read_only: `${worker} can read ${storage} but not write there; results cannot go to it.`,
      not_mounted: `${worker} has ${storage} in its settings, but it is not mounted there.`,
      missing: `${worker} has ${storage} in its settings, but there is no such folder there.`,
      denied: `${worker} may not enter ${storage}.`,
      full: `${storage} is full as ${worker} sees it; results cannot go to it.`,
      not_answering: `${storage} does not answer ${worker}. It may be the network.`,
      unknown: `${worker} has not looked at ${storage} yet.`,
    };
    const same: Partial<Record<string, string>> = {
      confirmed: `${worker} proved that it reads the same files on ${storage} as ${HERE}.`,
      same_mark: `${worker}’s ${storage} carries the same mark as yours. A copied folder would carry it, too.`,
      unknown: `Nobody has proved yet that ${worker}’s ${storage} is yours. Confirming writes a test file to your folder and has the workers look for it.`,
    };
    return wrong[state] ?? same[sameness ?? ''] ?? null;
  },
  cellNone: (worker: string, storage: string) => `${worker} has no ${storage}.`,
  emptyTitle: 'No worker is online',
  beginningTitle: 'No worker is back yet',
  beginning: 'The lab’s server has just begun: its workers may not be back yet.',
  emptyTitleHere: `${HERE_FIRST} runs no jobs now`,
  emptyTextHere: 'Its worker appears here as soon as it is up.',
  emptyTextOff: 'Its worker is turned off. The settings turn it on again.',
  emptyTextLab: 'Workers of the lab appear here as soon as they are online. To make a GPU machine one, with an invitation for a worker:',
  emptyTextBroken: `Jobs wait until ${HERE}’s worker runs.`,
  kinds: 'Can run',
  unavailable: 'Cannot run',
  nothing: 'nothing yet',
  storages: 'Storages',
  noStorages: 'It has no storage.',
  host: 'Computer',
  os: 'System',
  version: 'Version',
  panel: (name: string) => `Worker ${name}`,
  close: 'Close the worker',
  untriedShort: 'new · nothing run yet',
  untried: 'New: nothing has run on it yet.',
  try: 'Run a test job',
  inUse: (by: string) => `in use by ${tame(by)}`,
  gpuInUse: (by: string) => `GPU in use by ${tame(by)}`,
  gpuInUseMeans: 'It gets no job meanwhile that works with a GPU.',
  gpus: (count: number | null) => (count === null ? '–' : count === 0 ? 'none' : String(count)),
  gpuHint: 'NVIDIA GPUs of its computer',
  /** "SLEAP ×2, +1": what comes with Samepath, and how many of the lab's own. A check alone is little, and is no news beside others. */
  runs: (kinds: string[], title: (kind: string) => string) => {
    const sleap = kinds.filter((kind) => SLEAP.includes(kind));
    const own = kinds.filter((kind) => !SLEAP.includes(kind) && kind !== CHECK);
    const [first, ...rest] = sleap.length > 1 ? [`SLEAP ×${sleap.length}`, ...own] : [...sleap.map(title), ...own.map(title)];
    if (first === undefined) return kinds.length === 0 ? 'nothing yet' : 'Check only';
    return rest.length === 0 ? first : `${first}, +${rest.length}`;
  },
  runsAll: (titles: string[], unavailable: string[]) =>
    [...(titles.length === 0 ? [] : [`Can run ${titles.join(', ')}.`]), ...unavailable.map((why) => `Cannot run ${tame(why)}.`)].join(' '),
  checked: (when: string) => `checked ${when}`,
  more: 'More for this worker',
  copyName: 'Copy its name',
  use: 'Use for my next job',
  drain: 'Drain',
  drainHint: 'It takes no new job; what runs goes on.',
  undrain: 'Take jobs again',
  draining: (left: number, time: string | null) =>
    `It takes no new job${left === 0 ? '; none is left' : `; ${left} left${time === null ? '' : `, about ${time}`}`}. It holds until you undo it, or its computer is started again.`,
  remove: 'Remove…',
  lastSeen: (when: string) => `A job last told of it ${when}.`,
  removed: (name: string) => `${tame(name)} was removed from the lab. It stays in this list as long as jobs tell of it.`,
  removeTitle: (name: string) => `Remove ${tame(name)} from the lab?`,
  removeOthers: (others: string[]) => `Its computer goes, and with it ${others.join(', ')}.`,
  removeText: (running: number) =>
    `It takes no job any more.${running === 0 ? '' : ' What it runs is given to another worker, and may go on there until it is ended on its computer.'} To bring it back, invite it anew; its files are not touched.`,
  removeYes: 'Remove',
  removeNo: 'Keep',
  reportTitle: (name: string) => `Samepath: what ${name} cannot run`,
  check: 'Run a check here',
  now: 'Runs now',
  last: 'Last jobs',
  noJobs: 'No job that is kept has run here yet.',
} as const;
