import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { down, type FakeSource, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
const documents = Object.fromEntries(keys.map((key) => [key, 'fake']));

/** A store with a log-in: it accepts `token`, and a log-in returns `fresh`. */
function guarded(options: Parameters<typeof sheltering>[1] = {}, more: Partial<FakeSource> = {}) {
  const set = sheltering(documents, options, { batch: 1, ...more });
  const state = { accepts: 1, held: 0, gets: 1 as number | 'refused' };
  set.source.connect = async (refused, call) => {
    await set.source.happen('connect', [], call);
    if (state.gets === 'refused') throw new ConfigError('unauthenticated', 'the role is refused');
    const news = state.held !== state.gets;
    state.held = state.gets;
    return refused ? news : true;
  };
  set.source.befall = ({ operation }) => {
    if (operation === 'read' && state.held !== state.accepts) failing('unauthenticated')();
  };
  return { ...set, state };
}

describe('a log-in', () => {
  it('the log-in runs once before the first request', async () => {
    const { provider, source } = guarded();
    expect(await Promise.all(keys.map((key) => value(provider.get(key))))).toEqual(Array(100).fill('fake'));
    expect(source.asked[0]?.operation).toBe('connect');
    expect([source.count('connect'), source.count('read')]).toEqual([1, 100]);
  });

  it('a refused log-in runs once for 100 reads, then backs off', async () => {
    const { provider, source, clock, state } = guarded();
    state.gets = 'refused';
    expect(new Set(await Promise.all(keys.map((key) => code(provider.get(key)))))).toEqual(
      new Set(['unauthenticated']),
    );
    expect([source.count('connect'), source.count('read')]).toEqual([1, 0]);
    for (let second = 0; second < 600; second++) {
      await code(provider.get('k1'));
      await clock.advance(1_000);
    }
    expect(source.count('connect')).toBeLessThan(20);
    state.gets = 1;
    await clock.advance(70_000);
    expect(await value(provider.get('k1'))).toBe('fake');
  });

  it('after a revoked token, one log-in runs and each read is repeated once', async () => {
    const { provider, source, state } = guarded();
    await provider.get('k0');
    state.accepts = state.gets = 2;
    expect(await Promise.all(keys.map((key) => value(provider.get(key))))).toEqual(Array(100).fill('fake'));
    expect(source.count('connect')).toBe(2);
    const reads = new Map<string, number>();
    for (const { operation, documents: asked } of source.asked)
      if (operation === 'read') reads.set(asked.join(), (reads.get(asked.join()) ?? 0) + 1);
    expect(Math.max(...reads.values())).toBe(2);
  });

  it('a log-in that does not help backs off', async () => {
    const { provider, source, clock, state } = guarded();
    await provider.get('k0');
    state.accepts = 9;
    state.gets = 2;
    expect(await code(provider.get('k1'))).toBe('unauthenticated');
    const before = source.asked.length;
    for (let i = 2; i < 50; i++) expect(await code(provider.get(`k${i}`))).toBe('unauthenticated');
    expect(source.asked).toHaveLength(before);
    state.accepts = state.gets = 3;
    await clock.advance(1_200);
    expect(await value(provider.get('k1'))).toBe('fake');
  });

  it('a log-in with nothing new to try fails with the error of the store', async () => {
    const { provider, state } = guarded();
    await provider.get('k0');
    state.accepts = 9;
    await expect(provider.get('k1')).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'the store says unauthenticated',
    });
  });

  it('a log-in is retried after transient failures', async () => {
    const { provider, source, clock } = guarded();
    const { befall } = source;
    let failures = 2;
    source.befall = (asked, call) =>
      asked.operation === 'connect' && failures-- > 0 ? down() : befall(asked, call);
    const reading = value(provider.get('k0'));
    await clock.advance(14_000);
    expect(await reading).toBe('fake');
    expect(source.count('connect')).toBe(3);
  });

  it('a log-in that hangs ends at the deadline of the waiting reads', async () => {
    const { provider, source, clock } = guarded({ limits: { concurrency: 1 } });
    source.befall = hang;
    const reading = code(provider.get('k0'));
    await clock.advance(8_000);
    const later = code(provider.get('k1'));
    await clock.advance(7_000);
    expect(await reading).toBe('timeout');
    await clock.advance(8_000);
    expect(await later).toBe('timeout');
    await provider.close();
  });

  it('a log-in needs no turn of its own while a read waits', async () => {
    const { provider } = guarded({ limits: { concurrency: 1 } });
    expect(await value(provider.get('k0'))).toBe('fake');
  });

  it('a log-in runs for single refused documents of a batch', async () => {
    const { provider, source, state } = guarded({}, { batch: 10 });
    await provider.get('k0');
    source.befall = () => undefined;
    const { outcome } = source;
    source.outcome = (document, version) =>
      document === 'k2' && state.held < 2
        ? new ConfigError('unauthenticated', 'expired')
        : outcome.call(source, document, version);
    state.gets = 2;
    expect(await Promise.all(['k1', 'k2', 'k3'].map((key) => value(provider.get(key))))).toEqual([
      'fake',
      'fake',
      'fake',
    ]);
    expect(source.asked.filter((one) => one.documents.includes('k1'))).toHaveLength(1);
  });
});

describe('loading a client', () => {
  it('load runs once, outside every deadline, and again after a failure', async () => {
    const { provider, source, clock } = sheltering({ a: '1' });
    let loads = 0;
    source.load = async () => {
      if (++loads === 1)
        throw new ConfigError('missing_dependency', 'store needs the package fake. Run: npm install fake');
      await new Promise<void>((resolve) => void clock.after(60_000, resolve));
    };
    expect(await code(provider.get('a'))).toBe('missing_dependency');
    const reading = value(provider.get('a'));
    await clock.advance(60_000);
    expect(await reading).toBe('1');
    await provider.get('b');
    expect(loads).toBe(2);
  });

  it('errors have no values, whatever the client or classify throws', async () => {
    const { provider, source } = sheltering({}, { resilience: false });
    source.befall = () => {
      throw Object.assign(new Error('secret hunter2-fake'), { body: 'hunter2-fake' });
    };
    source.classify = () => {
      throw new Error('hunter2-fake');
    };
    const error = (await provider.get('a').catch((thrown) => thrown)) as ConfigError;
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toContain('hunter2-fake');
    source.classify = () => new Error('hunter2-fake') as ConfigError;
    await expect(provider.get('b')).rejects.toThrow(/store: the request failed with an unknown error/);
    source.read = () => {
      throw new Error('at once');
    };
    await expect(provider.get('c')).rejects.toThrow(/store: the request failed with an unknown error/);
  });
});
