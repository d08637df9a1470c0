import { manualClock } from 'llm-config-manager/testing';
import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { environments } from '../../../src/chain/levels.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { intercepted } from '../../../src/decorators/intercepted.ts';
import { fallback, optional } from '../../../src/decorators/tolerance.ts';
import { makeEntry, secret } from '../../../src/entry.ts';
import { ConfigError, type ErrorCode } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { type AuditedOptions, audited } from '../../../src/extensions/audit/audited.ts';
import type { AuditLog } from '../../../src/extensions/audit/log.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigProvider, WritableProvider } from '../../../src/provider.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { sheltered } from '../../../src/shelter/index.ts';
import { failing } from '../../support/layers.ts';
import { logs } from './opened.ts';

const hidden = 'fake-Zq83-not-real';
const values = { db: { host: 'h', password: secret(hidden) }, api: { key: secret(`${hidden}-2`) } };
const store = (name = 'store') => new MemoryProvider(values, { name });
const audit = (log: AuditLog, options: AuditedOptions = {}) =>
  new ProviderChain([store()], { intercept: audited(log, options) });

const denying = (code: ErrorCode): ConfigProvider =>
  failing('vault', new ConfigError(code, 'vault: no', { provider: 'vault' }));

/** A log whose disk is full. */
const broken = (log: AuditLog): void => {
  vi.spyOn(log.recorder.queue, 'add').mockRejectedValue(new ConfigError('unavailable', 'the disk is full'));
};

describe('what is handed over', () => {
  it('the first access is on disk before the answer, and has no value', async () => {
    await using box = await logs();
    await using log = await box.open();
    const chain = audit(log);
    const answer = chain.get('db.password').then(() => box.entries());
    expect(await answer).toMatchObject([
      {
        type: 'secret.accessed',
        actor: `process:${process.pid}`,
        action: 'get',
        key: 'db.password',
        provider: 'store',
        outcome: 'ok',
        operation: expect.any(String),
        durationMs: expect.any(Number),
      },
    ]);
    expect(box.linesOf().join('\n')).not.toContain(hidden);
  });

  it('repeats within a minute are counted, and the count is written when the minute ends', async () => {
    await using box = await logs();
    const clock = manualClock();
    await using log = await box.open({ clock });
    const chain = audit(log, { identify: (context) => context as string });
    for (let i = 0; i < 5; i++) await chain.get('db.password', { context: 'ann' });
    await chain.get('db.password', { context: 'bob' });
    expect(box.entries().map(({ actor }) => actor)).toEqual(['ann', 'bob']);
    await clock.advance(60_000);
    await vi.waitFor(() => expect(box.entries()).toHaveLength(3));
    const [first, , count] = box.entries();
    expect(count).toMatchObject({
      type: 'secret.accessed',
      actor: 'ann',
      key: 'db.password',
      count: 4,
      of: first?.id,
    });
    await chain.get('db.password', { context: 'ann' });
    expect(box.entries()).toHaveLength(4);
  });

  it('an access from another address, and a load of other secrets, are no repeats', async () => {
    await using box = await logs();
    await using log = await box.open({ clock: manualClock() });
    const chain = audit(log, { identify: (context) => ({ id: 'ann', ip: context as string }) });
    for (const context of ['10.0.0.1', '10.0.0.2', '10.0.0.1']) await chain.get('db.password', { context });
    expect(box.entries().map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.2']);
    const memory = store();
    const loads = new ProviderChain([memory], { intercept: audited(log) });
    await loads.list();
    await loads.list();
    await memory.set('db.token', hidden, { secret: true });
    await loads.list();
    expect(box.entries().filter(({ type }) => type === 'config.loaded')).toHaveLength(2);
  });

  it('a repeat waits for the first access, and fails with it', async () => {
    await using box = await logs();
    await using log = await box.open();
    const chain = audit(log);
    broken(log);
    const both = await Promise.allSettled([chain.get('db.password'), chain.get('db.password')]);
    expect(both).toMatchObject([{ reason: { code: 'audit_failed' } }, { reason: { code: 'audit_failed' } }]);
    vi.restoreAllMocks();
    await chain.get('db.password');
    expect(box.entries()).toHaveLength(1);
  });

  it('close writes the counts', async () => {
    await using box = await logs();
    const log = await box.open();
    const chain = audit(log);
    for (let i = 0; i < 3; i++) await chain.get('db.password');
    await log.close();
    expect(box.entries()).toMatchObject([{ type: 'secret.accessed' }, { count: 2 }]);
  });

  it('only secrets are recorded, unless reads is all', async () => {
    await using box = await logs();
    await using log = await box.open();
    const some = audit(log);
    await some.get('db.host');
    await some.get('absent');
    await some.list('db.host');
    expect(box.entries()).toEqual([]);
    const all = audit(log, { reads: 'all' });
    await all.get('db.host');
    await all.get('absent');
    expect(box.entries()).toMatchObject([
      { type: 'config.read', key: 'db.host' },
      { type: 'config.read', key: 'absent', outcome: 'absent' },
    ]);
  });

  it('getMany records each secret, and a refusal of one key', async () => {
    await using box = await logs();
    await using log = await box.open();
    const some: ConfigProvider = {
      ...denying('access_denied'),
      name: 'vault',
      getMany: async (keys) =>
        new Map(
          keys.map((key) => [key, new ConfigError('access_denied', 'vault: no', { provider: 'vault', key })]),
        ),
    };
    const chain = new ProviderChain([store(), some], { intercept: audited(log) });
    await chain.getMany(['db.password', 'db.host', 'api.key', 'other']);
    expect(box.entries()).toMatchObject([
      { type: 'secret.accessed', key: 'db.password' },
      { type: 'secret.accessed', key: 'api.key' },
      {
        type: 'permission.denied',
        key: 'other',
        provider: 'vault',
        outcome: 'access_denied',
        reason: 'vault: no',
      },
    ]);
  });

  it('a load is one entry with its secrets by provider, shadowed ones too', async () => {
    await using box = await logs();
    await using log = await box.open();
    const chain = new ProviderChain([store('first'), store('second')], { intercept: audited(log) });
    await (await loadConfig(chain)).close();
    expect(box.entries()).toMatchObject([
      {
        type: 'config.loaded',
        action: 'load',
        secrets: [
          { provider: 'first', keys: ['db.password', 'api.key'] },
          { provider: 'second', keys: ['db.password', 'api.key'] },
        ],
      },
    ]);
    await chain.list('db');
    await chain.tree('api');
    expect(box.entries().slice(1)).toMatchObject([
      {
        type: 'config.loaded',
        action: 'list',
        key: 'db',
        secrets: [{ provider: 'first', keys: ['db.password'] }],
      },
      { type: 'config.loaded', action: 'tree', key: 'api', secrets: [{ keys: ['api.key'] }] },
    ]);
  });

  it('a load of 2,500 secrets is three lines of at most 1,000', async () => {
    await using box = await logs();
    await using log = await box.open();
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`k${i}`, secret(`fake-${i}`)]));
    const chain = new ProviderChain([new MemoryProvider(many)], { intercept: audited(log) });
    await (await loadConfig(chain)).close();
    const parts = box
      .entries()
      .map(({ part, secrets = [] }) => [part, secrets.flatMap(({ keys }) => keys).length]);
    expect(parts).toEqual([
      [undefined, 1_000],
      [2, 1_000],
      [3, 500],
    ]);
    expect(new Set(box.entries().map(({ operation }) => operation)).size).toBe(1);
  });

  it('a chain and its provider with one log make one entry of an operation', async () => {
    await using box = await logs();
    await using log = await box.open();
    const interceptor = audited(log);
    const inner = new ProviderChain([intercepted(store(), interceptor)], {
      name: 'inner',
      intercept: interceptor,
    });
    const chain = new ProviderChain([inner], { intercept: interceptor });
    await chain.get('db.password');
    await chain.list();
    expect(box.entries().map(({ action }) => action)).toEqual(['get', 'list']);
    await inner.get('api.key');
    expect(box.entries()).toHaveLength(3);
  });

  it('two providers of one load that is not audited itself are both recorded', async () => {
    await using box = await logs();
    await using log = await box.open();
    const interceptor = audited(log);
    const chain = new ProviderChain([
      intercepted(store('a'), interceptor),
      intercepted(store('b'), interceptor),
    ]);
    await (await loadConfig(chain)).close();
    expect(
      box
        .entries()
        .map(({ secrets }) => secrets?.[0]?.provider)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(box.entries().map(({ action }) => action)).toEqual(['list (load)', 'list (load)']);
    expect(new Set(box.entries().map(({ operation }) => operation)).size).toBe(1);
  });

  it('a hint about a misspelt key is not recorded as a handing over', async () => {
    await using box = await logs();
    await using log = await box.open();
    await expect(audit(log).require('db.pasword')).rejects.toThrow('Did you mean');
    expect(box.entries()).toEqual([]);
  });

  it('identify names the actor and the address, and a trace is recorded', async () => {
    await using box = await logs();
    await using log = await box.open();
    const chain = audit(log, {
      identify: (context) => context as { id: string; ip: string } | undefined,
      traceId: () => '4bf92f3577b34da6',
    });
    await chain.get('db.password', { context: { id: 'u-7', ip: '10.0.0.1' } });
    await chain.get('db.password');
    expect(box.entries()).toMatchObject([
      { actor: 'u-7', ip: '10.0.0.1', traceId: '4bf92f3577b34da6' },
      { actor: `process:${process.pid}` },
    ]);
    expect(box.entries()[1]).not.toHaveProperty('ip');
  });
});

describe('writes and refusals', () => {
  it('writes are recorded with the version that they made', async () => {
    await using box = await logs();
    await using log = await box.open();
    const memory = store();
    const writable = intercepted(
      {
        ...memory,
        name: 'store',
        set: (...args: Parameters<typeof memory.set>) => memory.set(...args),
        get: (...args: Parameters<typeof memory.get>) => memory.get(...args),
        list: (...args: Parameters<typeof memory.list>) => memory.list(...args),
        delete: (...args: Parameters<typeof memory.delete>) => memory.delete(...args),
      },
      audited(log, { only: 'writes' }),
    );
    await writable.set('db.password', hidden);
    await writable.get('db.password');
    await writable.delete('db.password');
    await writable.delete('db.password');
    expect(box.entries()).toMatchObject([
      { type: 'config.updated', action: 'set', key: 'db.password', provider: 'store' },
      { type: 'config.deleted', outcome: 'ok' },
      { type: 'config.deleted', outcome: 'absent' },
    ]);
    expect(box.linesOf().join()).not.toContain(hidden);
  });

  it('a write is refused before it is done when the log is closed', async () => {
    await using box = await logs();
    const log = await box.open();
    const memory = store();
    const writable = intercepted(memory, audited(log));
    await log.close();
    await expect(writable.set('db.host', 'x')).rejects.toMatchObject({ code: 'audit_failed' });
    expect((await memory.get('db.host'))?.value).toBe('h');
  });

  it('a first version is config.created', async () => {
    await using box = await logs();
    await using log = await box.open();
    const provider: WritableProvider = {
      name: 'store',
      get: async () => undefined,
      list: async () => [],
      set: async (key, value) =>
        makeEntry({
          key,
          value,
          version: '1',
          secret: false,
          origin: makeOrigin({ provider: 'store', source: key }),
        }),
      delete: async () => true,
    };
    await intercepted(provider, audited(log)).set('db.host', 'h');
    expect(box.entries()).toMatchObject([{ type: 'config.created', version: '1' }]);
  });

  it('a write whose entry fails has audit_failed, although the store has the value', async () => {
    await using box = await logs();
    await using log = await box.open();
    const memory = store();
    broken(log);
    const writing = intercepted(memory, audited(log)).set('db.host', 'x');
    await expect(writing).rejects.toMatchObject({ code: 'audit_failed' });
    expect((await memory.get('db.host'))?.value).toBe('x');
    vi.restoreAllMocks();
  });

  it.each([
    ['access_denied', 'permission.denied'],
    ['policy_violation', 'policy.violated'],
    ['quota_exceeded', 'policy.violated'],
    ['unauthenticated', 'authentication.failed'],
  ] as const)('a read that fails with %s is %s', async (code, type) => {
    await using box = await logs();
    await using log = await box.open();
    const chain = new ProviderChain([denying(code)], { intercept: audited(log) });
    await expect(chain.get('db.password')).rejects.toMatchObject({ code });
    expect(box.entries()).toMatchObject([{ type, outcome: code, key: 'db.password', provider: 'vault' }]);
  });

  it('the report of a configuration, which shows values, is not recorded', async () => {
    await using box = await logs();
    await using log = await box.open();
    const problems = [{ kind: 'wrong' as const, key: 'db.port', message: 'found "fake-5432"' }];
    const report = new ConfigError('validation', 'db.port: found "fake-5432"', { problems });
    const chain = new ProviderChain([failing('inner', report)], {
      intercept: audited(log, { reads: 'all' }),
    });
    await expect(chain.get('db.port')).rejects.toMatchObject({ code: 'validation' });
    expect(box.entries()).toMatchObject([{ type: 'config.read', outcome: 'validation' }]);
    expect(box.linesOf().join()).not.toContain('fake-5432');
  });

  it('events are recorded once, and refusals not beside their operation', async () => {
    await using box = await logs();
    await using log = await box.open();
    const listeners = new Set<(event: ConfigEvent) => void>();
    const source = {
      on(listener: (event: ConfigEvent) => void): Disposable {
        listeners.add(listener);
        return { [Symbol.dispose]: () => listeners.delete(listener) };
      },
    };
    log.listen(source);
    const second = log.listen(source);
    const emit = (event: object): void => {
      const made = { provider: 'vault', outcome: 'ok', layer: 'shelter', ...event } as ConfigEvent;
      for (const listener of listeners) listener(made);
    };
    const refusing: ConfigProvider = {
      ...denying('access_denied'),
      get: async () => {
        emit({ type: 'denied', key: 'a', operation: seen, outcome: 'access_denied' });
        throw new ConfigError('access_denied', 'no');
      },
    };
    let seen = '';
    const watching = new ProviderChain([refusing], {
      intercept: [
        (operation, next) => {
          seen = operation.operation;
          return next();
        },
        audited(log),
      ],
    });
    await watching.get('a').catch(() => undefined);
    emit({ type: 'authenticated' });
    emit({ type: 'rotated', key: 'db.password', version: '8' });
    emit({ type: 'denied', key: 'b', operation: 'other', outcome: 'access_denied' });
    emit({ type: 'health_changed', status: 'down', previous: 'ok' });
    emit({ type: 'policy_violated', outcome: 'audit_failed' });
    emit({ type: 'read', key: 'a' });
    second[Symbol.dispose]();
    await log.close();
    expect(listeners.size).toBe(0);
    expect(box.entries().map(({ type, key }) => [type, key])).toEqual([
      ['permission.denied', 'a'],
      ['authentication.succeeded', undefined],
      ['secret.rotated', 'db.password'],
      ['permission.denied', 'b'],
      ['health.degraded', undefined],
    ]);
  });
});

describe('an audit that fails', () => {
  const defaults = () => new MemoryProvider({ db: { password: secret('fake-weak') } }, { name: 'defaults' });
  const around: readonly [string, (inner: ConfigProvider) => ConfigProvider][] = [
    ['nothing', (inner) => new ProviderChain([inner, defaults()])],
    ['optional', (inner) => new ProviderChain([optional(inner), defaults()])],
    ['fallback', (inner) => fallback(inner, defaults())],
    [
      'environments',
      (inner) => environments('production', (name) => (name === 'production' ? optional(inner) : defaults())),
    ],
    ['a nested chain', (inner) => new ProviderChain([optional(new ProviderChain([inner])), defaults()])],
  ];

  it.each(around)('no default wins with %s around', async (_, wrap) => {
    await using box = await logs();
    await using log = await box.open();
    const chain = wrap(intercepted(store(), audited(log)));
    broken(log);
    await expect(chain.get('db.password')).rejects.toMatchObject({ code: 'audit_failed', transient: false });
    await expect(loadConfig(chain as never)).rejects.toMatchObject({ code: 'audit_failed' });
    vi.restoreAllMocks();
    expect((await chain.get('db.password'))?.value).toBe(hidden);
  });

  it('no stale value of a sheltered store is handed over', async () => {
    await using box = await logs();
    const clock = manualClock();
    await using log = await box.open({ clock });
    let isDown = false;
    const remote: ConfigProvider = {
      name: 'remote',
      list: async () => [],
      get: async (key) => {
        if (isDown) throw new ConfigError('unavailable', 'remote: down', { provider: 'remote' });
        return store('remote').get(key);
      },
    };
    const sheltering = sheltered(remote, {
      clock,
      resilience: false,
      cache: { ttlMs: 60_000, staleIfErrorMs: 3_600_000 },
    });
    const chain = new ProviderChain([optional(sheltering), defaults()], { intercept: audited(log) });
    await chain.get('db.password');
    isDown = true;
    await clock.advance(400_000);
    broken(log);
    await expect(chain.get('db.password')).rejects.toMatchObject({ code: 'audit_failed' });
    vi.restoreAllMocks();
    expect((await chain.get('db.password'))?.value).toBe(hidden);
    await chain.close();
  });

  it('a cache does not take an audited provider in, so it cannot answer past the audit', async () => {
    await using box = await logs();
    await using log = await box.open();
    expect(() => sheltered(intercepted(store(), audited(log)) as never)).toThrow(ConfigError);
  });

  it('a cached value is not handed to a second actor without an entry', async () => {
    await using box = await logs();
    await using log = await box.open();
    const identify = (context: unknown): string => context as string;
    const inner = intercepted(sheltered(store(), { clock: manualClock() }), audited(log, { identify }));
    const chain = new ProviderChain([inner]);
    for (const context of ['ann', 'bob', 'bob']) await chain.get('db.password', { context });
    expect(box.entries().map(({ actor }) => actor)).toEqual(['ann', 'bob']);
    await chain.close();
  });

  it.each(['', 7, null, { id: 'u', ip: {} }])(
    'an identify that returns %j refuses the operation',
    async (actor) => {
      await using box = await logs();
      await using log = await box.open();
      const chain = audit(log, { identify: () => actor as never });
      await expect(chain.get('db.password')).rejects.toMatchObject({ code: 'audit_failed' });
      expect(box.entries()).toEqual([]);
    },
  );

  it.each(['identify', 'traceId'] as const)('a %s that throws refuses the operation', async (option) => {
    await using box = await logs();
    await using log = await box.open();
    const chain = audit(log, {
      [option]: () => {
        throw new Error(hidden);
      },
    });
    const error = await chain.get('db.password').catch((one: Error) => one);
    expect(error).toMatchObject({ code: 'audit_failed' });
    expect(`${(error as Error).stack}`).not.toContain(hidden);
  });

  it('a refusal whose entry cannot be written fails with audit_failed', async () => {
    await using box = await logs();
    await using log = await box.open();
    const chain = new ProviderChain([optional(denying('access_denied')), defaults()], {
      intercept: audited(log),
    });
    broken(log);
    await expect(chain.get('db.password')).rejects.toMatchObject({ code: 'audit_failed' });
  });
});

describe('mode behind', () => {
  it('an answer does not wait, and the entry follows', async () => {
    await using box = await logs();
    const log = await box.open();
    const chain = audit(log, { mode: 'behind' });
    await chain.get('db.password');
    await log.close();
    expect(box.entries()).toHaveLength(1);
  });

  it('a full queue refuses', async () => {
    await using box = await logs();
    await using log = await box.open({ clock: manualClock() });
    log.on(() => undefined);
    const hang = vi.spyOn(log.recorder.queue, 'kept', 'get').mockReturnValue(2);
    const chain = audit(log, { mode: 'behind', queueLimit: 2 });
    await expect(chain.get('db.password')).rejects.toThrow("Set whenFull to 'block'");
    const writable = intercepted(store(), audited(log, { mode: 'behind', queueLimit: 2 }));
    await expect(writable.set('db.host', 'x')).rejects.toThrow("Set whenFull to 'block'");
    hang.mockRestore();
    expect((await chain.get('db.password'))?.value).toBe(hidden);
  });

  it('a queue has its limit for callers at once, too', async () => {
    await using box = await logs();
    const log = await box.open();
    const chain = audit(log, { mode: 'behind', queueLimit: 3, reads: 'all' });
    const all = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => chain.get(`absent.k${i}`)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await log.close();
    expect(box.entries()).toHaveLength(3);
  });

  it('a full queue blocks until there is room', async () => {
    await using box = await logs();
    const log = await box.open();
    const lengths: number[] = [];
    const { queue } = log.recorder;
    const keep = queue.keep.bind(queue);
    vi.spyOn(queue, 'keep').mockImplementation((line) => {
      keep(line);
      lengths.push(queue.kept);
    });
    const chain = audit(log, { mode: 'behind', queueLimit: 2, whenFull: 'block', reads: 'all' });
    await Promise.all(Array.from({ length: 20 }, (_, i) => chain.get(`absent.k${i}`)));
    await log.close();
    expect(box.entries()).toHaveLength(20);
    expect(Math.max(...lengths)).toBe(2);
  });

  it('an operation that waits for room fails when the log closes', async () => {
    await using box = await logs();
    const log = await box.open({ clock: manualClock() });
    log.on(() => undefined);
    vi.spyOn(log.recorder.queue, 'kept', 'get').mockReturnValue(2);
    const chain = audit(log, { mode: 'behind', queueLimit: 2, whenFull: 'block' });
    const waiting = chain.get('db.password');
    const outcome = expect(waiting).rejects.toThrow('is closed');
    await new Promise((done) => setImmediate(done));
    await log.close().catch(() => undefined);
    await outcome;
    vi.restoreAllMocks();
  });

  it('wrong options are refused', async () => {
    await using box = await logs();
    await using log = await box.open();
    expect(() => audited({} as never)).toThrow('not an AuditLog');
    expect(() => audited(log, { mode: 'never' as never })).toThrow('the option mode must be one of');
  });
});
