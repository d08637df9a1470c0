import { describe, expect, it, onTestFinished } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { scoped } from '../src/decorators/scoped.ts';
import type { Entry, Unreadable } from '../src/entry.ts';
import { ConfigError } from '../src/errors.ts';
import { isOrigin, makeOrigin } from '../src/origin.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { sheltered } from '../src/shelter/index.ts';
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
  rejection,
} from './support/by-hand.ts';

const own = makeOrigin({ provider: 'acme', source: 'acme.txt' });

describe('what a plain entry becomes', () => {
  const adopt = async (fields: object): Promise<Entry> => {
    const item = { key: 'db.host', value: 'h', ...fields };
    const [entry, listed] = [await chainOf([item]).get(item.key), (await scoped(acme([item]), '').list())[0]];
    expect({ ...entry, leaf: undefined }).toEqual({ ...listed, leaf: undefined });
    return entry as Entry;
  };

  it.each<[string, object, boolean]>([
    ['its name', { key: 'db.password' }, true],
    ['its shape', { value: 'Bearer a1b2c3d4e5' }, true],
    ['neither', {}, false],
    ['true', { secret: true }, true],
    ['false', { key: 'db.password', secret: false }, false],
    ['a text in place of true', { key: 'db.password', secret: 'no' }, true],
    ['null', { key: 'db.password', secret: null }, true],
  ])('its secrecy follows %s', async (_, fields, secret) => {
    expect((await adopt(fields)).secret).toBe(secret);
  });

  class ForeignOrigin {
    readonly provider = 'other';
    readonly source = 'http://user:pw-fake@host/x';
    get line(): number {
      return 4;
    }
    get column(): number {
      return 2;
    }
    toString(): string {
      return fake;
    }
  }

  it.each<[string, unknown, string, string]>([
    ['a missing origin', undefined, 'acme', 'acme db.host'],
    ['null', null, 'acme', 'acme db.host'],
    ['a text', '--host', 'acme', 'acme db.host'],
    ['a source alone', { source: 'x.txt' }, 'acme', 'x.txt'],
    ['a provider alone', { provider: 'x' }, 'x', 'acme db.host'],
    ['a line without a column', { source: 'x.txt', line: 3 }, 'acme', 'x.txt'],
    ['a position and a version', { ...origin, version: '7' }, 'acme', 'acme.txt:3:5 v7'],
    ['fields of the wrong kind', { provider: 5, source: {}, version: 7 }, 'acme', 'acme db.host'],
    ['a foreign class', new ForeignOrigin(), 'other', 'http://user:[redacted]@host/x:4:2'],
  ])('its origin is rebuilt from %s', async (_, given, provider, text) => {
    const { origin } = await adopt({ origin: given });
    expect([origin.provider, `${origin}`, isOrigin(origin)]).toEqual([provider, text, true]);
  });

  it('the origin of a value at the root names the provider alone', async () => {
    const [entry] = await scoped(acme([{ key: '', value: { host: 'h' } }]), '').list();
    expect(`${entry?.origin}`).toBe('acme');
  });

  it('times become milliseconds, and those of another kind are left out', async () => {
    expect(await adopt({ modifiedAt: new Date(5), readAt: 6 })).toMatchObject({ modifiedAt: 5, readAt: 6 });
    const junk = await adopt({ modifiedAt: 'yesterday', readAt: Number.NaN });
    expect(junk).not.toHaveProperty('modifiedAt');
    expect(junk).not.toHaveProperty('readAt');
  });

  it.each<[unknown, number | undefined]>([
    [7, 7],
    [new Date(8), 8],
    ['tomorrow', 0],
    [new Date(Number.NaN), 0],
    [{}, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.POSITIVE_INFINITY, undefined],
    [null, undefined],
  ])('expiresAt %s means %s', async (given, expiresAt) => {
    expect((await adopt({ expiresAt: given })).expiresAt).toBe(expiresAt);
  });

  it('a value that has no valid end is never cached', async () => {
    let reads = 0;
    const provider = sheltered(
      acme([], { get: async () => ({ key: 'db.host', value: `${++reads}`, expiresAt: 'soon' }) }),
    );
    expect((await provider.get('db.host'))?.value).toBe('1');
    expect((await provider.get('db.host'))?.value).toBe('2');
    await provider.close();
  });

  it('metadata keeps its texts and lists of texts', async () => {
    const metadata = JSON.parse(
      '{ "type": "x", "tags": ["a"], "size": 5, "mixed": ["a", 1], "__proto__": "y" }',
    );
    const { metadata: kept } = await adopt({ metadata });
    expect(Object.entries(kept as object)).toEqual([
      ['type', 'x'],
      ['tags', ['a']],
      ['__proto__', 'y'],
    ]);
    expectFrozen(kept);
    expect(await adopt({ metadata: 'text' })).not.toHaveProperty('metadata');
  });

  it('a conventional name binds by its words, and says by its leaf whether a key is secret', async () => {
    const leaf = (key: string) => ({ origin: own, secret: key === 'server.host' });
    const item = { key: 'SERVER_HOST', value: 'h', secret: false, loose: 'words', leaf };
    const below = new MemoryProvider({ 'server.host': 'x', serverHost: 'y', server_hosts: 'z' });
    const chain = new ProviderChain([acme([item]), below]);
    const listed = (await chain.list()) as Entry[];
    expect(listed.map(({ key, value, secret }) => [key, value, secret])).toEqual([
      ['server.host', 'h', true],
      ['serverHost', 'h', false],
      ['server_hosts', 'z', false],
    ]);
  });

  it('version, text and loose of the wrong kind are left out', async () => {
    expect(await adopt({ version: 7, text: true, loose: 'known' })).toMatchObject({
      version: '7',
      text: true,
      loose: 'known',
    });
    const entry = await adopt({ version: {}, text: 'yes', loose: 'sometimes', colour: fake });
    for (const name of ['version', 'text', 'loose', 'colour']) expect(entry).not.toHaveProperty(name);
  });

  it('a bigint is a value', async () => {
    const entry = await adopt({ value: { big: 10n } });
    expect(entry.value).toEqual({ big: 10n });
    expect(JSON.stringify(entry)).toContain('1 keys');
  });

  it('an entry of a subclass or with accessors is read once and copied', async () => {
    let reads = 0;
    class Lazy {
      readonly key = 'db.host';
      get value(): string {
        return `${++reads}`;
      }
    }
    const entry = await chainOf([], { get: async () => new Lazy() }).get('db.host');
    expect([entry?.value, entry?.value, reads]).toEqual(['1', '1', 1]);
  });
});

describe('leaf of a plain tree', () => {
  const treeOf = async (fields: object): Promise<Record<string, Item>> => {
    const value = { host: 'h', password: fake, open: 'o' };
    const items = await chainOf([{ key: 'db', value, origin, ...fields }]).list();
    return Object.fromEntries(items.map((item) => [item.key, item]));
  };

  it('without leaf, name and shape decide, and the tree has the origin', async () => {
    const items = await treeOf({});
    expect(items['db.host']).toMatchObject({ secret: false });
    expect(items['db.password']).toMatchObject({ secret: true });
    expect(`${items['db.host']?.origin}`).toBe('acme.txt:3:5');
    expect(printed(items)).not.toContain(fake);
  });

  it('leaf decides about each value, and its origin is rebuilt', async () => {
    const items = await treeOf({
      leaf: (inside: string) => ({ origin: { source: `line of ${inside}` }, secret: inside === 'open' }),
    });
    expect(`${items['db.host']?.origin}`).toBe('line of host');
    expect(items['db.open']).toMatchObject({ secret: true });
  });

  it.each<[string, () => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a text', () => fake],
    ['a promise', () => Promise.resolve({ secret: false })],
    ['fields of the wrong kind', () => ({ origin: 5, secret: 'no' })],
  ])('leaf that returns %s leaves the decision to the name', async (_, leaf) => {
    const items = await treeOf({ leaf });
    expect(items['db.password']).toMatchObject({ secret: true });
    expect(items['db.host']).toMatchObject({ secret: false });
    expect(isOrigin(items['db.host']?.origin)).toBe(true);
  });

  it('leaf that throws makes every value secret', async () => {
    const leaf = (): never => {
      throw new TypeError(fake);
    };
    const items = await treeOf({ leaf });
    expect(Object.values(items)).toHaveLength(3);
    for (const item of Object.values(items)) expect(item).toMatchObject({ secret: true });
    expect(printed(items)).not.toContain(fake);
  });

  it('a tree prints masked, also through loadConfig and explain', async () => {
    const chain = chainOf([{ key: 'db', value: { host: 'h', password: fake } }]);
    const tree = await chain.tree();
    expect(tree).toEqual({ db: { host: 'h', password: fake } });
    const config = await loadConfig(chain);
    onTestFinished(() => config.close());
    expect(config.get('db.password')).toBe(fake);
    const texts = [tree, config.value, config].map((one) => `${JSON.stringify(one)}`);
    expect(`${texts} ${await chain.explain('db.password')} ${config.explain('db.password')}`).not.toContain(
      fake,
    );
  });
});

describe('values', () => {
  class Own {
    readonly password = fake;
  }
  const levels = (many: number): unknown => {
    let value: unknown = fake;
    for (let i = 0; i < many; i++) value = { inner: value };
    return value;
  };
  const list: unknown[] = [fake];
  list.push(list);
  const throws = (): never => {
    throw new TypeError(fake);
  };

  it.each<[string, unknown, RegExp]>([
    ['a list that contains itself', list, /is an object that contains itself$/],
    ['200 levels', levels(200), /is nested more than 100 levels deep$/],
    ['a Date', new Date(0), /is an instance of Date, not a plain object$/],
    ['a Map', new Map([['password', fake]]), /is an instance of Map, not a plain object$/],
    ['a Set', new Set([fake]), /is an instance of Set, not a plain object$/],
    ['a function', () => fake, /is a function$/],
    ['a symbol', Symbol(fake), /is a symbol$/],
    ['NaN', Number.NaN, /is NaN$/],
    ['undefined', undefined, /is undefined: omit the key, or use null$/],
    ['a class instance', new Own(), /is an instance of Own, not a plain object$/],
    ['a Promise', Promise.resolve(fake), /is an instance of Promise, not a plain object$/],
    [
      'a list with an empty slot',
      Object.assign([fake], { length: 2 }),
      /is undefined: omit the key, or use null$/,
    ],
    ['a symbol as a name', { [Symbol(fake)]: 1 }, /is an object with symbol keys$/],
    [
      'a getter that throws',
      {
        get password() {
          return throws();
        },
      },
      /^acme: the entry for "db\.x" cannot be read$/,
    ],
    [
      'a Proxy that throws',
      new Proxy({}, { ownKeys: throws }),
      /^acme: the entry for "db\.x" cannot be read$/,
    ],
    [
      'a nested __proto__',
      JSON.parse(`{"a":{"__proto__":{"x":"${fake}"}}}`),
      /has a name that is not a key$/,
    ],
    ['a nested constructor', { a: { constructor: fake } }, /has a name that is not a key$/],
  ])('%s is a hole in a list, and get rejects', async (_, value, message) => {
    const item = { key: 'db.x', value, origin };
    const chain = chainOf([item, named], { get: async () => item });
    const items = await chain.list();
    expect(itemAt(items, 'db.host')).toMatchObject({ value: 'h' });
    const found = [(itemAt(items, 'db.x') as Unreadable).error, await rejection(chain.get('db.x'))];
    for (const error of found) {
      expect(error).toMatchObject({ code: 'io', provider: 'acme', key: 'db.x' });
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/^acme: the (?:value of|entry for) "db\.x"/);
      expect(`${printed(error)} ${printed(error.cause)}`).not.toContain(fake);
    }
    expect(await chain.explain('db.x')).toMatchObject({ error: { code: 'io' } });
    expect((await rejection(loadConfig(chain))).message).toMatch(/db\.x/);
  });

  it.each<[string, object]>([
    [
      'value',
      {
        get value() {
          return throws();
        },
      },
    ],
    [
      'origin',
      {
        value: 1,
        get origin() {
          return throws();
        },
      },
    ],
    [
      'secret',
      {
        value: 1,
        get secret() {
          return throws();
        },
      },
    ],
    [
      'error',
      {
        value: 1,
        get error() {
          return throws();
        },
      },
    ],
    ['metadata', { value: 1, metadata: new Proxy({}, { ownKeys: throws }) }],
  ])('an accessor of %s that throws is a hole', async (_, fields) => {
    const item = Object.defineProperties({ key: 'db.x' }, Object.getOwnPropertyDescriptors(fields));
    const read = scoped(acme([item, named]), '');
    expect(keysOf(await read.list())).toEqual(['db.x', 'db.host']);
    expect((await rejection(read.get('db.x'))).message).toBe('acme: the entry for "db.x" cannot be read');
  });

  it.each<[string, unknown]>([
    ['a Proxy that throws', new Proxy({}, { get: throws, isExtensible: throws, getPrototypeOf: throws })],
    [
      'an accessor of the key that throws',
      {
        get key() {
          return throws();
        },
        value: 1,
      },
    ],
    ['null', null],
    ['an empty slot', undefined],
  ])('%s in place of an entry is left out', async (_, item) => {
    expect(keysOf(await scoped(acme([item, named]), '').list())).toEqual(['db.host']);
    const sparse = Object.assign([named], { length: 3 });
    expect(keysOf(await scoped(acme(sparse), '').list())).toEqual(['db.host']);
  });
});

describe('holes', () => {
  it('a hole keeps the code, the origin and the key of its ConfigError', async () => {
    const error = new ConfigError('access_denied', 'denied', { hint: 'Ask for access' });
    const [hole] = await scoped(acme([{ key: 'db.x', error, origin, loose: 'known' }]), '').list();
    expect(hole).toMatchObject({
      key: 'db.x',
      error: { code: 'access_denied', provider: 'acme', key: 'db.x' },
    });
    expect([`${hole?.origin}`, isOrigin(hole?.origin), Object.isFrozen(hole)]).toEqual([
      'acme.txt:3:5',
      true,
      true,
    ]);
    expect((hole as Unreadable).error).toMatchObject({
      hint: 'Ask for access',
      message: 'denied. Ask for access',
    });
  });

  it.each<[string, unknown]>([
    ['a text', fake],
    ['null', null],
    ['false', false],
    ['an object', { code: 'access_denied', message: fake }],
    ['a plain Error', Object.assign(new Error(fake), { code: 'ENOENT' })],
  ])('%s as its error makes it io, without the text', async (_, error) => {
    const item = { key: 'db.x', value: fake, error };
    const chain = chainOf([item, named]);
    const hole = itemAt(await chain.list(), 'db.x') as Unreadable;
    for (const found of [hole.error, await rejection(chain.get('db.x'))]) {
      expect(found).toMatchObject({ code: 'io', message: 'acme: "db.x" cannot be read', key: 'db.x' });
      expect(`${printed(found)} ${printed(found.cause)}`).not.toContain(fake);
    }
  });

  it('error: undefined is no hole', async () => {
    expect(await chainOf([{ ...named, error: undefined }]).list()).toMatchObject([{ value: 'h' }]);
  });

  it('get and getMany reject with the error of a hole', async () => {
    const item = { key: 'db.x', error: new ConfigError('disabled', 'it is disabled') };
    const chain = chainOf([item], { getMany: async () => new Map([['db.x', item]]) });
    expect(await rejection(chain.get('db.x'))).toMatchObject({ code: 'disabled', key: 'db.x' });
    expect((await chain.getMany(['db.x'])).get('db.x')).toMatchObject({ code: 'disabled', key: 'db.x' });
  });

  it('a hole of ours passes unchanged, unless its key is invalid', async () => {
    const hole = (key: unknown) =>
      Object.freeze({
        key,
        origin: own,
        error: new ConfigError('disabled', 'x', { provider: 'acme', key: 'k' }),
      });
    const valid = [hole('db.x'), hole('"a.b".c'), hole('db.""')];
    const items = await scoped(acme(valid), '').list();
    expect(keysOf(items)).toEqual(['db.x', '"a.b".c', 'db.""']);
    expect(keysOf(await chainOf([hole('__proto__.x'), hole(5), hole('db.__proto__'), named]).list())).toEqual(
      ['db.host', 'db'],
    );
  });
});
