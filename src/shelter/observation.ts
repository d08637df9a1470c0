// What observes a sheltered provider: listeners, and tools at the tracing channels. Used by sheltered.ts,
// after its cache. Gives a call its id, unless it is part of an operation that has one.

import { ConfigError, type ErrorCode, isConfigError } from '../errors.ts';
import type { Emitter } from '../internal/listeners.ts';
import { type CallOptions, newId, operationIn } from '../operation.ts';
import { isTraced, type TraceContexts, traced } from '../tracing.ts';
import type { Key } from '../value.ts';
import type { Clock } from './clock.ts';
import type { LookupResult } from './keys/keys.ts';

export class Observation {
  readonly #provider: string;
  readonly #emitter: Emitter;
  readonly #clock: Clock;

  constructor(provider: string, emitter: Emitter, clock: Clock) {
    this.#provider = provider;
    this.#emitter = emitter;
    this.#clock = clock;
  }

  get hasListeners(): boolean {
    return this.#emitter.hasListeners;
  }

  /** The id of the operation that a call is part of, or a new one while the provider is observed. */
  operation(channel: 'read' | 'write', options: CallOptions | undefined): string | undefined {
    return (
      operationIn(options) ??
      (this.hasListeners || isTraced(channel) || isTraced('request') ? newId() : undefined)
    );
  }

  /** Runs a read that the cache did not answer. */
  reading<T>(
    about: Pick<TraceContexts['read'], 'type' | 'key' | 'keys'>,
    operation: string | undefined,
    work: () => Promise<T>,
    succeeded?: (result: T) => string,
  ): Promise<T> {
    if (!isTraced('read')) return inOperation(operation, work());
    const context = { provider: this.#provider, ...about, operation };
    return traced('read', context, work, { succeeded, error: (thrown) => identified(thrown, operation) });
  }

  /** Runs a list. `missed`: the cache cannot answer. A list that it answers is not traced. */
  listing<T>(key: Key, operation: string | undefined, work: (missed?: () => void) => Promise<T>): Promise<T> {
    return inOperation(operation, isTraced('read') ? this.#tracedListing(key, operation, work) : work());
  }

  async #tracedListing<T>(
    key: Key,
    operation: string | undefined,
    work: (missed: () => void) => Promise<T>,
  ): Promise<T> {
    const context = { provider: this.#provider, type: 'list', key, operation } as const;
    let tracing: Promise<unknown> | undefined;
    const listing: Promise<T> = Promise.resolve().then(() =>
      work(() => {
        tracing ??= traced('read', context, () => listing).catch(() => undefined);
      }),
    );
    try {
      return await listing;
    } finally {
      await tracing;
    }
  }

  writing<T>(
    type: 'set' | 'delete',
    key: Key,
    operation: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (!isTraced('write')) return inOperation(operation, work());
    const context = { provider: this.#provider, type, key, operation };
    return traced('write', context, work, { error: (thrown) => identified(thrown, operation) });
  }

  /** When a call started, if a listener wants to know how long it took. */
  startedAt(): number | undefined {
    return this.hasListeners ? this.#clock.now() : undefined;
  }

  /** Emits what a look-up found. Without `startedAt` it took no time. */
  emitRead(
    key: Key,
    found: LookupResult,
    startedAt: number | undefined,
    operation: string | undefined,
  ): void {
    if (!this.hasListeners) return;
    const outcome = outcomeOf(found);
    const version = found instanceof ConfigError ? undefined : found?.version;
    const durationMs = startedAt === undefined ? 0 : this.#clock.now() - startedAt;
    this.#emitter.emit('read', { key, outcome, durationMs, version, operation });
    if (outcome === 'access_denied') this.#emitter.emit('denied', { key, outcome, operation });
  }

  /** An error of a look-up, with what names it. */
  named(error: ConfigError, key: Key, operation: string | undefined): ConfigError {
    return error.with({ provider: this.#provider, key, ...(operation !== undefined && { operation }) });
  }
}

/** A result whose error has the id of the operation. */
const inOperation = <T>(operation: string | undefined, result: Promise<T>): Promise<T> =>
  operation === undefined
    ? result
    : result.catch((error: unknown) => {
        throw identified(error, operation);
      });

const identified = (error: unknown, operation: string | undefined): unknown =>
  isConfigError(error) && operation !== undefined ? error.with({ operation }) : error;

export const outcomeOf = (found: LookupResult): 'ok' | 'absent' | ErrorCode =>
  found instanceof ConfigError ? found.code : found ? 'ok' : 'absent';
