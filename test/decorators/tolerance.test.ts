import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { ConfigError, type ErrorCode } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import type { ConfigProvider, Layer, WritableProvider } from '../../src/provider.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import { code, value } from '../support/sheltering.ts';

/** A provider in memory that fails while `state.code` is set. */
function flaky(values: MemoryValues, name = 'far') {
  const inner = new MemoryProvider(values, { name });
  const state: { code: ErrorCode | undefined } = { code: undefined };
  const unless = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.code) throw new ConfigError(state.code, `${name} says ${state.code}`);
    return work();
  };
  const provider: WritableProvider = {
    name,
    get: (key, options) => unless(() => inner.get(key, options)),
    list: (prefix) => unless(() => inner.list(prefix)),
    set: (key, next, options) => unless(() => inner.set(key, next, options)),
    delete: (key, options) => unless(() => inner.delete(key, options)),
    where: (key) => `${name} ${key}`,
    health: async () => ({
      status: state.code ? 'down' : 'ok',
      checkedAt: 0,
      ...(state.code && { reason: state.code }),
    }),
    refresh: () => unless(async () => {}),
    watch: (listener) => inner.watch(listener),
  };
  return { provider, state, inner };
}

const many = async (provider: ConfigProvider, keys: string[]) =>
  [...((await provider.getMany?.(keys)) ?? [])].map(([key, one]) => [
    key,
    one instanceof Error ? one.code : one?.value,
  ]);

const tolerated = (provider: ConfigProvider): ConfigEvent[] => {
  const events: ConfigEvent[] = [];
  provider.on?.((event) => {
    if (event.type === 'tolerated') events.push(event);
  });
  return events;
};

const shown = (layers: readonly Layer[]) =>
  layers.map(({ name, entries, holes, error, tolerated: allowed }) => [
    name,
    entries.map((entry) => entry.key),
    holes.map((hole) => hole.key),
    error?.code,
    allowed?.code,
  ]);

describe('optional', () => {
  it('reads the time of an event when it emits it, so that fake timers count', async () => {
    const { provider, state } = flaky({});
    const soft = optional(provider);
    const events = tolerated(soft);
    const now = vi.spyOn(Date, 'now').mockReturnValue(5);
    state.code = 'unavailable';
    await soft.get('b').finally(() => now.mockRestore());
    expect(events.map(({ time }) => time)).toEqual([5]);
  });

  it('treats an unreachable provider as absent, and emits one event per outage', async () => {
    const { provider, state } = flaky({ a: '1' });
    const soft = optional(provider);
    const events = tolerated(soft);
    for (const unreachable of ['unavailable', 'timeout', 'throttled', 'circuit_open'] as const) {
      state.code = unreachable;
      expect(await soft.get('b')).toBeUndefined();
      expect(await soft.list('b')).toEqual([]);
      expect(await many(soft, ['c', 'd'])).toEqual([
        ['c', undefined],
        ['d', undefined],
      ]);
    }
    expect(events).toMatchObject([
      { type: 'tolerated', outcome: 'unavailable', provider: 'far', layer: 'provider', key: 'b' },
    ]);
    state.code = undefined;
    expect(await value(soft.get('a'))).toBe('1');
    state.code = 'timeout';
    await soft.get('b');
    expect(events).toHaveLength(2);
  });

  it('throws every failure that is not an outage', async () => {
    const { provider, state } = flaky({ a: '1' });
    const soft = optional(provider);
    for (const definite of [
      'access_denied',
      'crypto',
      'parse',
      'disabled',
      'unauthenticated',
      'conflict',
      'aborted',
    ] as const) {
      state.code = definite;
      expect(await code(soft.get('a'))).toBe(definite);
      expect(await code(soft.list())).toBe(definite);
      expect(await many(soft, ['a'])).toEqual([['a', definite]]);
      expect(shown((await soft.layers?.()) ?? [])).toEqual([['far', [], [], definite, undefined]]);
    }
    const broken = optional({ name: 'broken', get: async () => JSON.parse('{'), list: async () => [] });
    expect(await code(broken.get('a'))).toBe('io');
  });

  it('throws the outage for a key that was returned before', async () => {
    for (const first of ['get', 'getMany', 'list', 'layers'] as const) {
      const { provider, state } = flaky({ db: { host: 'h' }, other: '2' });
      const soft = optional(provider);
      if (first === 'get') await soft.get('db.host');
      else if (first === 'getMany') await soft.getMany?.(['db.host']);
      else await soft[first]?.('db');
      state.code = 'unavailable';
      expect(await code(soft.get('db.host'))).toBe('unavailable');
      expect(await many(soft, ['db.host', 'other'])).toEqual([
        ['db.host', 'unavailable'],
        ['other', undefined],
      ]);
      expect(await code(soft.list())).toBe('unavailable');
      expect(await soft.get('other')).toBeUndefined();
      expect(await soft.list('other')).toEqual([]);
      expect(shown((await soft.layers?.()) ?? [])).toEqual([
        ['far', [], ['db.host'], undefined, 'unavailable'],
      ]);
      const chain = new ProviderChain([
        soft,
        new MemoryProvider({ db: { host: 'default' }, other: 'default' }),
      ]);
      expect(await code(chain.get('db.host'))).toBe('unavailable');
      expect(await code(chain.tree('db'))).toBe('unavailable');
      expect(await value(chain.get('other'))).toBe('default');
      await chain.close();
    }
  });

  it('forgets a key that the provider reports as absent', async () => {
    const { provider, state, inner } = flaky({ a: '1', b: '2', c: '3' });
    const soft = optional(provider);
    await soft.list();
    await inner.delete('a');
    await inner.delete('b');
    await soft.get('a');
    await soft.list('', { wanted: { keys: ['b', 'c'], prefixes: [] } });
    state.code = 'timeout';
    expect(await soft.get('a')).toBeUndefined();
    expect(await soft.get('b')).toBeUndefined();
    expect(await code(soft.get('c'))).toBe('timeout');
  });

  it('keeps the abilities of the inner provider', async () => {
    const { provider, state } = flaky({ a: '1' });
    const soft = optional(provider);
    expect(soft.name).toBe('far');
    expect(soft.where?.('x.y')).toBe('far x.y');
    const changes: unknown[] = [];
    const watching = soft.watch?.((change) => changes.push(change.keys));
    await soft.set('a', '5');
    expect(await soft.delete('a')).toBe(true);
    watching?.[Symbol.dispose]();
    await soft.set('a', '6');
    expect(changes).toEqual([['a'], ['a']]);
    expect(await soft.health?.()).toMatchObject({ status: 'ok' });
    state.code = 'timeout';
    expect(await soft.health?.()).toMatchObject({ status: 'degraded', reason: 'timeout' });
    expect(await code(soft.set('a', 'x'))).toBe('timeout');
    expect(await code(soft.refresh?.() as Promise<void>)).toBe('timeout');
    await soft.close?.();
    expect('set' in optional({ name: 'r', get: provider.get, list: provider.list } as ConfigProvider)).toBe(
      false,
    );
  });

  it('tolerates the layers of a chain one by one', async () => {
    const one = flaky({ a: '1' }, 'one');
    const two = flaky({ b: '2' }, 'two');
    const soft = optional(new ProviderChain([one.provider, two.provider]));
    await soft.layers?.();
    await soft.get('a');
    two.state.code = 'unavailable';
    expect(shown((await soft.layers?.()) ?? [])).toEqual([
      ['one', ['a'], [], undefined, undefined],
      ['two', [], ['b'], undefined, 'unavailable'],
    ]);
    expect(await value(soft.get('a'))).toBe('1');
    expect(await code(soft.get('b'))).toBe('unavailable');
    expect(await soft.get('c')).toBeUndefined();
  });

  it('does not take a cached value for the end of the outage', async () => {
    const memory = new MemoryProvider({ a: '1' });
    const entry = { ...(await memory.get('a')), readAt: 5 } as never;
    const soft = optional({
      name: 'far',
      get: async (key) => {
        if (key === 'a') return entry;
        throw new ConfigError('timeout', 'late');
      },
      list: async () => [entry],
    });
    const events = tolerated(soft);
    for (let i = 0; i < 5; i++) {
      await soft.get('a');
      await soft.list();
      await soft.get('b');
    }
    expect(events).toHaveLength(1);
  });
});

describe('fallback', () => {
  it('fallback and optional refuse a value that is not a provider', () => {
    const { provider } = flaky({});
    expect(() => optional([provider] as never)).toThrow('optional: the first argument is not a provider');
    expect(() => fallback(undefined as never, provider)).toThrow(
      'fallback: the first argument is not a provider',
    );
    expect(() => fallback(provider, undefined as never)).toThrow(
      'fallback: the second argument is not a provider',
    );
  });

  it('closes both providers before it throws, and never the raw error of one', async () => {
    let closed = false;
    const raw: ConfigProvider = {
      ...flaky({}, 'first').provider,
      name: 'first',
      close: () => Promise.reject(new TypeError('fake-close-secret')),
    };
    const slow: ConfigProvider = {
      ...flaky({}, 'second').provider,
      name: 'second',
      close: async () => {
        await Promise.resolve();
        await Promise.resolve();
        closed = true;
      },
    };
    const error = await fallback(raw, slow)
      .close?.()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'io', provider: 'first' });
    expect(`${error}`).not.toContain('fake-close-secret');
    expect(closed).toBe(true);
  });

  it('reads the second provider only while the first is unreachable', async () => {
    const first = flaky({ a: '1' }, 'first');
    const second = flaky({ a: '2', b: '2' }, 'second');
    const both = fallback(first.provider, second.provider);
    const events = tolerated(both);
    expect(both.name).toBe('first or second');
    expect(await value(both.get('a'))).toBe('1');
    expect(await both.get('b')).toBeUndefined();
    expect((await both.list()).map((entry) => entry.key)).toEqual(['a']);
    expect(shown((await both.layers?.()) ?? [])).toEqual([['first', ['a'], [], undefined, undefined]]);
    first.state.code = 'unavailable';
    expect(await value(both.get('a'))).toBe('2');
    expect(await value(both.get('b'))).toBe('2');
    expect(await both.get('c')).toBeUndefined();
    expect(await many(both, ['a', 'c'])).toEqual([
      ['a', '2'],
      ['c', undefined],
    ]);
    expect((await both.list()).map((entry) => entry.key)).toEqual(['a', 'b']);
    expect(shown((await both.layers?.()) ?? [])).toEqual([
      ['first', [], [], undefined, 'unavailable'],
      ['second', ['a', 'b'], [], undefined, undefined],
    ]);
    expect(events).toHaveLength(1);
    expect(await both.health?.()).toMatchObject({
      status: 'degraded',
      providers: { first: { status: 'down' }, second: { status: 'ok' } },
    });
    await both.close?.();
  });

  it('throws the outage for a known key that the second provider lacks', async () => {
    const first = flaky({ a: '1', only: '1' }, 'first');
    const both = fallback(first.provider, flaky({ a: '2' }, 'second').provider);
    await both.list();
    first.state.code = 'timeout';
    expect(await value(both.get('a'))).toBe('2');
    expect(await code(both.get('only'))).toBe('timeout');
    expect(await code(both.list())).toBe('timeout');
    expect(shown((await both.layers?.()) ?? [])[0]).toEqual(['first', [], ['only'], undefined, 'timeout']);
  });

  it('throws the error of the second provider when both fail', async () => {
    const first = flaky({}, 'first');
    const second = flaky({ a: '2' }, 'second');
    const both = fallback(first.provider, second.provider);
    first.state.code = 'access_denied';
    expect(await code(both.get('a'))).toBe('access_denied');
    first.state.code = 'timeout';
    second.state.code = 'access_denied';
    expect(await code(both.get('a'))).toBe('access_denied');
    expect(await code(both.list())).toBe('access_denied');
    expect(await both.health?.()).toMatchObject({ status: 'down' });
  });
});
