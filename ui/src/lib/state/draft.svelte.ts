import { untrack } from 'svelte';
import { videosHere, withCopies } from '../copying';
import { textOf, valueOf } from '../form';
import {
  type ChosenVideo,
  type CopiedView,
  type DatasetView,
  type Draft,
  Failure,
  type Ipc,
  type JobView,
  type KindView,
  type ParameterView,
  type ReadinessView,
  type Value,
  type VideoView,
} from '../ipc';
import { Asking } from './asking.svelte';
import { type Entry, readEntry } from './batch';
import { Copying } from './copying.svelte';
import { Results } from './results.svelte';

export type SettingsFrom = { type: 'recommended' } | { type: 'run'; id: string } | { type: 'file'; path: string };

/** The parameter that takes configurations of the job type's program. */
export const CONFIG = 'CONFIG';
/** Settings that belong to one run alone. */
const RESUME_FROM = 'RESUME_FROM';
const OF_ONE_RUN = ['RUN_NAME', RESUME_FROM];

/** The storage path where it has one: that is what travels. */
const pathOf = (dataset: DatasetView): string => dataset.place?.text ?? dataset.local;

/** The form of *New job*. It outlives its page, so that looking elsewhere loses nothing. */
export class NewJob {
  readonly #ipc: Ipc;
  readonly copying: Copying;
  readonly asking: Asking;
  readonly results: Results;

  dataset = $state.raw<DatasetView | null>(null);
  /** Further files, each for a job of its own. */
  batch = $state.raw<Entry[]>([]);
  /** Whether all files are for one job, where the job type takes several. */
  together = $state(false);
  /** Where the person said that videos are. */
  videos = $state.raw<ChosenVideo[]>([]);
  /** Videos that the change which led to the newest one leads to, too. */
  alike = $state.raw<ChosenVideo[]>([]);
  /** Videos that are being looked for, as the project has them. */
  locating = $state.raw<string[]>([]);
  locateFailure = $state.raw<Failure | null>(null);
  /** Videos of which the person said that what has their name is another one: as the project has them. */
  declined = $state.raw<string[]>([]);
  /** The path that is being read. */
  opening = $state<string | null>(null);
  openFailure = $state.raw<Failure | null>(null);

  kind = $state('');
  /** Whether the person said so, or gave it values: no other is proposed then. */
  #said = false;
  /** What was typed, by parameter name; empty is not given. */
  typed = $state<Record<string, string>>({});
  /** Where the settings began; single ones may have been changed since. */
  settingsFrom = $state.raw<SettingsFrom>({ type: 'recommended' });
  name = $state('');
  worker = $state('');
  /** Those who share this login, and which of them sits here: asked once a start of the window. */
  people = $state.raw<string[]>([]);
  person = $state('');

  /** The chosen kind's, kept by the page. */
  parameters = $state.raw<ParameterView[]>([]);
  /** What the workers say of it; none while they have not. */
  readiness = $derived.by<ReadinessView | null>(() => this.asking.answer);
  readinessFailure = $derived.by<Failure | null>(() => this.asking.failure);
  submitting = $state(false);
  submitFailure = $state.raw<Failure | null>(null);
  submitted = $state.raw<JobView | null>(null);
  /** How many were submitted together. */
  count = $state(1);
  /** The same, where the form was kept for another one like it: until that is changed or submitted. */
  before = $state.raw<JobView | null>(null);

  #opened = 0;

  constructor(ipc: Ipc) {
    this.#ipc = ipc;
    this.copying = new Copying(ipc);
    this.results = new Results(ipc, () => this.kind, () => this.changed());
    // What it is called matters to no worker; without a name, one is proposed.
    this.asking = new Asking(() => (this.#canAsk() ? ipc.readiness({ ...this.draft(this.parameters), name: '' }) : null));
  }

  /** Opens a dataset: a local path or a storage path. A later call wins. `copied`: it was just copied, which is still to be told. */
  async open(path: string, videos: ChosenVideo[] = [], copied = false): Promise<void> {
    const mine = ++this.#opened;
    this.opening = path;
    this.locating = [];
    this.openFailure = null;
    try {
      const dataset = await this.#ipc.openDataset(path, videos);
      if (mine !== this.#opened) return;
      if (!copied) this.copying.forget();
      this.dataset = dataset;
      this.videos = videos;
      this.alike = [];
      this.declined = [];
      this.locateFailure = null;
      this.batch = [];
      this.together = false;
      this.name = '';
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.openFailure = Failure.from(thrown);
    } finally {
      if (mine === this.#opened) this.opening = null;
    }
  }

  /** Opens several files: the first as ever, each of the others for a job of its own. */
  async openAll(paths: string[], copied = false): Promise<void> {
    const [first, ...others] = paths;
    if (first === undefined) return;
    const opening = this.open(first, [], copied);
    const mine = this.#opened;
    await opening;
    if (mine !== this.#opened || this.dataset === null || this.openFailure !== null) return;
    this.batch = others.map((path) => ({ path, dataset: null, failure: null }));
    await this.readOn();
  }

  /** Reads what of the further files is not read yet. */
  async readOn(): Promise<void> {
    const mine = this.#opened;
    for (const { path } of this.batch.filter((one) => one.dataset === null && one.failure === null)) {
      const entry = await readEntry(this.#ipc, path);
      if (mine !== this.#opened) return;
      this.batch = this.batch.map((one) => (one.path === path ? entry : one));
    }
    this.changed();
  }

  remove(entry: Entry): void {
    this.batch = this.batch.filter((one) => one !== entry);
    this.changed();
  }

  /** The person says where a video is. Others may have moved with it. */
  async locate(written: string, path: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const mine = this.#opened;
    this.locating = [written];
    this.locateFailure = null;
    this.alike = [];
    try {
      const located = await this.#ipc.locateVideo(pathOf(dataset), this.videos, { written, path });
      if (mine !== this.#opened) return;
      this.dataset = located.dataset;
      this.videos = [...this.videos.filter((one) => one.written !== written), located.chosen];
      this.alike = located.more;
      this.declined = this.declined.filter((one) => one !== written);
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.locateFailure = Failure.from(thrown);
    } finally {
      if (mine === this.#opened) this.locating = [];
    }
  }

  /** What moved with the newest one is where it would be. */
  useAlike(): Promise<void> {
    return this.#choose(this.alike);
  }

  /** What has the name of these videos is what they are. */
  areThese(videos: VideoView[]): Promise<void> {
    return this.#choose(videos.flatMap(({ written, place }) => (place === null ? [] : [{ written, path: place.text }])));
  }

  /** What has its name is another one: it is still to be located. */
  isAnother(video: VideoView): void {
    this.declined = [...this.declined, video.written];
    this.changed();
  }

  async #choose(more: ChosenVideo[]): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const mine = this.#opened;
    const written = more.map((one) => one.written);
    const videos = [...this.videos.filter((one) => !written.includes(one.written)), ...more];
    this.locating = written;
    try {
      const seen = await this.#ipc.openDataset(pathOf(dataset), videos);
      if (mine !== this.#opened) return;
      this.dataset = seen;
      this.videos = videos;
      this.alike = [];
      this.declined = this.declined.filter((one) => !written.includes(one));
      this.changed();
    } catch (thrown) {
      if (mine === this.#opened) this.locateFailure = Failure.from(thrown);
    } finally {
      if (mine === this.#opened) this.locating = [];
    }
  }

  /** Copies the dataset, and those of its videos that this computer alone has, and goes on with the copies. */
  async copyDataset(folder: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null || dataset.place !== null) return;
    const here = videosHere(dataset);
    const copied = await this.#copy([dataset.local, ...here.map((video) => video.local ?? '')], folder);
    const [first, ...films] = copied ?? [];
    if (first === undefined) return;
    await this.#goOn(first.place.text, withCopies(this.videos, here, films));
  }

  /** Copies videos that this computer alone has, and goes on with the copies. */
  async copyVideos(videos: VideoView[], folder: string): Promise<void> {
    const { dataset } = this;
    if (dataset === null) return;
    const copied = await this.#copy(videos.map((video) => video.local ?? ''), folder);
    if (copied === null) return;
    await this.#goOn(pathOf(dataset), withCopies(this.videos, videos, copied));
  }

  /** Copies all files that are on no storage, and goes on with the copies. */
  async copyBatch(folder: string): Promise<void> {
    const all = [this.dataset, ...this.batch.map((entry) => entry.dataset)].filter((dataset) => dataset !== null);
    const here = all.filter((dataset) => dataset.place === null);
    const copied = await this.#copy(here.map((dataset) => dataset.local), folder);
    if (copied === null) return;
    const places = new Map(copied.map((one) => [one.from, one.place.text]));
    await this.openAll(all.map((dataset) => places.get(dataset.local) ?? pathOf(dataset)), true);
  }

  /** Answers with the copies, unless something else is being opened by then. What became of them is told only of the dataset that they are for. */
  async #copy(files: string[], folder: string): Promise<CopiedView[] | null> {
    const of = this.dataset?.local;
    const mine = this.#opened;
    const copied = await this.copying.copy(files, folder);
    if (this.dataset?.local !== of) this.copying.forget();
    return mine === this.#opened ? copied : null;
  }

  /** The same draft with what was copied. */
  async #goOn(path: string, videos: ChosenVideo[]): Promise<void> {
    const { batch, name } = this;
    const opening = this.open(path, videos, true);
    const mine = this.#opened;
    await opening;
    if (mine !== this.#opened) return;
    this.batch = batch;
    this.name = name;
  }

  /** Takes the settings of an earlier job of this type; its dataset, results folder and name are its own. */
  async like(id: string): Promise<void> {
    try {
      const { again } = await this.#ipc.followUp(id);
      if ((again.kind ?? '') !== this.kind) return;
      this.#said = true;
      const own = new Set(this.parameters.filter((parameter) => parameter.role === 'setting').map((parameter) => parameter.name));
      this.typed = {};
      for (const [name, value] of Object.entries(again.values ?? {})) {
        // What one run began from, and is called, is not what another does.
        if (value !== undefined && own.has(name) && !OF_ONE_RUN.includes(name)) this.typed[name] = textOf(value);
      }
      this.settingsFrom = { type: 'run', id };
      this.changed();
    } catch (thrown) {
      this.submitFailure = Failure.from(thrown);
    }
  }

  /** Back to what the job type recommends. */
  recommended(): void {
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
    this.changed();
  }

  /** Takes a configuration of the program; the rows stay to change single values of it. */
  fromFile(parameter: string, path: string): void {
    this.#said = true;
    this.typed = { [parameter]: path };
    this.settingsFrom = { type: 'file', path };
    this.changed();
  }

  /** Fills the form in, like a job's, if it is one. Of the dataset only the path is taken: it is read anew. */
  async load(draft: Draft, job: string | null = null): Promise<void> {
    this.clear();
    this.kind = draft.kind ?? '';
    this.#said = true;
    this.worker = draft.worker ?? '';
    this.results.folder = draft.results_in ?? null;
    for (const [name, value] of Object.entries(draft.values ?? {})) if (value !== undefined) this.typed[name] = textOf(value);
    const path = this.typed[CONFIG] ?? '';
    if (path !== '') this.settingsFrom = { type: 'file', path };
    else if (job !== null && Object.keys(this.typed).length > 0) this.settingsFrom = { type: 'run', id: job };
    if (draft.dataset == null) return;
    const opening = this.open(draft.dataset, draft.videos ?? []);
    const mine = this.#opened;
    await opening;
    if (mine !== this.#opened) return;
    this.name = draft.name ?? '';
    await this.results.look();
  }

  /** What is being read, or looked for, is not waited for any more. */
  stopOpening(): void {
    this.#opened += 1;
    this.opening = null;
    this.locating = [];
  }

  /** Back to the empty form. */
  clear(): void {
    this.stopOpening();
    this.asking.forget();
    this.copying.forget();
    this.dataset = null;
    this.openFailure = null;
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
    this.name = '';
    this.worker = '';
    this.batch = [];
    this.videos = [];
    this.alike = [];
    this.declined = [];
    this.results.forget();
    this.submitted = null;
    this.before = null;
  }

  setKind(kind: string): void {
    this.#said = true;
    this.#begin(kind);
  }

  /** With another job type, from what that recommends. */
  #begin(kind: string): void {
    this.kind = kind;
    this.typed = {};
    this.settingsFrom = { type: 'recommended' };
    this.changed();
    if (this.results.folder !== null) void this.results.look();
  }

  set(parameter: string, text: string): void {
    this.#said = true;
    this.typed[parameter] = text;
    this.changed();
  }

  setName(name: string): void {
    this.name = name;
    if (this.submitted === null) this.#another();
    else this.changed();
  }

  /** The person changed something: what was known no longer holds, and the workers are asked. */
  changed(): void {
    this.#another();
    this.#ask();
  }

  /** Something is different in the lab. What was submitted is asked about no more: it would be before itself. */
  anew(): void {
    if (this.submitted === null) this.asking.anew();
  }

  /** It is another job than the one that was submitted. */
  #another(): void {
    this.submitted = null;
    this.before = null;
    this.submitFailure = null;
  }

  #ask(): void {
    this.asking.forget();
    if (this.#canAsk()) this.asking.soon();
  }

  #canAsk(): boolean {
    return this.dataset !== null && this.dataset.place !== null && this.kind !== '';
  }

  draft(parameters: ParameterView[]): Draft {
    const values: Record<string, Value> = {};
    const results = this.results.said(this.batch.length === 0 || this.together);
    for (const parameter of parameters) {
      const text = this.typed[parameter.name]?.trim() ?? '';
      if (parameter.role === 'setting' && text !== '') values[parameter.name] = valueOf(parameter, text);
      if (parameter.role === 'results' && results.folder !== null) values[parameter.name] = results.folder;
      if (parameter.name === RESUME_FROM && results.from !== null) values[parameter.name] = results.from;
      if (parameter.role === 'dataset' && this.together && this.dataset) {
        values[parameter.name] = [pathOf(this.dataset), ...this.batch.map((entry) => entry.path)];
      }
    }
    return {
      kind: this.kind,
      dataset: this.dataset && pathOf(this.dataset),
      values,
      name: this.name.trim(),
      worker: this.worker === '' ? null : this.worker,
      results_in: results.within,
      videos: this.videos,
      person: this.people.includes(this.person) ? this.person : null,
    };
  }

  /** Files that no job can be made for. */
  troubled = $derived(this.batch.filter((entry) => entry.failure !== null).length);
  /** Videos that are still to be located, by the person's word alone. */
  lacking = $derived(this.dataset?.is_package ? 0 : this.declined.length);
  takesSeveral = $derived(this.parameters.some((parameter) => parameter.role === 'dataset' && parameter.type.startsWith('LIST[')));
  /** Whether what was chosen last is not what stands in the form: it is being read, or was not opened. */
  chosenElse = $derived(this.dataset !== null && (this.opening !== null || this.openFailure !== null));
  /** Whether it is known which of those who share this login submits. */
  isSaid = $derived(this.people.length === 0 || this.people.includes(this.person));
  canSubmit = $derived.by(
    () =>
      this.readiness?.can_submit === true &&
      !this.submitting &&
      !this.chosenElse &&
      !this.results.looking &&
      this.isSaid &&
      this.lacking === 0 &&
      this.batch.every((entry) => entry.failure === null && entry.dataset !== null),
  );

  /** What is submitted, one after the other. */
  #drafts(): Draft[] {
    const first = this.draft(this.parameters);
    if (this.together) return [first];
    const others = this.batch.map((entry, index) => ({
      ...first,
      dataset: entry.dataset ? pathOf(entry.dataset) : entry.path,
      name: first.name ? `${first.name} ${index + 2}` : '',
      videos: [],
    }));
    return [first, ...others];
  }

  /** `keep`: the form stays, for another one like it. */
  async submit(keep = false): Promise<JobView | null> {
    if (!this.canSubmit) return null;
    this.submitting = true;
    this.#said = true;
    this.before = null;
    this.submitFailure = null;
    const drafts = this.#drafts();
    let first: JobView | null = null;
    let done = 0;
    try {
      for (const draft of drafts) {
        const job = await this.#ipc.submit(draft);
        if (job.results) this.results.give(job.results.text);
        first ??= job;
        done += 1;
      }
      this.count = done;
      if (keep) {
        this.changed();
        this.before = first;
      } else this.submitted = first;
      void this.results.lookAgain().then((looked) => looked && this.submitted === null && this.#ask());
      return first;
    } catch (thrown) {
      this.submitFailure = Failure.from(thrown);
      // What was submitted is not submitted again.
      if (done > 0) {
        const rest = drafts.slice(done).map((draft) => draft.dataset ?? '');
        const failure = this.submitFailure;
        await this.openAll(rest);
        this.submitFailure = failure;
      }
      return null;
    } finally {
      this.submitting = false;
    }
  }

  /** Job types come and go with the workers; the one that was said stays as long as it is there, else one is `proposed`. */
  useKinds(kinds: KindView[], proposed: () => string | null): void {
    const known = (name: string | null) => kinds.find((kind) => kind.name === name);
    const chosen = (this.#said ? known(this.kind) : undefined) ?? known(proposed()) ?? kinds[0];
    const kind = chosen?.name ?? '';
    this.parameters = chosen?.parameters ?? [];
    if (kind !== this.kind) untrack(() => this.#begin(kind));
  }
}
