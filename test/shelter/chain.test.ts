import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { ConfigError } from '../../src/errors.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { down, FakeSource, failing, hang } from '../support/fake-source.ts';
import { code, value } from '../support/sheltering.ts';

/** A chain of memory, two stores and defaults. */
function whole() {
  const clock = manualClock();
  const sources = ['one', 'two'].map(
    (name) => new FakeSource({}, { now: clock.now, name } as Partial<FakeSource>),
  ) as [FakeSource, FakeSource];
  const options = { clock, cache: { jitter: 0, ttlMs: 60_000, staleIfErrorMs: 60_000 } };
  const remote = sources.map((source) => sheltered(source, options)) as unknown as [
    ReturnType<typeof sheltered>,
    ReturnType<typeof sheltered>,
  ];
  const front = new MemoryProvider({ front: 'memory' }, { name: 'front' });
  const defaults = new MemoryProvider({ token: 'default', only: { here: 'default' } }, { name: 'defaults' });
  const chain = new ProviderChain([front, ...remote, defaults]);
  return { chain, clock, one: sources[0], two: sources[1], remote };
}

describe('a chain of stores and local providers', () => {
  it('a chain makes one request per store for 1,000 reads of one key', async () => {
    const { chain, one, two } = whole();
    two.put('token', 'fake');
    two.put(
      'db',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, `fake-${i}`]))),
    );
    expect(
      new Set(await Promise.all(Array.from({ length: 1_000 }, () => value(chain.get('token'))))),
    ).toEqual(new Set(['fake']));
    expect([one.asked.length, two.asked.length]).toEqual([1, 1]);
    await Promise.all(Array.from({ length: 1_000 }, () => chain.get('nothing')));
    expect([one.asked.length, two.asked.length]).toEqual([2, 2]);
    const fields = Array.from({ length: 10 }, (_, i) => `db.f${i}`);
    expect(await Promise.all(fields.map((key) => value(chain.get(key))))).toEqual(
      fields.map((_, i) => `fake-${i}`),
    );
    expect([one.asked.length, two.asked.length]).toEqual([4, 4]);
  });

  it('getMany of a chain reads in batches, and only the denied key fails', async () => {
    const { chain, one } = whole();
    const keys = Array.from({ length: 25 }, (_, i) => `k${i}`);
    for (const key of keys) one.put(key, 'fake');
    one.refused.set('k7', 'access_denied');
    const all = await chain.getMany(keys);
    expect(one.asked.map((asked) => asked.documents.length)).toEqual([10, 10, 5]);
    expect([...all].filter(([, answer]) => answer instanceof ConfigError).map(([key]) => key)).toEqual([
      'k7',
    ]);
  });

  it('a chain serves stale, then fails, and takes no default in an outage', async () => {
    const { chain, one, clock } = whole();
    one.put('token', 'fake');
    expect(await value(chain.get('token'))).toBe('fake');
    one.befall = down;
    await clock.advance(60_000);
    const stale = value(chain.get('token'));
    await clock.advance(14_000);
    expect(await stale).toBe('fake');
    await clock.advance(60_000);
    const gone = code(chain.get('token'));
    await clock.advance(14_000);
    expect(await gone).toMatch(/unavailable|circuit_open/);
    const tree = code(chain.tree());
    await clock.advance(14_000);
    expect(await tree).toMatch(/unavailable|circuit_open/);
    expect(await value(chain.get('front'))).toBe('memory');
    one.befall = failing('access_denied');
    await clock.advance(120_000);
    expect(await code(chain.get('token'))).toBe('access_denied');
  });

  it('a chain fails with timeout when a store hangs, and at once on abort', async () => {
    const { chain, one, clock } = whole();
    await chain.get('warm');
    one.befall = hang;
    const controller = new AbortController();
    const gone = code(chain.get('token', { signal: controller.signal }));
    const others = Array.from({ length: 50 }, () => code(chain.get('token')));
    await clock.advance(1);
    controller.abort();
    expect(await gone).toBe('aborted');
    await clock.advance(15_000);
    expect(new Set(await Promise.all(others))).toEqual(new Set(['timeout']));
  });

  it('a chain serves stale after refresh, but throws with maxAgeMs: 0', async () => {
    const { chain, one, clock } = whole();
    one.put('token', 'fake');
    await chain.get('token');
    one.befall = down;
    await chain.refresh();
    const stale = value(chain.get('token'));
    await clock.advance(14_000);
    expect(await stale).toBe('fake');
    const exact = code(chain.get('token', { maxAgeMs: 0 }));
    await clock.advance(14_000);
    expect(await exact).toMatch(/unavailable|circuit_open/);
  });

  it('tree merges stores and local providers, and explain names the winner', async () => {
    const { chain, one, two } = whole();
    one.put('only', '{"one":"1"}');
    two.put('only', '{"two":"2"}');
    expect(await chain.tree('only')).toEqual({ one: '1', two: '2', here: 'default' });
    expect((await chain.get('only.two'))?.origin.toString()).toBe('two only#two v1');
    expect(JSON.stringify(await chain.explain('only.one'))).toContain('one only#one');
  });

  it('five scoped views share one cache and one breaker', async () => {
    const { one, remote, clock } = whole();
    one.put(
      'acme',
      JSON.stringify(
        Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`t${i}`, { token: `fake-${i}` }])),
      ),
    );
    one.locate = () => [{ key: 'acme', document: 'acme', field: '' }];
    const views = Array.from({ length: 5 }, (_, i) => scoped(remote[0], `acme.t${i}`));
    expect(await Promise.all(views.map((view) => value(view.get('token'))))).toEqual([
      'fake-0',
      'fake-1',
      'fake-2',
      'fake-3',
      'fake-4',
    ]);
    expect(one.asked).toHaveLength(1);
    one.befall = down;
    const failures = views.map((view) => code(view.get('token', { maxAgeMs: 0 })));
    await clock.advance(14_000);
    expect(await Promise.all(failures)).toEqual(Array(5).fill('unavailable'));
    const more = code(views[0]!.get('token', { maxAgeMs: 0 }));
    await clock.advance(14_000);
    await more;
    const asked = one.asked.length;
    expect(await Promise.all(views.map((view) => code(view.get('token', { maxAgeMs: 0 }))))).toEqual(
      Array(5).fill('circuit_open'),
    );
    expect(one.asked).toHaveLength(asked);
    expect(views.map((view) => view.status?.('token')?.breaker)).toEqual(Array(5).fill('open'));
  });
});
