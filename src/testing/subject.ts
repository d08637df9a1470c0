// What a suite receives from `make`: a provider over a fresh backend, and the levers of that backend.

import type { ConfigProvider } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';

/** The initial content of a backend: values by key. */
export type Values = Readonly<Record<Key, ConfigValue>>;

/** How a whole backend fails. A fault applies to every request until it is reset. */
export type BackendFault = 'denied' | 'unavailable' | 'throttled' | 'hang' | 'garbage' | 'closing';

/** A provider over a fresh backend, with the levers that control the backend. A suite that lacks a
 *  lever gives the reason in `without`; a sentence that needs the lever fails otherwise.
 *  @example
 *  const made: Subject = {
 *    provider: new AcmeProvider({ client, clock }),
 *    change: (key, value) => client.put(key, value),
 *    fail: (fault) => client.failWith(fault),
 *    advance: (ms) => clock.advance(ms),
 *  }; */
export interface Subject {
  readonly provider: ConfigProvider;
  /** Changes the backend behind the provider. `undefined` removes the key. */
  readonly change?: (key: Key, value: ConfigValue | undefined) => void | Promise<void>;
  /** Makes every request fail from now on; `undefined` ends the fault. For `garbage`, cut the true
   *  response short: this finds a parser that quotes values in its errors. */
  readonly fail?: (fault: BackendFault | undefined) => void | Promise<void>;
  /** Makes one existing key unreadable from now on: denied, disabled, impossible to decrypt. */
  readonly damage?: (key: Key) => void | Promise<void>;
  /** Writes a new version behind the provider, and returns the name of the previous version. */
  readonly rotate?: (key: Key, value: ConfigValue) => string | Promise<string>;
  /** Stores a value that expires after `lifeMs`. */
  readonly lend?: (key: Key, value: ConfigValue, lifeMs: number) => void | Promise<void>;
  /** The number of requests that the backend has received. */
  readonly requests?: () => number;
  /** Advances the clock that the provider was given. Without it, the suite waits in real time. */
  readonly advance?: (ms: number) => void | Promise<void>;
  /** The step by which the suite advances the clock while it waits for a backend that responds in real time.
   *  @default growing steps, from 10 ms to one minute */
  readonly paceMs?: number;
  /** Cleans up, after the provider has been closed. */
  readonly dispose?: () => void | Promise<void>;
}
