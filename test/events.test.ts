import { channel } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { cascade } from '../src/chain/levels.ts';
import { intercepted } from '../src/decorators/intercepted.ts';
import { mounted, scoped } from '../src/decorators/scoped.ts';
import { fallback, optional } from '../src/decorators/tolerance.ts';
import { ConfigError, type ErrorCode, errorCodes } from '../src/errors.ts';
import { type ConfigEvent, type Logger, logTo } from '../src/events.ts';
import type { Interceptor } from '../src/interception.ts';
import { newId, thread } from '../src/operation.ts';
import type { ConfigProvider } from '../src/provider.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { unsealed } from '../src/sealing/unsealed.ts';
import { down, failing as refusing } from './support/fake-source.ts';
import { entry, failing } from './support/layers.ts';
import { brief, failureOf, listening } from './support/listening.ts';
import { fullPort } from './support/port.ts';
import { runs } from './support/runs.ts';
import { code, sheltering } from './support/sheltering.ts';
import { until } from './support/until.ts';

const event = (type: ConfigEvent['type'], more: object = {}): ConfigEvent =>
  ({ id: 'e-1', time: 0, provider: 'vault', layer: 'shelter', outcome: 'ok', type, ...more }) as ConfigEvent;

function recording(more: object = {}) {
  const lines: [string, ...unknown[]][] = [];
  const write =
    (level: string) =>
    (...parts: unknown[]) =>
      void lines.push([level, ...parts]);
  return {
    lines,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      ...more,
    } as Logger,
  };
}

describe('logTo', () => {
  it('logTo writes in the argument order of pino, winston and console', () => {
    const line = {
      event: 'retry',
      eventId: 'e-1',
      at: '1970-01-01T00:00:00.000Z',
      provider: 'vault',
      layer: 'shelter',
      outcome: 'timeout',
    };
    const retry = event('retry', { outcome: 'timeout', key: 'db.host', attempt: 2 });
    const full = { ...line, key: 'db.host', attempt: 2 };
    const text = 'vault: retry db.host (timeout)';
    const [likePino, likeWinston, likeConsole] = [
      recording({ child() {} }),
      recording({ child() {}, transports: [] }),
      recording(),
    ];
    for (const { logger } of [likePino, likeWinston, likeConsole]) logTo(logger)(retry);
    expect(likePino.lines).toEqual([['warn', full, text]]);
    expect(likeWinston.lines).toEqual([['warn', text, full]]);
    expect(likeConsole.lines.map(([level, json]) => [level, JSON.parse(json as string)])).toEqual([
      ['warn', { level: 'warn', message: text, ...full }],
    ]);
  });

  it('logTo has a level for each type, which options change or turn off', () => {
    const { logger, lines } = recording();
    const log = logTo(logger, { levels: { read: false, changed: 'error' } });
    for (const one of [
      event('read'),
      event('request'),
      event('changed'),
      event('notice', { message: 'three names are not keys' }),
      event('stale'),
      event('breaker', { state: 'open' }),
      event('breaker', { state: 'closed' }),
      event('of a later module' as never),
      event('authenticated'),
      event('authentication_failed', { outcome: 'unauthenticated' }),
      event('policy_violated', { outcome: 'policy_violation', key: 'a' }),
      event('health_changed', { status: 'degraded', previous: 'ok' }),
      event('health_changed', { status: 'ok', previous: 'degraded' }),
      event('refresh_failed', { outcome: 'validation', message: 'There is 1 problem' }),
    ])
      log(one);
    expect(lines.map(([level, json]) => `${level} ${JSON.parse(json as string).message}`)).toEqual([
      'debug vault: request',
      'error vault: changed',
      'info three names are not keys',
      'warn vault: stale',
      'error vault: breaker',
      'info vault: breaker',
      'info vault: of a later module',
      'info vault: authenticated',
      'error vault: authentication_failed (unauthenticated)',
      'warn vault: policy_violated a (policy_violation)',
      'warn vault: health_changed',
      'info vault: health_changed',
      'warn There is 1 problem',
    ]);
  });

  it('logTo publishes the fields of a line before it is written, and a tool may add some', () => {
    const { logger, lines } = recording({ child() {} });
    const add = (fields: unknown): void => void Object.assign(fields as object, { trace_id: 'abc' });
    const to = channel('llm-config-manager:log');
    to.subscribe(add);
    try {
      logTo(logger, { levels: { read: false } })(event('read'));
      logTo(logger)(event('changed'));
    } finally {
      to.unsubscribe(add);
    }
    logTo(logger)(event('changed'));
    const fields = lines.map(([, line]) => line);
    expect(fields).toMatchObject([{ event: 'changed', trace_id: 'abc' }, { event: 'changed' }]);
    expect(fields[1]).not.toHaveProperty('trace_id');
  });

  it('logTo accepts the console', () => {
    expect(() => logTo(console, { levels: { read: false } })(event('read'))).not.toThrow();
  });
});

describe('events', () => {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const secret = fc.uuid().map((id) => `hunter2-${id}`);
  const act = fc.record({
    operation: fc.constantFrom('get', 'getMany', 'list', 'set', 'delete', 'refresh', 'version', 'tree'),
    fails: fc.option(fc.constantFrom(...codes, 'foreign'), { nil: undefined }),
  });

  it('events, log lines and errors never contain a value', async () => {
    await fc.assert(
      fc.asyncProperty(secret, fc.array(act, { minLength: 1, maxLength: 8 }), async (hidden, acts) => {
        const printed: string[] = [];
        const log = logTo(pino({ level: 'trace' }, { write: (line: string) => void printed.push(line) }));
        const { provider, source, clock } = sheltering(
          { token: hidden, db: JSON.stringify({ password: hidden, deep: { x: hidden } }) },
          {
            resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
            cache: { staleIfErrorMs: 60_000, ttlMs: 10 },
          },
        );
        const chain = new ProviderChain([optional(provider), new MemoryProvider({ db: { host: 'h' } })]);
        chain.on((emitted) => {
          printed.push(JSON.stringify(emitted));
          log(emitted);
        });
        source.classify = () => new ConfigError('unavailable', 'the client failed');
        for (const { operation, fails } of acts) {
          source.befall = () => {
            if (fails === 'foreign') throw Object.assign(new Error(hidden), { config: { data: hidden } });
            if (fails) throw new ConfigError(fails, 'the store failed');
          };
          const work = {
            get: () => chain.get('db.password'),
            getMany: () => chain.getMany(['token', 'db', 'db.password']),
            list: () => chain.list(),
            set: () => provider.set('db.password', `${hidden}-2`),
            delete: () => provider.delete('db.deep.x'),
            refresh: () => chain.refresh(),
            version: () => provider.get('token', { version: '1' }),
            tree: () => chain.tree('db'),
          }[operation];
          const outcome = work().then(
            () => {},
            (error: ConfigError) =>
              void printed.push(JSON.stringify(error), String(error.stack), String(error.cause)),
          );
          await clock.advance(50);
          await outcome;
        }
        expect(printed.join('\n')).not.toContain('hunter2');
        expect(await code(chain.close())).toBe('answered');
      }),
      { numRuns: runs(15, 200) },
    );
  });
});

const operationsOf = (events: readonly ConfigEvent[]): unknown[] => [
  ...new Set(events.map(({ operation }) => operation)),
];

/** The next id, as a number. Ids are numbered, so the difference is the number of ids made in between. */
const idNumber = (): number => Number.parseInt(newId().split('-')[1] as string, 36);

describe('the events of a chain', () => {
  it('a chain emits one read for each look-up, although only local providers answer', async () => {
    const chain = new ProviderChain([new MemoryProvider({ a: 1 }), new MemoryProvider({ b: 2 })]);
    const { events } = listening(chain);
    await chain.get('a');
    await chain.value('b');
    await chain.get('none');
    await chain.require('a');
    await code(chain.require('none'));
    expect(brief(events)).toEqual([
      'chain read ok a',
      'chain read ok b',
      'chain read absent none',
      'chain read ok a',
      'chain read absent none',
    ]);
    expect(operationsOf(events)).toHaveLength(5);
    for (const event of events) {
      expect(event).toMatchObject({ layer: 'chain', durationMs: expect.any(Number) });
      expect(Object.isFrozen(event)).toBe(true);
    }
  });

  it('the read of a failed look-up has the code and the operation of its error', async () => {
    const chain = new ProviderChain([failing('vault')]);
    const { events } = listening(chain);
    const error = await failureOf(chain.get('a'));
    expect(brief(events)).toEqual(['chain read unavailable a']);
    expect(error.operation).toBe(events[0]?.operation);
    expect(error.operation).toEqual(expect.any(String));
  });

  it('the read of a found key has its version', async () => {
    const { provider } = sheltering({ a: 'fake' });
    const chain = new ProviderChain([provider]);
    const { events } = listening(chain);
    await chain.get('a');
    await chain.getMany(['a']);
    expect(events.filter(({ layer }) => layer === 'chain').map(({ version }) => version)).toEqual(['1', '1']);
  });

  it('getMany emits one read for each key, of one operation', async () => {
    const failsForC: ConfigProvider = {
      name: 'some',
      get: async (key) => {
        if (key === 'c') throw new ConfigError('access_denied', 'denied');
        return key === 'a' ? entry('some', 'a', 1) : undefined;
      },
      list: async () => [],
    };
    const chain = new ProviderChain([failsForC, new MemoryProvider({ d: 4 })]);
    const { events } = listening(chain);
    const found = await chain.getMany(['a', 'b', 'c', 'd', 'a']);
    expect(brief(events)).toEqual([
      'chain read ok a',
      'chain read absent b',
      'chain read access_denied c',
      'chain read ok d',
    ]);
    expect(operationsOf(events)).toHaveLength(1);
    expect((found.get('c') as ConfigError).operation).toBe(events[0]?.operation);
    await chain.getMany([]);
    expect(events).toHaveLength(4);
  });

  it('getMany that fails as a whole emits the failure once for each key', async () => {
    const chain = new ProviderChain([new MemoryProvider({})], {
      intercept: () => {
        throw new ConfigError('access_denied', 'not for you');
      },
    });
    const { of } = listening(chain);
    const error = await failureOf(chain.getMany(['a', 'b', 'a']));
    expect(brief(of('read'))).toEqual(['chain read access_denied a', 'chain read access_denied b']);
    expect(operationsOf(of('read'))).toEqual([error.operation]);
  });

  it('a key that is not valid is no look-up', async () => {
    const chain = new ProviderChain([new MemoryProvider({})]);
    const { events } = listening(chain);
    expect(await code(chain.get('a..b'))).toBe('invalid_key');
    expect(events).toEqual([]);
  });

  it('an aborted look-up emits aborted', async () => {
    const chain = new ProviderChain([sheltering({ a: 'fake' }).provider]);
    const { of } = listening(chain);
    const error = await failureOf(chain.get('a', { signal: AbortSignal.abort() }));
    expect(of('read').map(({ outcome, operation }) => [outcome, operation])).toEqual([
      ['aborted', error.operation],
    ]);
  });

  it('an error of another copy of this library is an outcome too', async () => {
    const { ConfigError: Foreign } = (await import(
      // @ts-expect-error: a second instance of the module
      '../src/errors.ts?another-copy'
    )) as typeof import('../src/errors.ts');
    expect(Foreign).not.toBe(ConfigError);
    const chain = new ProviderChain([
      failing('vault', new Foreign('throttled', 'slow down', { provider: 'vault', key: 'a' })),
    ]);
    const { events } = listening(chain);
    await code(chain.get('a'));
    await chain.getMany(['a']);
    expect(brief(events)).toEqual(['chain read throttled a', 'chain read throttled a']);
  });

  const plain = { a: 'fake', 'b/a': 'fake' };
  const compositions: readonly [string, (store: ConfigProvider) => ConfigProvider, key?: string][] = [
    ['alone', (store) => store],
    ['scoped', (store) => scoped(store, 'b')],
    ['mounted', (store) => mounted(store, 'm'), 'm.a'],
    ['optional', (store) => optional(store)],
    ['in fallback', (store) => fallback(store, new MemoryProvider({}))],
    ['unsealed', (store) => unsealed(store)],
    ['intercepted', (store) => intercepted(store, (_, next) => next())],
    ['in a chain', (store) => new ProviderChain([store], { name: 'inner' })],
    [
      'in a chain with an interceptor',
      (store) => new ProviderChain([store], { name: 'inner', intercept: (_, next) => next() }),
    ],
    ['in an optional chain', (store) => optional(new ProviderChain([store], { name: 'inner' }))],
    ['in a cascade', (store) => cascade([new MemoryProvider({ a: 1 }), store], (level) => level)],
    [
      'in all of them',
      (store) =>
        optional(
          scoped(
            intercepted(unsealed(new ProviderChain([store])), (_, next) => next()),
            'b',
          ),
        ),
    ],
  ];
  it.each(compositions)(
    'the reads of a chain and of its store %s have one operation',
    async (_, make, key = 'a') => {
      const { provider } = sheltering(plain);
      const chain = new ProviderChain([new MemoryProvider({}), make(provider)], { name: 'outer' });
      const { events, of } = listening(chain);
      for (const look of [() => chain.get(key), () => chain.get(key), () => chain.getMany([key])]) {
        events.length = 0;
        await look();
        expect(brief(of('read')).filter((one) => one.startsWith('outer'))).toEqual([`outer read ok ${key}`]);
        expect(of('read').filter(({ layer }) => layer === 'shelter')).toHaveLength(1);
        expect(operationsOf(of('read'))).toEqual([expect.any(String)]);
        for (const { operations = [] } of of('request')) expect(operations).toEqual(operationsOf(of('read')));
      }
    },
  );

  it('a chain emits what a second provider without a name of its own answers', async () => {
    const chain = new ProviderChain([new MemoryProvider({ a: 1 }), new MemoryProvider({ b: 2 })]);
    const { events } = listening(chain);
    await chain.get('b');
    await chain.getMany(['a', 'b']);
    expect(brief(events)).toEqual(['chain read ok b', 'chain read ok a', 'chain read ok b']);
  });

  it('a listener hears from when it is added until it is removed', async () => {
    const chain = new ProviderChain([sheltering({ a: 'fake' }).provider]);
    const first = listening(chain);
    await chain.get('a');
    const second = listening(chain);
    await chain.get('a');
    first.stop();
    first.stop();
    await chain.get('a');
    second.stop();
    await chain.get('a');
    const reads = (one: typeof first): number =>
      one.of('read').filter(({ layer }) => layer === 'chain').length;
    expect([reads(first), reads(second)]).toEqual([2, 2]);
  });

  it('listeners may be added and removed during a look-up', async () => {
    let proceed: (() => void) | undefined;
    const slow: ConfigProvider = {
      name: 'slow',
      get: () => new Promise((resolve) => void (proceed = () => resolve(undefined))),
      list: async () => [],
    };
    const chain = new ProviderChain([slow]);
    const first = listening(chain);
    const reading = chain.get('a');
    await until('the provider is asked', () => proceed !== undefined);
    first.stop();
    const second = listening(chain);
    proceed?.();
    expect(await reading).toBeUndefined();
    expect([brief(first.events), brief(second.events)]).toEqual([[], ['chain read absent a']]);
  });

  it('a listener that throws changes no answer and stops no other listener', async () => {
    const chain = new ProviderChain([sheltering({ a: 'fake' }).provider]);
    chain.on(() => {
      throw new Error('mine');
    });
    const { of } = listening(chain);
    expect(await chain.value('a')).toBe('fake');
    expect((await chain.getMany(['a'])).get('a')).toMatchObject({ value: 'fake' });
    expect(of('read')).toHaveLength(4);
  });

  it('a chain without a listener makes no id and passes the options of the caller on', async () => {
    const { provider, given } = fullPort({ a: 1 });
    const chain = new ProviderChain([provider, new ProviderChain([new MemoryProvider({})])]);
    const options = { context: 'me' };
    const before = idNumber();
    await chain.get('a', options);
    await chain.get('a');
    await chain.getMany(['a'], options);
    await chain.list('', options);
    await chain.tree('', options);
    await chain.layers('', options);
    await chain.health(options);
    await chain.refresh('', options);
    await code(new ProviderChain([failing('vault')]).get('a'));
    expect(idNumber() - before).toBe(1);
    expect(given).toHaveLength(8);
    for (const [method, seen] of given) {
      expect(seen?.[thread], method).toBeUndefined();
      if (seen) expect(seen, method).toBe(options);
    }
    expect(await failureOf(new ProviderChain([failing('vault')]).get('a'))).not.toHaveProperty('operation');
  });

  it('a chain makes no id after its last listener is removed', async () => {
    const chain = new ProviderChain([new MemoryProvider({ a: 1 })]);
    const { stop } = listening(chain);
    await chain.get('a');
    stop();
    const before = idNumber();
    await chain.get('a');
    expect(idNumber() - before).toBe(1);
  });

  it('the errors of every method have the operation of the events', async () => {
    const { provider, source } = sheltering({}, { resilience: { attempts: 1 } });
    source.befall = down;
    const chain = new ProviderChain([provider]);
    const { events, of } = listening(chain);
    for (const call of [
      () => chain.get('a'),
      () => chain.require('a'),
      () => chain.list(),
      () => chain.tree(),
    ]) {
      events.length = 0;
      const { operation } = await failureOf(call());
      expect(of('request').map(({ operations }) => operations)).toEqual([[operation]]);
    }
    const layers = await chain.layers();
    expect(of('request').at(-1)?.operations).toEqual([expect.any(String)]);
    expect(layers[0]?.error).toMatchObject({ code: 'unavailable' });
  });

  it('an error of require has the operation of its look-up, also one of a schema', async () => {
    const { z } = await import('zod');
    const chain = new ProviderChain([new MemoryProvider({ a: 1 })]);
    const { events } = listening(chain);
    const missing = await failureOf(chain.require('b'));
    const wrong = await failureOf(chain.require('a', z.boolean()));
    expect([missing.code, wrong.code]).toEqual(['not_found', 'validation']);
    expect(brief(events)).toEqual(['chain read absent b', 'chain read ok a']);
    expect(events.map(({ operation }) => operation)).toEqual([missing.operation, wrong.operation]);
  });

  it('tolerated, denied and stale carry the operation of the look-up', async () => {
    const { provider, source, clock } = sheltering(
      { a: 'fake' },
      { cache: { ttlMs: 10, staleIfErrorMs: 60_000 }, resilience: { attempts: 1 } },
    );
    const chain = new ProviderChain([optional(provider), new MemoryProvider({ b: 1 })]);
    const { events, of } = listening(chain);
    const operationOfRead = (): unknown => operationsOf(of('read'))[0];
    await chain.get('a');
    await clock.advance(20);
    source.befall = down;
    events.length = 0;
    await chain.get('a');
    expect(of('stale').map(({ operation }) => operation)).toEqual([operationOfRead()]);
    events.length = 0;
    await chain.get('b');
    expect(of('tolerated').map(({ operation, key }) => [operation, key])).toEqual([[operationOfRead(), 'b']]);
    events.length = 0;
    source.befall = refusing('access_denied');
    await code(chain.get('c'));
    expect(of('denied').map(({ operation, key }) => [operation, key])).toEqual([[operationOfRead(), 'c']]);
    for (const { operation } of events.filter(({ type }) => type !== 'request'))
      expect(operation).toEqual(expect.any(String));
  });

  it('policy_violated is emitted once, by the innermost that refused', async () => {
    const refuse = () => {
      throw new ConfigError('access_denied', 'not for you');
    };
    const pass: Interceptor = (_, next) => next();
    const store = intercepted(new MemoryProvider({ a: 1 }, { name: 'store' }), pass, refuse);
    const inner = new ProviderChain([intercepted(store, pass)], { name: 'inner', intercept: [pass, pass] });
    const chain = new ProviderChain([inner], { intercept: pass });
    const { of } = listening(chain);
    const error = await failureOf(chain.get('a'));
    expect(of('policy_violated')).toMatchObject([
      {
        provider: 'store',
        layer: 'provider',
        key: 'a',
        outcome: 'access_denied',
        operation: error.operation,
      },
    ]);
    const own = new ProviderChain([new MemoryProvider({ a: 1 })], {
      intercept: [pass, () => Promise.reject(new Error('the policy engine is down'))],
    });
    const heard = listening(own);
    const failure = await failureOf(own.tree('a'));
    expect(heard.events).toMatchObject([
      { type: 'policy_violated', layer: 'chain', outcome: 'policy_violation', operation: failure.operation },
    ]);
  });
});

describe('logTo on a chain', () => {
  function logged() {
    const { logger, lines } = recording();
    const messages = (): string[] => lines.map(([, json]) => JSON.parse(json as string).message as string);
    return { log: logTo(logger), reads: () => messages().filter((text) => text.includes(': read ')) };
  }

  it('logTo writes one read for a look-up, for a miss, a hit and an error', async () => {
    const { provider, source } = sheltering({ a: 'fake' }, { resilience: { attempts: 1 } });
    const chain = new ProviderChain([provider]);
    const { log, reads } = logged();
    chain.on(log);
    await chain.get('a');
    await chain.get('a');
    await chain.getMany(['a', 'none']);
    source.befall = down;
    await code(chain.get('b'));
    expect(reads()).toEqual([
      'chain: read a',
      'chain: read a',
      'chain: read a',
      'chain: read none (absent)',
      'chain: read b (unavailable)',
    ]);
  });

  it('logTo writes one read for a look-up that two stores and a nested chain answer', async () => {
    const [first, second] = [sheltering({}), sheltering({ a: 'fake' }, {}, { name: 'second' })];
    const inner = new ProviderChain([second.provider], { name: 'inner' });
    const chain = new ProviderChain([first.provider, inner, new MemoryProvider({ b: 1 })]);
    const { log, reads } = logged();
    chain.on(log);
    await chain.get('a');
    await chain.get('b');
    expect(reads()).toEqual(['chain: read a', 'chain: read b']);
  });

  it('logTo writes 1,000 reads for 1,000 look-ups at once', async () => {
    const { provider } = sheltering({ a: 'fake', b: 'fake' });
    const chain = new ProviderChain([
      new ProviderChain([provider], { name: 'inner' }),
      new MemoryProvider({ c: 1 }),
    ]);
    const { log, reads } = logged();
    chain.on(log);
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => chain.get(['a', 'b', 'c', 'none'][i % 4] as string)),
    );
    expect(reads()).toHaveLength(1_000);
    expect(new Set(reads())).toEqual(
      new Set(['chain: read a', 'chain: read b', 'chain: read c', 'chain: read none (absent)']),
    );
  });

  it('logTo writes one read for each look-up that one operation makes in a nested chain', async () => {
    const { provider } = sheltering({ slow: 'fake', slower: 'fake' });
    const inner = new ProviderChain([new MemoryProvider({ fast: 1 }), provider], { name: 'inner' });
    // a provider without getMany is read key by key, all keys at once
    const single: ConfigProvider = {
      name: 'single',
      get: (key, options) => inner.get(key, options),
      list: (prefix, options) => inner.list(prefix, options),
    };
    const chain = new ProviderChain([single]);
    const { log, reads } = logged();
    inner.on(log);
    await chain.getMany(['fast', 'slow']);
    chain.on(() => {});
    await chain.getMany(['fast', 'slower']);
    expect(reads()).toEqual(['fast', 'slow', 'fast', 'slower'].map((key) => `inner: read ${key}`));
  });

  it('logTo on a chain still writes a direct read of a store, and on the store its own', async () => {
    const { provider } = sheltering({ a: 'fake' });
    const chain = new ProviderChain([provider]);
    const [ofChain, ofStore] = [logged(), logged()];
    chain.on(ofChain.log);
    provider.on(ofStore.log);
    await provider.get('a');
    await chain.get('a');
    await provider.getMany(['a']);
    expect(ofChain.reads()).toEqual(['store: read a', 'chain: read a', 'store: read a']);
    expect(ofStore.reads()).toEqual(['store: read a', 'store: read a', 'store: read a']);
  });

  it('logTo on a chain writes the other events of its providers', async () => {
    const { provider } = sheltering({ a: 'fake' });
    const chain = new ProviderChain([provider]);
    const { logger, lines } = recording();
    chain.on(logTo(logger));
    await chain.get('a');
    await chain.refresh();
    expect(lines.map(([, json]) => JSON.parse(json as string).event)).toEqual([
      'request',
      'read',
      'refreshed',
    ]);
  });
});
