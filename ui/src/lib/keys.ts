import { Failure } from './ipc';
import { PAGES, type Session } from './state/session.svelte';
import { words } from './words';

/** Asks for a dataset with the system's own dialog, and opens it. */
export async function chooseDataset(session: Session): Promise<void> {
  session.go('new');
  try {
    const paths = await session.ipc.pickFiles(words.newJob.dialogTitle, [
      { name: words.newJob.filterSlp, extensions: ['slp'] },
      { name: words.newJob.filterAll, extensions: ['*'] },
    ]);
    await session.form.openAll(paths);
  } catch (thrown) {
    session.form.openFailure = Failure.from(thrown);
  }
}

/** The keys that hold on every page. Ctrl, or ⌘ on a Mac. */
export function shortcuts(event: KeyboardEvent, session: Session): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || session.quitting) return;
  const page = PAGES[Number(event.key) - 1];
  if (page !== undefined && !event.shiftKey) session.go(page);
  else if (event.key === 'n') session.go('new');
  else if (event.key === 'o') void chooseDataset(session);
  else if (event.key === 'r') void session.ipc.checkStorages(null).catch(() => {});
  else if (event.key === 'f') {
    // What is open beside the page comes first.
    const fields = document.querySelectorAll<HTMLInputElement>('input[type=search]');
    const field = [...fields].at(-1);
    if (!field) return;
    field.focus();
    field.select();
  } else return;
  event.preventDefault();
}
