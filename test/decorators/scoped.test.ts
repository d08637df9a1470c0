import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Change, ConfigProvider, WritableProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { Key } from '../../src/value.ts';
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

describe('scoped', () => {
  const vault = new Fixed('vault', {
    'acme.inference.db.host': 'x',
    'acme.inference.port': 1,
    'other.port': 2,
  });

  it('scoped names the outer key in an outage that its provider tolerates', async () => {
    const error = new ConfigError('unavailable', 'no answer for "acme.inference.port"', {
      key: 'acme.inference.port',
    });
    const inner: ConfigProvider = {
      ...failing('store'),
      layers: async () => [{ ...layer('store'), tolerated: error }],
    };
    const [found] = (await scoped(inner, 'acme.inference').layers?.('')) ?? [];
    expect(found?.tolerated).toMatchObject({ key: 'port', message: 'no answer for "port"' });
  });

  it('scoped reads the keys below its prefix, and no other', async () => {
    const view = scoped(vault, 'acme/inference');
    expect(await view.get('port')).toMatchObject({ key: 'port', value: 1 });
    expect(await view.get('other.port')).toBeUndefined();
    expect((await view.list()).map((item) => item.key)).toEqual(['db.host', 'port']);
    expect((await view.list('db')).map((item) => item.key)).toEqual(['db.host']);
    expect(view.where?.('port')).toBe('vault acme.inference.port');
    expect(view.name).toBe('vault at acme.inference');
  });

  it('scoped and mounted refuse a value that is not a provider', () => {
    expect(() => scoped(undefined as never, 'a')).toThrow(
      'scoped: the first argument is not a provider. Pass an object with name, get and list',
    );
    expect(() => mounted({} as never, 'a')).toThrow('mounted: the first argument is not a provider');
  });

  it('mounted rejects with aborted, also for keys outside the mount', async () => {
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

  it('scoped removes the prefix of loose names by their letters', async () => {
    const chain = new ProviderChain([
      scoped(env(['ACME_AI__POOL_MAX', '9'], ['OTHER', 'x']), 'acmeAi'),
      new Fixed('file', { pool_max: 5 }),
    ]);
    expect(await chain.tree()).toEqual({ pool_max: '9' });
  });

  it('scoped names the outer key in errors and holes', async () => {
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

  it('scoped adds its prefix to wanted keys', async () => {
    const list = vi.fn(async () => []);
    await scoped({ ...failing('vault'), list }, 'acme').list('', {
      wanted: { keys: ['a.b'], prefixes: ['c'] },
    });
    expect(list).toHaveBeenCalledWith('acme', { wanted: { keys: ['acme.a.b'], prefixes: ['acme.c'] } });
  });

  it('scoped uses one name for changes and layers', async () => {
    const store = new MemoryProvider({ 'acme.x': 1 }, { name: 'store' });
    const view = scoped(new ProviderChain([store]), 'acme');
    const changes: Change[] = [];
    view.watch?.((change) => changes.push(change));
    await store.set('acme.x', 2);
    expect(changes).toMatchObject([{ provider: 'store in chain at acme', keys: ['x'] }]);
    expect(await view.layers?.()).toMatchObject([{ name: 'store in chain at acme' }]);
  });

  it('scoped translates the layers of a chain one by one', async () => {
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

  it('scoped writes, refreshes, watches and reads the status below its prefix', async () => {
    const changes: Change[] = [];
    let notify: (change: Change) => void = () => {};
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
        notify = onChange;
        return { [Symbol.dispose]: () => {} };
      },
    };
    const view = scoped(inner, 'acme');
    expect(await view.set('x', 1)).toMatchObject({ key: 'x', value: 1 });
    expect(await view.delete('x')).toBe(true);
    expect(inner.set).toHaveBeenCalledWith('acme.x', 1, undefined);
    expect(inner.delete).toHaveBeenCalledWith('acme.x', undefined);
    await view.refresh?.();
    expect(inner.refresh).toHaveBeenCalledWith('acme', undefined);
    expect(view.status?.('x')).toEqual({ stale: true });
    expect(inner.status).toHaveBeenCalledWith('acme.x');
    const many = await view.getMany?.(['x', 'bad']);
    expect(many?.get('x')).toMatchObject({ key: 'x' });
    expect(many?.get('bad')).toMatchObject({ code: 'throttled', key: 'bad' });
    view.watch?.((change) => changes.push(change));
    notify({ provider: 'store', keys: ['acme.x', 'other.y'], time: 1 });
    notify({ provider: 'store', keys: ['other.y'], time: 2 });
    notify({ provider: 'store', time: 3 });
    expect(changes).toEqual([
      { provider: 'store at acme', keys: ['x'], time: 1 },
      { provider: 'store at acme', time: 3 },
    ]);
  });

  it('scoped has no ability that the inner provider lacks, except on for its own notices', () => {
    const view = scoped(failing('plain'), 'a');
    expect(Object.keys(view).sort()).toEqual(['get', 'inSteps', 'list', 'name', 'on']); // inSteps: internal
  });
});

describe('mounted', () => {
  it('mounted adds its prefix to every key', async () => {
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

  it('mounted finds loose names, not exact ones, by the letters of its prefix', async () => {
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

  it('mounted refuses to write a key outside its prefix', async () => {
    const inner: WritableProvider = { ...failing('store'), set: vi.fn(), delete: vi.fn() };
    await expect(mounted(inner, 'a').set('b.c', 1)).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(mounted(inner, 'a').delete('b.c')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('mounted returns absent for foreign keys of a batch, and does not refresh them', async () => {
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
