// A shell for tests and for the development page: it keeps what it is told and says it to the page as the real one does.
import type { ClearedView, Draft, FollowUpView, Ipc, JobView, LogUpdate, MetricsUpdate, QuitMode, Value } from '../src/lib/ipc';
import type { Failure } from '../src/lib/ipc';
import { FakeDraft } from './fake/draft';
import { job, path } from './views';

/** The whole of it: the parts in fake/, and jobs. */
export class Fake extends FakeDraft implements Ipc {
  reports = new Map<string, Value>();
  /** Why a job for a dataset is refused. */
  refused = new Map<string, Failure>();
  /** What a stopped job is then. */
  stopped: JobView | null = null;
  next: FollowUpView = { again: { kind: 'slp-check', dataset: 'vast:amick/project/labels.slp' }, command: 'samepath submit slp-check', opens: null, resumed: null, smaller: null };
  metrics = new Map<string, (update: MetricsUpdate) => void>();
  logs = new Map<string, (update: LogUpdate) => void>();

  async submit(draft: Draft): Promise<JobView> {
    await this.note('submit', draft);
    const refused = this.refused.get(draft.dataset ?? '');
    if (refused) throw refused;
    const folder = draft.values?.['OUTPUT_DIR'];
    const results = typeof folder === 'string' ? { results: path(folder) } : {};
    const made = job({ id: 'new', name: draft.name || 'labels · check', state: 'queued', words: 'Waiting', worker: null, percent: null, ...results });
    this.say({ type: 'job', value: made });
    return made;
  }

  async stop(id: string): Promise<JobView> {
    await this.note('stop', id);
    return this.stopped ?? job({ id });
  }

  async followUp(id: string): Promise<FollowUpView> {
    await this.note('followUp', id);
    return this.next;
  }

  async openLog(id: string): Promise<void> {
    await this.note('openLog', id);
  }

  async showResults(id: string): Promise<void> {
    await this.note('showResults', id);
  }

  async kill(id: string): Promise<JobView> {
    await this.note('kill', id);
    return job({ id });
  }

  async retry(id: string): Promise<JobView> {
    await this.note('retry', id);
    return job({ id });
  }

  async clearJobs(days: number): Promise<ClearedView> {
    await this.note('clearJobs', days);
    return { cleared: 1, words: '1 job was cleared, with its log. Its results are where they were.' };
  }

  async openInSleap(id: string): Promise<void> {
    await this.note('openInSleap', id);
  }

  async report(id: string): Promise<Value | null> {
    await this.note('report', id);
    return this.reports.get(id) ?? null;
  }

  async followLog(id: string, attempt: number | null, receive: (update: LogUpdate) => void): Promise<() => void> {
    await this.note('followLog', id, attempt);
    this.logs.set(id, receive);
    return () => {
      this.calls.push(['leaveLog', id]);
      this.logs.delete(id);
    };
  }

  async followMetrics(id: string, receive: (update: MetricsUpdate) => void): Promise<() => void> {
    await this.note('followMetrics', id);
    this.metrics.set(id, receive);
    return () => {
      this.calls.push(['leaveMetrics', id]);
      this.metrics.delete(id);
    };
  }

  async closeWindow(): Promise<void> {
    await this.note('closeWindow');
  }

  async quit(mode: QuitMode): Promise<void> {
    await this.note('quit', mode);
  }
}
