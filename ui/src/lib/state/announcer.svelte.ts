import { tame } from '../format';
import type { JobView } from '../ipc';
import { words } from '../words';
import { hasEnded } from './jobs.svelte';

/** Between two things that are said: a screen reader has to come to its end. */
const PAUSE = 2000;

/** Says to those who listen rather than look what becomes of a person's jobs – ends, and each quarter of the way – and of the draft at hand. */
export class Announcer {
  polite = $state('');
  grave = $state('');
  /** By what it is about: of a job that goes on meanwhile, the newest counts. */
  #waiting = new Map<string, { text: string; grave: boolean }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  heard(before: JobView, after: JobView): void {
    if (hasEnded(after)) {
      if (!hasEnded(before)) this.#say(after.id, words.jobs.ended(tame(after.name), after.words, words.jobs.cause[after.trouble?.cause ?? '']), after.state === 'failed');
      return;
    }
    const quarter = Math.floor((after.percent ?? 0) / 25);
    if (quarter > Math.floor((before.percent ?? 0) / 25) && quarter < 4) this.#say(after.id, words.jobs.soFar(tame(after.name), quarter * 25), false);
  }

  /** Says this of something else than a job, in its turn. */
  tell(about: string, text: string): void {
    this.#say(about, text, false);
  }

  /** What was not said of it yet is not news any more. */
  withdraw(about: string): void {
    this.#waiting.delete(about);
  }

  #say(id: string, text: string, grave: boolean): void {
    this.#waiting.set(id, { text, grave });
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    // What failed is said first.
    const [id, said] = [...this.#waiting].find(([, said]) => said.grave) ?? [...this.#waiting][0] ?? [];
    this.#timer = undefined;
    if (id === undefined || said === undefined) return;
    this.#waiting.delete(id);
    this.grave = said.grave ? said.text : '';
    this.polite = said.grave ? '' : said.text;
    this.#timer = setTimeout(() => this.#next(), PAUSE);
  }

  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }
}
