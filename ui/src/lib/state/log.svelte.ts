import { Failure, type Ipc, type LogUpdate, type LogView } from '../ipc';

/** More than this is not kept: the results folder has the whole log. */
export const KEPT = 200_000;

/** A log that is being read. Lines are kept in a plain array: only the few that are seen are ever drawn. */
export class Log {
  #lines: LogView[] = [];
  /** Counts every change of the lines. */
  version = $state(0);
  dropped = $state(0);
  ended = $state(false);
  failure = $state.raw<Failure | null>(null);
  #leave: (() => void) | null = null;
  #left = false;

  get length(): number {
    void this.version;
    return this.#lines.length;
  }

  slice(from: number, to: number): LogView[] {
    void this.version;
    return this.#lines.slice(from, to);
  }

  text(): string {
    return this.#lines.map((line) => line.text).join('\n');
  }

  /** The lines that contain the text, by index. */
  find(text: string): number[] {
    void this.version;
    const wanted = text.toLowerCase();
    if (wanted === '') return [];
    return this.#lines.flatMap((line, index) => (line.text.toLowerCase().includes(wanted) ? [index] : []));
  }

  /** The last line that contains the text, by index. */
  lastWith(text: string): number | null {
    void this.version;
    const index = this.#lines.findLastIndex((line) => line.text.includes(text));
    return index < 0 ? null : index;
  }

  async follow(ipc: Ipc, id: string, attempt: number | null): Promise<void> {
    try {
      const leave = await ipc.followLog(id, attempt, (update) => this.#apply(update));
      if (this.#left) leave();
      else this.#leave = leave;
    } catch (thrown) {
      this.failure = Failure.from(thrown);
    }
  }

  leave(): void {
    this.#left = true;
    this.#leave?.();
    this.#leave = null;
  }

  #apply(update: LogUpdate): void {
    if (this.#left) return;
    if (update.type === 'ended') {
      this.ended = true;
      return;
    }
    for (const line of update.value) this.#lines.push(line);
    const over = this.#lines.length - KEPT;
    if (over > 0) {
      this.#lines.splice(0, over);
      this.dropped += over;
    }
    this.version += 1;
  }
}
