import { aNumber, anInteger, type Check, checkOptions } from '../internal/options.ts';
import { aClock, type Clock, systemClock } from './clock.ts';
import type { Limits } from './port.ts';

export interface CacheOptions {
  /** How long an answer is served without asking again. @default 300_000 */
  readonly ttlMs?: number;
  /** How long "there is none" is remembered. @default 30_000 */
  readonly absentTtlMs?: number;
  /** Documents held at once; the least recently used goes first. @default 10_000 */
  readonly max?: number;
  /** Spread of each life, so that what was read together does not end together. @default 0.1 */
  readonly jitter?: number;
  /** How long after its life an answer is still served at once, while it is read anew behind it. @default 0 */
  readonly staleWhileRevalidateMs?: number;
  /** How long after its life an answer is served when the backend is down; at most an hour. @default 0 */
  readonly staleIfErrorMs?: number;
}

export interface BreakerOptions {
  /** Failures in a row that open it. @default 5 */
  readonly failures?: number;
  /** How long it stays open before one request may probe, and up to a tenth longer. @default 60_000 */
  readonly resetMs?: number;
}

export interface ResilienceOptions {
  /** Tries in all, the first one included. @default 3 */
  readonly attempts?: number;
  /** The pause before the next try: `initialMs`, each time `factor` times longer, at most `maxMs`, jittered.
   *  @default { initialMs: 100, maxMs: 10_000, factor: 2 } */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number; readonly factor?: number };
  /** How long one attempt may take. @default 10_000 */
  readonly timeoutMs?: number;
  /** How long queue, log-in and all attempts may take together. @default 15_000 */
  readonly deadlineMs?: number;
  /** When to stop asking a backend that is down; `false`: never. @default { failures: 5, resetMs: 60_000 } */
  readonly breaker?: BreakerOptions | false;
}

/** What every remote provider offers; `false` turns a part off. */
export interface ShelterOptions {
  /** How long answers are kept; `false` keeps none. @default five minutes, for absence half a minute */
  readonly cache?: CacheOptions | false;
  /** Attempts, pauses, time-outs and the breaker; `false` asks once and waits. @default three attempts in 15 seconds */
  readonly resilience?: ResilienceOptions | false;
  /** Requests at once (`concurrency`) and starts a second (`perSecond`). @default the backend's own pace, else `{ concurrency: 16 }` */
  readonly limits?: Partial<Limits>;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}

type All<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

export interface Settings {
  readonly cache: All<CacheOptions> | false;
  readonly resilience:
    | (Omit<All<ResilienceOptions>, 'backoff' | 'breaker'> & {
        readonly backoff: All<NonNullable<ResilienceOptions['backoff']>>;
        readonly breaker: All<BreakerOptions> | false;
      })
    | false;
  readonly limits: Limits;
  readonly clock: Clock;
}

const cacheDefaults = {
  ttlMs: 300_000,
  absentTtlMs: 30_000,
  max: 10_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
};
const backoffDefaults = { initialMs: 100, maxMs: 10_000, factor: 2 };
const breakerDefaults = { failures: 5, resetMs: 60_000 };
const resilienceDefaults = { attempts: 3, timeoutMs: 10_000, deadlineMs: 15_000 };

const time = aNumber(0, 2 ** 31 - 1);
const some = aNumber(1, 2 ** 31 - 1);

const part =
  (name: string, allowed: Readonly<Record<string, Check>>, off: boolean): Check =>
  (value) => {
    if (off && value === false) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return off ? 'an object or false' : 'an object';
    checkOptions(name, value, allowed);
    return undefined;
  };

/** To spread into a remote provider's own checks: `checkOptions('VaultProvider', options, { …, ...shelterOptionChecks })`. */
export const shelterOptionChecks: Readonly<Record<'cache' | 'resilience' | 'limits' | 'clock', Check>> = {
  cache: part(
    'cache',
    {
      ttlMs: time,
      absentTtlMs: time,
      max: anInteger(1, 10_000_000),
      jitter: aNumber(0, 0.5),
      staleWhileRevalidateMs: time,
      staleIfErrorMs: aNumber(0, 3_600_000),
    },
    true,
  ),
  resilience: part(
    'resilience',
    {
      attempts: anInteger(1, 100),
      backoff: part('resilience.backoff', { initialMs: some, maxMs: some, factor: aNumber(1, 10) }, false),
      timeoutMs: some,
      deadlineMs: some,
      breaker: part('resilience.breaker', { failures: anInteger(1), resetMs: some }, true),
    },
    true,
  ),
  limits: part('limits', { concurrency: anInteger(1), perSecond: aNumber(0.001) }, false),
  clock: aClock,
};

/** What the options come to, defaults filled in. */
export function settingsOf(
  owner: string,
  options: ShelterOptions,
  pace: Partial<Limits> | undefined,
): Settings {
  checkOptions(owner, options, shelterOptionChecks);
  const { cache, resilience } = options;
  return {
    cache: cache !== false && { ...cacheDefaults, ...given(cache) },
    resilience: resilience !== false && {
      ...resilienceDefaults,
      ...given(resilience),
      backoff: { ...backoffDefaults, ...given(resilience?.backoff) },
      breaker: resilience?.breaker !== false && { ...breakerDefaults, ...given(resilience?.breaker) },
    },
    limits: { concurrency: 16, ...given(pace), ...given(options.limits) },
    clock: options.clock ?? systemClock,
  };
}

/** The part of a remote provider's options that is the shelter's. */
export function shelterOptionsOf(options: ShelterOptions): ShelterOptions {
  const { cache, resilience, limits, clock } = options;
  return given({ cache, resilience, limits, clock });
}

function given<T extends object>(options: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as never;
}
