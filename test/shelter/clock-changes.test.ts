import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { type Clock, type ShelterOptions, sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { MemorySecondLevel } from '../../src/testing/memory-second-level.ts';
import { down, FakeSource, failing, hang } from '../support/fake-source.ts';
import { changedLevel, SharedSource } from '../support/shared-store.ts';
import { code, value } from '../support/sheltering.ts';

const hour = 3_600_000;
const day = 24 * hour;
const shifts = [
  ['an hour back', -hour],
  ['a day back', -day],
  ['35 years back', -35 * 365 * day],
  ['an hour ahead', hour],
  ['a day ahead', day],
] as const;

const once = { attempts: 1, breaker: false } as const;
const lease = [{ key: 'creds', document: 'creds', field: '', leased: true as const }];

/** A clock whose timers and `elapsed` go on whatever its time is set to, as those of the system do. */
function settable() {
  const real = manualClock();
  let shiftMs = 0;
  const clock: Clock = { now: () => real.now() + shiftMs, elapsed: real.now, after: real.after };
  return {
    clock,
    advance: real.advance,
    until: real.until,
    shift: (ms: number) => {
      shiftMs += ms;
    },
  };
}

function setUp(options: ShelterOptions = {}, more: Partial<FakeSource> = {}, Source = FakeSource) {
  const { clock, ...time } = settable();
  const source = new Source({ token: 'old', 'a/b': 'old' }, { now: clock.now, ...more });
  const cache = { jitter: 0, ...(options.cache || {}) };
  const provider = sheltered(source, { clock, resilience: once, ...options, cache });
  return { clock, source, provider, ...time };
}
type Set = ReturnType<typeof setUp>;

interface State {
  /** How long it lasts from `start` on. */
  readonly lastsMs: number;
  readonly options?: ShelterOptions;
  readonly more?: Partial<FakeSource>;
  readonly Source?: typeof FakeSource;
  readonly start: (set: Set) => Promise<unknown>;
  readonly isOver: (set: Set) => Promise<boolean>;
}

/** Whether a read makes a request. */
const asks = async ({ provider, source }: Set, key = 'token', options = {}): Promise<boolean> => {
  const before = source.asked.length;
  await code(provider.get(key, options));
  return source.asked.length > before;
};
const fails = async ({ provider }: Set, key = 'token'): Promise<boolean> =>
  (await code(provider.get(key))) !== 'answered';
const startThenDown = async ({ provider, source }: Set): Promise<void> => {
  await provider.get('token');
  source.befall = down;
};
const brokenLevel = (): NonNullable<ShelterOptions['second']> =>
  changedLevel(new MemorySecondLevel(), { ask: async () => Promise.reject(new Error('fake')) });

/** Everything in the shelter that lasts for some time. */
const states: Readonly<Record<string, State>> = {
  'the fresh life of a document': {
    lastsMs: 300_000,
    start: ({ provider }) => provider.get('token'),
    isOver: (set) => asks(set),
  },
  'the fresh life of a document that says how long': {
    lastsMs: 5_000,
    start: async ({ provider, source }) => {
      source.put('token', 'old', { freshMs: 5_000 });
      await provider.get('token');
    },
    isOver: (set) => asks(set),
  },
  'the fresh life of a key in one of several documents': {
    lastsMs: 300_000,
    start: ({ provider }) => provider.get('a.b'),
    isOver: (set) => asks(set, 'a.b'),
  },
  'a remembered absence': {
    lastsMs: 30_000,
    start: ({ provider }) => provider.get('nothing'),
    isOver: (set) => asks(set, 'nothing'),
  },
  'the fresh life of a list': {
    lastsMs: 300_000,
    start: ({ provider }) => provider.list(),
    isOver: async ({ provider, source }) => {
      const before = source.count('page');
      await provider.list();
      return source.count('page') > before;
    },
  },
  'the age of an answer for maxAgeMs': {
    lastsMs: 10_001,
    start: ({ provider }) => provider.get('token'),
    isOver: (set) => asks(set, 'token', { maxAgeMs: 10_000 }),
  },
  'the time in which a document is served while it is read again': {
    lastsMs: 360_000,
    options: { cache: { staleWhileRevalidateMs: 60_000 } },
    start: startThenDown,
    isOver: (set) => fails(set),
  },
  'the time in which a document is served in an outage': {
    lastsMs: 360_000,
    options: { cache: { staleIfErrorMs: 60_000 } },
    start: startThenDown,
    isOver: (set) => fails(set),
  },
  'the time in which an absence counts in an outage': {
    lastsMs: 60_001,
    options: { cache: { absentStaleMs: 60_000 } },
    start: async ({ provider, source }) => {
      await provider.get('nothing');
      source.befall = down;
    },
    isOver: (set) => fails(set, 'nothing'),
  },
  'the life of a document with an end': {
    lastsMs: 20_000,
    options: { cache: { staleIfErrorMs: hour } },
    start: async (set) => {
      set.source.put('token', 'old', { expiresAt: set.clock.now() + 20_000 });
      await startThenDown(set);
    },
    isOver: (set) => fails(set),
  },
  'the life of a long lease': {
    lastsMs: 2 * day,
    more: { places: lease },
    start: async ({ provider, source, clock }) => {
      source.put('creds', '{"user":"u"}', { expiresAt: clock.now() + 2 * day });
      await provider.get('creds.user');
      source.befall = down;
    },
    isOver: (set) => fails(set, 'creds.user'),
  },
  'the time before a lease is renewed by a read': {
    lastsMs: 40_000,
    more: { places: lease },
    start: async ({ provider, source, clock }) => {
      source.put('creds', '{"user":"u"}', { expiresAt: clock.now() + 60_000 });
      await provider.get('creds.user');
    },
    isOver: (set) => asks(set, 'creds.user'),
  },
  'the time before a lease is renewed by a timer': {
    lastsMs: 40_000,
    more: { places: lease },
    start: async ({ provider, source, clock }) => {
      source.put('creds', '{"user":"u"}', { expiresAt: clock.now() + 60_000 });
      provider.watch(() => over.add(provider));
      await provider.get('creds.user');
    },
    // a lease that has ended is reported, and renewed by the next read
    isOver: async ({ provider, source, advance }) => {
      await advance(0);
      return source.asked.length > 1 || over.has(provider);
    },
  },
  'the pause after a denial': {
    lastsMs: 1_000,
    start: async ({ provider, source }) => {
      source.befall = failing('access_denied');
      await code(provider.get('token'));
    },
    isOver: (set) => asks(set),
  },
  'the pause after a refused log-in': {
    lastsMs: 1_000,
    start: async ({ provider, source }) => {
      source.connect = async (_, call) => {
        await source.happen('connect', [], call);
        throw failing('unauthenticated')();
      };
      await code(provider.get('token'));
    },
    isOver: (set) => asks(set),
  },
  'the pause between requests in the background': {
    lastsMs: 1_000,
    options: { cache: { ttlMs: 10, staleWhileRevalidateMs: 10 * day } },
    start: async (set) => {
      await startThenDown(set);
      await set.advance(10);
      await set.provider.get('token');
      await set.advance(0);
    },
    isOver: async (set) => {
      const before = set.source.asked.length;
      await set.provider.get('token').catch(() => undefined);
      await set.advance(0);
      return set.source.asked.length > before;
    },
  },
  'an open circuit': {
    lastsMs: 60_000,
    options: { resilience: { attempts: 1, breaker: { failures: 1 } } },
    start: async ({ provider, source }) => {
      source.befall = down;
      await code(provider.get('token'));
    },
    isOver: (set) => asks(set),
  },
  'the time before the next request may start': {
    lastsMs: 1_000,
    options: { limits: { concurrency: 1, perSecond: 1 } },
    start: async ({ provider, advance }) => {
      await provider.get('token');
      void code(provider.get('other'));
      await advance(0);
    },
    isOver: async ({ source, advance }) => {
      await advance(0);
      return source.asked.length > 1;
    },
  },
  'the time limit of an attempt': {
    lastsMs: 10_000,
    start: async ({ provider, source, advance }) => {
      source.befall = hang;
      void ended(provider, provider.get('token'));
      await advance(0);
    },
    isOver: async ({ provider, advance }) => {
      await advance(0);
      return over.has(provider);
    },
  },
  'the time limit of a request that waits for its turn': {
    lastsMs: 15_000,
    options: { limits: { concurrency: 1 }, resilience: { ...once, timeoutMs: hour, deadlineMs: 15_000 } },
    more: { batch: 1 },
    start: async ({ provider, source, advance }) => {
      source.befall = hang;
      void code(provider.get('token'));
      await advance(0);
      void ended(provider, provider.get('other'));
      await advance(0);
    },
    isOver: async ({ provider, advance }) => {
      await advance(0);
      return over.has(provider);
    },
  },
  'the pause before a request is repeated': {
    lastsMs: 4_000,
    options: { resilience: { attempts: 2, breaker: false } },
    start: async ({ provider, source, advance }) => {
      source.befall = () => {
        throw Object.assign(failure(4_000));
      };
      void code(provider.get('token'));
      await advance(0);
    },
    isOver: async ({ source, advance }) => {
      await advance(0);
      return source.asked.length > 1;
    },
  },
  'the pause of a second level that does not answer': {
    lastsMs: 1_000,
    options: { second: brokenLevel(), cache: { ttlMs: 1, absentTtlMs: 0 } },
    Source: SharedSource,
    start: async ({ provider, until }) => {
      for (let i = 0; i < 3; i++) await until(provider.get(`k${i}`), 0);
    },
    isOver: async ({ provider, until }) => {
      const { failures } = provider.stats().second!;
      await until(provider.get(`l${Math.random()}`), 0);
      return provider.stats().second!.failures > failures;
    },
  },
};

const over = new WeakSet<object>();
const ended = async (set: object, reading: Promise<unknown>): Promise<void> => {
  await code(reading);
  over.add(set);
};
const failure = (retryAfterMs: number): Error =>
  Object.assign(new ConfigError('throttled', 'slow down', { retryAfterMs }));

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  return () => vi.restoreAllMocks();
});

describe.each(shifts)('the clock is set %s', (_, shiftMs) => {
  it.each(Object.entries(states))('in the middle of %s', async (_, state) => {
    const { lastsMs, options, more, Source, start, isOver } = state;
    const set = setUp(options, more, Source);
    await start(set);
    await set.advance(lastsMs / 2);
    set.shift(shiftMs);
    if (shiftMs < 0) {
      await set.advance(lastsMs / 2 - 1);
      expect(await isOver(set)).toBe(false);
      await set.advance(1);
    } else await set.advance(lastsMs / 2);
    expect(await isOver(set)).toBe(true);
    set.source.befall = () => undefined;
    await set.provider.close();
  });
});

describe.each(shifts)('after the clock was set %s', (_, shiftMs) => {
  it('people see the times of the system, and no duration is negative', async () => {
    const { provider, source, clock, advance, shift } = setUp({}, { ping: async () => undefined });
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    const changes: number[] = [];
    provider.watch(({ time }) => changes.push(time));
    await provider.get('other');
    source.befall = ({ operation }) => operation === 'read' && shift(shiftMs);
    await advance(1_000);
    await provider.get('token');
    source.befall = () => undefined;
    await provider.set('token', 'new');
    expect((await provider.get('token'))?.readAt).toBe(clock.now());
    expect(changes).toEqual([clock.now()]);
    expect(events.at(-1)?.time).toBe(clock.now());
    expect((await provider.health()).checkedAt).toBe(clock.now());
    for (const event of events) expect(event.durationMs ?? 0).toBeGreaterThanOrEqual(0);
    await advance(500);
    expect(provider.status('token')).toMatchObject({ ageMs: 500 });
  });

  it('a new document lives as long as its store says', async () => {
    const set = setUp();
    await set.provider.get('other');
    set.shift(shiftMs);
    set.source.put('token', 'old', { expiresAt: set.clock.now() + 20_000 });
    await startThenDown(set);
    await set.advance(19_999);
    expect(await value(set.provider.get('token'))).toBe('old');
    await set.advance(1);
    expect(await fails(set)).toBe(true);
  });
});
