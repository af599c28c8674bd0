import type { DatasetView, PathView, StorageView } from './ipc';

/**
 * Where a storage path is on this computer, by its text alone: for people to read and copy. Nothing is opened by it; the shell resolves
 * for itself. None where this computer does not have the storage, or another part of it.
 */
export function localPath(storages: StorageView[], at: PathView): string | null {
  const storage = storages.find((one) => one.name === at.storage_backend);
  if (!storage?.base_path || storage.error !== null) return null;
  const parts = (text: string) => text.split('/').filter((part) => part !== '');
  const all = [...parts(at.user_subdir), ...parts(at.path)];
  const shown = parts(storage.subpath);
  if (shown.some((part, index) => all[index] !== part)) return null;
  const separator = /^[A-Za-z]:|^\\\\/.test(storage.base_path) ? '\\' : '/';
  return [storage.base_path.replace(/[/\\]+$/, ''), ...all.slice(shown.length)].join(separator);
}

/** A storage path, "vast:amick/labels.slp", as the shell says where something is. Whose folder it is in is not told by the text. */
export function placeOf(text: string): PathView {
  const cut = text.indexOf(':');
  return { storage_backend: text.slice(0, Math.max(0, cut)), user_subdir: '', path: text.slice(cut + 1), text };
}

/** The folder that a file or folder of this computer lies in, by its text alone. */
export const folderOf = (local: string): string => local.slice(0, Math.max(1, local.lastIndexOf('/'), local.lastIndexOf('\\')));

/** Of what is no project the shell says that it is a folder, or how large it is. */
export const isFolder = (dataset: DatasetView): boolean => !dataset.is_project && dataset.summary === 'a folder';

/** What lies in that folder. */
export function inside(folder: PathView, name: string): PathView {
  const join = (text: string) => (text === '' || /[/:]$/.test(text) ? text + name : `${text}/${name}`);
  return { ...folder, path: join(folder.path), text: join(folder.text) };
}
