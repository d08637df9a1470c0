// How new the answers are that a reload accepts: after a change, at a poll, and when it is called.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type Config,
  ConfigError,
  type ConfigEvent,
  type ConfigProvider,
  EnvProvider,
  fallback,
  intercepted,
  type ListOptions,
  loadConfig,
  MemoryProvider,
  mounted,
  optional,
  ProviderChain,
  scoped,
  type WatchOptions,
} from '../../src/index.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import type { CacheOptions } from '../../src/shelter/index.ts';
import { down, type FakeSource } from '../support/fake-source.ts';
import { sheltering } from '../support/sheltering.ts';
import { until } from '../support/until.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const schema = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
const configs: { close(): Promise<void> }[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await Promise.all(configs.splice(0).map((config) => config.close()));
});

/** A store with five documents that reports its changes, and configurations that share its shelter. */
async function watching(count: number, watch: WatchOptions, cache: CacheOptions | false = {}) {
  let report: (documents: readonly string[]) => void = () => undefined;
  const more: Partial<FakeSource> = {
    batch: 1,
    places: names.map((name) => ({ key: name, document: name, field: '' })),
    watch: (changed) => {
      report = changed;
      return () => undefined;
    },
  };
  const documents = Object.fromEntries(names.map((name) => [name, '0']));
  const shelter = sheltering(
    documents,
    { cache: cache && { ttlMs: 3_600_000, ...cache }, resilience: { attempts: 1 } },
    more,
  );
  const events: ConfigEvent[] = [];
  const loaded: Config<Record<string, string>>[] = [];
  for (let i = 0; i < count; i++) {
    const chain = new ProviderChain([shelter.provider], { closeProviders: false });
    loaded.push(await loadConfig(schema, chain, { watch, on: (event) => void events.push(event) }));
  }
  configs.push(...loaded);
  shelter.source.asked.length = 0;
  const has = (value: string): Promise<void> =>
    until(`all have ${value}`, () => loaded.every((config) => config.value.a === value));
  const pass = async (ms: number): Promise<void> => {
    await shelter.clock.advance(ms);
    await vi.advanceTimersByTimeAsync(ms);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    ...shelter,
    loaded,
    events,
    has,
    pass,
    report: (documents: readonly string[]) => report(documents),
  };
}

const loads = (events: readonly ConfigEvent[], type: ConfigEvent['type']): number =>
  events.filter((event) => event.layer === 'config' && event.type === type).length;

describe('a reload after a change', () => {
  it('twenty configurations read each document once after a change of anything', async () => {
    const { source, report, has, pass } = await watching(20, { settleMs: 5 });
    source.put('a', '1');
    report([]);
    await pass(10);
    await has('1');
    expect(source.count('read')).toBe(5);
  });

  it('twenty configurations read the one document that changed', async () => {
    const { source, report, has, pass } = await watching(20, { settleMs: 5 });
    source.put('a', '1');
    report(['a']);
    await pass(10);
    await has('1');
    expect(source.asked.map(({ documents }) => documents)).toEqual([['a']]);
  });

  it('without a cache, configurations that reload at the same time share their requests', async () => {
    const { source, report, has, pass } = await watching(20, { settleMs: 5 }, false);
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    source.befall = () => gate;
    source.put('a', '1');
    report([]);
    await pass(10);
    answer();
    await has('1');
    expect(source.count('read')).toBe(5);
  });

  it('a change that an outage hides is retried, also where stale values may be served', async () => {
    const { source, report, loaded, events, has, pass } = await watching(
      1,
      { settleMs: 5 },
      { staleIfErrorMs: 3_600_000 },
    );
    source.put('a', '1');
    source.befall = down;
    report(['a']);
    await pass(10);
    await until('it failed', () => loads(events, 'refresh_failed') === 1);
    expect(loaded[0]?.value.a).toBe('0');
    source.befall = () => undefined;
    await pass(2_500);
    await has('1');
  });

  it('reload asks the source for everything', async () => {
    const { source, loaded } = await watching(1, { settleMs: 5 });
    await loaded[0]?.reload();
    expect(source.count('read')).toBe(5);
  });
});

describe('a poll', () => {
  const pollMs = 60_000;

  it('configurations with the same store share the requests of their polls', async () => {
    const { source, pass } = await watching(20, { pollMs });
    await pass(pollMs);
    expect(source.count('read')).toBe(5);
    await pass(pollMs);
    expect(source.count('read')).toBe(10);
  });

  it('a poll sees a change within its interval', async () => {
    const { source, has, pass } = await watching(1, { pollMs });
    await pass(1_000);
    source.put('a', '1');
    await pass(pollMs - 1_000);
    await has('1');
  });

  it('a poll accepts an answer of half an interval, and asks the store for an older one', async () => {
    const { source, provider, clock, has, pass } = await watching(1, { pollMs });
    await clock.advance(pollMs / 2);
    await provider.get('a', { maxAgeMs: 0 });
    source.asked.length = 0;
    source.put('a', '1');
    await clock.advance(pollMs / 2 - 1);
    await vi.advanceTimersByTimeAsync(pollMs);
    await until('the others are read', () => source.asked.length === 4);
    expect(source.asked.map(({ documents }) => documents[0])).toEqual(['b', 'c', 'd', 'e']);
    await pass(pollMs);
    await has('1');
  });

  it('a poll fails during an outage instead of accepting an old answer', async () => {
    const { source, events, pass } = await watching(1, { pollMs }, { staleIfErrorMs: 3_600_000 });
    source.befall = down;
    await pass(pollMs);
    await until('it failed', () => loads(events, 'refresh_failed') === 1);
  });
});

describe('a local source', () => {
  const asked = (name: string, local: boolean, more: Partial<ConfigProvider> = {}) => {
    const lists: (ListOptions | undefined)[] = [];
    let change: () => void = () => undefined;
    const provider: ConfigProvider = {
      name,
      local,
      get: async () => undefined,
      list: async (_prefix, options) => {
        lists.push(options);
        return [];
      },
      watch: (onChange) => {
        change = () => onChange({ provider: name, time: 0 });
        return { [Symbol.dispose]: () => undefined };
      },
      ...more,
    };
    return { provider, lists, change: () => change() };
  };
  const ages = (lists: readonly (ListOptions | undefined)[]) => lists.map((options) => options?.maxAgeMs);

  it.each<[string, (provider: ConfigProvider) => ConfigProvider]>([
    ['alone', (provider) => provider],
    [
      'in a nested chain',
      (provider) => new ProviderChain([new ProviderChain([provider], { name: 'inner' })], { name: 'outer' }),
    ],
    ['in optional', optional],
    ['in an optional chain', (provider) => optional(new ProviderChain([provider], { name: 'inner' }))],
    ['in scoped', (provider) => scoped(provider, 'x')],
    ['in mounted', (provider) => mounted(provider, 'x')],
    ['in unsealed', (provider) => unsealed(provider)],
    ['in intercepted', (provider) => intercepted(provider, (_, next) => next())],
    ['as the first of fallback', (provider) => fallback(provider, new MemoryProvider({}, { name: 'm' }))],
  ])('a local source is read again after a change: %s', async (_, wrap) => {
    const local = asked('local', true);
    const remote = asked('remote', false);
    configs.push(await loadConfig([wrap(local.provider), remote.provider], { watch: { settleMs: 5 } }));
    remote.change();
    await vi.advanceTimersByTimeAsync(10);
    await until('both are read', () => local.lists.length === 2 && remote.lists.length === 2);
    expect(ages(local.lists)).toEqual([undefined, 0]);
    expect(ages(remote.lists)).toEqual([undefined, undefined]);
  });

  it('the second of fallback is read again, and a remote first is not', async () => {
    const fail = async (): Promise<never> => {
      throw new ConfigError('unavailable', 'down');
    };
    const first = asked('first', false, { list: fail });
    const second = asked('second', true);
    configs.push(await loadConfig([fallback(first.provider, second.provider)], { watch: { settleMs: 5 } }));
    second.change();
    await vi.advanceTimersByTimeAsync(10);
    await until('it is read', () => second.lists.length === 2);
    expect(ages(second.lists)).toEqual([undefined, 0]);
  });

  it('fallback is local only if both of its providers are', () => {
    const [local, remote] = [asked('local', true).provider, asked('remote', false).provider];
    const memory = new MemoryProvider();
    expect([
      fallback(local, memory).local,
      fallback(local, remote).local,
      fallback(remote, local).local,
    ]).toEqual([true, false, false]);
  });

  it('a change of one source shows that the file of another is broken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'freshness-'));
    const file = join(folder, 'config.json');
    try {
      await writeFile(file, '{"n": 1}');
      const memory = new MemoryProvider({ m: 1 });
      const events: ConfigEvent[] = [];
      const config = await loadConfig([new BundleProvider(file), memory], {
        watch: { settleMs: 5 },
        on: (event) => events.push(event),
      });
      configs.push(config);
      await writeFile(file, '{"n":');
      await memory.set('m', 2);
      await vi.advanceTimersByTimeAsync(10);
      await until('it failed', () => events.some(({ outcome }) => outcome === 'parse'));
      expect(config.value).toEqual({ n: 1, m: 1 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('a change of one source reads the environment again', async () => {
    const env: Record<string, string> = { APP__N: '1' };
    const memory = new MemoryProvider({ m: 1 });
    const config = await loadConfig([new EnvProvider({ prefix: 'APP', env }), memory], {
      watch: { settleMs: 5 },
    });
    configs.push(config);
    env.APP__N = '2';
    await memory.set('m', 2);
    await vi.advanceTimersByTimeAsync(10);
    await until('it is read', () => JSON.stringify(config.value).includes('"m":2'));
    expect(config.value).toEqual({ n: '2', m: 2 });
  });
});
