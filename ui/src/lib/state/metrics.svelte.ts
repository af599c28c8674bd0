import { untrack } from 'svelte';
import type { Ipc, MetricsUpdate, MetricsView } from '../ipc';
import { Following } from './following.svelte';

/** One line of a chart: a name for people, and its value at each epoch. */
export interface Series {
  name: string;
  role: 'train' | 'val' | 'other';
  values: (number | null)[];
}

/** Lines of a chart beyond this are left out. */
const MOST = 4;

/** One run of a training: what its chart is drawn from. */
export class Run {
  readonly name: string;
  #rows = new Map<number, MetricsView>();

  constructor(name: string) {
    this.name = name;
  }

  /** The last row of an epoch counts: a training that goes on may tell one again. */
  put(row: MetricsView): void {
    if (row.epoch >= 1) this.#rows.set(row.epoch, row);
  }

  get epochs(): number[] {
    return [...this.#rows.keys()].sort((a, b) => a - b);
  }

  get series(): Series[] {
    const epochs = this.epochs;
    return chosen(new Set([...this.#rows.values()].flatMap((row) => Object.keys(row.values)))).map(({ key, name, role }) => ({
      name,
      role,
      values: epochs.map((epoch) => this.#rows.get(epoch)?.values[key] ?? null),
    }));
  }
}

/** The figures of a job, as they come. */
export class Metrics extends Following<MetricsUpdate> {
  #runs: Run[] = [];
  #version = $state(0);
  of = $state<number | null>(null);

  /** What each run's chart shows; runs without a row have none. */
  charts = $derived.by(() => {
    void this.#version;
    return this.#runs.map((run) => chart(run)).filter((chart) => chart !== null);
  });
  newest = $derived(this.charts.at(-1) ?? null);

  follow(ipc: Ipc, id: string): Promise<void> {
    return this.begin((apply) => ipc.followMetrics(id, apply));
  }

  protected take(update: MetricsUpdate): void {
    if (update.type === 'ended') return;
    for (const row of update.value) {
      let run = this.#runs.find((run) => run.name === row.run);
      if (!run) this.#runs.push((run = new Run(row.run)));
      run.put(row);
      this.of = row.of;
    }
    this.#version += 1;
  }
}

/** The figures of a job's newest try, for as long as whoever asks is there: another try has figures of its own. */
export function metricsOf(ipc: Ipc, job: () => { id: string; attempts: number }): { readonly now: Metrics } {
  let metrics = $state.raw(new Metrics());
  // By themselves, so that what hangs on them does not begin anew with every progress.
  const id = $derived(job().id);
  const attempts = $derived(job().attempts);
  $effect(() => {
    void attempts;
    const mine = new Metrics();
    metrics = mine;
    const followed = id;
    void untrack(() => mine.follow(ipc, followed));
    return () => mine.leave();
  });
  return {
    get now() {
      return metrics;
    },
  };
}

export interface Chart {
  run: string;
  epochs: number[];
  series: Series[];
  /** The newest epoch. */
  epoch: number;
  /** The best by the loss on validation frames. */
  best: { epoch: number; loss: number } | null;
}

function chart(run: Run): Chart | null {
  const epochs = run.epochs;
  const series = run.series;
  const epoch = epochs.at(-1);
  if (epoch === undefined || series.length === 0) return null;
  let best: Chart['best'] = null;
  series
    .find((one) => one.role === 'val')
    ?.values.forEach((loss, index) => {
      const at = epochs[index];
      if (loss !== null && at !== undefined && (best === null || loss < best.loss)) best = { epoch: at, loss };
    });
  return { run: run.name, epochs, series, epoch, best };
}

/** What a chart shows of all that a training tells: its losses; where there are none, the first few. */
function chosen(keys: Set<string>): { key: string; name: string; role: Series['role'] }[] {
  const all = [...keys].sort();
  const role = (key: string): Series['role'] => (/^val(idation)?[/_]/.test(key) ? 'val' : /^train(ing)?[/_]/.test(key) ? 'train' : 'other');
  const losses = all.filter((key) => /^((train(ing)?|val(idation)?)[/_])?loss$/.test(key));
  return (losses.length > 0 ? losses : all)
    .map((key) => ({ key, name: key, role: role(key) }))
    .slice(0, MOST);
}
