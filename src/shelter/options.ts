// The options of a shelter, their checks and defaults. Used by every remote provider, which spreads
// `shelterOptionChecks` into its own checks.

import { ConfigError } from '../errors.ts';
import {
  aFunction,
  aNumber,
  anInteger,
  type Check,
  checkOptions,
  defined,
  maxTimerMs,
  oneOf,
} from '../internal/options.ts';
import { aClock, type Clock, type SteadyClock, steadied, systemClock } from './clock.ts';
import type { Limits } from './port.ts';
import type { SecondLevel } from './second-level.ts';
import type { SharedPace } from './shared-pace.ts';

/** How long documents are cached, and when old ones may be served. */
export interface CacheOptions {
  /** How long a document is served without asking the store again. @default 300_000 */
  readonly ttlMs?: number;
  /** How long the cache remembers that a document does not exist. @default 30_000 */
  readonly absentTtlMs?: number;
  /** The number of cached documents. The least recently used is dropped first. @default 10_000 */
  readonly max?: number;
  /** Random spread of `ttlMs`, as a share of it, so that documents read together do not expire together.
   *  @default 0.1 */
  readonly jitter?: number;
  /** How long an expired document is still served while it is read again in the background. @default 0 */
  readonly staleWhileRevalidateMs?: number;
  /** How long an expired document is served while the store is down; at most an hour. @default 0 */
  readonly staleIfErrorMs?: number;
  /** How long ago the store may have reported that a document does not exist, for that to count while the
   *  store is down; at most an hour. @default 0 */
  readonly absentStaleMs?: number;
  /** What to serve when a document that the store had is absent: that it is absent, or with `hold` the old
   *  document for `staleIfErrorMs`, as long as nothing of what the cache holds is found again. A store that
   *  was restarted empty looks like that. Either way, `vanished` is emitted.
   *  @default 'accept' */
  readonly vanished?: 'accept' | 'hold';
}

/** When the circuit opens, and for how long. */
export interface BreakerOptions {
  /** The number of failures in a row that opens the circuit. @default 5 */
  readonly failures?: number;
  /** How long the circuit stays open before one request may probe the store: once to twice as long before the
   *  first probe of an outage, at random, and up to a tenth longer before each later one.
   *  @default 60_000 */
  readonly resetMs?: number;
}

/** Attempts, pauses, time limits and the circuit breaker of requests. */
export interface ResilienceOptions {
  /** The number of attempts, including the first. @default 3 */
  readonly attempts?: number;
  /** The pause between attempts, jittered: `initialMs`, then `factor` times longer each time, at most
   *  `maxMs`.
   *  @default { initialMs: 100, maxMs: 10_000, factor: 2 } */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number; readonly factor?: number };
  /** The time limit of one attempt. @default 10_000 */
  readonly timeoutMs?: number;
  /** The time limit of queue, log-in and all attempts together. @default 15_000 */
  readonly deadlineMs?: number;
  /** When to stop asking a store that is down; `false` never stops.
   *  @default { failures: 5, resetMs: 60_000 } */
  readonly breaker?: BreakerOptions | false;
}

/** Makes requests in place of the attempts, pauses, time limits and breaker of `ResilienceOptions`. Policies
 *  of cockatiel have this shape. Cache, pace and deadline stay.
 *  @example
 *  const limit = timeout(2_000, TimeoutStrategy.Aggressive);
 *  const policy = wrap(retry(transient, { maxAttempts: 4 }), breaker, limit);
 *  const vault = new VaultProvider({ path: 'acme/', resilience: policy }); */
export interface RequestPolicy {
  /** Makes one request. Each call of `request` is an attempt: it ends with `context.signal`, and its failure
   *  is a ConfigError. The first attempt that succeeds ends the request, and without one it fails. `signal`
   *  ends with the request. A write is repeated only after `throttled`, however often `request` is called. */
  execute<T>(
    request: (context: { readonly signal: AbortSignal }) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
  /** The time limit of queue, log-in and all attempts together. @default 15_000 */
  readonly deadlineMs?: number;
}

/** Options of every remote provider. `false` turns a part off. */
export interface ShelterOptions {
  /** How long documents are cached; `false` caches nothing.
   *  @default five minutes, for missing documents half a minute */
  readonly cache?: CacheOptions | false;
  /** Attempts, pauses, time limits and the breaker, or a policy of your own, such as one of cockatiel;
   *  `false` asks once, without a limit.
   *  @default three attempts in 15 seconds */
  readonly resilience?: ResilienceOptions | RequestPolicy | false;
  /** Requests at a time (`concurrency`) and started per second (`perSecond`), by this process or by several
   *  together (`shared`).
   *  @default the store's own pace, else `{ concurrency: 16 }` */
  readonly limits?: Partial<Limits>;
  /** A cache that several processes share. Asked for what is not in memory, before the store is. Needs a
   *  `cache`, and a source that has an identity.
   *  @default none */
  readonly second?: SecondLevel;
  /** The source of time, for tests. @default the system's clock */
  readonly clock?: Clock;
}

type All<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** ShelterOptions with all defaults filled in. */
export interface Settings {
  readonly cache: All<CacheOptions> | false;
  readonly resilience:
    | (Omit<All<ResilienceOptions>, 'backoff' | 'breaker'> & {
        readonly backoff: All<NonNullable<ResilienceOptions['backoff']>>;
        readonly breaker: All<BreakerOptions> | false;
      })
    | false;
  /** Makes each request. `resilience` then has only the deadline. */
  readonly policy: RequestPolicy | undefined;
  readonly limits: Limits;
  readonly second: SecondLevel | undefined;
  readonly clock: SteadyClock;
}

const cacheDefaults = {
  ttlMs: 300_000,
  absentTtlMs: 30_000,
  max: 10_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  absentStaleMs: 0,
  vanished: 'accept' as const,
};
const backoffDefaults = { initialMs: 100, maxMs: 10_000, factor: 2 };
const breakerDefaults = { failures: 5, resetMs: 60_000 };
/** What is left of the resilience of a shelter whose policy makes the requests. */
const underPolicy: ResilienceOptions = { attempts: 1, timeoutMs: Number.POSITIVE_INFINITY, breaker: false };
const resilienceDefaults = { attempts: 3, timeoutMs: 10_000, deadlineMs: 15_000 };

const time = aNumber(0, maxTimerMs);
const positiveTime = aNumber(1, maxTimerMs);
const upToAnHour = aNumber(0, 3_600_000);

const group =
  (name: string, allowed: Readonly<Record<string, Check>>, mayBeFalse: boolean): Check =>
  (value) => {
    if (mayBeFalse && value === false) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return mayBeFalse ? 'an object or false' : 'an object';
    checkOptions(name, value, allowed);
    return undefined;
  };

const ownResilience = group(
  'resilience',
  {
    attempts: anInteger(1, 100),
    backoff: group(
      'resilience.backoff',
      { initialMs: positiveTime, maxMs: positiveTime, factor: aNumber(1, 10) },
      false,
    ),
    timeoutMs: positiveTime,
    deadlineMs: positiveTime,
    breaker: group('resilience.breaker', { failures: anInteger(1), resetMs: positiveTime }, true),
  },
  true,
);

const isPolicy = (value: unknown): value is RequestPolicy =>
  typeof value === 'object' && value !== null && 'execute' in value;

/** A policy may have properties of its own. */
const policyCheck = (policy: RequestPolicy): undefined => {
  const { execute, deadlineMs } = policy;
  const mixed = ['attempts', 'backoff', 'timeoutMs', 'breaker'].find((name) => name in policy);
  if (mixed)
    throw new ConfigError('invalid_option', `resilience: execute and ${mixed} exclude each other`, {
      hint: `Remove ${mixed}, and let the policy do it`,
    });
  checkOptions('resilience', { execute, deadlineMs }, { execute: aFunction, deadlineMs: positiveTime });
};

const operations = ['ask', 'keep', 'failed', 'invalidate', 'watch'] as const;
const aSecondLevel: Check = (value) =>
  operations.every((name) => typeof (value as SecondLevel | null)?.[name] === 'function')
    ? undefined
    : `an object with ${operations.join(', ')}`;

const aSharedPace: Check = (value) =>
  typeof (value as SharedPace | null)?.take === 'function' ? undefined : 'an object with take';

/** Checks to spread into those of a remote provider: `checkOptions('VaultProvider', options, { …,
 *  ...shelterOptionChecks })`. */
export const shelterOptionChecks: Readonly<
  Record<'cache' | 'resilience' | 'limits' | 'second' | 'clock', Check>
> = {
  cache: group(
    'cache',
    {
      ttlMs: time,
      absentTtlMs: time,
      max: anInteger(1, 10_000_000),
      jitter: aNumber(0, 0.5),
      staleWhileRevalidateMs: time,
      staleIfErrorMs: upToAnHour,
      absentStaleMs: upToAnHour,
      vanished: oneOf('accept', 'hold'),
    },
    true,
  ),
  resilience: (value) => (isPolicy(value) ? policyCheck(value) : ownResilience(value)),
  limits: group(
    'limits',
    { concurrency: anInteger(1), perSecond: aNumber(0.001), shared: aSharedPace },
    false,
  ),
  second: aSecondLevel,
  clock: aClock,
};

/** Checks the options and fills in the defaults. `pace`: the store's own. */
export function settingsOf(
  owner: string,
  options: ShelterOptions,
  pace: Partial<Limits> | undefined,
): Settings {
  checkOptions(owner, options, shelterOptionChecks);
  const { cache, second } = options;
  const [resilience, policy] = isPolicy(options.resilience)
    ? [defined({ ...underPolicy, deadlineMs: options.resilience.deadlineMs }), options.resilience]
    : [options.resilience, undefined];
  if (second && cache === false)
    throw new ConfigError('invalid_option', `${owner}: the option second needs a cache`, {
      hint: 'Remove cache: false. Its ttlMs says how long a shared document is fresh',
    });
  if (cache && cache.vanished === 'hold' && !cache.staleIfErrorMs)
    throw new ConfigError(
      'invalid_option',
      `${owner}: the option cache.vanished needs cache.staleIfErrorMs`,
      {
        hint: "Set staleIfErrorMs: with 'hold', it says for how long",
      },
    );
  const limits = { concurrency: 16, ...defined(pace), ...defined(options.limits) };
  if (limits.shared && limits.perSecond === undefined)
    throw new ConfigError('invalid_option', `${owner}: the option limits.shared needs limits.perSecond`, {
      hint: 'Set perSecond to what all processes together may start in a second',
    });
  return {
    cache: cache !== false && { ...cacheDefaults, ...defined(cache) },
    resilience: resilience !== false && {
      ...resilienceDefaults,
      ...defined(resilience),
      backoff: { ...backoffDefaults, ...defined(resilience?.backoff) },
      breaker: resilience?.breaker !== false && { ...breakerDefaults, ...defined(resilience?.breaker) },
    },
    policy,
    limits,
    second,
    clock: steadied(options.clock ?? systemClock),
  };
}

/** Picks the shelter's options out of those of a remote provider. */
export function shelterOptionsOf(options: ShelterOptions): ShelterOptions {
  const { cache, resilience, limits, second, clock } = options;
  return defined({ cache, resilience, limits, second, clock });
}
