// Hands checkpoints out: at most one at a time, the newest, not more often than the option says. Used by
// log.ts. Only a checkpoint that is kept elsewhere shows that the end of a log was cut off.

import { closeWithinMs, endsWithin } from '../../closing.ts';
import { ConfigError } from '../../errors.ts';
import { type Clock, later } from '../../shelter/clock.ts';

/** Receives a signed checkpoint. */
export type Publish = (checkpoint: string) => unknown;

export interface PublisherOptions {
  readonly publish: Publish;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

/** A publish that takes so long is reported: newer checkpoints wait for it. */
const slowMs = 30_000;

export class Publisher {
  readonly #options: PublisherOptions;
  #newest: string | undefined;
  #isPaused = false;
  #running: Promise<void> | undefined;
  #since = 0;
  #cancel: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  offer(checkpoint: string): void {
    this.#newest = checkpoint;
    if (!this.#isPaused) this.#begin();
  }

  /** Publishes the newest checkpoint, unless that is done, and waits for two seconds at most. */
  async close(): Promise<void> {
    this.#cancel?.();
    const ended = (async () => {
      await this.#running;
      await this.#publish();
    })();
    if (!(await endsWithin(ended)))
      this.#options.onFailure(new ConfigError('timeout', `publish did not end within ${closeWithinMs} ms`));
  }

  #begin(): void {
    const { clock, everyMs, onFailure } = this.#options;
    this.#isPaused = true;
    if (!this.#running) {
      this.#since = clock.now();
      this.#running = this.#publish().finally(() => (this.#running = undefined));
    } else if (clock.now() - this.#since >= slowMs)
      onFailure(new ConfigError('timeout', `publish has not ended within ${slowMs} ms`));
    this.#cancel = later(clock, everyMs, () => {
      this.#isPaused = false;
      if (this.#newest !== undefined) this.#begin();
    });
  }

  async #publish(): Promise<void> {
    const checkpoint = this.#newest;
    if (checkpoint === undefined) return;
    this.#newest = undefined;
    try {
      await this.#options.publish(checkpoint);
    } catch (error) {
      this.#newest ??= checkpoint;
      this.#options.onFailure(error);
    }
  }
}
