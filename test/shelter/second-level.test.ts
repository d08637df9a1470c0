import { describe, expect, it } from 'vitest';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { type SecondLevel, sheltered } from '../../src/shelter/index.ts';
import { down, FakeSource, failing, hang } from '../support/fake-source.ts';
import { changedLevel, minute, SharedSource, sharedStore } from '../support/shared-store.ts';
import { code, value } from '../support/sheltering.ts';

const nothing = (): void => {};

describe('a second level', () => {
  it('needs a source with an identity, and a cache', () => {
    const { second, source } = sharedStore();
    const make = (over: FakeSource, options: object) => () => sheltered(over, { second, ...options });
    expect(make(new FakeSource(), {})).toThrow(/store: the option second needs a source with an identity/);
    source.id = { store: 7 } as never;
    expect(make(source, {})).toThrow(/needs a source with an identity/);
    expect(make(new SharedSource(), { cache: false })).toThrow(/the option second needs a cache/);
    expect(make(new SharedSource(), { second: { ask: nothing } })).toThrow(
      /second must be an object with ask/,
    );
  });

  it('makes one request for a cold document of many shelters', async () => {
    const { clock, engines, reads, slow } = sharedStore({ a: '1', b: '2' });
    slow(50);
    const all = engines(20);
    const found = await clock.until(
      Promise.all(all.flatMap((one) => [value(one.get('a')), value(one.get('b'))])),
    );
    expect(new Set(found)).toEqual(new Set(['1', '2']));
    expect(reads().sort()).toEqual(['a', 'b']);
  });

  it('answers a new process without a request, origin and version included', async () => {
    const { clock, engine, reads, source } = sharedStore({ a: '{"x":{"y":"1"}}' });
    const first = await engine().get('a.x.y');
    await clock.advance(0);
    const entry = await engine().get('a.x.y');
    expect(reads()).toEqual(['a', 'a/x', 'a/x/y']);
    expect(entry?.value).toBe('1');
    expect(`${entry?.origin}`).toBe(`${first?.origin}`);
    expect([entry?.secret, entry?.version, entry?.readAt]).toEqual([true, '1', first?.readAt]);
    source.befall = down;
    expect(await value(engine().get('a.x.y'))).toBe('1');
  });

  it('costs no turn of the pace, no request and no retry, and leaves the breaker alone', async () => {
    const { clock, engine } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(0);
    const other = engine({ limits: { concurrency: 1, perSecond: 0.001 } });
    for (let i = 0; i < 3; i++) {
      await other.get('a');
      await other.refresh('zzz.none');
    }
    expect(other.stats()).toMatchObject({ requests: 0, retries: 0, second: { hits: 1, failures: 0 } });
  });

  it('answers absence once, and for absentTtlMs', async () => {
    const { clock, engine, reads, source } = sharedStore();
    expect(await engine().get('none')).toBeUndefined();
    await clock.advance(9_000);
    expect(await engine().get('none')).toBeUndefined();
    expect(reads()).toEqual(['none']);
    source.put('none', 'now');
    await clock.advance(2_000);
    expect(await value(engine().get('none'))).toBe('now');
  });

  it('a failure frees the lock, and those who waited ask at once', async () => {
    const { clock, engines, reads, slow, source } = sharedStore({ a: '1' });
    slow(50);
    source.refused.set('a', 'access_denied');
    const startedAt = clock.now();
    const codes = await clock.until(Promise.all(engines(5).map((one) => code(one.get('a')))), 5);
    expect(new Set(codes)).toEqual(new Set(['access_denied']));
    expect(reads()).toHaveLength(5);
    expect(clock.now() - startedAt).toBeLessThan(50 + 50 + 60);
  });

  it('a holder that dies frees the lock after three usual requests', async () => {
    const { clock, engine, reads, slow, source, second } = sharedStore({ a: '1', warm: '1' });
    slow(50);
    const [dying, ...others] = [engine(), engine(), engine(), engine()];
    for (const one of [dying, ...others]) await clock.until(one!.get('warm', { maxAgeMs: 0 }), 10);
    source.befall = hang;
    void dying!.get('a').catch(nothing);
    await clock.advance(0);
    second.losesMessages = true;
    slow(0);
    source.befall = () => undefined;
    const startedAt = clock.now();
    await clock.until(Promise.all(others.map((one) => one.get('a'))), 10);
    expect(reads().filter((document) => document === 'a')).toHaveLength(2);
    expect(clock.now() - startedAt).toBeLessThanOrEqual(150 + 80);
  });

  it('waiting for a lock leaves half of the deadline to ask without it', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    source.befall = ({ documents }) => (documents[0] === 'a' ? hang() : undefined);
    void engine().get('a').catch(nothing);
    await clock.advance(0);
    source.befall = () => undefined;
    const startedAt = clock.now();
    expect(await value(clock.until(engine({ resilience: { deadlineMs: 400 } }).get('a'), 10))).toBe('1');
    expect(clock.now() - startedAt).toBeLessThanOrEqual(240);
  });

  it('a fresh read never joins a flight that the level answers, and its result is for all', async () => {
    const { clock, engine, reads, source } = sharedStore({ a: '1' });
    const [one, other] = [engine(), engine()];
    await one.get('a');
    await clock.advance(0);
    source.put('a', '2');
    const found = Promise.all([
      other.get('a'),
      Promise.resolve().then(() => other.get('a', { maxAgeMs: 0 })),
    ]);
    expect((await clock.until(found)).map((entry) => entry?.value)).toEqual(['2', '2']);
    expect(await value(engine().get('a'))).toBe('2');
    await clock.advance(0);
    expect(await value(one.get('a'))).toBe('2');
    expect(reads()).toEqual(['a', 'a']);
  });

  it('a fresh read that comes while the level is asked gets a request of its own', async () => {
    const { clock, engine, source, second } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(0);
    source.put('a', '2');
    let answer = nothing;
    const slow: SecondLevel = changedLevel(second, {
      ask: async (...args: Parameters<SecondLevel['ask']>) => {
        if (args[1].maxAgeMs > 0) await new Promise<void>((done) => (answer = done));
        return second.ask(...args);
      },
    });
    const other = engine({}, source, slow);
    const ordinary = value(other.get('a'));
    await clock.advance(0);
    const fresh = value(other.get('a', { maxAgeMs: 0 }));
    expect(await clock.until(fresh, 1)).toBe('2');
    answer();
    // it started before, and the level has the new value by now
    expect(await ordinary).toBe('2');
    expect(await value(other.get('a'))).toBe('2');
  });

  it('maxAgeMs counts from the request of another process, and one TTL covers both levels', async () => {
    const { clock, engine, reads } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(30_000);
    const other = engine();
    await other.get('a', { maxAgeMs: 31_000 });
    expect(reads()).toHaveLength(1);
    await other.get('a', { maxAgeMs: 29_000 });
    expect(reads()).toHaveLength(2);
    await clock.advance(40_000);
    await engine().get('a');
    expect(reads()).toHaveLength(2);
    await clock.advance(25_000);
    await other.get('a');
    expect(reads()).toHaveLength(3);
  });

  it('refresh and a change of the source bypass the level until a later answer is kept', async () => {
    const { clock, engine, reads, source } = sharedStore({ a: '1', b: '1' });
    let changed: (documents: readonly string[]) => void = nothing;
    Object.assign(source, {
      watch: (told: typeof changed) => {
        changed = told;
        return nothing;
      },
    });
    const [one, other] = [engine(), engine()];
    await one.getMany(['a', 'b']);
    await clock.advance(0);
    await other.get('a');
    source.put('a', '2');
    source.put('b', '2');
    await other.refresh();
    expect(await value(other.get('a'))).toBe('2');
    expect(await value(other.get('b'))).toBe('2');
    other.watch(nothing);
    source.put('a', '3');
    changed(['a']);
    expect(await value(other.get('a'))).toBe('3');
    await clock.advance(0);
    await clock.advance(minute - 1);
    const before = reads().length;
    expect(await value(engine().get('a'))).toBe('3');
    expect(reads()).toHaveLength(before);
  });

  it('refresh before the first read bypasses the level, too', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(0);
    source.put('a', '2');
    const other = engine();
    await other.refresh();
    expect(await value(other.get('a'))).toBe('2');
  });

  it('own writes are seen by all before they return, in every view', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    const view = new SharedSource({}, { now: clock.now });
    Object.assign(view, { store: source.store, id: { store: source.id.store, view: 'another' } });
    const [writer, other, third] = [engine(), engine(), engine({}, view)];
    for (const one of [writer, other, third]) expect(await value(one.get('a'))).toBe('1');
    await clock.advance(0);
    const seen: unknown[] = [];
    other.watch((change) => seen.push(change.keys));
    await writer.set('a', '2');
    for (const one of [other, third, engine(), engine({}, view), writer])
      expect(await value(one.get('a'))).toBe('2');
    expect(seen).toEqual([['a']]);
  });

  it('a slow answer that was asked for before a write never comes back', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    const [writer, reader] = [engine(), engine()];
    let answer = nothing;
    const outcome = source.outcome('a');
    const read = source.read;
    source.read = async () => {
      await new Promise<void>((done) => (answer = done));
      return new Map([['a', outcome]]);
    };
    const old = value(reader.get('a'));
    await clock.advance(0);
    source.read = read;
    await clock.until(writer.set('a', '2'), 1);
    answer();
    expect(await old).toBe('1');
    await clock.advance(0);
    for (const one of [reader, engine(), writer]) expect(await value(one.get('a'))).toBe('2');
  });

  it('another version travels to all who hold the old one, and the same version to none', async () => {
    const { clock, engine, reads, source } = sharedStore({ a: '1' });
    const [one, other] = [engine(), engine()];
    await one.get('a');
    await clock.advance(0);
    await other.get('a');
    const seen: unknown[] = [];
    other.watch((change) => seen.push(change.keys));
    await one.get('a', { maxAgeMs: 0 });
    await clock.advance(0);
    expect(seen).toEqual([]);
    source.put('a', '2');
    await one.get('a', { maxAgeMs: 0 });
    await clock.advance(0);
    expect(seen).toEqual([['a']]);
    expect(await value(other.get('a'))).toBe('2');
    expect(reads()).toHaveLength(3);
  });

  it('lost messages expire what came from the level, and nothing else', async () => {
    const { clock, engine, reads, second } = sharedStore({ a: '1', b: '1' });
    const [one, other] = [engine(), engine()];
    await one.get('a');
    await clock.advance(0);
    await other.get('a');
    await other.get('b');
    await clock.advance(0);
    second.reconnect();
    await clock.advance(0);
    const { hits } = other.stats().second!;
    await other.get('a');
    await other.get('b');
    expect(other.stats().second?.hits).toBe(hits + 1);
    expect(reads()).toEqual(['a', 'b']);
  });

  it('a change elsewhere expires only what was asked for before', async () => {
    const { clock, engine, reads, second, source } = sharedStore({ a: '1' });
    let told: Parameters<SecondLevel['watch']>[0] = nothing;
    const level: SecondLevel = changedLevel(second, {
      watch: (on) => {
        told = on;
        return nothing;
      },
    });
    const one = engine({}, source, level);
    await one.get('a');
    await clock.advance(0);
    const { store } = source.id;
    told([{ store, kind: 'document', name: 'a', ticket: 1 }]);
    told([{ store: 'another', kind: 'document', name: 'a', ticket: 2 ** 52 }]);
    told([{ store, kind: 'listing', name: 'a', ticket: 2 ** 52 }]);
    await one.get('a');
    expect(one.stats()).toMatchObject({ hits: 1, requests: 1 });
    told([{ store, kind: 'document', name: 'a', ticket: 2 ** 52 }]);
    await one.get('a');
    expect(reads()).toHaveLength(2);
    for (const garbage of [7, [7], [{}], [{ ticket: 'x' }], null]) told(garbage as never);
    expect(await value(one.get('a'))).toBe('1');
  });

  it('leased documents, versions and failures never enter', async () => {
    const { clock, engine, second, source } = sharedStore({ lease: '1', a: '1' });
    source.locate = (key) => [{ key, document: key, field: '', ...(key === 'lease' && { leased: true }) }];
    source.refused.set('denied', 'access_denied');
    const one = engine();
    await one.get('lease');
    await one.get('a', { version: '1' });
    await one.get('denied').catch(nothing);
    await clock.advance(0);
    expect(second.size).toBe(0);
  });

  it('what a store denies is not taken from others', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    const denied = engine();
    source.refused.set('a', 'access_denied');
    expect(await code(denied.get('a'))).toBe('access_denied');
    const refused = new SharedSource({}, { now: clock.now });
    refused.put('a', '1');
    await engine({}, refused).get('a');
    await clock.advance(0);
    expect(await value(engine().get('a'))).toBe('1');
    expect(await code(denied.get('a'))).toBe('access_denied');
  });

  it('walks enter as names, and the values that came with pages one by one', async () => {
    for (const freePages of [false, true]) {
      const { clock, engine, second, source, reads } = sharedStore({ a: '1', b: 'secret-of-b' });
      source.freePages = freePages;
      const listings: string[] = [];
      const level: SecondLevel = changedLevel(second, {
        keep: (contents: Parameters<SecondLevel['keep']>[0]) => {
          for (const { kind, content } of contents)
            if (kind === 'listing') listings.push(Buffer.from(content).toString());
          return second.keep(contents);
        },
      });
      const found = await engine({}, source, level).list();
      await clock.advance(0);
      expect(listings).toHaveLength(1);
      expect(listings[0]).not.toContain('secret-of-b');
      const before = source.asked.length;
      const again = await engine().list();
      expect(again.map(({ key }) => key)).toEqual(found.map(({ key }) => key));
      expect(source.asked.length - before).toBe(0);
      expect(reads()).toEqual(freePages ? [] : ['a', 'b']);
    }
  });

  it('a write expires listings elsewhere', async () => {
    const { clock, engine } = sharedStore({ a: '1' });
    const [writer, other] = [engine(), engine()];
    await writer.list();
    await clock.advance(0);
    await other.list();
    await writer.set('b', '2');
    await clock.advance(0);
    for (const one of [writer, other, engine()])
      expect((await one.list()).map(({ key }) => key).sort()).toEqual(['a', 'b']);
  });

  it('an expired content serves an outage for staleIfErrorMs, in a process that never read it', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' }, { cache: { staleIfErrorMs: minute } });
    await engine().get('a');
    await engine().list();
    await clock.advance(0);
    source.befall = down;
    await clock.advance(1.5 * minute);
    const other = engine();
    const stale: unknown[] = [];
    other.on((event) => event.type === 'stale' && stale.push(event.ageMs));
    expect(await value(other.get('a'))).toBe('1');
    expect(stale).toEqual([1.5 * minute]);
    expect(await code(other.get('a', { maxAgeMs: minute }))).toBe('unavailable');
    expect(await code(engine().get('a', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(await code(engine({ cache: { staleIfErrorMs: 0 } }).get('a'))).toBe('unavailable');
    expect((await engine().list()).map(({ key }) => key)).toEqual(['a']);
    source.befall = failing('access_denied');
    expect(await code(engine().get('a'))).toBe('access_denied');
    source.befall = down;
    await clock.advance(0.6 * minute);
    expect(await code(engine().get('a'))).toBe('unavailable');
  });

  it('takes no lock while the breaker is open', async () => {
    const { clock, engine, source, second } = sharedStore({ a: '1' });
    const locks: number[] = [];
    const level: SecondLevel = changedLevel(second, {
      ask: (...args: Parameters<SecondLevel['ask']>) => {
        locks.push(args[1].lockMs);
        return second.ask(...args);
      },
    });
    const broken = engine({ resilience: { breaker: { failures: 1 } } }, source, level);
    source.befall = down;
    expect(await code(broken.get('a'))).toBe('unavailable');
    await clock.advance(0);
    expect(await code(broken.get('a'))).toBe('circuit_open');
    expect(locks).toEqual([3_000, 0]);
    source.befall = () => undefined;
    await engine().get('a');
    await clock.advance(0);
    expect(await value(broken.get('a'))).toBe('1');
  });

  it('providers with an identity share entries, with their origin and secrecy', async () => {
    const { clock, second } = sharedStore();
    const memory = new MemoryProvider({ a: { secret: 'x', list: [1] } }, { name: 'inner' });
    const make = () => sheltered(memory, { second, clock, identity: { store: 'memory', view: '' } });
    const first = await make().get('a.secret');
    await clock.advance(0);
    const other = make();
    const entry = await other.get('a.secret');
    expect(other.stats().requests).toBe(0);
    expect(JSON.stringify(entry)).toBe(JSON.stringify(first));
    expect([entry?.value, entry?.secret, `${entry?.origin}`]).toEqual(['x', true, `${first?.origin}`]);
    await make().list();
    await clock.advance(0);
    const listing = make();
    await listing.list();
    expect(listing.stats().requests).toBe(1);
  });

  it('close ends a wait for a lock', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    source.befall = hang;
    void engine().get('a').catch(nothing);
    await clock.advance(0);
    const other = engine();
    const waiting = code(other.get('a'));
    await clock.advance(0);
    await other.close();
    expect(await waiting).toBe('aborted');
  });
});
