// `shared`: what the processes of an application share over Redis. Made by applications, and given to
// providers as the option `second`. Redis is never the reason of a failure: without it, each process does
// what it does alone.

import { ConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import { Emitter } from '../../internal/listeners.ts';
import { anInteger, anything, aString, checkOptions } from '../../internal/options.ts';
import { type KeySource, KeySources } from '../../sealing/key-sources.ts';
import { aClock, type Clock, systemClock } from '../../shelter/clock.ts';
import type { SecondLevel } from '../../shelter/second-level.ts';
import type { SharedLedger } from '../../shelter/shared-ledger.ts';
import type { SharedPace } from '../../shelter/shared-pace.ts';
import type { RedisClient } from './client.ts';
import { connectionOf } from './connection.ts';
import { RedisLevel } from './level.ts';

/** Options of `shared`. */
export interface SharedOptions {
  /** Wraps the data key of the domain: a key service, or a key in a file. Who can unwrap with it can read
   *  everything that the domain shares. Several during a rotation: the first one wraps. */
  readonly keys: KeySource | readonly KeySource[];
  /** Names those who may read whatever any of them may read. Processes with different rights at the store
   *  need different domains, and different keys. */
  readonly domain: string;
  /** The start of all keys and channels in Redis. @default 'llm-config' */
  readonly prefix?: string;
  /** The source of time, for tests. @default the system's clock */
  readonly clock?: Clock;
}

/** Options of `pace`. */
export interface PaceOptions {
  /** The number of processes. Each takes its share of the limit while Redis is away. @default what Redis has
   *  counted, else 1 */
  readonly processes?: number;
}

/** What processes share over Redis. */
export interface Shared extends SecondLevel, AsyncDisposable {
  /** A pace that all processes with this prefix keep together, for `limits.shared`. Name what the store
   *  counts: the account and region, not the process.
   *  @throws ConfigError `invalid_option` */
  pace(name: string, options?: PaceOptions): SharedPace;
  /** A ledger that all processes with this prefix keep together, for the budgets of language models. Its
   *  amounts are not encrypted; names of accounts are hashed.
   *  @throws ConfigError `invalid_option` */
  ledger(name: string): SharedLedger;
  /** Makes a new data key and drops the others. All that is shared is read from the stores again.
   *  @throws ConfigError `unavailable` */
  rotate(): Promise<void>;
  /** Reports, as `notice`, what needs a person: contents that others have changed, a key that does not
   *  unwrap, a server that refuses writes. Each once. */
  on(listener: (event: ConfigEvent) => void): Disposable;
  /** Ends the subscription and the connections that this has opened. Your client stays open. */
  close(): Promise<void>;
}

/** Shares what providers read with other processes, encrypted, over a Redis or Valkey server. `client` is a
 *  client of `redis` 6 or `ioredis` 6, for a single server, Sentinel or a cluster. It is connected on first
 *  use, and you close it.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const client = createClient({ url: 'redis://127.0.0.1:6379' });
 *  const second = shared(client, { keys: kmsKey({ keyId: 'alias/config' }), domain: 'inference-prod' });
 *  const vault = new VaultProvider({ path: 'acme/', second });
 *  @see MemorySecondLevel shares within one process, for tests. */
export function shared(client: RedisClient, options: SharedOptions): Shared {
  checkOptions('shared', options, { keys: anything, domain: aString, prefix: aString, clock: aClock });
  const { keys, domain, prefix = 'llm-config', clock = systemClock } = options;
  for (const [name, value] of Object.entries({ keys, domain }))
    if (value === undefined)
      throw new ConfigError('invalid_option', `shared: the option ${name} is missing`, {
        hint: missing[name as keyof typeof missing],
      });
  if (/[{}\s]/.test(prefix))
    throw new ConfigError('invalid_option', 'shared: the option prefix has a brace or a space', {
      hint: "Use letters, digits, '-', '_', ':' and '.'",
    });
  const emitter = new Emitter('redis', 'provider');
  const level = new RedisLevel({
    connection: connectionOf(client),
    sources: new KeySources(keys, 'shared'),
    domain,
    prefix,
    clock,
    notice: (message) => emitter.notice(message),
  });
  const close = async (): Promise<void> => level.close();
  return {
    ask: (names, asking) => level.ask(names, asking),
    keep: (contents) => level.keep(contents),
    failed: (names) => level.failed(names),
    invalidate: (names) => level.invalidate(names),
    watch: (onInvalidated) => level.watch(onInvalidated),
    pace: (name, given = {}) => {
      checkOptions('pace', { name, ...given }, { name: aString, processes: anInteger(1) });
      return level.pace(name, given.processes ?? 1);
    },
    ledger: (name) => {
      checkOptions('ledger', { name }, { name: aString });
      return level.ledger(name);
    },
    rotate: () => level.rotate(),
    on: (listener) => emitter.on(listener),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const missing = {
  keys: "Set keys to a KeyWrapper such as kmsKey({ keyId }), or to { file: 'path' }",
  domain: 'Set domain to a name for those who may read the same, such as inference-prod',
};
