import { copyText } from './clipboard';
import { localPath, placeOf } from './places';
import { type Choice, Failure } from './ipc';
import { onMac, signOf } from './platform';
import { PAGES, type Session } from './state/session.svelte';
import { words } from './words';

/** Asks for a dataset with the system's own dialog, and opens it. */
export async function chooseDataset(session: Session): Promise<void> {
  session.go('new');
  try {
    const paths = await session.ipc.pickFiles(words.newJob.dialogTitle, [
      { name: words.newJob.filterSlp, extensions: ['slp'] },
      { name: words.newJob.filterAll, extensions: ['*'] },
    ], { type: 'own', value: null });
    await session.form.openAll(paths);
  } catch (thrown) {
    session.form.openFailure = Failure.from(thrown);
  }
}

/** What the keyboard can be in. */
const AREAS = 'nav, main section.main, main .side';
const WITHIN = 'button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), a[href], [tabindex="0"]';

/** Moves the keyboard on to the next area that takes it: sidebar, page, what is beside it. */
function moveOn(step: 1 | -1): void {
  const areas = [...document.querySelectorAll<HTMLElement>(AREAS)];
  const at = areas.findIndex((area) => area.contains(document.activeElement));
  for (let turn = 1; turn <= areas.length; turn += 1) {
    const area = areas[(Math.max(at, step < 0 ? 0 : -1) + turn * step + 2 * areas.length) % areas.length];
    // Where the keyboard was last is where it goes on: the page in use, the selected row, the open tab.
    const wanted = ['[aria-current="page"]', '[aria-selected="true"][tabindex="0"]', WITHIN];
    const found = wanted.map((selector) => area?.querySelector<HTMLElement>(selector)).find((element) => element);
    if (found) return found.focus();
  }
}

/** What a copy means where nothing is selected: the storage path of the row or card, of the open job, of the dataset; and the same on this computer. */
function meant(session: Session): { text: string; local: string | null } | null {
  const { dataset } = session.form;
  if (session.page === 'new' && dataset) return { text: dataset.place?.text ?? dataset.local, local: dataset.local };
  const path = document.activeElement?.closest<HTMLElement>('[data-path]')?.dataset['path'];
  if (path !== undefined) return { text: path, local: localPath(session.lab.storages, placeOf(path)) };
  if (session.page !== 'jobs') return null;
  const at = document.activeElement?.closest<HTMLElement>('[data-job]')?.dataset['job'] ?? session.job;
  const job = at === null ? undefined : session.lab.jobs.all.get(at);
  return job?.results ? { text: job.results.text, local: localPath(session.lab.storages, job.results) } : null;
}

/** With nothing selected, copying means a path. */
export function copied(event: ClipboardEvent, session: Session): void {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  const path = typing || window.getSelection()?.isCollapsed === false ? null : meant(session);
  if (path === null) return;
  event.clipboardData?.setData('text/plain', path.text);
  event.preventDefault();
}

/** What is open beside the page comes first. */
function find(): boolean {
  const field = [...document.querySelectorAll<HTMLInputElement>('input[type=search]')].at(-1);
  field?.focus();
  field?.select();
  return field !== undefined;
}

/** What is chosen by a key, or in the menu bar of a Mac; false where there is nothing to do. */
const CHOICES: Record<Choice, (session: Session) => unknown> = {
  new_job: (session) => session.newJob(),
  choose_dataset: (session) => void chooseDataset(session),
  find,
  jobs: (session) => {
    const isThere = session.page === 'jobs';
    session.go('jobs');
    // Opened, the page does that by itself.
    if (isThere) document.querySelector<HTMLElement>('[data-job][tabindex="0"]')?.focus();
  },
  workers: (session) => session.go('workers'),
  storage: (session) => session.go('storage'),
  settings: (session) => session.go('settings'),
  check_storages: (session) => void session.ipc.checkStorages(null).catch(() => {}),
  keys: (session) => (session.keysShown = !session.keysShown),
};

/** For as long as a choice in the menu bar may be one that its key has made already, in milliseconds. */
const SAME = 300;
let last: { choice: Choice; at: number } | null = null;

function choose(choice: Choice, session: Session): boolean {
  last = { choice, at: performance.now() };
  return CHOICES[choice](session) !== false;
}

/** Something was chosen in the menu bar. Whether a key comes here, there, or to both is the system's to say. */
export function chosen(choice: Choice, session: Session): void {
  if (session.quitting || (last?.choice === choice && performance.now() - last.at < SAME)) return;
  choose(choice, session);
}

/** The choice that a key makes. Where the sign needs Shift, it is still the key that this sign is on. */
function choiceOf(sign: string, shift: boolean): Choice | null {
  const page = PAGES[Number(sign) - 1];
  if (page !== undefined) return shift ? null : page === 'new' ? 'new_job' : page;
  if (sign === 'r') return shift ? null : 'check_storages';
  const signs: Record<string, Choice> = { n: 'new_job', o: 'choose_dataset', f: 'find', ',': 'settings', '/': 'keys' };
  return signs[sign] ?? null;
}

/** Where all that is there can be marked at once: in what is typed, and in a log. */
const MARKED = 'input, textarea, [role="log"]';

/** The keys that hold on every page. Ctrl, or ⌘ on a Mac. */
export function shortcuts(event: KeyboardEvent, session: Session): void {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && signOf(event) === 'a') {
    // Of the whole window, buttons and all, it would be of no use.
    if (!(event.target instanceof Element && event.target.closest(MARKED))) event.preventDefault();
    return;
  }
  if (event.key === 'F6' && !event.ctrlKey && !event.metaKey && !event.altKey && !session.quitting) {
    moveOn(event.shiftKey ? -1 : 1);
    event.preventDefault();
    return;
  }
  // By the place of the key: with Alt, a Mac makes another sign of it.
  if ((event.ctrlKey || event.metaKey) && event.altKey && event.code === 'KeyC') {
    const local = meant(session)?.local;
    if (local) void copyText(local);
    event.preventDefault();
    return;
  }
  if (!(event.ctrlKey || event.metaKey) || event.altKey || session.quitting) return;
  const sign = signOf(event);
  const choice = choiceOf(sign, event.shiftKey);
  if (choice !== null) {
    if (!choose(choice, session)) return;
  } else if (!onMac() && (sign === 'w' || sign === 'q')) {
    // On a Mac the menu bar has both.
    void session.ipc.closeWindow().catch(() => {});
  } else return;
  event.preventDefault();
}
