import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { secret } from '../src/entry.ts';
import { ConfigError } from '../src/errors.ts';
import { newId } from '../src/operation.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import type { TraceContexts } from '../src/tracing.ts';
import { down, failing } from './support/fake-source.ts';
import { failureOf, listening } from './support/listening.ts';
import { code, sheltering, value } from './support/sheltering.ts';

type Name = keyof TraceContexts;
const parts = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
type Part = (typeof parts)[number];
const succeeds: readonly Part[] = ['start', 'end', 'asyncStart', 'asyncEnd'];
const fails: readonly Part[] = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];

/** Subscribes to a channel until it is disposed. */
function tracing<N extends Name>(name: N, ...only: readonly Part[]) {
  const published: [Part, TraceContexts[N] & { error?: Error; result?: unknown }][] = [];
  const subscriptions = (only.length > 0 ? only : parts).map((part) => {
    const listener = (context: unknown): void => void published.push([part, context as never]);
    const to = channel(`tracing:llm-config-manager:${name}:${part}`);
    to.subscribe(listener);
    return () => to.unsubscribe(listener);
  });
  return {
    published,
    parts: () => published.map(([part]) => part),
    /** The context of each traced piece of work. */
    contexts: () => [...new Set(published.map(([, context]) => context))],
    [Symbol.dispose]: () => subscriptions.forEach((unsubscribe) => void unsubscribe()),
  };
}

const alone = { resilience: { attempts: 1 } } as const;

describe('tracing a read', () => {
  it('a miss is traced with its key, its operation and its outcome', async () => {
    const { provider } = sheltering({ a: 'fake' });
    using reads = tracing('read');
    await provider.get('a');
    expect(reads.parts()).toEqual(succeeds);
    const [context] = reads.contexts();
    expect({ ...context }).toEqual({
      v: 1,
      provider: 'store',
      type: 'get',
      key: 'a',
      operation: expect.any(String),
      outcome: 'ok',
    });
    await provider.get('none');
    expect(reads.contexts()[1]).toMatchObject({ key: 'none', outcome: 'absent' });
    expect(reads.parts().slice(4)).toEqual(succeeds);
  });

  it('a hit publishes nothing: of a value, of an absence, in getMany and in a list', async () => {
    const { provider, source } = sheltering({ a: 'fake', 'b/c': 'fake' });
    await provider.getMany(['a', 'none']);
    await provider.list();
    await provider.list('b');
    const { length } = source.asked;
    using reads = tracing('read');
    using requests = tracing('request');
    await provider.get('a');
    await provider.get('none');
    await provider.getMany(['a', 'none']);
    await provider.list();
    await provider.list('b');
    expect(source.asked).toHaveLength(length);
    expect([reads.published, requests.published]).toEqual([[], []]);
  });

  it('a stale value of a background read is a hit', async () => {
    const { provider, clock } = sheltering(
      { a: 'fake' },
      { cache: { ttlMs: 10, staleWhileRevalidateMs: 60_000 } },
    );
    await provider.get('a');
    await clock.advance(20);
    using reads = tracing('read');
    using requests = tracing('request');
    await provider.get('a');
    await clock.advance(0);
    expect(reads.published).toEqual([]);
    expect(requests.contexts()).toMatchObject([{ outcome: 'ok', operations: [], moreOperations: 0 }]);
  });

  it('getMany and list are traced once each, when something of them is missing', async () => {
    const { provider } = sheltering({ a: 'fake', b: 'fake' });
    await provider.get('a');
    using reads = tracing('read');
    await provider.getMany(['a', 'b']);
    await provider.list();
    expect(reads.contexts()).toMatchObject([
      { type: 'getMany', keys: ['a', 'b'], outcome: 'ok' },
      { type: 'list', key: '', outcome: 'ok' },
    ]);
    expect(reads.parts()).toEqual([...succeeds, ...succeeds]);
  });

  it('a list is traced when only its documents have expired', async () => {
    const { provider, clock, source } = sheltering({ a: 'fake' }, { cache: { ttlMs: 10 } });
    await provider.get('a');
    await clock.advance(5);
    await provider.list();
    await clock.advance(5);
    const pages = source.count('page');
    using reads = tracing('read');
    await provider.list();
    expect(source.count('page')).toBe(pages);
    expect(reads.contexts()).toMatchObject([{ type: 'list', outcome: 'ok' }]);
    await provider.list();
    expect(reads.contexts()).toHaveLength(1);
    await provider.list('', { maxAgeMs: 0 });
    expect(reads.contexts()).toHaveLength(2);
  });

  it('the outcome of a failure is its code, of a list too', async () => {
    const { provider, source } = sheltering({}, alone);
    source.befall = failing('access_denied');
    using reads = tracing('read');
    const error = await failureOf(provider.get('a'));
    const ofList = await failureOf(provider.list());
    expect(reads.parts()).toEqual([...fails, ...fails]);
    expect(reads.contexts()).toMatchObject([
      {
        type: 'get',
        outcome: 'access_denied',
        operation: error.operation,
        error: { message: 'access_denied' },
      },
      { type: 'list', outcome: 'access_denied', operation: ofList.operation },
    ]);
    expect(error).toMatchObject({ code: 'access_denied', provider: 'store', key: 'a' });
    expect(error.operation).toEqual(expect.any(String));
  });

  it('readers that join a request are traced each, and an aborted one ends alone', async () => {
    const { provider, source } = sheltering({ a: 'fake' });
    let proceed = (): void => {};
    source.befall = () => new Promise<void>((resolve) => void (proceed = resolve));
    using reads = tracing('read');
    const controller = new AbortController();
    const aborted = failureOf(provider.get('a', { signal: controller.signal }));
    const patient = value(provider.get('a'));
    await new Promise((done) => void setImmediate(done));
    controller.abort();
    expect((await aborted).code).toBe('aborted');
    expect(reads.contexts().map(({ outcome }) => outcome)).toEqual(['aborted', undefined]);
    proceed();
    expect(await patient).toBe('fake');
    expect(reads.contexts().map(({ outcome }) => outcome)).toEqual(['aborted', 'ok']);
    expect(source.asked).toHaveLength(1);
  });

  it('a read of a chain has the operation of the chain', async () => {
    const { provider } = sheltering({ a: 'fake' });
    const chain = new ProviderChain([provider]);
    const { of } = listening(chain);
    using reads = tracing('read');
    await chain.get('a');
    expect(reads.contexts()).toMatchObject([{ operation: of('read')[0]?.operation }]);
  });

  it.each(parts)('a subscriber of %s alone receives its part', async (part) => {
    const { provider, source } = sheltering({ a: 'fake' }, alone);
    using reads = tracing('read', part);
    using requests = tracing('request', part);
    expect(await value(provider.get('a'))).toBe('fake');
    source.befall = down;
    expect(await code(provider.get('b'))).toBe('unavailable');
    const expected = part === 'error' ? [part] : [part, part];
    expect([reads.parts(), requests.parts()]).toEqual([expected, expected]);
    expect(reads.contexts().at(-1)).toMatchObject({ v: 1, key: 'b', outcome: 'unavailable' });
  });

  it('nothing is traced and no id is made without a subscriber', async () => {
    const numberOf = (id: string): number => Number.parseInt(id.split('-')[1] as string, 36);
    const { provider } = sheltering({ a: 'fake', b: 'fake' });
    const reads = tracing('read');
    const requests = tracing('request');
    await provider.get('a');
    reads[Symbol.dispose]();
    requests[Symbol.dispose]();
    const before = numberOf(newId());
    await provider.get('b');
    await provider.list();
    expect(numberOf(newId()) - before).toBe(1);
    expect(reads.contexts()).toHaveLength(1);
  });

  it('what a subscriber does to a context changes no answer', async () => {
    const { provider, source } = sheltering({ a: 'fake' }, alone);
    const meddle = (context: unknown): void =>
      void Object.assign(context as object, {
        result: 'mine',
        error: undefined,
        outcome: 'mine',
        key: 'mine',
      });
    const subscribed = parts.flatMap((part) =>
      (['read', 'request'] as const).map((name) => channel(`tracing:llm-config-manager:${name}:${part}`)),
    );
    for (const one of subscribed) one.subscribe(meddle);
    try {
      expect(await provider.get('a')).toMatchObject({ key: 'a', value: 'fake' });
      source.befall = down;
      expect(await failureOf(provider.get('b'))).toMatchObject({ code: 'unavailable', key: 'b' });
    } finally {
      for (const one of subscribed) one.unsubscribe(meddle);
    }
  });

  it('a subscriber that throws changes no answer, and Node reports it as uncaught', async () => {
    // node:diagnostics_channel catches the error and throws it again in process.nextTick. Such a subscriber
    // ends a process that does not listen to uncaughtException, whatever this library does.
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught: unknown[] = [];
    process.on('uncaughtException', (error) => void uncaught.push(error.message));
    const thrower = (): never => {
      throw new Error('mine');
    };
    const to = channel('tracing:llm-config-manager:read:start');
    to.subscribe(thrower);
    try {
      expect(await value(sheltering({ a: 'fake' }).provider.get('a'))).toBe('fake');
      await new Promise((done) => void setImmediate(done));
      expect(uncaught).toEqual(['mine']);
    } finally {
      to.unsubscribe(thrower);
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

describe('tracing a request', () => {
  it('a request is traced with what it is about and the operations that wait for it', async () => {
    const { provider, clock } = sheltering({ a: 'fake', b: 'fake' });
    const { of } = listening(provider);
    using requests = tracing('request');
    await Promise.all([provider.get('a'), provider.get('b')]);
    await clock.advance(0);
    expect(requests.parts()).toEqual(succeeds);
    expect({ ...requests.contexts()[0] }).toEqual({
      v: 1,
      provider: 'store',
      type: 'read',
      id: expect.any(String),
      documents: 2,
      attempt: 1,
      operations: of('request')[0]?.operations,
      moreOperations: 0,
      outcome: 'ok',
    });
  });

  it('a subscriber of requests alone receives operations', async () => {
    const { provider, source } = sheltering({}, alone);
    source.befall = down;
    using requests = tracing('request');
    const errors = [
      await failureOf(provider.get('a')),
      await failureOf(provider.list()),
      await failureOf(provider.set('a', '1')),
    ];
    expect(requests.contexts().map(({ operations }) => operations)).toEqual(
      errors.map(({ operation }) => [operation]),
    );
    expect(errors[0]?.operation).toEqual(expect.any(String));
  });

  it('the operations of a request include those that joined it while it was in flight', async () => {
    const { provider, source } = sheltering({ a: 'fake' });
    let proceed = (): void => {};
    source.befall = () => new Promise<void>((resolve) => void (proceed = resolve));
    using reads = tracing('read');
    using requests = tracing('request');
    const first = provider.get('a');
    await new Promise((done) => void setImmediate(done));
    const [context] = requests.contexts();
    expect(context?.operations).toHaveLength(1);
    const others = Array.from({ length: 40 }, () => provider.get('a'));
    proceed();
    await Promise.all([first, ...others]);
    expect(requests.contexts()).toEqual([context]);
    expect(context?.operations).toEqual(
      reads
        .contexts()
        .slice(0, 32)
        .map(({ operation }) => operation),
    );
    expect(context?.moreOperations).toBe(9);
  });

  it('every attempt is traced, with one id, its outcome and the operations of its documents', async () => {
    const { provider, source, clock } = sheltering(
      { a: 'fake' },
      { resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } } },
    );
    source.befall = () => {
      if (source.asked.length === 1) down();
    };
    using requests = tracing('request');
    expect(await clock.until(value(provider.get('a')))).toBe('fake');
    expect(requests.contexts()).toMatchObject([
      { attempt: 1, outcome: 'unavailable' },
      { attempt: 2, outcome: 'ok' },
    ]);
    expect(new Set(requests.contexts().map(({ id }) => id)).size).toBe(1);
    expect(requests.contexts()[0]?.id).toBe(source.asked[0]?.id);
    expect(requests.parts()).toEqual([...fails, ...succeeds]);
  });

  it('a request has the address of its source', async () => {
    const { provider } = sheltering({ a: 'fake' }, {}, { address: 'store.example' });
    using requests = tracing('request');
    await provider.get('a');
    expect(requests.contexts()).toMatchObject([{ address: 'store.example' }]);
  });

  it('every type of request is traced', async () => {
    const { provider } = sheltering({ a: 'fake' }, {}, { connect: async () => true, ping: async () => {} });
    using requests = tracing('request');
    await provider.get('a');
    await provider.list();
    await provider.set('a', '2');
    await provider.health();
    const types = requests.contexts().map(({ type, operations }) => `${type} ${operations.length}`);
    expect(types).toEqual(['connect 1', 'read 1', 'page 1', 'read 1', 'write 1', 'ping 1']);
  });

  it('a store bound to the start of a request reaches the code of the source', async () => {
    const storage = new AsyncLocalStorage<object>();
    const { start } = tracingChannel('llm-config-manager:request');
    const { provider, source } = sheltering({ a: 'fake' });
    const found: unknown[] = [];
    source.befall = async () => {
      found.push(storage.getStore());
      await new Promise((done) => void setImmediate(done));
      found.push(storage.getStore());
    };
    start.bindStore(storage, (context) => ({ span: (context as { id: string }).id }));
    try {
      expect(await value(provider.get('a'))).toBe('fake');
      expect(found).toEqual([{ span: source.asked[0]?.id }, { span: source.asked[0]?.id }]);
      expect(storage.getStore()).toBeUndefined();
    } finally {
      start.unbindStore(storage);
    }
  });
});

describe('tracing a write', () => {
  it('a write is traced with its key, its operation and its outcome', async () => {
    const { provider, source } = sheltering({ a: 'fake' }, alone);
    const { of } = listening(provider);
    using writes = tracing('write');
    await provider.set('a', 'hunter2-fake');
    await provider.delete('a');
    source.befall = failing('access_denied');
    const error = await failureOf(provider.set('b', 'hunter2-fake'));
    expect(writes.parts()).toEqual([...succeeds, ...succeeds, ...fails]);
    expect(writes.contexts().map((context) => ({ ...context }))).toMatchObject([
      {
        v: 1,
        provider: 'store',
        type: 'set',
        key: 'a',
        outcome: 'ok',
        operation: of('request')[0]?.operations?.[0],
      },
      { type: 'delete', key: 'a', outcome: 'ok' },
      { type: 'set', key: 'b', outcome: 'access_denied', operation: error.operation },
    ]);
    expect(new Set(writes.contexts().map(({ operation }) => operation)).size).toBe(3);
  });
});

describe('tracing a load', () => {
  it('loads and reloads are traced with their cause and their generation', async () => {
    const source = new MemoryProvider({ a: 1 });
    let refuses = false;
    const chain = new ProviderChain([source], {
      name: 'settings',
      intercept: (_, next) => (refuses ? failing('access_denied')() : next()),
    });
    using loads = tracing('load');
    await using config = await loadConfig(chain);
    await config.reload();
    await source.set('a', 2);
    await config.reload();
    refuses = true;
    const error = await failureOf(config.reload());
    const of = (type: string, outcome: string, generation?: number): object => ({
      v: 1,
      provider: 'settings',
      type,
      cause: type,
      operation: expect.any(String),
      outcome,
      ...(generation && { generation }),
    });
    expect(loads.contexts().map(({ error: _, ...context }) => context)).toEqual([
      of('load', 'ok', 1),
      of('reload', 'ok', 1),
      of('reload', 'ok', 2),
      of('reload', 'access_denied'),
    ]);
    expect(loads.contexts()[3]?.operation).toBe(error.operation);
    expect(loads.parts()).toEqual([...succeeds, ...succeeds, ...succeeds, ...fails]);
  });

  it('the cause of a reload after a change of a source is the change', async () => {
    const source = new MemoryProvider({ a: 1 });
    using loads = tracing('load');
    await using config = await loadConfig(source, { watch: { settleMs: 0 } });
    const reloaded = new Promise((resolve) => void config.subscribe('', resolve));
    await source.set('a', 2);
    await reloaded;
    expect(loads.contexts()).toMatchObject([{ cause: 'load' }, { type: 'reload', cause: 'change' }]);
  });

  it('the reads of a load have its operation', async () => {
    const { provider } = sheltering({ a: 'fake' });
    using loads = tracing('load');
    using reads = tracing('read');
    using requests = tracing('request');
    await using _config = await loadConfig(provider);
    const [load] = loads.contexts();
    expect(reads.contexts()).toMatchObject([{ type: 'list', operation: load?.operation }]);
    for (const { operations } of requests.contexts()) expect(operations).toEqual([load?.operation]);
  });
});

describe('secrecy of tracing', () => {
  it('no context has a value or a text of a client, not even hidden', async () => {
    const hidden = 'hunter2-fake';
    using reads = tracing('read');
    using requests = tracing('request');
    using writes = tracing('write');
    using loads = tracing('load');
    const { provider, source } = sheltering({ a: hidden, b: hidden }, alone);
    await provider.get('a');
    await provider.getMany(['a', 'b']);
    await provider.list();
    await provider.set('a', hidden);
    source.befall = () => {
      throw Object.assign(new Error(hidden), { body: hidden, cause: new Error(hidden) });
    };
    await code(provider.get('c'));
    await code(provider.list('d'));
    await code(provider.set('a', hidden));
    source.classify = () =>
      new ConfigError('unavailable', hidden, { cause: new Error(hidden), hint: hidden });
    await code(provider.get('e'));
    const values = new MemoryProvider({ a: secret(hidden), b: hidden });
    await using config = await loadConfig(
      z.object({ a: z.string(), b: z.string().max(hidden.length) }),
      values,
    );
    await config.reload();
    await values.set('b', `${hidden}, ${hidden}`);
    await code(config.reload());
    await code(loadConfig(z.object({ a: z.number({ error: ({ input }) => `got ${input}` }) }), values));
    const all = [reads, requests, writes, loads].map((each) => each.contexts());
    for (const contexts of all) {
      expect(contexts.some(({ outcome }) => outcome !== 'ok')).toBe(true);
      for (const context of contexts) {
        const texts = [
          inspect(context, { showHidden: true, depth: null, getters: true }),
          JSON.stringify(context),
          String(context.error?.stack),
          String(context.error?.cause),
        ];
        expect(texts.join('\n')).not.toContain('hunter2');
        expect(context.v).toBe(1);
        expect(context.result).toBeUndefined();
      }
    }
  });
});
