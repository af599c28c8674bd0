// Asking for the folder of a storage.
import { Failure, type Ipc, type StorageView } from '../ipc';
import { words } from '../words';
import type { Kept, Named, Setup } from './setup.svelte';

/** Asks for a folder, for a storage of the lab or for one of the person's own naming. */
export async function pickFolder(ipc: Ipc, setup: Setup, of: Named | null = null, kept: Kept | null = null): Promise<void> {
  setup.failure = null;
  try {
    const title = of ? words.setup.whereIs(of.name) : words.storage.dialogTitle;
    const path = await ipc.pickFolder(title, { type: 'storages', value: setup.path === '' ? null : setup.path });
    if (path !== null) await setup.choose(path, of, kept);
  } catch (thrown) {
    setup.failure = Failure.from(thrown);
  }
}

/** Asks where a storage of the settings file is, and writes it there. */
export async function pickPlace(ipc: Ipc, storage: StorageView): Promise<void> {
  const path = await ipc.pickFolder(words.setup.whereIs(storage.name), { type: 'storages', value: storage.base_path });
  if (path !== null) await ipc.setStorage(storage.name, { base_path: path, type: null, description: null, user_subdir: null, subpath: null });
}

/** Asks for another folder for the same storage. */
export function pickAgain(ipc: Ipc, setup: Setup): Promise<void> {
  const { name, type, written } = setup;
  return pickFolder(ipc, setup, setup.named ? { name, type } : null, { name, written });
}

/** Asks for another one than what was checked: for a folder in the storage, or for the storage. */
export async function chooseAnother(ipc: Ipc, setup: Setup): Promise<void> {
  if (setup.check.doubt === 'folder') setup.back();
  else await pickAgain(ipc, setup);
}
