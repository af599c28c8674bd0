import { createSubscriber } from 'svelte/reactivity';
import { midnight } from '../format';

/** How often it is looked whether another day has begun. */
const DAYS = 30_000;

/** The time, for what is drawn. A window that shows no seconds is not woken each second: a laptop's battery feels it. */
export class Clock {
  /** Midnight: what changes with the day alone hangs on this, and not on every second. */
  today = $state(midnight(Date.now()));
  readonly #seconds = createSubscriber((update) => {
    const ticks = setInterval(update, 1000);
    return () => clearInterval(ticks);
  });

  /** Moves once a second as long as something that is drawn depends on it, and otherwise not at all. */
  get now(): number {
    this.#seconds();
    return Date.now();
  }

  /** Looks by and by which day it is, and does `also` each time. Returns what ends that. */
  follow(also: () => void): () => void {
    const days = setInterval(() => {
      this.today = midnight(Date.now());
      also();
    }, DAYS);
    return () => clearInterval(days);
  }
}
