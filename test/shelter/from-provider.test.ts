import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { Change, ConfigProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { faulty } from '../../src/testing/faulty.ts';
import { code, value } from '../support/sheltering.ts';
import { until } from '../support/until.ts';

const options = { cache: { jitter: 0, ttlMs: 60_000, staleIfErrorMs: 60_000 }, resilience: { attempts: 1 } };

describe('a sheltered provider', () => {
  it('what adopts foreign answers is loaded before the first request, outside its deadline', async () => {
    vi.resetModules();
    let loaded: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      loaded = resolve;
    });
    vi.doMock('../../src/border.ts', async (original) => {
      await gate;
      return original();
    });
    const { sheltered: fresh } = await import('../../src/shelter/index.ts');
    const clock = manualClock();
    let asked = 0;
    const inner = {
      name: 'foreign',
      get: async (key: string) => {
        asked++;
        return { key, value: 1, secret: false, origin: { provider: 'foreign', source: 'by hand' } };
      },
      list: async () => [],
    };
    const provider = fresh(inner as never, { clock });
    const reading = value(provider.get('a'));
    await clock.advance(60_000);
    expect(asked).toBe(0);
    loaded();
    expect(await reading).toBe(1);
    vi.doUnmock('../../src/border.ts');
  });

  it('entries of a page that is answered late are listed once', async () => {
    const clock = manualClock();
    const answers: (() => void)[] = [];
    const memory = new MemoryProvider({ a: 1 });
    const inner: ConfigProvider = {
      name: 'slow',
      get: async () => undefined,
      list: async () => {
        await new Promise<void>((resolve) => answers.push(resolve));
        return memory.list();
      },
    };
    const provider = sheltered(inner, {
      clock,
      resilience: { attempts: 2, timeoutMs: 1_000, backoff: { initialMs: 1, maxMs: 1 } },
    });
    const listing = provider.list();
    await until('it is asked', () => answers.length === 1);
    await clock.advance(1_100);
    await until('it is asked again', () => answers.length === 2);
    for (const answer of answers) answer();
    expect((await listing).map(({ key }) => key)).toEqual(['a']);
  });

  it('sheltered caches a provider’s entries with their origin and secrecy', async () => {
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

  it('a sheltered provider writes through, and forwards inner changes', async () => {
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
    const seen = changes.length;
    await memory.set('a', '4');
    expect(changes).toHaveLength(seen);
  });

  it('a sheltered provider calls getMany, and each key fails alone', async () => {
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

  it('a sheltered provider serves stale, then opens its breaker', async () => {
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

describe('sheltered', () => {
  const one = (name: string): MemoryProvider => new MemoryProvider({ a: '1' }, { name });
  const chain = new ProviderChain([one('front'), one('back')]);
  const refusal = (inner: ConfigProvider): Partial<ConfigError> => {
    try {
      sheltered(inner);
    } catch (error) {
      return error as ConfigError;
    }
    throw new Error('it was sheltered');
  };

  it.each<[string, ConfigProvider]>([
    ['a chain', chain],
    ['a view of a chain', scoped(chain, 'a')],
    ['a mounted chain', mounted(chain, 'a')],
    ['an optional chain', optional(chain)],
    ['a chain with a fallback', fallback(chain, one('other'))],
    ['a fallback that is a chain', fallback(one('other'), chain)],
  ])('sheltered refuses %s, and names the alternative', (_, inner) => {
    expect(refusal(inner)).toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(
        /^sheltered: .+ is made of several providers\. Wrap the providers of the chain: new ProviderChain/,
      ),
    });
  });

  it.each<[string, ConfigProvider]>([
    ['an optional provider', optional(one('store'))],
    ['a provider with a fallback', fallback(one('store'), one('other'))],
  ])('sheltered refuses %s without a chain, and names the alternative', (_, inner) => {
    expect(refusal(inner)).toMatchObject({
      code: 'invalid_option',
      hint: expect.stringContaining('optional(sheltered(p))'),
    });
  });

  it('sheltered refuses a provider with layers of its own', () => {
    const inner = { name: 'odd', get: async () => undefined, list: async () => [], layers: async () => [] };
    expect(refusal(inner)).toMatchObject({ code: 'invalid_option' });
  });

  it('a sheltered provider lists the lease of the inner one as a hole', async () => {
    const error = new ConfigError('on_demand', 'created when it is read');
    const hole = { key: 'creds', origin: makeOrigin({ provider: 'store', source: 'store creds' }), error };
    const provider = sheltered({ name: 'store', get: async () => undefined, list: async () => [hole] });
    expect(await provider.list('', { acquire: true })).toMatchObject([
      { key: 'creds', error: { code: 'on_demand' } },
    ]);
  });

  it('a sheltered provider lists both entries of one key', async () => {
    const env = new EnvProvider({ env: { HTTP__PROXY: 'http://one', http__proxy: 'http://two' } });
    const provider = sheltered(env, options);
    const listed = await provider.list();
    expect(listed.map((item) => (item as { value: unknown }).value)).toEqual(['http://one', 'http://two']);
    expect(await provider.list()).toEqual(listed);
  });

  it('sheltered accepts a view of a single provider', async () => {
    const provider = sheltered(scoped(new MemoryProvider({ app: { a: '1' } }), 'app'), options);
    expect(await value(provider.get('a'))).toBe('1');
  });
});
