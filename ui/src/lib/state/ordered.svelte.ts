/** Things by their id, always in order. Each change costs as little as the thing that changed, however many there are. */
export class Ordered<T extends { id: string }> {
  readonly #compare: (a: T, b: T) => number;
  #byId = new Map<string, T>();
  #list: T[] = [];
  #shown: T[] | null = null;
  /** Counts every change. One for all: a reader of the list reads thousands of things. */
  #version = $state(0);

  /** `compare` never answers 0 for two things of different ids. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    void this.#version;
    return this.#byId.size;
  }

  /** All of them, in order. Another array after every change, so that it is seen to be one. */
  get list(): readonly T[] {
    void this.#version;
    return (this.#shown ??= [...this.#list]);
  }

  get(id: string): T | undefined {
    void this.#version;
    return this.#byId.get(id);
  }

  put(thing: T): void {
    const before = this.#byId.get(thing.id);
    this.#byId.set(thing.id, thing);
    if (before === undefined) this.#list.splice(this.#place(thing), 0, thing);
    else {
      const at = this.#place(before);
      const [left, right] = [this.#list[at - 1], this.#list[at + 1]];
      if ((left === undefined || this.#compare(left, thing) < 0) && (right === undefined || this.#compare(thing, right) < 0)) this.#list[at] = thing;
      else {
        this.#list.splice(at, 1);
        this.#list.splice(this.#place(thing), 0, thing);
      }
    }
    this.#changed();
  }

  delete(id: string): void {
    const before = this.#byId.get(id);
    if (before === undefined) return;
    this.#list.splice(this.#place(before), 1);
    this.#byId.delete(id);
    this.#changed();
  }

  #changed(): void {
    this.#shown = null;
    this.#version += 1;
  }

  /** Where it is, or would be. */
  #place(thing: T): number {
    let from = 0;
    let to = this.#list.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = this.#list[middle];
      if (other !== undefined && this.#compare(other, thing) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
