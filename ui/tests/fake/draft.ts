import type { ChosenVideo, CopiedView, CopyUnderWay, CopyView, DatasetView, Draft, KindView, LocatedView, ReadinessView, ResultsView } from '../../src/lib/ipc';
import { Failure } from '../../src/lib/ipc';
import { path, readiness } from '../views';
import { FakeComputer } from './computer';

/** Datasets, and what can run them. */
export class FakeDraft extends FakeComputer {
  datasets = new Map<string, DatasetView>();
  located: LocatedView | null = null;
  ready: ReadinessView | Failure = readiness();
  drafts: Draft[] = [];
  protected asked: Promise<void> | null = null;

  /** The workers answer only once what this returns is called. */
  keepWaiting(): () => void {
    let answer = () => {};
    this.asked = new Promise((resolve) => (answer = resolve));
    return answer;
  }

  async locateVideo(text: string, videos: ChosenVideo[], chosen: ChosenVideo): Promise<LocatedView> {
    await this.note('locateVideo', text, videos, chosen);
    if (!this.located) throw new Failure('path_not_found', 'There is no such video.');
    return this.located;
  }

  async openDataset(text: string, videos: ChosenVideo[]): Promise<DatasetView> {
    await this.note('openDataset', text, ...(videos.length > 0 ? [videos] : []));
    const found = this.datasets.get(text);
    if (!found) throw new Failure('path_not_found', `There is no file ${text}.`, 'Check the path.');
    return found;
  }

  /** What a copy is waiting for: it is told how far it is, and ended, by the test. */
  copy: { tell: (progress: CopyView) => void; end: (answer: CopiedView[] | Failure) => void } | null = null;

  copyFiles(files: string[], folder: string, receive: (progress: CopyView) => void): CopyUnderWay {
    this.calls.push(['copyFiles', files, folder]);
    const done = new Promise<CopiedView[]>((resolve, reject) => {
      this.copy = { tell: receive, end: (answer) => (answer instanceof Failure ? reject(answer) : resolve(answer)) };
    });
    return { done, stop: () => this.calls.push(['stopCopying']) };
  }

  async showDataset(path: string): Promise<void> {
    await this.note('showDataset', path);
  }

  /** What is in folders that are chosen for results; others are empty. */
  there = new Map<string, ResultsView>();

  async resultsThere(folder: string, kind: string): Promise<ResultsView> {
    await this.note('resultsThere', folder, kind);
    return this.there.get(folder) ?? { place: path(folder), exists: true, beside: path(`${folder}-2`), checkpoint: null, epoch: null };
  }

  async kinds(): Promise<KindView[]> {
    await this.note('kinds');
    return [];
  }

  async readiness(draft: Draft): Promise<ReadinessView> {
    await this.note('readiness', draft);
    this.drafts.push(draft);
    await this.asked;
    if (this.ready instanceof Failure) throw this.ready;
    return this.ready;
  }
}
