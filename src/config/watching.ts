// Triggers reloads: after changes that sources report, and at intervals. `Config` makes one for the option
// `watch`, and one for sources whose leases expire. Its timers are unref'd.

import { isConfigError } from '../errors.ts';
import type { CallOptions } from '../operation.ts';
import type { Change, ConfigProvider } from '../provider.ts';

/** How a configuration follows its sources. */
export interface WatchOptions {
  /** Poll interval. Accepts cached answers up to half an interval old, so a change is seen after one and a
   *  half intervals at most; backs off up to 10× while a source is down. @default none: no polling */
  readonly pollMs?: number;
  /** How long to wait after the first change before reloading. Further changes in that time share the reload.
   *  @default 50 */
  readonly settleMs?: number;
}

/** Reloads. Rejects if the reload failed. */
export type Reload = (why: 'change' | 'poll') => Promise<unknown>;

const maxBackoff = 10;
const firstRetryMs = 1_000;

/** Watches a source until it is disposed. `concerns` limits the changes that cause a reload. */
export class Watching implements Disposable {
  readonly #reload: Reload;
  readonly #pollMs: number | undefined;
  readonly #settleMs: number;
  readonly #subscription: Disposable | undefined;
  #settling: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #failures = 0;
  #disposed = false;

  constructor(
    source: ConfigProvider,
    options: WatchOptions,
    reload: Reload,
    concerns: (change: Change) => boolean = () => true,
    call: CallOptions = {},
  ) {
    this.#reload = reload;
    this.#pollMs = options.pollMs;
    this.#settleMs = options.settleMs ?? 50;
    this.#subscription = source.watch?.((change) => {
      if (concerns(change)) this.#settle(this.#settleMs);
    }, call);
    this.#schedule();
  }

  #settle(delayMs: number): void {
    if (this.#disposed || this.#settling) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      void this.#run('change');
    }, delayMs).unref();
  }

  #schedule(): void {
    if (this.#disposed || this.#pollMs === undefined) return;
    const jitter = 0.9 + Math.random() * 0.2;
    const delayMs = this.#pollMs * jitter * Math.min(maxBackoff, 2 ** this.#failures);
    this.#polling = setTimeout(() => void this.#run('poll').then(() => this.#schedule()), delayMs).unref();
  }

  async #run(why: 'change' | 'poll'): Promise<void> {
    try {
      await this.#reload(why);
      this.#failures = 0;
    } catch (error) {
      const transient = isConfigError(error) && error.transient;
      if (transient) this.#failures++;
      // the source reports this change only once, so the reload is retried
      if (transient && why === 'change') this.#settle(Math.min(60_000, firstRetryMs * 2 ** this.#failures));
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#settling);
    clearTimeout(this.#polling);
    this.#subscription?.[Symbol.dispose]();
  }
}
