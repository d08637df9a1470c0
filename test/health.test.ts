// `health_changed`: each change of a provider's status is one event, whoever sees it first.

import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { intercepted } from '../src/decorators/intercepted.ts';
import { scoped } from '../src/decorators/scoped.ts';
import { fallback, optional } from '../src/decorators/tolerance.ts';
import type { ConfigEvent } from '../src/events.ts';
import type { Health, HealthStatus } from '../src/health.ts';
import type { ConfigProvider } from '../src/provider.ts';
import { BundleProvider } from '../src/providers/bundle.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { down, hang } from './support/fake-source.ts';
import { folder } from './support/folder.ts';
import { entry } from './support/layers.ts';
import { listening } from './support/listening.ts';
import { code, sheltering } from './support/sheltering.ts';
import { until } from './support/until.ts';

const changes = ({ of }: ReturnType<typeof listening>): string[] =>
  of('health_changed').map(({ provider, previous, status }) => `${provider} ${previous} → ${status}`);
const downAndBack = (name = 'store'): string[] => [`${name} ok → down`, `${name} down → ok`];

/** A store without a cache that is asked once for each read, and whose breaker opens at the third failure. */
function store(name = 'store') {
  const set = sheltering(
    { a: 'fake' },
    { cache: false, resilience: { attempts: 1, breaker: { failures: 3, resetMs: 1_000 } } },
    { name, ping: () => set.source.happen('ping', [], {} as never) },
  );
  return {
    ...set,
    fail: () => void (set.source.befall = down),
    recover: () => void (set.source.befall = () => undefined),
    /** Reads until the breaker is open, or closed again. */
    readAll: async (from: ConfigProvider = set.provider) => {
      for (let i = 0; i < 5; i++) await code(from.get('a'));
    },
  };
}

/** A local provider with a health of its own. */
function local(name = 'file') {
  const state = { status: 'ok' as HealthStatus, fails: false };
  const provider: ConfigProvider = {
    name,
    local: true,
    get: async (key) => (state.fails ? down() : entry(name, key, 1)),
    list: async () => [],
    health: async () => ({ status: state.status, reason: 'for a test', checkedAt: 0 }),
  };
  return { provider, state };
}

describe('health_changed', () => {
  it('health_changed is emitted once when health finds a store down, and once when it is back', async () => {
    const { provider, fail, recover } = store();
    const heard = listening(provider);
    await provider.health();
    fail();
    await provider.health();
    await provider.health();
    recover();
    await provider.health();
    await provider.health();
    expect(changes(heard)).toEqual(downAndBack());
    const [first, second] = heard.of('health_changed');
    expect(first).toMatchObject({ layer: 'shelter', outcome: 'unavailable', reason: 'the store is down' });
    expect(second).toMatchObject({ outcome: 'ok' });
    expect(second).not.toHaveProperty('reason');
  });

  it('health_changed is emitted when the breaker opens and when it closes, not while it probes', async () => {
    const { provider, fail, recover, readAll, clock } = store();
    const heard = listening(provider);
    fail();
    await readAll();
    for (let probe = 0; probe < 5; probe++) {
      await clock.advance(2_000);
      await readAll();
      await provider.health();
    }
    expect(heard.of('breaker').length).toBeGreaterThan(5);
    expect(changes(heard)).toEqual(['store ok → down']);
    recover();
    await clock.advance(2_000);
    await readAll();
    await provider.health();
    expect(changes(heard)).toEqual(downAndBack());
  });

  it('health_changed is emitted when optional tolerates an outage, and when it ends', async () => {
    const { provider, fail, recover, readAll, clock } = store();
    const chain = new ProviderChain([optional(provider), new MemoryProvider({})]);
    const heard = listening(chain);
    await chain.get('a');
    fail();
    await code(chain.get('b'));
    expect(changes(heard)).toEqual(['store ok → down']);
    await readAll(chain);
    await chain.health();
    await provider.health();
    expect(heard.of('breaker').length).toBeGreaterThan(0);
    expect(changes(heard)).toEqual(['store ok → down']);
    recover();
    await clock.advance(2_000);
    await readAll(chain);
    await chain.health();
    expect(changes(heard)).toEqual(downAndBack());
  });

  const wraps: readonly [string, (provider: ConfigProvider) => ConfigProvider][] = [
    ['nothing', (provider) => provider],
    ['optional', (provider) => optional(provider)],
    ['fallback', (provider) => fallback(provider, new MemoryProvider({ b: 1 }))],
    ['scoped', (provider) => scoped(provider, 'x')],
    ['intercepted', (provider) => intercepted(provider, (_, next) => next())],
    [
      'a wrapper made by hand',
      (provider) => ({
        name: provider.name,
        get: (key, options) => provider.get(key, options),
        list: (prefix, options) => provider.list(prefix, options),
        health: async (options) => provider.health?.(options) as Promise<Health>,
        on: (listener) => provider.on?.(listener) as Disposable,
      }),
    ],
    ['a chain', (provider) => new ProviderChain([provider], { name: 'inner' })],
    ['optional of a scoped view', (provider) => optional(scoped(provider, 'x'))],
    ['optional of optional', (provider) => optional(optional(provider))],
    ['fallback of optional', (provider) => fallback(optional(provider), new MemoryProvider({ b: 1 }))],
    ['optional of a chain', (provider) => optional(new ProviderChain([provider], { name: 'inner' }))],
  ];
  it.each(wraps)(
    'health_changed of a store reaches a chain and the store once, through %s',
    async (_, wrap) => {
      const { provider, fail, recover, readAll, clock } = store();
      const chain = new ProviderChain([wrap(provider), new MemoryProvider({})]);
      const [ofChain, ofStore] = [listening(chain), listening(provider)];
      const ofTheStore = (heard: typeof ofChain): string[] =>
        changes(heard).filter((change) => change.startsWith('store ') && !change.includes('degraded'));
      for (let round = 0; round < 2; round++) {
        fail();
        for (let i = 0; i < 3; i++) {
          await readAll(chain);
          await chain.health();
          await provider.health();
        }
        recover();
        await clock.advance(2_000);
        await provider.health();
        await readAll(chain);
        await chain.health();
      }
      const twice = [...downAndBack(), ...downAndBack()];
      expect(ofTheStore(ofStore)).toEqual(twice);
      expect(ofTheStore(ofChain)).toEqual(twice);
      // a decorator that reports what it makes of the status has its own changes
      expect(
        new Set(ofChain.of('health_changed').map(({ provider: name, layer }) => `${name} ${layer}`)).size * 4,
      ).toBe(ofChain.of('health_changed').length);
    },
  );

  it('health_changed reaches all listeners of a store in several chains, however it is wrapped', async () => {
    const { provider, fail, recover, readAll, clock } = store();
    const chains = [
      new ProviderChain([optional(provider), new MemoryProvider({})]),
      new ProviderChain([optional(provider), new MemoryProvider({})]),
      new ProviderChain([provider]),
    ];
    const heard = [...chains, provider].map(listening);
    fail();
    await chains[0]?.get('b');
    expect(heard.map(changes)).toEqual(Array(4).fill(['store ok → down']));
    for (const chain of chains) await readAll(chain);
    for (const chain of chains) await chain.health();
    recover();
    await clock.advance(2_000);
    for (const chain of chains) await readAll(chain);
    for (const chain of chains) await chain.health();
    expect(heard.map(changes)).toEqual(Array(4).fill(downAndBack()));
  });

  it('health_changed of a local provider in two chains is emitted by each', async () => {
    const { provider, state } = local();
    const chains = [
      new ProviderChain([provider]),
      new ProviderChain([provider]),
      new ProviderChain([optional(provider)]),
      new ProviderChain([optional(provider)]),
    ];
    const heard = chains.map(listening);
    const checkAll = async (status: HealthStatus): Promise<void> => {
      state.status = status;
      for (let i = 0; i < 2; i++) for (const chain of chains) await chain.health();
    };
    await checkAll('ok');
    await checkAll('degraded');
    await checkAll('down');
    await checkAll('ok');
    expect(heard.map(changes)).toEqual(
      Array(4).fill(['file ok → degraded', 'file degraded → down', 'file down → ok']),
    );
    expect(heard[0]?.of('health_changed')[1]).toMatchObject({ reason: 'for a test', layer: 'chain' });
  });

  it('health_changed of a tolerated local provider is emitted once for each outage', async () => {
    const { provider, state } = local();
    const chain = new ProviderChain([optional(provider)]);
    const heard = listening(chain);
    for (const key of ['a', 'b']) {
      state.fails = true;
      await chain.get(`${key}.1`);
      await chain.get(`${key}.2`);
      state.fails = false;
      await chain.get(key);
      await chain.get(key);
    }
    expect(changes(heard)).toEqual([...downAndBack('file'), ...downAndBack('file')]);
  });

  it('health_changed is emitted when a file disappears and when it is back', async () => {
    await using files = await folder({ 'base.yaml': 'a: 1', 'other.yaml': 'b: 2' });
    const chain = new ProviderChain([
      new BundleProvider(files.at('base.yaml')),
      new BundleProvider(files.at('other.yaml')),
    ]);
    const heard = listening(chain);
    await chain.health();
    await files.remove('base.yaml');
    await chain.health();
    await chain.health();
    await files.write({ 'base.yaml': 'a: 1' });
    await chain.health();
    expect(changes(heard)).toEqual(downAndBack(`bundle:${files.at('base.yaml')}`));
    expect(heard.of('health_changed')[0]).toMatchObject({ reason: expect.stringContaining('base.yaml') });
    await chain.close();
  });

  it('health_changed names a second provider without a name of its own as the chain does', async () => {
    const broken = new MemoryProvider({});
    Object.assign(broken, { health: async () => ({ status: 'down', checkedAt: 0 }) });
    const chain = new ProviderChain([new MemoryProvider({}), broken]);
    const heard = listening(chain);
    await chain.health();
    expect(changes(heard)).toEqual(['memory 2 ok → down']);
  });

  it('health_changed is emitted once for a store that does not answer in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { provider, source, recover, clock } = store();
      const chain = new ProviderChain([provider]);
      const heard = listening(chain);
      source.befall = hang;
      const checking = chain.health();
      // the chain does not wait for the deadline of the store
      await until('the store is asked', () => source.asked.length > 0);
      await vi.advanceTimersByTimeAsync(5_000);
      expect((await checking).status).toBe('down');
      await clock.advance(20_000);
      recover();
      await clock.advance(2_000);
      await chain.health();
      expect(changes(heard)).toEqual(downAndBack());
    } finally {
      vi.useRealTimers();
    }
  });

  it('a status that was seen without a listener is emitted when it changes', async () => {
    const { provider, fail, recover } = store();
    fail();
    await provider.health();
    const heard = listening(provider);
    await provider.health();
    expect(changes(heard)).toEqual([]);
    recover();
    await provider.health();
    expect(changes(heard)).toEqual(['store down → ok']);
  });

  it('a listener of health_changed may check the health again', async () => {
    const { provider, fail } = store();
    const seen: ConfigEvent[] = [];
    provider.on((event) => {
      if (event.type !== 'health_changed') return;
      seen.push(event);
      void provider.health();
    });
    fail();
    await provider.health();
    await provider.health();
    expect(seen).toHaveLength(1);
  });
});
