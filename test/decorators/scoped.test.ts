import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { cascade, environments } from '../../src/chain/levels.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Change, ConfigProvider, WritableProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { ConfigValue, Key } from '../../src/value.ts';
import { entry, Fixed, failing, layer, variable } from '../support/layers.ts';

const env = (...names: [string, string][]): ConfigProvider => {
  const items = names.map(([name, value]) => variable(name, value));
  return {
    name: 'env',
    get: async (key) =>
      items.find((one) => one.key.replaceAll('_', '') === key.replaceAll('_', '').toLowerCase()),
    list: async () => items,
  };
};

describe('cascade', () => {
  it('lets the most specific level win', async () => {
    const values: Record<string, Record<string, ConfigValue>> = {
      global: { a: 1, b: 1, c: 1 },
      tenant: { b: 2, c: 2 },
      service: { c: 3 },
    };
    const chain = cascade(['global', 'tenant', 'service'], (level) => new Fixed(level, values[level] ?? {}));
    expect(await chain.tree()).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('refuses what is no list of levels', () => {
    expect(() => cascade('acme' as never, (level: string) => new Fixed(level, {}))).toThrow(
      'cascade: its first argument must be a list of levels',
    );
  });
});

describe('environments', () => {
  const files: Record<string, Record<string, ConfigValue>> = {
    production: { log: 'warn' },
    staging: { log: 'info', debugger: 'off' },
    development: { log: 'debug', debugger: 'on' },
    base: { log: 'all', name: 'acme' },
  };
  const make = (name: string) => new Fixed(name, files[name] ?? {});

  it('take the active one, then base, and ask no other: development never shines into production', async () => {
    expect(await environments('production', make).tree()).toEqual({ log: 'warn', name: 'acme' });
  });

  it('refuse an active one that has no name, and options that are none', () => {
    for (const active of [undefined, '', 5])
      expect(() => environments(active as never, make)).toThrow(
        'environments: its first argument must be the name of the active environment. A variable may be unset:',
      );
    expect(() => environments('production', make, { inherit: 'staging' as never })).toThrow(
      'environments: the option inherit must be a list, each a non-empty string; received a string',
    );
    expect(() => environments('production', make, { inherits: [] } as never)).toThrow(
      'Did you mean inherit?',
    );
  });

  it('inherit only from those that are named, in their order', async () => {
    expect(await environments('production', make, { inherit: ['staging'] }).tree()).toEqual({
      log: 'warn',
      debugger: 'off',
      name: 'acme',
    });
  });
});

describe('scoped', () => {
  const vault = new Fixed('vault', {
    'acme.inference.db.host': 'x',
    'acme.inference.port': 1,
    'other.port': 2,
  });

  it('cuts: reads below its scope and nothing beside it', async () => {
    const view = scoped(vault, 'acme/inference');
    expect(await view.get('port')).toMatchObject({ key: 'port', value: 1 });
    expect(await view.get('other.port')).toBeUndefined();
    expect((await view.list()).map((item) => item.key)).toEqual(['db.host', 'port']);
    expect((await view.list('db')).map((item) => item.key)).toEqual(['db.host']);
    expect(view.where?.('port')).toBe('vault acme.inference.port');
    expect(view.name).toBe('vault at acme.inference');
  });

  it('refuses what is no provider, as mounted does', () => {
    expect(() => scoped(undefined as never, 'a')).toThrow(
      'scoped: its first argument is no provider. A provider has a name, get and list',
    );
    expect(() => mounted({} as never, 'a')).toThrow('mounted: its first argument is no provider');
  });

  it('tells whoever has given up, also of a key that nobody would be asked for', async () => {
    const signal = AbortSignal.abort();
    const at = mounted(new Fixed('memory', { port: 1 }), 'acme');
    for (const asked of [
      at.get('other.port', { signal }),
      at.list('other', { signal }),
      at.get('acme.port', { signal }),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'aborted' });
    const chain = mounted(new ProviderChain([new Fixed('memory', { port: 1 })]), 'acme');
    await expect(chain.layers?.('other', { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('cuts loose names by their letters, so that they bind only once the outer keys are known', async () => {
    const chain = new ProviderChain([
      scoped(env(['ACME_AI__POOL_MAX', '9'], ['OTHER', 'x']), 'acmeAi'),
      new Fixed('file', { pool_max: 5 }),
    ]);
    expect(await chain.tree()).toEqual({ pool_max: '9' });
  });

  it('speaks of errors and holes in the outer key’s words', async () => {
    const store = new Fixed('store', {
      'acme.key': new ConfigError('disabled', 'the secret at "acme.key" is disabled', {
        key: 'acme.key',
        hint: 'Enable it',
      }),
    });
    const view = scoped(store, 'acme');
    await expect(view.get('key')).rejects.toMatchObject({
      key: 'key',
      message: 'the secret at "key" is disabled. Enable it',
      hint: 'Enable it',
    });
    expect(await view.list()).toMatchObject([{ key: 'key', error: { key: 'key' } }]);
    await expect(scoped(failing('odd', new TypeError('bug')), 'a').get('x')).rejects.toThrow(TypeError);
    await expect(scoped(failing('down'), 'a').list()).rejects.toMatchObject({ code: 'unavailable', key: '' });
  });

  it('maps wanted keys inward, so that a remote provider reads only what can hold them', async () => {
    const list = vi.fn(async () => []);
    await scoped({ ...failing('vault'), list }, 'acme').list('', {
      wanted: { keys: ['a.b'], prefixes: ['c'] },
    });
    expect(list).toHaveBeenCalledWith('acme', { wanted: { keys: ['acme.a.b'], prefixes: ['acme.c'] } });
  });

  it('calls who has changed as it calls the layers', async () => {
    const store = new MemoryProvider({ 'acme.x': 1 }, { name: 'store' });
    const view = scoped(new ProviderChain([store]), 'acme');
    const changes: Change[] = [];
    view.watch?.((change) => changes.push(change));
    await store.set('acme.x', 2);
    expect(changes).toMatchObject([{ provider: 'store in chain at acme', keys: ['x'] }]);
    expect(await view.layers?.()).toMatchObject([{ name: 'store in chain at acme' }]);
  });

  it('maps layers one by one', async () => {
    const inner = new ProviderChain([
      new Fixed('a', { 'acme.x': 1 }),
      failing('b', new ConfigError('unavailable', 'gone', { key: 'acme' })),
    ]);
    const layers = await scoped(inner, 'acme').layers?.();
    expect(layers).toMatchObject([
      { name: 'a in chain at acme', entries: [{ key: 'x' }] },
      { name: 'b in chain at acme', error: { code: 'unavailable', key: '' } },
    ]);
  });

  it('writes, refreshes, watches and asks for status below its scope', async () => {
    const changes: Change[] = [];
    let tell: (change: Change) => void = () => {};
    const inner: WritableProvider = {
      ...failing('store'),
      set: vi.fn(async (key, value) => entry('store', key, value)),
      delete: vi.fn(async () => true),
      refresh: vi.fn(async () => {}),
      status: vi.fn(() => ({ stale: true })),
      getMany: vi.fn(
        async (keys: readonly Key[]) =>
          new Map(
            keys.map((key) => [
              key,
              key === 'acme.bad'
                ? new ConfigError('throttled', 'slow down', { key })
                : entry('store', key, 1),
            ]),
          ),
      ),
      watch: (onChange) => {
        tell = onChange;
        return { [Symbol.dispose]: () => {} };
      },
    };
    const view = scoped(inner, 'acme');
    expect(await view.set('x', 1)).toMatchObject({ key: 'x', value: 1 });
    expect(await view.delete('x')).toBe(true);
    expect(inner.set).toHaveBeenCalledWith('acme.x', 1, undefined);
    expect(inner.delete).toHaveBeenCalledWith('acme.x', undefined);
    await view.refresh?.();
    expect(inner.refresh).toHaveBeenCalledWith('acme');
    expect(view.status?.('x')).toEqual({ stale: true });
    expect(inner.status).toHaveBeenCalledWith('acme.x');
    const many = await view.getMany?.(['x', 'bad']);
    expect(many?.get('x')).toMatchObject({ key: 'x' });
    expect(many?.get('bad')).toMatchObject({ code: 'throttled', key: 'bad' });
    view.watch?.((change) => changes.push(change));
    tell({ provider: 'store', keys: ['acme.x', 'other.y'], time: 1 });
    tell({ provider: 'store', keys: ['other.y'], time: 2 });
    tell({ provider: 'store', time: 3 });
    expect(changes).toEqual([
      { provider: 'store at acme', keys: ['x'], time: 1 },
      { provider: 'store at acme', time: 3 },
    ]);
  });

  it('has no ability that the inner provider lacks', () => {
    const view = scoped(failing('plain'), 'a');
    expect(Object.keys(view).sort()).toEqual(['get', 'list', 'name']);
  });
});

describe('mounted', () => {
  it('prepends: what the inner provider has at x stands at prefix.x', async () => {
    const view = mounted(new Fixed('file', { 'db.host': 'x' }), 'acme.inference');
    expect(await view.get('acme.inference.db.host')).toMatchObject({
      key: 'acme.inference.db.host',
      value: 'x',
    });
    expect(await view.get('db.host')).toBeUndefined();
    expect((await view.list()).map((item) => item.key)).toEqual(['acme.inference.db.host']);
    expect((await view.list('acme')).map((item) => item.key)).toEqual(['acme.inference.db.host']);
    expect(await view.list('beta')).toEqual([]);
    expect(view.where?.('acme.inference.port')).toBe('file port');
    expect(view.where?.('elsewhere')).toBe('');
  });

  it('agrees with the tree when only the letters of its prefix agree: loose names answer, exact ones do not', async () => {
    const chain = new ProviderChain([
      mounted(env(['URL', 'x']), 'llmGateway'),
      new Fixed('file', { llm_gateway: { url: 'y' } }),
    ]);
    expect(await chain.tree()).toEqual({ llm_gateway: { url: 'x' } });
    expect(await chain.value('llm_gateway.url')).toBe('x');
    expect(
      await mounted(new Fixed('file', { url: 'x' }), 'llmGateway').get('llm_gateway.url'),
    ).toBeUndefined();
  });

  it('has no place for a key beside its prefix when written to', async () => {
    const inner: WritableProvider = { ...failing('store'), set: vi.fn(), delete: vi.fn() };
    await expect(mounted(inner, 'a').set('b.c', 1)).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(mounted(inner, 'a').delete('b.c')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('leaves a batch’s foreign keys absent, and refreshes only what it holds', async () => {
    const refresh = vi.fn(async () => {});
    const layers = async () => [layer('x', entry('x', 'k', 1))];
    const inner: ConfigProvider = {
      ...failing('store'),
      refresh,
      layers,
      status: () => ({}),
      getMany: async (keys) => new Map(keys.map((key) => [key, entry('store', key, 1)])),
    };
    const view = mounted(inner, 'a');
    expect(
      [...((await view.getMany?.(['a.x', 'b.x'])) ?? [])].map(([key, found]) => [key, found !== undefined]),
    ).toEqual([
      ['a.x', true],
      ['b.x', false],
    ]);
    await view.refresh?.('b');
    expect(refresh).not.toHaveBeenCalled();
    expect(await view.layers?.('b')).toEqual([]);
    expect(await view.layers?.('a', { wanted: { keys: ['a.k'], prefixes: [] } })).toMatchObject([
      { entries: [{ key: 'a.k' }] },
    ]);
    expect(view.status?.('b.x')).toBeUndefined();
  });
});

describe('many tenants over one shared provider', () => {
  const tenants = ['acme', 'globex', 'initech'];
  const shared = new Fixed(
    'vault',
    Object.fromEntries(
      tenants.flatMap((name): [string, ConfigValue | ConfigError][] => [
        [`tenants.${name}.key`, `not-a-real-key-of-${name}`],
        [`tenants.${name}.broken`, new ConfigError('disabled', `secret of ${name} is disabled`)],
      ]),
    ),
  );
  const tenant = (name: string) =>
    new ProviderChain([cascade(['global', `tenants.${name}`], (level) => scoped(shared, level))], {
      name: `tenant ${name}`,
      closeProviders: false,
    });

  it('never cross: each sees its own keys, values and errors only', async () => {
    for (const name of tenants) {
      const chain = tenant(name);
      expect(await chain.value('key')).toBe(`not-a-real-key-of-${name}`);
      await expect(chain.get('broken')).rejects.toMatchObject({
        key: 'broken',
        message: `secret of ${name} is disabled`,
      });
      const seen = JSON.stringify([await chain.list(), await chain.layers()]);
      for (const other of tenants.filter((one) => one !== name)) expect(seen).not.toContain(other);
    }
  });

  it('cannot be left by a key', async () => {
    const chain = tenant('acme');
    await expect(chain.get('../globex/key')).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await chain.get('tenants.globex.key')).toBeUndefined();
  });
});
