// The names of a chain's providers: a second unnamed provider is numbered, and everything that it returns or
// emits has its number.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { isUnreadable, makeEntry, secret } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { Change, ConfigProvider, WritableProvider } from '../../src/provider.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import type { Key } from '../../src/value.ts';
import { entry, hole } from '../support/layers.ts';
import { code } from '../support/sheltering.ts';

const memory = (values: MemoryValues = {}) => new MemoryProvider(values);
const layerNames = async (chain: ProviderChain): Promise<string[]> =>
  (await chain.layers()).map(({ name }) => name);

/** An unnamed provider with every method, whose answers and events are named `memory`. */
function unnamed(more: Partial<ConfigProvider> = {}): ConfigProvider {
  return { name: 'memory', unnamed: true, get: async () => undefined, list: async () => [], ...more };
}

describe('the second unnamed provider', () => {
  it('layers, origins, places and explanations of it say memory 2', async () => {
    const chain = new ProviderChain([memory({ a: 1 }), memory({ b: { c: 2 }, empty: {} })]);
    expect(await layerNames(chain)).toEqual(['memory', 'memory 2']);
    expect((await chain.get('a'))?.origin).toMatchObject({ provider: 'memory', source: 'memory a' });
    expect((await chain.get('b.c'))?.origin).toMatchObject({ provider: 'memory 2', source: 'memory 2 b.c' });
    expect((await chain.getMany(['b.c'])).get('b.c')).toMatchObject({ origin: { provider: 'memory 2' } });
    expect((await chain.list('b')).map(({ origin }) => `${origin}`)).toEqual(['memory 2 b.c']);
    expect(chain.where('x')).toBe('memory x\nmemory 2 x');
    const explanation = await chain.explain('b.c');
    expect(explanation.winner).toMatchObject({ provider: 'memory 2' });
    expect(`${explanation}`).toContain('→ memory 2 b.c  2  wins');
    await expect(chain.require('x')).rejects.toThrow('Looked in:\n  memory x\n  memory 2 x');
  });

  it('its entries keep their value, secrecy and type, and print masked', async () => {
    const second = memory({ token: secret('not-a-real-token'), list: [1, 2], text: 'x' });
    const chain = new ProviderChain([memory(), second]);
    const [own, renamed] = [await second.get('token'), await chain.get('token')];
    const { origin: _, ...rest } = { ...own };
    expect(renamed).toMatchObject(rest);
    expect(JSON.stringify(renamed)).not.toContain('not-a-real');
    expect(await chain.tree()).toEqual({ token: 'not-a-real-token', list: [1, 2], text: 'x' });
    expect(Object.isFrozen(renamed)).toBe(true);
  });

  it('a repeated read returns the same entry', async () => {
    const chain = new ProviderChain([memory(), memory({ a: 1 })]);
    expect(await chain.get('a')).toBe(await chain.get('a'));
  });

  it('a place numbers the provider, not a key like it', () => {
    expect(new ProviderChain([memory(), memory()]).where('"in memory cache"."memory x"')).toBe(
      'memory "in memory cache"."memory x"\nmemory 2 "in memory cache"."memory x"',
    );
  });

  it('its changes say memory 2, and those of the first do not', async () => {
    const [first, second] = [memory(), memory()];
    const changes: Change[] = [];
    using _ = new ProviderChain([first, second]).watch((change) => changes.push(change));
    await first.set('a', 1);
    await second.set('b', 2);
    expect(changes.map(({ provider, keys }) => `${provider} ${keys}`)).toEqual(['memory a', 'memory 2 b']);
  });

  it('its events say memory 2', async () => {
    const policy = (): never => {
      throw new ConfigError('policy_violation', 'not for you');
    };
    const chain = new ProviderChain([memory(), intercepted(memory(), policy)]);
    const events: ConfigEvent[] = [];
    chain.on((event) => events.push(event));
    expect(await code(chain.get('a'))).toBe('policy_violation');
    expect(events.map(({ type, provider }) => `${type} ${provider}`)).toEqual([
      'policy_violated memory 2',
      'read chain',
    ]);
  });

  it('its errors say memory 2, in the message too', async () => {
    const chain = new ProviderChain([memory(), memory({ db: { host: 'h' } })]);
    await expect(chain.get('db')).rejects.toMatchObject({
      provider: 'memory 2',
      message: expect.stringMatching(/^memory 2: "db" is a section, not a value/),
    });
    const error = (await chain.getMany(['db'])).get('db');
    expect(error).toMatchObject({ provider: 'memory 2', message: expect.stringMatching(/^memory 2: /) });
  });

  it('a foreign unnamed provider says its number in errors, holes and layers', async () => {
    const down = new ConfigError('unavailable', 'memory: no answer', { provider: 'memory' });
    const failing = unnamed({
      get: () => Promise.reject(down),
      list: () => Promise.reject(new TypeError('raw')),
      getMany: async () => new Map([['a', down]]),
      refresh: () => Promise.reject(down),
      health: async () => ({ status: 'down', reason: 'no answer', checkedAt: 0 }),
    });
    const chain = new ProviderChain([memory(), failing]);
    const expected = { provider: 'memory 2', message: 'memory 2: no answer' };
    await expect(chain.get('a')).rejects.toMatchObject(expected);
    await expect(chain.refresh()).rejects.toMatchObject(expected);
    expect((await chain.getMany(['a'])).get('a')).toMatchObject(expected);
    expect(await chain.layers()).toMatchObject([
      { name: 'memory' },
      {
        name: 'memory 2',
        error: { code: 'io', provider: 'memory 2', message: expect.stringMatching(/^memory 2: /) },
      },
    ]);
    expect(await chain.health()).toMatchObject({
      status: 'down',
      reason: 'memory 2: no answer',
      providers: { memory: { status: 'ok' }, 'memory 2': { status: 'down' } },
    });
  });

  it('its holes and the leaves of its trees say memory 2', async () => {
    const origin = makeOrigin({
      provider: 'memory',
      source: 'memory file',
      position: () => ({ line: 3, column: 5 }),
    });
    const tree = makeEntry({
      ...entry('memory', 'db', { host: 'h', port: 1 }),
      leaf: (inside) => ({
        origin: inside === 'host' ? origin : entry('other', 'x', 1).origin,
        secret: false,
      }),
    });
    const chain = new ProviderChain([
      memory(),
      unnamed({ list: async () => [tree, hole('memory', 'gone')] }),
    ]);
    const items = await chain.list();
    const origins = items.map((item) => [item.key, item.origin.provider, `${item.origin}`]);
    expect(origins).toEqual([
      ['db.host', 'memory 2', 'memory 2 file:3:5'],
      ['db.port', 'other', 'other x'],
      ['gone', 'memory 2', 'memory 2 gone'],
    ]);
    expect(items.filter(isUnreadable)).toMatchObject([{ error: { provider: 'memory 2', code: 'disabled' } }]);
  });

  it('its layers, status and health carry its name where it combines others', async () => {
    const combined = unnamed({
      layers: async () => [
        { name: 'memory', entries: [entry('memory', 'a', 1)], holes: [] },
        { name: 'other', entries: [entry('other', 'b', 2)], holes: [] },
      ],
      status: () => ({ ageMs: 5 }),
    });
    const chain = new ProviderChain([memory(), combined]);
    expect(await layerNames(chain)).toEqual(['memory', 'memory 2', 'other']);
    expect((await chain.explain('a')).layers[1]).toMatchObject({
      provider: 'memory 2',
      status: { ageMs: 5 },
    });
    expect((await chain.explain('b')).winner).toMatchObject({ origin: { provider: 'other' } });
  });

  it('its health changes and tolerated outages say memory 2', async () => {
    const state = { down: true };
    const flaky = unnamed({
      get: async () => {
        if (state.down) throw new ConfigError('unavailable', 'memory: no answer');
        return entry('memory', 'a', 1);
      },
    });
    const chain = new ProviderChain([memory(), optional(flaky)]);
    const events: ConfigEvent[] = [];
    chain.on((event) => events.push(event));
    await chain.get('a');
    state.down = false;
    await chain.get('a');
    const own = events.filter(({ layer }) => layer === 'provider');
    expect(own.map(({ type, provider }) => `${type} ${provider}`)).toEqual([
      'tolerated memory 2',
      'health_changed memory 2',
      'health_changed memory 2',
    ]);
  });

  it('a configuration follows the changes of memory 2', async () => {
    const second = memory({ n: 2 });
    await using config = await loadConfig(z.object({ n: z.number() }), [memory(), second]);
    expect(config.generation.sources.map(({ name }) => name)).toEqual(['memory', 'memory 2']);
    expect(`${config.explain('n')}`).toContain('memory 2 n');
  });

  it('a lease of memory 2 is renewed when memory 2 changes', async () => {
    const listeners: ((change: Change) => void)[] = [];
    let asked = 0;
    const leased = unnamed({
      list: async () => {
        asked++;
        return [makeEntry({ ...entry('memory', 'n', asked), expiresAt: Date.now() + 3_600_000 })];
      },
      watch: (onChange) => {
        listeners.push(onChange);
        return { [Symbol.dispose]: () => {} };
      },
    });
    await using config = await loadConfig(z.object({ n: z.number() }), [memory(), leased]);
    expect(listeners).toHaveLength(1);
    const changed = new Promise((done) => config.subscribe('n', done));
    listeners[0]?.({ provider: 'memory', keys: ['n'], time: 0 });
    await changed;
    expect(config.value.n).toBe(2);
  });
});

describe('unique names', () => {
  const names = (providers: readonly ConfigProvider[]): Promise<string[]> =>
    layerNames(new ProviderChain(providers));
  const refused = (providers: readonly ConfigProvider[], name: string): void =>
    expect(() => new ProviderChain(providers)).toThrow(
      `ProviderChain: two providers are named "${name}". Rename one of them`,
    );

  it('unnamed providers are numbered in their order, whatever names are given', async () => {
    const given = (name: string) => new MemoryProvider({}, { name });
    expect(await names([memory(), memory(), memory()])).toEqual(['memory', 'memory 2', 'memory 3']);
    expect(await names([memory(), given('memory')])).toEqual(['memory 2', 'memory']);
    expect(await names([memory(), memory(), given('memory 2')])).toEqual(['memory', 'memory 3', 'memory 2']);
  });

  it('two providers with the same given name are refused', () => {
    const given = () => new MemoryProvider({}, { name: 'mine' });
    refused([given(), given()], 'mine');
    refused([given(), optional(given())], 'mine');
    refused(
      [new MemoryProvider({}, { name: 'memory' }), new MemoryProvider({}, { name: 'memory' })],
      'memory',
    );
    refused([given(), new ProviderChain([given()], { name: 'inside' })], 'mine');
  });

  it.each<[string, (provider: WritableProvider) => ConfigProvider]>([
    ['optional', optional],
    ['intercepted', (provider) => intercepted(provider, (_, next) => next())],
    ['unsealed', (provider) => unsealed(provider)],
    ['optional(intercepted)', (provider) => optional(intercepted(provider, (_, next) => next()))],
  ])('unnamed providers inside %s are numbered too', async (_, decorated) => {
    const chain = new ProviderChain([decorated(memory({ a: 1 })), decorated(memory({ b: 2 })), memory()]);
    expect(await layerNames(chain)).toEqual(['memory', 'memory 2', 'memory 3']);
    expect((await chain.get('b'))?.origin.provider).toBe('memory 2');
    expect(chain.where('b')).toBe('memory b\nmemory 2 b\nmemory 3 b');
  });

  it('scoped and fallback give a name of their own', () => {
    refused([scoped(memory(), 'x'), scoped(memory(), 'x')], 'memory at x');
    refused([fallback(memory(), memory()), fallback(memory(), memory())], 'memory or memory');
    expect(() => new ProviderChain([scoped(memory(), 'x'), scoped(memory(), 'y'), memory()])).not.toThrow();
  });

  it('an unnamed provider is numbered after those of nested chains', async () => {
    const inside = new ProviderChain([memory({ a: 1 }), memory({ b: 2 })], { name: 'inside' });
    const chain = new ProviderChain([memory({ c: 3 }), inside]);
    expect(await layerNames(chain)).toEqual(['memory 3', 'memory', 'memory 2']);
    expect((await chain.get('c'))?.origin.provider).toBe('memory 3');
    expect((await chain.get('b'))?.origin.provider).toBe('memory 2');
    expect(await layerNames(inside)).toEqual(['memory', 'memory 2']);
  });

  it('a provider that is numbered in one chain keeps its name elsewhere', async () => {
    const shared = memory({ a: 1 });
    const one = new ProviderChain([memory(), shared], { closeProviders: false });
    expect((await one.get('a'))?.origin.provider).toBe('memory 2');
    expect((await new ProviderChain([shared]).get('a'))?.origin.provider).toBe('memory');
    expect(shared.name).toBe('memory');
  });

  it('a numbered provider keeps the abilities of the provider', async () => {
    const calls: string[] = [];
    const note = async (): Promise<void> => void calls.push('called');
    const keys: Key[] = [];
    const full = unnamed({
      refresh: note,
      close: note,
      local: true,
      getMany: async (asked) => {
        keys.push(...asked);
        return new Map();
      },
    });
    const chain = new ProviderChain([memory(), full]);
    await chain.getMany(['a', 'b']);
    await chain.refresh();
    await chain.close();
    expect([calls.length, keys, chain.local]).toEqual([2, ['a', 'b'], true]);
  });
});
