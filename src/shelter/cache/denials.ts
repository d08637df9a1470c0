// Denials of a store, remembered for a second, then for up to half a minute, so that readers who are refused
// do not ask without a pause. Used by single-flight-cache.ts, by id. A denial is never an absence, and a new
// log-in ends it.

import { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import type { Clock } from '../clock.ts';

interface Denial {
  readonly error: ConfigError;
  readonly key: Key;
  readonly at: number;
  readonly pauseMs: number;
  /** The log-in that was refused. */
  readonly epoch: number;
}

export interface DenialsParts {
  readonly clock: Clock;
  /** How many are remembered. The oldest is forgotten first. */
  readonly max: number;
  /** The number of log-ins so far. */
  readonly epoch: () => number;
}

const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

export class Denials {
  readonly #parts: DenialsParts;
  readonly #known = new Map<string, Denial>();

  constructor(parts: DenialsParts) {
    this.#parts = parts;
  }

  /** The error of a denial during its pause, if it is young enough. */
  of(id: string, maxAgeMs = Number.POSITIVE_INFINITY): ConfigError | undefined {
    const denial = this.#known.get(id);
    if (!denial || denial.epoch !== this.#parts.epoch()) return undefined;
    const ageMs = this.#parts.clock.now() - denial.at;
    return ageMs < denial.pauseMs && ageMs <= maxAgeMs
      ? announced(denial.error, denial.pauseMs - ageMs)
      : undefined;
  }

  /** The pause is twice the last one. */
  add(id: string, key: Key, error: ConfigError): void {
    const { clock, max, epoch: current } = this.#parts;
    const before = this.#known.get(id);
    const epoch = current();
    const pauseMs = before?.epoch === epoch ? Math.min(maxPauseMs, before.pauseMs * 2) : firstPauseMs;
    this.#known.delete(id);
    this.#known.set(id, { error, key, at: clock.now(), pauseMs, epoch });
    for (const oldest of this.#known.keys())
      if (this.#known.size > max) this.#known.delete(oldest);
      else break;
  }

  delete(id: string): void {
    this.#known.delete(id);
  }

  /** Forgets those that match. */
  forget(matches: (id: string, key: Key) => boolean): void {
    for (const [id, { key }] of this.#known) if (matches(id, key)) this.#known.delete(id);
  }
}

/** The error, with when the store is asked again. */
function announced(error: ConfigError, leftMs: number): ConfigError {
  const { code, message, hint, provider, key, origin } = error;
  const what = hint !== undefined && message.endsWith(hint) ? message.slice(0, -hint.length) : message;
  const when = `the store is asked again in ${Math.ceil(leftMs / 1_000)} s`;
  return new ConfigError(code, `${what.trimEnd().replace(/\.$/, '')}; ${when}`, {
    retryAfterMs: Math.ceil(leftMs),
    cause: error,
    ...(hint !== undefined && { hint }),
    ...(provider !== undefined && { provider }),
    ...(key !== undefined && { key }),
    ...(origin && { origin }),
  });
}
