import type { JobView, StorageView } from '../ipc';
import { words } from '../words';
import { isThere } from './state';

/** Why the results of a job cannot be shown on this computer, and whether connecting their storage mends it; null where they can, or nobody knows. */
export function resultsAway({ results }: JobView, storages: StorageView[]): { message: string; hint: string | null; connect: boolean } | null {
  if (results === null) return null;
  const name = results.storage_backend;
  const storage = storages.find((one) => one.name === name);
  if (storage === undefined) return { message: words.results.notHere(name), hint: words.results.notHereHint, connect: false };
  const { health } = storage;
  if (health === null || health.state === 'unknown' || isThere(health.state)) return null;
  return { message: words.results.away(name, health.words), hint: null, connect: storage.connect !== null };
}
