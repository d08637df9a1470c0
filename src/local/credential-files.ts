// The files that a client of a store reads its credentials from. Used by sources whose client does not
// say when there are others. Watched from a refusal on, for two minutes each time, and not while the
// store accepts them.

import { lazy } from '../internal/lazy.ts';

const loadWatch = lazy(() => import('./watch.ts'));
/** Longer than the longest pause between two log-ins. */
const watchedMs = 120_000;

export class CredentialFiles {
  /** The number of changes that were seen. */
  version = 0;
  readonly #files: () => readonly string[];
  #watching: Disposable | undefined;
  #stopping: NodeJS.Timeout | undefined;

  /** `files` is called at each refusal. */
  constructor(files: () => readonly string[]) {
    this.#files = files;
  }

  /** The store has refused the credentials. */
  refused(): void {
    clearTimeout(this.#stopping);
    this.#stopping = setTimeout(() => this.stop(), watchedMs).unref();
    if (this.#watching) return;
    const files = this.#files();
    if (files.length > 0) this.#watching = this.#watch(files);
  }

  stop(): void {
    clearTimeout(this.#stopping);
    this.#watching?.[Symbol.dispose]();
    this.#watching = undefined;
  }

  #watch(files: readonly string[]): Disposable {
    let isStopped = false;
    let watch: Disposable | undefined;
    void loadWatch().then(({ watchFiles }) => {
      if (isStopped) return;
      watch = watchFiles(files, () => {
        this.version++;
        this.stop();
      });
    });
    return {
      [Symbol.dispose]: () => {
        isStopped = true;
        watch?.[Symbol.dispose]();
      },
    };
  }
}
