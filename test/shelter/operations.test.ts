// The thread through a store: which operations a request says that it is for, and which operation an error
// says that it belongs to.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { newId } from '../../src/operation.ts';
import { down, failing } from '../support/fake-source.ts';
import { failureOf, listening } from '../support/listening.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const idsOf = (events: readonly ConfigEvent[]): (string | undefined)[] =>
  events.map(({ operation }) => operation);
const alone = { resilience: { attempts: 1 } } as const;
const documents = { a: '1', b: '2', c: '3' };

describe('the operations of a request', () => {
  it('a request has the operation of its reader', async () => {
    const { provider } = sheltering(documents);
    const { of } = listening(provider);
    await provider.get('a');
    const [read] = of('read');
    expect(of('request').map(({ operations }) => operations)).toEqual([[read?.operation]]);
    expect(read?.operation).toEqual(expect.any(String));
    expect(of('request')[0]).not.toHaveProperty('moreOperations');
    expect(of('request')[0]).not.toHaveProperty('operation');
    expect(Object.isFrozen(of('request')[0]?.operations)).toBe(true);
  });

  it('a request has the operations of all readers that joined it', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    let proceed = (): void => {};
    source.befall = () => new Promise<void>((resolve) => void (proceed = resolve));
    const first = provider.get('a');
    await new Promise((done) => void setImmediate(done));
    const late = [provider.get('a'), new ProviderChain([provider]).get('a')];
    proceed();
    await Promise.all([first, ...late]);
    expect(source.asked).toHaveLength(1);
    expect(of('request')[0]?.operations).toEqual(idsOf(of('read')));
    expect(new Set(idsOf(of('read'))).size).toBe(3);
  });

  it('a request for 1,000 readers has 32 operations and the number of the others', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    await Promise.all(Array.from({ length: 1_000 }, () => provider.get('a')));
    expect(source.asked).toHaveLength(1);
    expect(of('request')).toHaveLength(1);
    expect(of('request')[0]?.operations).toHaveLength(32);
    expect(of('request')[0]?.moreOperations).toBe(968);
    const ids = idsOf(of('read'));
    expect(new Set(ids).size).toBe(1_000);
    expect(of('request')[0]?.operations).toEqual(ids.slice(0, 32));
  });

  it('a request counts each operation once, however many of its documents it waits for', async () => {
    const { provider } = sheltering({ 'x/a': '1', 'x/b': '2', y: '3' });
    const { of } = listening(provider);
    await Promise.all(Array.from({ length: 100 }, () => provider.getMany(['x.a', 'x.b', 'y'])));
    expect(of('request').map(({ documents: count }) => count)).toEqual([4]);
    expect(of('request')[0]?.operations).toHaveLength(32);
    expect(of('request')[0]?.moreOperations).toBe(68);
  });

  it('a batch has the operations of all its documents, and a getMany is one of them', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    await Promise.all([provider.get('a'), provider.getMany(['b', 'c', 'a'])]);
    expect(source.asked).toHaveLength(1);
    expect(of('request')[0]).toMatchObject({ documents: 3 });
    expect([...new Set(idsOf(of('read')))].sort()).toEqual([...(of('request')[0]?.operations ?? [])].sort());
    expect(of('request')[0]?.operations).toHaveLength(2);
  });

  it('documents of a refused batch are read alone, each with its own operations', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    source.befall = ({ documents: asked }) => {
      if (asked.length > 1) failing('access_denied')();
    };
    await Promise.all([provider.get('a'), provider.get('b')]);
    const [batch, ...singles] = of('request').map(({ operations }) => operations);
    expect(batch).toHaveLength(2);
    expect(singles.flat().sort()).toEqual([...(batch ?? [])].sort());
    expect(singles).toHaveLength(2);
  });

  it('a retry has the operations of what it still asks for, and of those that joined meanwhile', async () => {
    const { provider, source, clock } = sheltering(documents, {
      resilience: { backoff: { initialMs: 100, maxMs: 100 } },
    });
    const { of } = listening(provider);
    source.outcome = (document) =>
      document === 'b' && source.asked.length === 1
        ? new ConfigError('unavailable', 'not yet')
        : { value: document, secret: false, text: true };
    const reading = [provider.get('a'), provider.get('b')];
    await clock.advance(0);
    expect(idsOf(of('read'))).toHaveLength(1);
    const joined = provider.get('b');
    await clock.advance(1_000);
    await Promise.all([...reading, joined]);
    const [ofA, ofB, ofJoined] = idsOf(of('read'));
    const [first, second] = of('request');
    expect(new Set(first?.operations)).toEqual(new Set([ofA, ofB]));
    expect(second).toMatchObject({ attempt: 2, documents: 2, operations: [ofB, ofJoined] });
    expect(of('retry')).toMatchObject([{ attempt: 2, operations: [ofB] }]);
    expect(source.asked.map(({ documents: asked }) => asked)).toEqual([['a', 'b'], ['b']]);
  });

  it('the requests of a list have its operation: pages and documents', async () => {
    const { provider, source } = sheltering(documents, {}, { pageSize: 2 });
    const { of } = listening(provider);
    await provider.list();
    expect([source.count('page'), source.count('read')]).toEqual([2, 1]);
    expect(new Set(of('request').map(({ operations }) => operations?.join())).size).toBe(1);
    const chain = new ProviderChain([provider]);
    const seen = listening(chain);
    await chain.refresh();
    await Promise.all([chain.list(), chain.tree()]);
    const pages = seen.of('request').filter(({ documents: count }) => count === 0);
    expect(pages.map(({ operations }) => operations?.length)).toEqual([2, 2]);
  });

  it('the requests of a list of wanted keys have its operation', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    await provider.list('', { wanted: { keys: ['a', 'b'], prefixes: [] } });
    expect([source.count('page'), source.count('read')]).toEqual([0, 1]);
    expect(of('request')).toMatchObject([{ documents: 2, operations: [expect.any(String)] }]);
  });

  it('the requests of a write have its operation: the read before it and the write', async () => {
    const { provider } = sheltering(documents);
    const { of } = listening(provider);
    await provider.set('a', '2');
    await provider.delete('a');
    const ids = of('request').map(({ operations }) => operations);
    expect(ids).toEqual([ids[0], ids[0], ids[2], ids[2]]);
    expect(new Set(ids.flat()).size).toBe(2);
  });

  it('a ping has the operation of its health check', async () => {
    const { provider } = sheltering({}, {}, { ping: async () => {} });
    const chain = new ProviderChain([provider]);
    const { of } = listening(chain);
    await chain.health();
    await provider.health();
    expect(of('request').map(({ operations }) => operations)).toEqual([
      [expect.any(String)],
      [expect.any(String)],
    ]);
  });

  it('a log-in has the operation of its request, and a background read has none', async () => {
    const { provider, clock, source } = sheltering(
      documents,
      { cache: { ttlMs: 10, staleWhileRevalidateMs: 60_000 } },
      { connect: async () => true },
    );
    const { of } = listening(provider);
    await provider.get('a');
    await clock.advance(20);
    expect(await value(provider.get('a'))).toBe('1');
    await clock.advance(0);
    expect(source.asked).toHaveLength(2);
    expect(of('request').map(({ documents: count, operations }) => [count, operations?.length])).toEqual([
      [0, 1],
      [1, 1],
      [1, undefined],
    ]);
  });

  it('tolerated has the operation of the read, also without a chain', async () => {
    const { provider, source } = sheltering({}, alone);
    const tolerant = optional(provider);
    const { of } = listening(tolerant);
    source.befall = down;
    await tolerant.get('a');
    expect(idsOf(of('tolerated'))).toEqual(idsOf(of('read')));
    source.befall = () => undefined;
    source.put('a', 'fake');
    await tolerant.get('a');
    source.befall = down;
    await tolerant.layers?.();
    expect(idsOf(of('tolerated'))[1]).toBe(of('request').at(-1)?.operations?.[0]);
    expect(idsOf(of('tolerated'))[1]).toEqual(expect.any(String));
  });

  it('stale and denied have the operation of the read', async () => {
    const { provider, source, clock } = sheltering(documents, {
      ...alone,
      cache: { ttlMs: 10, staleIfErrorMs: 60_000 },
    });
    const { of } = listening(provider);
    await provider.get('a');
    await clock.advance(20);
    source.befall = down;
    await Promise.all([provider.get('a'), provider.get('a')]);
    source.befall = failing('access_denied');
    await code(provider.get('b'));
    await provider.getMany(['c']);
    const [, first, second, ofB, ofC] = idsOf(of('read'));
    expect(idsOf(of('stale'))).toEqual([first, second]);
    expect(idsOf(of('denied'))).toEqual([ofB, ofC]);
    expect(new Set([first, second, ofB, ofC]).size).toBe(4);
  });
});

describe('the operation of an error', () => {
  it('the errors of reads have the operation of their events, also where they share a request', async () => {
    const { provider, source } = sheltering({}, alone);
    const { of } = listening(provider);
    source.befall = down;
    const errors = await Promise.all([
      failureOf(provider.get('a')),
      failureOf(provider.get('a')),
      provider.getMany(['a']).then((found) => found.get('a') as ConfigError),
    ]);
    expect(source.asked).toHaveLength(1);
    expect(errors.map(({ operation }) => operation)).toEqual(idsOf(of('read')));
    expect(of('request')[0]?.operations).toEqual(idsOf(of('read')));
    expect(new Set(idsOf(of('read'))).size).toBe(3);
  });

  it('the errors of lists and writes have the operation of their requests', async () => {
    const { provider, source } = sheltering({}, alone, { ping: async () => {} });
    const { of } = listening(provider);
    source.befall = failing('access_denied');
    for (const call of [() => provider.list(), () => provider.set('a', '1'), () => provider.delete('a')]) {
      const { operation } = await failureOf(call());
      expect(operation).toEqual(expect.any(String));
      expect(of('request').at(-1)?.operations).toEqual([operation]);
    }
  });

  it('the error of an aborted call has its operation', async () => {
    const { provider, source } = sheltering(documents);
    const { of } = listening(provider);
    let arrived = (): void => {};
    const asked = new Promise<void>((resolve) => void (arrived = resolve));
    source.befall = () => {
      arrived();
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const { signal } = controller;
    const failures = [
      failureOf(provider.get('a', { signal })),
      failureOf(provider.getMany(['b'], { signal })),
      failureOf(provider.list('', { signal })),
      failureOf(provider.set('c', '1', { signal })),
    ];
    await asked;
    controller.abort();
    const errors = await Promise.all(failures);
    expect(errors.map((error) => error.code)).toEqual(Array(4).fill('aborted'));
    for (const { operation } of errors) expect(operation).toEqual(expect.any(String));
    expect(new Set(errors.map(({ operation }) => operation)).size).toBe(4);
    expect(idsOf(of('read')).every((id) => errors.some(({ operation }) => operation === id))).toBe(true);
    await provider.close();
  });

  it('a store without listeners makes no id, and its errors have none', async () => {
    const { provider, source } = sheltering(documents, alone, { ping: async () => {} });
    const numberOf = (id: string): number => Number.parseInt(id.split('-')[1] as string, 36);
    const before = numberOf(newId());
    await provider.get('a');
    await provider.get('a');
    await provider.getMany(['a', 'b']);
    await provider.list();
    await provider.set('a', '2');
    await provider.health();
    await provider.refresh();
    source.befall = down;
    for (const call of [
      () => provider.get('d'),
      () => provider.list(),
      () => provider.set('d', '1'),
      () => new ProviderChain([provider]).get('e'),
    ])
      expect(await failureOf(call())).not.toHaveProperty('operation');
    expect((await provider.getMany(['f'])).get('f')).not.toHaveProperty('operation');
    expect(numberOf(newId()) - before).toBe(1);
  });
});
