/** So long is it told that something was copied; milliseconds. */
const TOLD = 2000;

/** That something was copied: told for a moment. */
export class Copied {
  told = $state(false);

  constructor() {
    $effect(() => {
      if (!this.told) return;
      const timer = setTimeout(() => (this.told = false), TOLD);
      return () => clearTimeout(timer);
    });
  }

  tell(): void {
    this.told = true;
  }
}
