import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { mounted, scoped } from '../src/decorators/scoped.ts';
import { fallback, optional } from '../src/decorators/tolerance.ts';
import { type Entry, isEntry, isUnreadable, makeEntry, type Unreadable } from '../src/entry.ts';
import { ConfigError, type ErrorCode } from '../src/errors.ts';
import { isOrigin, makeOrigin } from '../src/origin.ts';
import type { ConfigProvider, WritableProvider } from '../src/provider.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { unsealed } from '../src/sealing/unsealed.ts';
import { sheltered } from '../src/shelter/index.ts';
import type { ConfigValue, Key } from '../src/value.ts';
import {
  acme,
  chainOf,
  expectFrozen,
  fake,
  type Item,
  itemAt,
  keysOf,
  named,
  origin,
  printed,
  readers,
  rejection,
} from './support/by-hand.ts';
import { junk, junkItem } from './support/junk.ts';
import { runs } from './support/runs.ts';
import { secondCopy } from './support/second-copy.ts';

const own = makeOrigin({ provider: 'acme', source: 'acme.txt' });

/** The item of a key by each way to read it. */
async function everyReading(reader: ConfigProvider, key: Key): Promise<Record<string, Item | undefined>> {
  const one = (await reader.getMany?.([key, 'db.none']))?.get(key);
  const entries = (await reader.layers?.())?.flatMap((layer) => layer.entries);
  return {
    get: await reader.get(key),
    list: itemAt(await reader.list(), key),
    'list of the section': itemAt(await reader.list('db'), key),
    ...(reader.getMany && { getMany: one instanceof ConfigError ? undefined : one }),
    ...(entries && { layers: itemAt(entries, key) }),
  };
}

describe('attacks on a reader of plain objects', () => {
  it('printing an entry of a chain does not show its secret', async () => {
    const entry = await chainOf([{ key: 'db.password', value: fake, secret: true, origin }]).get(
      'db.password',
    );
    expect(entry?.value).toBe(fake);
    expect(printed(entry)).not.toContain(fake);
  });

  it('a caller cannot change what sheltered has cached', async () => {
    const provider = sheltered(acme([{ key: 'db.hosts', value: ['a', 'b'], secret: false, origin }]));
    const entry = await provider.get('db.hosts');
    expect(() => Array.prototype.push.call(entry?.value, 'evil')).toThrow(TypeError);
    expect(() => Object.assign(entry as object, { value: 'evil' })).toThrow(TypeError);
    expect((await provider.get('db.hosts'))?.value).toEqual(['a', 'b']);
    await provider.close();
  });

  it('one key __proto__.x does not fail the whole tree', async () => {
    expect(await chainOf([{ key: '__proto__.x', value: 'evil', origin }, named]).tree()).toEqual({
      db: { host: 'h' },
    });
    expect({}).not.toHaveProperty('x');
  });

  it('a hole with a plain Error rejects with a ConfigError', async () => {
    const chain = chainOf([{ key: 'db.broken', error: new Error(fake), origin }, named]);
    const error = await rejection(chain.tree());
    expect(error).toMatchObject({ code: 'io', provider: 'acme', key: 'db.broken' });
    expect(`${printed(error)} ${printed(error.cause)}`).not.toContain(fake);
    const listed = itemAt(
      await scoped(acme([{ key: 'db.broken', error: new Error(fake) }]), 'db').list(),
      'broken',
    );
    expect(listed).toMatchObject({ error: { code: 'io', key: 'broken' } });
  });

  it('a circular value rejects with a ConfigError', async () => {
    const circle: Record<string, unknown> = { password: fake };
    circle.itself = circle;
    const chain = chainOf([{ key: 'db', value: circle, secret: false, origin }]);
    for (const reading of [chain.tree(), chain.get('db'), loadConfig(chain)])
      expect((await rejection(reading)).message).toContain('"db" is an object that contains itself');
  });

  it('an object in place of a Map fails each key', async () => {
    const chain = chainOf([], { getMany: async () => ({ 'db.host': named }) });
    const found = await chain.getMany(['db.host', 'db.none']);
    expect([...found.values()]).toEqual([
      expect.objectContaining({ code: 'io', provider: 'acme', key: 'db.host' }),
      expect.objectContaining({ code: 'io', provider: 'acme', key: 'db.none' }),
    ]);
  });

  it('a Date does not become an empty section', async () => {
    const chain = chainOf([{ key: 'db.since', value: new Date(0), secret: false, origin }]);
    const error = await rejection(chain.tree());
    expect(error.message).toBe('acme: the value of "db.since" is an instance of Date, not a plain object');
  });

  it('keys that were not asked for do not leave getMany', async () => {
    const all = new Map<Key, object>([
      ['db.host', named],
      ['db.password', { key: 'db.password', value: fake, origin }],
    ]);
    const found = await chainOf([], { getMany: async () => all }).getMany(['db.host']);
    expect([...found.keys()]).toEqual(['db.host']);
  });
});

describe.each(Object.entries(readers))('%s', (_, reader) => {
  it('masks the secret of a plain entry in every way of printing', async () => {
    const read = reader(
      acme([
        { key: 'db.password', value: fake },
        { key: 'db.url', value: `http://u:${fake}@h` },
      ]),
    );
    for (const key of ['db.password', 'db.url'])
      for (const entry of Object.values(await everyReading(read, key))) {
        expect(entry).toMatchObject({ key, secret: true, value: expect.stringContaining(fake) });
        expect(isEntry(entry)).toBe(true);
        expect(printed([entry])).not.toContain(fake);
      }
  });

  it('freezes a plain entry deeply, and leaves the original unchanged', async () => {
    const value = ['a', { names: ['b'] }];
    const metadata = { type: 'list', tags: ['x'] };
    const read = reader(acme([{ key: 'db.hosts', value, metadata, origin }]));
    for (const entry of Object.values(await everyReading(read, 'db.hosts'))) {
      expect(entry).toMatchObject({
        value: ['a', { names: ['b'] }],
        metadata: { type: 'list', tags: ['x'] },
      });
      expectFrozen((entry as Entry).value);
      expectFrozen((entry as Entry).metadata);
      expect(Object.isFrozen(entry) && isOrigin(entry?.origin)).toBe(true);
    }
    (value[1] as { names: string[] }).names.push('changed');
    expect(Object.isFrozen(value) || Object.isFrozen(metadata)).toBe(false);
    if (read.status) expect((await read.get('db.hosts'))?.value).toEqual(['a', { names: ['b'] }]);
  });

  it('fails each key of an unsupported value alone', async () => {
    const read = reader(
      acme([{ key: 'db.since', value: new Date(0) }, { key: 'db.map', value: new Map() }, named]),
    );
    const items = await read.list();
    expect(keysOf(items.filter(isUnreadable)).sort()).toEqual(['db.map', 'db.since']);
    expect(itemAt(items, 'db.host')).toMatchObject({ value: 'h' });
    const error = await rejection(read.get('db.since'));
    expect(error).toMatchObject({ code: 'io', key: expect.stringMatching(/db\.since$/) });
    expect(error.message).toMatch(/acme( 2)?: the value of "(?:db\.)?db\.since" is an instance of Date/);
    expect(await read.get('db.host')).toMatchObject({ value: 'h' });
  });

  it('fails each key of getMany alone, and reports no other key', async () => {
    const answers = new Map<string, unknown>([
      ['db.host', named],
      ['db.broken', new TypeError(fake)],
      ['db.since', { key: 'db.since', value: new Date(0) }],
      ['db.null', null],
      ['db.extra', { key: 'db.extra', value: fake }],
    ]);
    const asked = ['db.host', 'db.broken', 'db.since', 'db.null', 'db.none'];
    const read = reader(acme([], { getMany: async () => answers }));
    const found = await read.getMany?.(asked);
    const outcome = (key: Key): unknown => {
      const one = found?.get(key);
      return one instanceof ConfigError ? `${one.code} ${one.key}` : one?.value;
    };
    expect([...(found?.keys() ?? [])]).toEqual(asked);
    expect(asked.map(outcome)).toEqual(['h', 'io db.broken', 'io db.since', 'io db.null', undefined]);
    expect(printed([...(found?.values() ?? [])])).not.toContain(fake);
  });

  it('rejects an answer of the wrong shape, and names the provider', async () => {
    for (const answer of [null, 5, fake, true, [], Symbol(fake), () => fake]) {
      const error = await rejection(reader(acme([], { get: async () => answer })).get('db.password'));
      expect(error).toMatchObject({
        code: 'io',
        key: expect.stringMatching(/db\.password$/),
        provider: expect.stringContaining('acme'),
      });
      expect(error.message).toMatch(/^acme( 2)?: .+"(?:db\.)?db\.password"/);
      expect(printed(error)).not.toContain(fake);
    }
    for (const answer of [undefined, null, fake, {}, new Set([named]), [named].values()]) {
      const error = await rejection(reader(acme(answer)).list());
      expect(error).toMatchObject({ code: 'io', provider: expect.stringContaining('acme') });
      expect(error.message).toMatch(/^acme( 2)?: list returned (?:undefined|null|an? \w+)\. Return a list/);
    }
  });

  it('keeps the entries beside invalid keys and holes of any kind', async () => {
    const read = reader(
      acme([
        { key: 'db.__proto__.x', value: fake },
        { key: 7, value: fake },
        { key: 'db.first', error: 'no access' },
        { key: 'db.second', error: new Error(fake) },
        named,
      ]),
    );
    const items = await read.list();
    expect(items.filter((item) => !isUnreadable(item))).toMatchObject([{ key: 'db.host', value: 'h' }]);
    expect(new Set(keysOf(items.filter(isUnreadable)))).toEqual(new Set(['db', 'db.first', 'db.second']));
    for (const hole of items.filter(isUnreadable)) {
      expect(hole.error).toBeInstanceOf(ConfigError);
      expect(`${printed(hole.error)} ${printed(hole.error.cause)}`).not.toContain(fake);
    }
    expect((await read.get('db.host'))?.value).toBe('h');
  });
});

describe('a provider that is not asynchronous', () => {
  // scoped and mounted call `catch` of what get returns
  const others = Object.entries(readers).filter(([title]) => title !== 'scoped' && title !== 'mounted');

  it.each(others)('%s reads what get, list and getMany return', async (_, reader) => {
    const getMany = () => new Map([['db.host', named]]);
    const read = reader(acme([], { get: () => named, list: () => [named], getMany }));
    for (const entry of Object.values(await everyReading(read, 'db.host')))
      expect(entry).toMatchObject({ key: 'db.host', value: 'h' });
  });
});

describe('keys', () => {
  const long = Array.from({ length: 40 }, (_, i) => `k${i}`).join('.');

  it.each<[unknown, Key]>([
    ['a.__proto__.x', 'a'],
    ['a.b.constructor', 'a.b'],
    ['a..b', 'a'],
    ['a.b c.d', 'a'],
    ['a.../b', 'a'],
    ['"x.y".__proto__', '"x.y"'],
    [long, long.split('.').slice(0, 32).join('.')],
    [`a.${'x'.repeat(600)}`, 'a'],
  ])('%s is a hole at the nearest valid key', async (key, nearest) => {
    const items = await chainOf([{ key, value: fake }, named]).list();
    expect(keysOf(items)).toEqual(['db.host', nearest]);
    const { error } = items[1] as Unreadable;
    expect(error).toMatchObject({ code: 'invalid_key', provider: 'acme', key: nearest });
    expect(error.message).toBe(
      `acme: an entry below ${JSON.stringify(nearest).replaceAll('\\"', '"')} has no valid key`,
    );
  });

  it.each<[unknown]>([
    ['__proto__.x'],
    ['constructor'],
    ['..'],
    ['a b'],
    ['x'.repeat(600)],
    [5],
    [null],
    [undefined],
    [{ toString: () => 'db.host' }],
    [Symbol('key')],
  ])('%s is left out with a notice', async (key) => {
    const messages: unknown[] = [];
    const chain = chainOf([{ key, value: fake }, named]);
    chain.on((event) => messages.push(event.type === 'notice' && event.message));
    expect(keysOf(await chain.list())).toEqual(['db.host']);
    expect(messages).toContain('acme: an entry without a valid key is left out of the list');
  });

  it.each<[string, (provider: ConfigProvider) => ConfigProvider]>(
    [
      'a chain',
      'a chain with an interceptor',
      'scoped',
      'mounted',
      'optional',
      'fallback',
      'intercepted',
      'sheltered',
    ].map((name) => [name, readers[name] as (provider: ConfigProvider) => ConfigProvider]),
  )('%s emits a notice about what it leaves out, without the value', async (_, reader) => {
    const events: unknown[] = [];
    const read = reader(acme([{ key: '__proto__.x', value: fake }, fake, named]));
    read.on?.((event) => events.push(event));
    await read.list();
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'notice', message: expect.stringMatching(/^acme: an entry without/) }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'notice', message: expect.stringMatching(/^acme: a string in place/) }),
    );
    expect(JSON.stringify(events)).not.toContain(fake);
  });

  it('an entry keeps its own key, in canonical form, or takes the key that was asked', async () => {
    const methods = { get: async () => ({ key: 'db/other', value: 1 }) };
    expect((await chainOf([], methods).get('db.host'))?.key).toBe('db.other');
    for (const key of [undefined, '__proto__.x', 5])
      expect((await chainOf([], { get: async () => ({ key, value: 1 }) }).get('db.host'))?.key).toBe(
        'db.host',
      );
  });

  it('getMany asks with canonical keys, and returns them', async () => {
    const provider = new MemoryProvider({ a: { b: 1 } });
    const getMany = async (keys: readonly Key[]) =>
      new Map(await Promise.all(keys.map(async (key) => [key, await provider.get(key)] as const)));
    const found = await unsealed(Object.assign(provider, { getMany })).getMany?.(['a/b']);
    expect([...(found ?? [])]).toMatchObject([['a.b', { value: 1 }]]);
  });
});

describe('getMany', () => {
  const ask = async (answer: unknown, reader = readers.scoped) =>
    reader?.(acme([], { getMany: async () => answer })).getMany?.(['db.host', 'db.none']);
  const throws = (): never => {
    throw new TypeError(fake);
  };
  class Throwing extends Map<string, unknown> {
    override get(): never {
      return throws();
    }
  }
  /** Returns an entry of ours first, and a plain object afterwards. */
  class Changing extends Map<string, unknown> {
    #reads = 0;
    override get(key: string): unknown {
      return this.#reads++ < 2 ? undefined : { key, value: fake };
    }
  }

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a text', fake, 'a string'],
    ['a list of entries', [named], 'a list'],
    ['a plain object', { 'db.host': named }, 'an object'],
    ['an object with a method get', { get: () => undefined }, 'an object'],
    ['a WeakMap', new WeakMap(), 'an object'],
    ['a Proxy of a Map', new Proxy(new Map(), {}), 'an object'],
    [
      'a Proxy that throws',
      new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : throws()) }),
      'an object',
    ],
  ])('%s in place of a Map fails each key', async (_, answer, kind) => {
    for (const reader of [readers.scoped, readers['a chain'], readers.unsealed])
      expect([...((await ask(answer, reader)) ?? [])]).toEqual(
        ['db.host', 'db.none'].map((key) => [
          key,
          expect.objectContaining({
            code: 'io',
            key,
            message: `acme: getMany returned ${kind}. Return a Map from keys to entries`,
          }),
        ]),
      );
  });

  it('reads a Map of another realm', async () => {
    const answer = runInNewContext('new Map([["db.host", item], ["db.none", new Error("fake")]])', {
      item: named,
    });
    expect(answer).not.toBeInstanceOf(Map);
    const found = await ask(answer);
    expect(found?.get('db.host')).toMatchObject({ key: 'db.host', value: 'h' });
    expect(found?.get('db.none')).toMatchObject({ code: 'io', key: 'db.none' });
  });

  it('a Map whose get throws fails each key', async () => {
    const found = [...((await ask(new Throwing())) ?? [])].map(([, result]) => result);
    expect(found).toEqual([expect.any(ConfigError), expect.any(ConfigError)]);
    expect(printed(found)).not.toContain(fake);
  });

  it('reads each key of a Map once', async () => {
    expect([...((await ask(new Changing()))?.values() ?? [])]).toEqual([undefined, undefined]);
  });
});

describe('layers', () => {
  const layersOf = async (answer: unknown) => chainOf([named], { layers: async () => answer }).layers();

  it.each<[string, unknown, string]>([
    ['null', null, 'layers returned null'],
    ['an object', {}, 'layers returned an object'],
    ['a text in a list', [fake], 'layers returned a string in its list'],
    ['an empty slot', Object.assign([], { length: 1 }), 'layers returned undefined in its list'],
    ['a layer without a name', [{ entries: [] }], 'layers returned a layer without a name'],
    ['a text in place of entries', [{ name: 'acme', entries: fake }], 'layers returned a string'],
    [
      'a getter that throws',
      [
        {
          get name() {
            throw new TypeError(fake);
          },
        },
      ],
      'the answer of layers cannot be read',
    ],
  ])('%s is a layer that failed', async (_, answer, message) => {
    const [layer, ...more] = await layersOf(answer);
    expect(more).toEqual([]);
    expect(layer).toMatchObject({ name: 'acme', entries: [], holes: [] });
    expect(layer?.error).toMatchObject({ code: 'io', message: expect.stringContaining(`acme: ${message}`) });
    expect(printed(layer)).not.toContain(fake);
  });

  it('adopts entries, holes and errors, each in its place', async () => {
    const [layer, failed] = await layersOf([
      {
        name: 'one',
        entries: [named, { key: 'db.x', error: new Error(fake) }],
        holes: [{ key: 'db.y', error: fake }],
      },
      { name: 'two', error: new TypeError(fake), tolerated: fake },
    ]);
    expect(keysOf(layer?.entries ?? [])).toEqual(['db.host']);
    expect(keysOf(layer?.holes ?? [])).toEqual(['db.x', 'db.y']);
    expect(failed).toMatchObject({
      entries: [],
      holes: [],
      error: { code: 'io' },
      tolerated: { code: 'io' },
    });
    expect([...(layer?.entries ?? [])].every(isEntry)).toBe(true);
    expect(printed([layer, failed])).not.toContain(fake);
  });
});

describe('set', () => {
  it.each<[string, (provider: WritableProvider) => ConfigProvider]>([
    ['scoped', (provider) => mounted(scoped(provider, 'db'), 'db')],
    ['optional', optional],
    ['fallback', (provider) => fallback(provider, new MemoryProvider({}, { name: 'second' }))],
    ['intercepted', readers.intercepted as (provider: ConfigProvider) => ConfigProvider],
  ])('%s adopts what set returns', async (_, reader) => {
    const writing = (answer: unknown): Promise<Entry> =>
      (
        reader(
          acme([], { set: async () => answer, delete: async () => true }) as WritableProvider,
        ) as WritableProvider
      ).set('db.password', fake);
    const entry = await writing({ key: 'db.password', value: fake });
    expect(isEntry(entry)).toBe(true);
    expect(entry).toMatchObject({ key: 'db.password', secret: true });
    for (const answer of [undefined, null, true, fake]) {
      const error = await rejection(writing(answer));
      expect(error).toMatchObject({ code: 'io', key: 'db.password' });
      expect(error.message).toMatch(/^acme: set returned (?:undefined|null|an? \w+) for "db\.password"/);
    }
  });

  it('sheltered rejects a write whose answer is no entry', async () => {
    const store = acme([], { set: async () => null, delete: async () => true }) as WritableProvider;
    const provider = sheltered(store);
    expect(await rejection(provider.set('db.host', 'h'))).toMatchObject({ code: 'io', key: 'db.host' });
    await provider.close();
  });
});

describe('entries of ours', () => {
  const made = (key: unknown, more: object = {}): Entry =>
    makeEntry({ key: key as Key, value: 'v', secret: false, origin: own, ...more });

  it.each<[unknown, Key[]]>([
    ['__proto__.x', ['db.host']],
    ['db.constructor.x', ['db.host', 'db']],
    [5, ['db.host']],
    ['"unclosed', ['db.host']],
    [Array(40).fill('k').join('.'), ['db.host', Array(32).fill('k').join('.')]],
    ['db.protocol', ['db.protocol', 'db.host']],
    ['"a.b".c', ['"a.b".c', 'db.host']],
  ])('an entry with the key %s does not fail the others', async (key, keys) => {
    const entry = made(key);
    const chain = chainOf([entry, made('db.host')]);
    expect(keysOf(await chain.list()).sort()).toEqual([...keys].sort());
    expect(await chain.explain('db.host')).toMatchObject({ winner: { provider: 'acme' } });
    expect(await scoped(acme([entry]), '').list()).toEqual(
      key === keys[0] ? [entry] : expect.not.arrayContaining([entry]),
    );
  });

  it('an entry that also has an error is a hole', async () => {
    const items = await chainOf([made('db.x', { error: null }), made('db.host')]).list();
    expect(itemAt(items, 'db.x')).toMatchObject({ error: { code: 'io', key: 'db.x' } });
    expect(itemAt(items, 'db.host')).toMatchObject({ value: 'v' });
  });

  it('entries and holes of ours pass unchanged', async () => {
    const [entry, hole] = [
      made('db.host'),
      Object.freeze({
        key: 'db.x',
        origin: own,
        error: new ConfigError('disabled', 'x', { provider: 'p', key: 'db.x' }),
      }),
    ];
    const [layer] = await chainOf([entry, hole, { key: 'db.plain', value: 1 }]).layers();
    expect(layer?.entries[0]).toBe(entry);
    expect(layer?.holes[0]).toBe(hole);
  });
});

describe('the provider that an error names', () => {
  it('is not a field of the provider', async () => {
    const client = { token: fake };
    const odd = Object.assign(acme(null, { get: async () => null, getMany: async () => null }), {
      provider: client,
      notice: fake,
    });
    const read = mounted(scoped(odd, 'db'), 'db');
    const failed = (await read.getMany?.(['db.host']))?.get('db.host');
    for (const error of [await rejection(read.get('db.host')), await rejection(read.list()), failed])
      expect((error as ConfigError).provider).toBe('acme');
  });
});

describe('a second copy of this library', () => {
  const other = secondCopy();
  const position = () => ({ line: 3, column: 5 });
  const theirs = other.makeOrigin({ provider: 'store', source: 'store.txt', version: '7', position });
  const denied = new other.ConfigError('access_denied', 'denied', {
    provider: 'store',
    key: 'db.x',
    origin: theirs,
    hint: 'Ask for access',
    cause: Object.assign(new TypeError(fake), { code: 'EACCES' }),
  });
  const down = new other.ConfigError('unavailable', 'no answer', { retryAfterMs: 7 });
  const memory = () => new other.MemoryProvider({ db: { host: 'h', password: fake } }, { name: 'store' });

  it('is foreign', async () => {
    expect(isEntry(await memory().get('db.host'))).toBe(false);
    expect(denied).not.toBeInstanceOf(ConfigError);
  });

  it.each(Object.entries(readers))('its entries work behind %s', async (_, reader) => {
    const read = reader(memory());
    for (const entry of Object.values(await everyReading(read, 'db.password'))) {
      expect(isEntry(entry) && isOrigin(entry?.origin)).toBe(true);
      expect(entry).toMatchObject({ key: 'db.password', value: fake, secret: true });
      expect(entry?.origin.provider).toMatch(/^store/);
      expect(printed([entry])).not.toContain(fake);
    }
    await read.close?.();
  });

  it('its chains and sheltered providers work in a chain', async () => {
    const inner = new other.ProviderChain([other.sheltered(memory())], { name: 'inner' });
    const chain = new ProviderChain([inner, new MemoryProvider({ db: { port: 5 } })]);
    expect(await chain.tree()).toEqual({ db: { host: 'h', password: fake, port: 5 } });
    expect((await chain.layers()).map(({ name }) => name)).toEqual(['store', 'memory']);
    expect(await chain.explain('db.host')).toMatchObject({ winner: { provider: 'store', value: '"h"' } });
    await chain.close();
  });

  it('its positions, versions and keys survive', async () => {
    const made = (key: Key) =>
      other.makeEntry({ key, value: 'v', secret: false, origin: theirs, text: true });
    const chain = chainOf([made('db.""'), made('"a.b".c'), made('db.host')]);
    const items = await chain.list();
    expect(keysOf(items).sort()).toEqual(['"a.b".c', 'db.""', 'db.host']);
    for (const { origin } of items) expect(`${origin}`).toBe('store.txt:3:5 v7');
  });

  it('its errors become ours with all they contain', async () => {
    const chain = chainOf([], { get: () => Promise.reject(denied), list: () => Promise.reject(denied) });
    const [layer] = await chain.layers();
    for (const error of [await rejection(chain.get('db.x')), layer?.error]) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        code: 'access_denied',
        message: 'denied. Ask for access',
        hint: 'Ask for access',
        provider: 'store',
        key: 'db.x',
      });
      expect(`${error?.origin}`).toBe('store.txt:3:5 v7');
      expect(error?.cause).toBeInstanceOf(Error);
      expect(printed(error)).not.toContain(fake);
    }
  });

  it('its errors and holes fail their keys alone', async () => {
    const answers = new Map<Key, unknown>([
      ['db.x', denied],
      ['db.host', other.makeEntry({ key: 'db.host', value: 'h', secret: false, origin: theirs })],
    ]);
    const found = await chainOf([], { getMany: async () => answers }).getMany(['db.x', 'db.host']);
    expect(found.get('db.x')).toBeInstanceOf(ConfigError);
    expect(found.get('db.x')).toMatchObject({ code: 'access_denied', key: 'db.x' });
    expect(found.get('db.host')).toMatchObject({ value: 'h' });
    const [hole] = await chainOf([{ key: 'db.x', origin: theirs, error: denied }]).list();
    expect(hole).toMatchObject({ key: 'db.x', error: { code: 'access_denied', hint: 'Ask for access' } });
    expect((hole as Unreadable).error).toBeInstanceOf(ConfigError);
  });

  it('its outage is tolerated', async () => {
    const store = acme([], { get: () => Promise.reject(down), list: () => Promise.reject(down) });
    const second = new MemoryProvider({ db: { host: 'second' } }, { name: 'second' });
    expect((await new ProviderChain([optional(store), second]).get('db.host'))?.value).toBe('second');
    expect((await fallback(store, second).get('db.host'))?.value).toBe('second');
    expect(
      await chainOf([], { get: () => Promise.reject(down) })
        .get('db.host')
        .catch((error) => error),
    ).toMatchObject({ code: 'unavailable', transient: true, retryAfterMs: 7 });
  });

  it('a chain with a listener emits the code of its errors', async () => {
    const chain = chainOf([], { get: () => Promise.reject(denied) });
    const outcomes: unknown[] = [];
    chain.on((event) => event.type === 'read' && outcomes.push(`${event.key}: ${event.outcome}`));
    await rejection(chain.get('db.host'));
    await chain.getMany(['db.x']);
    expect(outcomes).toEqual(['db.host: access_denied', 'db.x: access_denied']);
  });

  it('reads our providers', async () => {
    const ours = new MemoryProvider({ db: { host: 'h', password: fake } });
    const chain = new other.ProviderChain([ours]);
    expect(await chain.tree()).toEqual({ db: { host: 'h', password: fake } });
    expect(printed(await chain.get('db.password'))).not.toContain(fake);
  });

  it('an error that only has the brand of a ConfigError becomes io', async () => {
    const branded = {
      [Symbol.for('llm-config-manager.error')]: true,
      code: 'toString',
      provider: {},
      key: 5,
    };
    const error = await rejection(chainOf([], { get: () => Promise.reject(branded) }).get('db.host'));
    expect(error).toMatchObject({ code: 'io', provider: 'acme', key: 'db.host' });
  });
});

describe('random answers', () => {
  const numRuns = runs(100, 2_000);
  const codes = new Set<ErrorCode>(['io', 'invalid_key', 'conflict', 'access_denied', 'validation', 'parse']);
  const calls: Readonly<Record<string, (reader: ConfigProvider) => unknown>> = {
    get: (reader) => reader.get('db.host'),
    getMany: (reader) => reader.getMany?.(['db.host', 'db/list', 'q']),
    list: (reader) => reader.list(),
    'list of a section': (reader) => reader.list('db'),
    layers: (reader) => reader.layers?.(),
    tree: (reader) => (reader instanceof ProviderChain ? reader.tree() : undefined),
    'tree of a section': (reader) => (reader instanceof ProviderChain ? reader.tree('db') : undefined),
    explain: (reader) => (reader instanceof ProviderChain ? reader.explain('db.host') : undefined),
    loadConfig: (reader) => (reader instanceof ProviderChain ? loadConfig(reader) : undefined),
    set: (reader) => (reader as Partial<WritableProvider>).set?.('db.host', 1),
  };
  const answers = fc.record({
    get: junkItem,
    list: fc.oneof(
      { weight: 3, arbitrary: fc.array(junkItem, { maxLength: 4 }) },
      { weight: 1, arbitrary: junk },
    ),
    getMany: fc.option(
      fc.oneof(
        fc.tuple(junkItem, junkItem).map(
          ([one, other]) =>
            new Map([
              ['db.host', one],
              ['extra', other],
            ]),
        ),
        junk,
      ),
      { nil: undefined },
    ),
    layers: fc.option(
      fc.array(fc.record({ name: fc.constantFrom<unknown>('one', 5), entries: junk, holes: junk })),
      {
        nil: undefined,
      },
    ),
    set: junkItem,
  });

  const checkItem = (item: unknown): void => {
    if (item === undefined) return;
    expect(Object.isFrozen(item)).toBe(true);
    if (isUnreadable(item as Item)) expect((item as Unreadable).error).toBeInstanceOf(ConfigError);
    else {
      expect(isEntry(item)).toBe(true);
      expectFrozen((item as Entry).value as ConfigValue);
    }
  };
  const check = (result: unknown): void => {
    if (result instanceof Map)
      for (const one of result.values()) if (!(one instanceof ConfigError)) checkItem(one);
    if (Array.isArray(result))
      for (const one of result)
        if ('entries' in one) [...one.entries, ...one.holes].forEach(checkItem);
        else checkItem(one);
    if (isEntry(result)) checkItem(result);
  };

  it('every rejection is a ConfigError that names the provider and no value', {
    timeout: 600_000,
  }, async () => {
    const reading = fc.tuple(
      fc.constantFrom(...Object.keys(readers)),
      fc.constantFrom(...Object.keys(calls)),
    );
    await fc.assert(
      fc.asyncProperty(answers, reading, async (given, [reader, call]) => {
        const methods = Object.entries(given).flatMap(([name, answer]) =>
          answer === undefined || (name === 'layers' && reader === 'sheltered')
            ? []
            : // a thenable answer would run as code of the provider
              [[name, () => Promise.resolve([answer]).then(([one]) => one)]],
        );
        const read = (readers[reader] as (provider: ConfigProvider) => ConfigProvider)(
          acme([], Object.fromEntries(methods)),
        );
        try {
          check(await calls[call]?.(read));
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(codes).toContain(error.code);
          expect(`${error.message} ${error.provider}`).toMatch(/acme|problem/);
          expect(`${printed(error)} ${error.cause ? printed(error.cause) : ''}`).not.toContain(fake);
        } finally {
          await read.close?.();
        }
      }),
      { numRuns },
    );
  });
});
