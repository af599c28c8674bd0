// What is on no storage, and where it could be copied to.
import type { ChosenVideo, CopiedView, DatasetView, StorageView, VideoView } from './ipc';

export interface Target {
  storage: string;
  /** The person's folder in it; may be empty. */
  folder: string;
  /** `vast:amick`. */
  text: string;
}

/** Storages that files can be copied to, the best first: the one that most of the dataset's videos are on. */
export function copyTargets(storages: StorageView[], videos: VideoView[]): Target[] {
  const on = (name: string) => videos.filter((video) => video.place?.storage_backend === name).length;
  return storages
    .filter((storage) => storage.error === null && (storage.health === null || storage.health.state === 'ready'))
    .map((storage) => {
      const text = storage.own_place;
      return { storage: storage.name, folder: text.slice(storage.name.length + 1), text };
    })
    .sort((a, b) => on(b.storage) - on(a.storage));
}

/** Videos that this computer alone has, and that a job of this dataset needs. */
export function videosHere(dataset: DatasetView): VideoView[] {
  return dataset.is_package ? [] : dataset.videos.filter(isHere);
}

/** Whether this computer alone has it. */
export const isHere = (video: VideoView): boolean => video.found && video.place === null && video.local !== null && video.how !== 'embedded';

/** Where the person said that videos are, once these were copied: the copies, in the order of the videos, count. */
export function withCopies(said: ChosenVideo[], videos: VideoView[], copies: CopiedView[]): ChosenVideo[] {
  const chosen = videos.flatMap((video, index) => {
    const path = copies[index]?.place.text;
    return path === undefined ? [] : [{ written: video.written, path }];
  });
  return [...said.filter((one) => !chosen.some((other) => other.written === one.written)), ...chosen];
}
