// The events of `optional` and `fallback`. Used by tolerance.ts.

import type { ConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import { Emitter, reportsStatus } from '../internal/listeners.ts';
import { type CallOptions, operationIn } from '../operation.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import { innermost } from './decorate.ts';

/** Emits `tolerated` once per outage: from the first tolerated failure until the provider
 *  returns an entry that is not from a cache. */
export class Outage {
  readonly emitter: Emitter;
  /** What the status is recorded for. */
  readonly #subject: { readonly name: string };
  #ongoing = false;

  constructor(provider: ConfigProvider) {
    this.emitter = new Emitter(provider.name, 'provider');
    const inner = innermost(provider);
    this.#subject = reportsStatus(inner) ? inner : { name: provider.name };
  }

  tolerate(error: ConfigError, key?: Key, options?: CallOptions): void {
    if (this.#ongoing) return;
    this.#ongoing = true;
    const operation = operationIn(options) ?? error.operation;
    this.emitter.emit('tolerated', { outcome: error.code, key, operation });
    this.emitter.status(this.#subject, 'down', error.message, error.code);
  }

  end(): void {
    if (!this.#ongoing) return;
    this.#ongoing = false;
    this.emitter.status(this.#subject, 'ok');
  }

  /** Notes what a health check has found. */
  see({ status, reason }: Health): void {
    if (!reportsStatus(this.#subject)) this.emitter.status(this.#subject, status, reason);
  }
}
