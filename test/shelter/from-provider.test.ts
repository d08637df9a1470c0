import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import type { Change, ConfigProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { faulty } from '../../src/testing/faulty.ts';
import { code, value } from '../support/sheltering.ts';

const options = { cache: { jitter: 0, ttlMs: 60_000, staleIfErrorMs: 60_000 }, resilience: { attempts: 1 } };

describe('a sheltered provider', () => {
  it('is cached by its keys, hands entries on as they came, and keeps origin, taint and conversion', async () => {
    const inner = faulty(new MemoryProvider({ db: { host: 'h', password: 'fake' } }), {});
    const provider = sheltered(inner, options);
    const [host, password] = [await provider.get('db.host'), await provider.get('db.password')];
    expect(await provider.get('db.host')).toBe(host);
    expect([host?.secret, password?.secret]).toEqual([false, true]);
    expect(host?.origin.provider).toBe('memory');
    expect(inner.calls.map((call) => call.method)).toEqual(['get', 'get']);
    expect((await provider.list('db')).map((item) => item.key)).toEqual(['db.host', 'db.password']);
    await provider.list('db');
    expect(inner.calls.map((call) => call.method)).toEqual(['get', 'get', 'list']);
    expect(await provider.get('nothing')).toBeUndefined();
    expect(await code(provider.get('db'))).toBe('invalid_key');
    await provider.close();
  });

  it('writes through, and tells what the inner one tells', async () => {
    const memory = new MemoryProvider({ a: '1' });
    const provider = sheltered(memory, options);
    expect(await value(provider.get('a'))).toBe('1');
    const changes: Change[] = [];
    const watching = provider.watch((change) => changes.push(change));
    await provider.set('a', '2');
    expect(await value(provider.get('a'))).toBe('2');
    await memory.set('a', '3');
    expect(await value(provider.get('a'))).toBe('3');
    expect(await provider.delete('a')).toBe(true);
    expect(await provider.get('a')).toBeUndefined();
    expect(changes.length).toBeGreaterThanOrEqual(3);
    watching[Symbol.dispose]();
    const told = changes.length;
    await memory.set('a', '4');
    expect(changes).toHaveLength(told);
  });

  it('asks many at once where the inner one can, and each fails alone', async () => {
    const asked: unknown[] = [];
    const inner: ConfigProvider = {
      name: 'many',
      get: async () => undefined,
      list: async () => [],
      getMany: async (keys) => {
        asked.push(keys);
        return new Map(
          keys.map((key) => [key, key === 'b' ? new ConfigError('disabled', 'b is disabled') : undefined]),
        );
      },
      health: async () => ({ status: 'down', checkedAt: 0 }),
    };
    const provider = sheltered(inner, options);
    const found = await provider.getMany(['a', 'b', 'c']);
    expect([...found.values()].map((one) => (one instanceof ConfigError ? one.code : one))).toEqual([
      undefined,
      'disabled',
      undefined,
    ]);
    expect(asked).toEqual([['a', 'b', 'c']]);
    expect(await provider.health()).toMatchObject({ status: 'down' });
    expect('set' in provider).toBe(false);
    const broken = sheltered(
      { ...inner, getMany: undefined, get: () => Promise.reject(new TypeError('fake')) } as never,
      {
        resilience: false,
      },
    );
    expect(await code(broken.get('a'))).toBe('unavailable');
  });

  it('retries, serves stale and breaks like any other', async () => {
    const clock = manualClock();
    let down = false;
    const inner = faulty(new MemoryProvider({ a: '1' }), () => (down ? 'unavailable' : undefined));
    const provider = sheltered(inner, { clock, ...options });
    await provider.get('a');
    down = true;
    await clock.advance(60_000);
    expect(await value(provider.get('a'))).toBe('1');
    await clock.advance(60_000);
    for (let i = 0; i < 6; i++) await code(provider.get('a'));
    expect(await code(provider.get('a'))).toBe('circuit_open');
  });
});

describe('a sheltered chain', () => {
  const chainOf = (fails: () => boolean, soft = false) => {
    const far = faulty(new MemoryProvider({ db: { host: 'far' } }, { name: 'far' }), () =>
      fails() ? 'unavailable' : undefined,
    );
    const near = new EnvProvider({ prefix: 'APP', env: { APP__DB__POOL_MAX: '5' } });
    return { far, inner: new ProviderChain([near, soft ? optional(far) : far]) };
  };

  it('keeps its layers, so that loose names bind further out, and holds them', async () => {
    const { far, inner } = chainOf(() => false);
    const outer = new ProviderChain([
      sheltered(inner, options),
      new MemoryProvider({ db: { poolMax: 1 } }, { name: 'defaults' }),
    ]);
    expect(await outer.tree('db')).toEqual({ host: 'far', poolMax: '5' });
    await outer.tree('db');
    expect(far.calls.filter((call) => call.method === 'list')).toHaveLength(1);
    await outer.refresh();
    await outer.tree('db');
    expect(far.calls.filter((call) => call.method === 'list')).toHaveLength(2);
  });

  it('serves the layers stale in an outage, and else lets each say for itself', async () => {
    const clock = manualClock();
    let down = false;
    const { inner } = chainOf(() => down);
    const provider = sheltered(inner, { clock, ...options });
    const seen = async () =>
      (await provider.layers?.())?.map((layer) => [layer.name, layer.entries.length, layer.error?.code]);
    expect(await seen()).toEqual([
      ['env', 1, undefined],
      ['far', 1, undefined],
    ]);
    down = true;
    await clock.advance(60_000);
    expect(await seen()).toEqual([
      ['env', 1, undefined],
      ['far', 1, undefined],
    ]);
    await clock.advance(60_000);
    expect(await seen()).toEqual([
      ['env', 1, undefined],
      ['far', 0, 'unavailable'],
    ]);
    expect(await code(provider.layers?.('', { signal: AbortSignal.abort() }) as Promise<unknown>)).toBe(
      'aborted',
    );
  });

  it('does not remember an outage that something inside it tolerates, and hands its events on', async () => {
    let down = true;
    const { inner } = chainOf(() => down, true);
    const provider = sheltered(inner, options);
    const events: ConfigEvent[] = [];
    const listening = provider.on((event) => events.push(event));
    const tolerated = async () => (await provider.layers?.())?.map((layer) => layer.tolerated?.code);
    expect(await tolerated()).toEqual([undefined, 'unavailable']);
    expect(events.map((event) => event.type)).toContain('tolerated');
    down = false;
    expect(await tolerated()).toEqual([undefined, undefined]);
    listening[Symbol.dispose]();
  });

  it('answers with one failed layer when the provider itself cannot say', async () => {
    const provider = sheltered(
      {
        name: 'odd',
        get: async () => undefined,
        list: async () => [],
        layers: () => Promise.reject(new ConfigError('io', 'no layers')),
      },
      options,
    );
    expect(await provider.layers?.()).toMatchObject([{ name: 'odd', entries: [], error: { code: 'io' } }]);
  });
});
