// Tenants of one store: nothing of one reaches another, quotas hold, and views come and go.
// Runs longer with PROPERTY_RUNS.

import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { type Ask, rules, tenants } from '../../../src/extensions/guard/index.ts';
import type { Change, ConfigProvider } from '../../../src/provider.ts';
import { EnvProvider } from '../../../src/providers/env.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { fullPort } from '../../support/port.ts';
import { code, value } from '../../support/sheltering.ts';

const hostileIds = [
  'a',
  'b',
  'A',
  'a-b',
  'a_b',
  'aB',
  'ab',
  'a.b',
  'a b',
  'a"b',
  '"',
  '\\',
  'a/b',
  '../b',
  '*',
  '**',
  '{id}',
  'shared',
  'tenants',
  'toString',
  'hasOwnProperty',
  '0',
  '-',
  ' ',
  'ä',
  'a\u0308',
  '💥',
  'x'.repeat(200),
];
const refusedIds = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  '.',
  '..',
  'a\nb',
  '\0',
  'x'.repeat(201),
  5,
  null,
];
const hostileKeys = ['model', 'a', 'b.model', 'tenants.a.model', 'tenants.b.model', '"a.b"', 'shared.model'];

describe('views', () => {
  it('hold the keys of their tenant alone', async () => {
    const memory = new MemoryProvider({ tenants: { acme: { model: 'a' }, other: { model: 'b' } } });
    const views = tenants(memory);
    const acme = views.get('acme');
    expect(await value(acme.get('model'))).toBe('a');
    expect((await acme.list()).map(({ key }) => key)).toEqual(['model']);
    await acme.set('llm.size', 1);
    expect(await value(memory.get('tenants.acme.llm.size'))).toBe(1);
    expect(await acme.delete('llm.size')).toBe(true);
    for (const key of ['tenants.other.model', 'other.model', '..'])
      expect(await acme.get(key).catch((error: ConfigError) => error.code)).toBeOneOf([
        undefined,
        'invalid_key',
      ]);
  });

  it.each(refusedIds)('refuse the id %j', (id) => {
    expect(() => tenants(new MemoryProvider()).get(id as never)).toThrow(/key|id/);
  });

  it('nothing crosses between tenants with hostile ids and keys', async () => {
    const count = Math.min(10_000, Number(process.env.PROPERTY_RUNS ?? 60));
    const memory = new MemoryProvider();
    const views = tenants(memory, { max: 50 });
    const ids = [
      ...hostileIds,
      ...Array.from({ length: count }, (_, i) => `${hostileIds[i % hostileIds.length]?.slice(0, 150)}.${i}`),
    ];
    const keysOf = (i: number): readonly string[] => hostileKeys.filter((_, n) => (i + n) % 3 > 0);
    const changed = new Map<string, string[]>(ids.map((id) => [id, []]));
    const watch = (id: string): Disposable | undefined =>
      views.get(id).watch?.((change) => void changed.get(id)?.push(...(change.keys ?? [])));
    // those that write watch, and while the first tenants write, all others do: a change goes to each watcher
    const block = 100;
    for (let from = 0; from < ids.length; from += block) {
      const watched = (from === 0 ? ids : ids.slice(from, from + block)).map(watch);
      for (const [n, id] of ids.slice(from, from + block).entries())
        for (const key of keysOf(from + n)) await views.get(id).set(key, `${id} ${key}`);
      for (const subscription of watched) subscription?.[Symbol.dispose]();
    }
    for (const [i, id] of ids.entries()) {
      const view = views.get(id);
      const own = keysOf(i);
      for (const key of hostileKeys)
        expect(await value(view.get(key))).toBe(own.includes(key) ? `${id} ${key}` : undefined);
      const items = await view.list();
      expect(items.map((item) => (item as { value?: unknown }).value).sort()).toEqual(
        own.map((key) => `${id} ${key}`).sort(),
      );
      expect(changed.get(id)).toEqual(own);
    }
    expect(views.stats().views).toBeLessThanOrEqual(50);
    expect(views.stats().dropped).toBeGreaterThan(0);
  }, 900_000);

  it('levels are inherited, and writes go to the own one', async () => {
    const memory = new MemoryProvider({
      shared: { model: 'base', size: 1 },
      tenants: { acme: { model: 'own' } },
    });
    const acme = tenants(memory, { levels: ['shared', 'tenants.{id}'] }).get('acme');
    expect([await value(acme.get('model')), await value(acme.get('size'))]).toEqual(['own', 1]);
    await acme.set('size', 2);
    expect(await value(memory.get('shared.size'))).toBe(1);
    expect(await value(acme.get('size'))).toBe(2);
    expect(() => tenants(memory, { levels: ['tenants.{id}', 'shared'] })).toThrow('has no segment {id}');
  });

  it('no keys of a tenant overlap a shared level', () => {
    const levels = ['tenants', 'tenants.{id}'];
    expect(() => tenants(new MemoryProvider(), { levels })).toThrow('overlap');
    const views = tenants(new MemoryProvider(), { levels: ['tenants.shared', 'tenants.{id}'] });
    expect(() => views.get('shared')).toThrow('"tenants.shared" and the shared level');
    expect(() => views.suspend('shared')).toThrow('overlap');
    views.get('acme');
  });

  it('the policy decides about the keys of the tenant', async () => {
    const asked: Ask[] = [];
    const policy = rules({
      roles: { admin: ['ann'] },
      allow: [{ keys: ['llm.**'] }, { keys: ['**'], roles: ['admin'] }],
    });
    const views = tenants(
      new MemoryProvider({ tenants: { acme: { llm: { model: 's' }, db: { host: 'h' } } } }),
      {
        policy: (id) => ({
          decide: (ask) => {
            asked.push(ask);
            return id === 'acme' ? policy.decide(ask) : { allow: false, rule: 'other' };
          },
        }),
        identify: ({ caller }: { readonly caller: { readonly id: string } }) => caller,
      },
    );
    const as = (id: string) => ({ context: { caller: { id } } });
    expect(await value(views.get('acme').get('llm.model', as('bob')))).toBe('s');
    expect(await code(views.get('acme').get('db.host', as('bob')))).toBe('policy_violation');
    expect(await value(views.get('acme').get('db.host', as('ann')))).toBe('h');
    expect(await code(views.get('other').set('x', 1, as('ann')))).toBe('policy_violation');
    expect(asked[0]?.key).toBe('llm.model');
    expect(() => tenants(new MemoryProvider(), { policy })).toThrow('identify is required with policy');
  });

  it('refuse a source whose names do not keep tenants apart', async () => {
    const env = new EnvProvider({ prefix: 'APP', env: { APP__TENANTS__A_B__MODEL: 'x' } });
    const view = tenants(env as ConfigProvider).get('ab');
    expect(await code(view.list())).toBe('invalid_option');
    expect(await code(view.get('model'))).toBe('invalid_option');
  });

  it('have the abilities of the store, without how long a key has been cached', () => {
    const { provider } = fullPort();
    const view = tenants(provider as ConfigProvider).get('a');
    expect(Object.keys(view)).toEqual(
      expect.arrayContaining([
        'get',
        'getMany',
        'list',
        'layers',
        'set',
        'delete',
        'versions',
        'watch',
        'on',
      ]),
    );
    expect('status' in view).toBe(false);
    const least = tenants({ name: 'least', get: provider.get, list: provider.list }).get('a');
    expect(Object.keys(least).sort()).toEqual(['close', 'get', 'leasedAt', 'list', 'name', 'on', 'where']);
  });

  it('events are those of the own keys', async () => {
    const listeners = new Set<(event: ConfigEvent) => void>();
    const store: ConfigProvider = {
      ...fullPort().provider,
      on: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    };
    const seen: ConfigEvent[] = [];
    const view = tenants(store).get('a_b');
    using _ = view.on?.((event) => seen.push(event)) as Disposable;
    const head = {
      id: '1',
      time: 0,
      provider: 'full',
      layer: 'provider',
      outcome: 'ok',
      type: 'read',
    } as const;
    for (const key of ['tenants.a_b.x', 'tenants.a-b.x', 'tenants.ab.x', 'tenants.a_b', 'tenants', 'x'])
      for (const listener of listeners) listener({ ...head, key });
    for (const listener of listeners) listener({ ...head, type: 'notice', message: 'tenants.ab.x' });
    expect(seen).toMatchObject([{ key: 'x', provider: 'full at tenants.a_b' }]);
  });
});

describe('quotas', () => {
  const make = (quotas: object, more: object = {}) => {
    const memory = new MemoryProvider({ tenants: { a: { old: 'x' } } });
    return { memory, views: tenants(memory, { quotas, ...more }) };
  };

  it('of keys count what the store has, and let a key be replaced', async () => {
    const { views } = make({ keys: 2 });
    const view = views.get('a');
    await view.set('one', 1);
    expect(await code(view.set('two', 2))).toBe('quota_exceeded');
    await view.set('one', 3);
    await view.delete('old');
    await view.set('two', 2);
    expect(await code(views.get('b').set('one', 1))).toBe('answered');
    expect(views.stats().overQuota).toBe(1);
  });

  it('of bytes count values as JSON', async () => {
    const { views } = make({ bytes: 12 });
    const view = views.get('a');
    await view.set('one', '12345');
    expect(await code(view.set('two', ''))).toBe('answered');
    expect(await code(view.set('one', '123456'))).toBe('quota_exceeded');
    await view.set('one', '1');
    expect(await code(view.set('two', 'äéö'))).toBe('quota_exceeded');
  });

  it('of writes count a minute, also over a view that was dropped', async () => {
    let now = 0;
    const { views } = make({ writesPerMinute: 2 }, { now: () => now, max: 1 });
    await views.get('a').set('x', 1);
    now = 30_000;
    await views.get('a').set('x', 2);
    await views.get('b').set('x', 1);
    const error = (await views
      .get('a')
      .set('x', 3)
      .catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error).toMatchObject({
      code: 'quota_exceeded',
      status: 429,
      transient: false,
      retryAfterMs: 30_000,
    });
    expect(await code(views.get('a').delete('x'))).toBe('quota_exceeded');
    now = 60_000;
    await views.get('a').set('x', 3);
    now = -600_000;
    await views.get('a').set('x', 4);
  });

  it('hold for writes at the same time', async () => {
    const { views, memory } = make({ keys: 3 });
    const writes = Array.from({ length: 20 }, (_, i) => code(views.get('a').set(`k${i}`, i)));
    const results = await Promise.all(writes);
    expect(results.filter((one) => one === 'answered')).toHaveLength(2);
    expect(await memory.list()).toHaveLength(3);
  });

  it('hold while the policy decides about a write, and the view is the oldest of too many', async () => {
    const memory = new MemoryProvider();
    const decide = async ({ key }: Ask) => {
      if (key === 'slow') await new Promise((resolve) => setImmediate(resolve));
      return { allow: true, rule: 'all' };
    };
    const options = { policy: { decide }, identify: () => ({ id: 'x' }), quotas: { keys: 1 }, max: 1 };
    const views = tenants(memory, options);
    const slow = code(views.get('a').set('slow', 1));
    await views.get('b').get('x');
    const quick = code(views.get('a').set('quick', 1));
    expect([await slow, await quick].sort()).toEqual(['answered', 'quota_exceeded']);
    expect(views.stats().dropped).toBe(1);
  });

  it('a write that fails takes no room', async () => {
    const { views } = make({ keys: 2 });
    const view = views.get('a');
    expect(await code(view.set('tree', { a: 1 }))).toBe('validation');
    await view.set('one', 1);
  });
});

describe('the life of views', () => {
  it('a suspended tenant is refused and hears of no change, until it is resumed', async () => {
    const memory = new MemoryProvider({ tenants: { a: { x: 1 } } });
    const views = tenants(memory);
    const view = views.get('a');
    const changes: Change[] = [];
    using _ = view.watch?.((change) => changes.push(change)) as Disposable;
    views.suspend('a');
    for (const call of [view.get('x'), view.list(), view.set('x', 2), view.delete('x')])
      expect(await code(call)).toBe('policy_violation');
    await memory.set('tenants.a.x', 5);
    expect(changes).toEqual([]);
    expect(await code(views.get('b').get('x'))).toBe('answered');
    views.resume('a');
    expect(await value(view.get('x'))).toBe(5);
    expect(views.stats().suspended).toBe(0);
  });

  it('idle views are dropped, and made again', async () => {
    let now = 0;
    const views = tenants(new MemoryProvider({ tenants: { a: { x: 1 } } }), {
      idleMs: 1_000,
      now: () => now,
    });
    const view = views.get('a');
    await view.get('x');
    now = 2_000;
    await views.get('b').get('x');
    expect(views.stats()).toMatchObject({ views: 1, created: 2, dropped: 1 });
    expect(await value(view.get('x'))).toBe(1);
    expect(views.stats().created).toBe(3);
  });

  it('close ends the views, and leaves the store open', async () => {
    const memory = new MemoryProvider({ tenants: { a: { x: 1 } } });
    const views = tenants(memory);
    const changes: Change[] = [];
    const view = views.get('a');
    view.watch?.((change) => changes.push(change)) as Disposable;
    await view.close?.();
    await views.close();
    expect(await code(view.get('x'))).toBe('aborted');
    await memory.set('tenants.a.x', 2);
    expect(changes).toEqual([]);
    expect(await value(memory.get('tenants.a.x'))).toBe(2);
  });

  it('refuses options that it does not know', () => {
    expect(() => tenants(new MemoryProvider(), { quota: {} } as never)).toThrow('Did you mean quotas?');
    expect(() => tenants(new MemoryProvider(), { quotas: { key: 1 } } as never)).toThrow(
      'the option quotas must be',
    );
    expect(() => tenants(new MemoryProvider(), { policy: 5 } as never)).toThrow('the option policy must be');
  });
});
