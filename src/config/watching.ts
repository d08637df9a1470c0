import { isConfigError } from '../errors.ts';
import type { Change, ConfigProvider } from '../provider.ts';

export interface WatchOptions {
  /** Asks all sources so often, past their caches; more rarely while one is down. @default never: only changes that sources tell */
  readonly pollMs?: number;
  /** How long a burst of changes is let finish. @default 50 */
  readonly settleMs?: number;
}

/** Reloads after a change that a source told, and at intervals. Resolves when it went well, and rejects when not. */
export type Reload = (why: 'change' | 'poll') => Promise<unknown>;

const slowest = 10;
const firstRetryMs = 1_000;

/** Watches a source until disposed. No timer of it keeps the process alive. */
export class Watching implements Disposable {
  readonly #reload: Reload;
  readonly #pollMs: number | undefined;
  readonly #settleMs: number;
  readonly #subscription: Disposable | undefined;
  #settling: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #failures = 0;
  #over = false;

  constructor(
    source: ConfigProvider,
    options: WatchOptions,
    reload: Reload,
    concerns: (change: Change) => boolean = () => true,
  ) {
    this.#reload = reload;
    this.#pollMs = options.pollMs;
    this.#settleMs = options.settleMs ?? 50;
    this.#subscription = source.watch?.((change) => {
      if (concerns(change)) this.#settle(this.#settleMs);
    });
    this.#schedule();
  }

  #settle(delayMs: number): void {
    if (this.#over || this.#settling) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      void this.#run('change');
    }, delayMs).unref();
  }

  #schedule(): void {
    if (this.#over || this.#pollMs === undefined) return;
    const jitter = 0.9 + Math.random() * 0.2;
    const delayMs = this.#pollMs * jitter * Math.min(slowest, 2 ** this.#failures);
    this.#polling = setTimeout(() => void this.#run('poll').then(() => this.#schedule()), delayMs).unref();
  }

  async #run(why: 'change' | 'poll'): Promise<void> {
    try {
      await this.#reload(why);
      this.#failures = 0;
    } catch (error) {
      const transient = isConfigError(error) && error.transient;
      if (transient) this.#failures++;
      // nobody will tell of this change again
      if (transient && why === 'change') this.#settle(Math.min(60_000, firstRetryMs * 2 ** this.#failures));
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#settling);
    clearTimeout(this.#polling);
    this.#subscription?.[Symbol.dispose]();
  }
}
