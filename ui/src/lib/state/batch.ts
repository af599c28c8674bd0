import { type DatasetView, Failure, type Ipc } from '../ipc';

/** One of several files: read, being read, or of no use. */
export interface Entry {
  path: string;
  dataset: DatasetView | null;
  failure: Failure | null;
}

export async function readEntry(ipc: Ipc, path: string): Promise<Entry> {
  try {
    const dataset = await ipc.openDataset(path, []);
    const why = dataset.place_error;
    return { path, dataset, failure: why && new Failure('not_in_any_backend', why.message, why.hint) };
  } catch (thrown) {
    return { path, dataset: null, failure: Failure.from(thrown) };
  }
}
