import type { Keep, KeptView, StorageView, Update, WindowUpdate } from '../../src/lib/ipc';
import type { Failure } from '../../src/lib/ipc';
import { status } from '../views';

/** What all parts share: what was called, what it answers with if not as ever, and who watches. */
export class FakeShell {
  kept: KeptView = {};
  known: Update[] = [];
  storages: StorageView[] = [];
  /** Every call, in order: name and arguments. */
  calls: [string, ...unknown[]][] = [];
  /** What a call of this name rejects with. */
  failures = new Map<string, Failure>();
  /** What calls of this name wait for before they answer. */
  #held = new Map<string, Promise<void>>();
  protected watcher: ((update: Update) => void) | null = null;
  protected window: ((update: WindowUpdate) => void) | null = null;
  protected readonly first: Update[];

  constructor(first: Update[] = [{ type: 'status', value: status() }]) {
    this.first = first;
    for (const update of first) {
      if (update.type === 'storages') this.storages = update.value;
      if (update.type === 'kept') this.kept = update.value;
    }
  }

  say(...updates: Update[]): void {
    for (const update of updates) this.watcher?.(update);
  }

  tell(update: WindowUpdate): void {
    this.window?.(update);
  }

  called(name: string): unknown[][] {
    return this.calls.filter((call) => call[0] === name).map(([, ...rest]) => rest);
  }

  /** Calls of this name do not answer until what this returns is called; one that fails does so at once. */
  hold(name: string): () => void {
    let answer = () => {};
    this.#held.set(name, new Promise((resolve) => (answer = resolve)));
    return answer;
  }

  protected async note(name: string, ...rest: unknown[]): Promise<void> {
    this.calls.push([name, ...rest]);
    const failure = this.failures.get(name);
    if (failure) throw failure;
    const held = this.#held.get(name);
    if (held) await held;
  }

  /** What it was last told to keep of this. */
  keptOf(type: Keep['type']): unknown {
    return this.called('keep').map(([change]) => change as Keep).findLast((change) => change.type === type)?.value;
  }

  async keep(change: Keep): Promise<void> {
    await this.note('keep', change);
  }

  async watch(receive: (update: Update) => void): Promise<void> {
    await this.note('watch');
    this.watcher = receive;
    this.say(...this.first, { type: 'current' });
  }

  async attendWindow(receive: (update: WindowUpdate) => void): Promise<void> {
    this.window = receive;
  }
}
