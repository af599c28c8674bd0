import { copyText } from './clipboard';
import { localPath, placeOf } from './places';
import { Failure } from './ipc';
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

/** The keys that hold on every page. Ctrl, or ⌘ on a Mac. */
export function shortcuts(event: KeyboardEvent, session: Session): void {
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
  const page = PAGES[Number(sign) - 1];
  if (sign === 'n' || (page === 'new' && !event.shiftKey)) session.newJob();
  else if (page !== undefined && !event.shiftKey) session.go(page);
  else if (sign === ',') session.go('settings');
  // Where it needs Shift, it is still the key that this sign is on.
  else if (sign === '/') session.keysShown = !session.keysShown;
  else if (sign === 'o') void chooseDataset(session);
  else if (sign === 'r' && !event.shiftKey) void session.ipc.checkStorages(null).catch(() => {});
  // On a Mac the system's menu has both.
  else if (!onMac() && (sign === 'w' || sign === 'q')) void session.ipc.closeWindow().catch(() => {});
  else if (sign === 'f') {
    // What is open beside the page comes first.
    const fields = document.querySelectorAll<HTMLInputElement>('input[type=search]');
    const field = [...fields].at(-1);
    if (!field) return;
    field.focus();
    field.select();
  } else return;
  event.preventDefault();
}
