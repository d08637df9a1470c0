import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { isUnreadable } from '../../src/entry.ts';
import type { ConfigError } from '../../src/errors.ts';
import { segments, startsWith } from '../../src/key.ts';
import type { Key } from '../../src/value.ts';
import { down } from '../support/fake-source.ts';
import { runs } from '../support/runs.ts';
import { sheltering } from '../support/sheltering.ts';

const ttlMs = 100;
const absentTtlMs = 40;
const staleIfErrorMs = 150;

type Tree = { readonly [name: string]: Value };
type Value = string | Tree;
type Ask = { maxAgeMs?: number };
interface Held {
  value: Value | undefined;
  at: number;
  until: number;
}

/** The rules of the shelter, as simple as possible. */
class Model {
  now = 0;
  isDown = false;
  requests = 0;
  readonly backend = new Map<string, Value>();
  readonly held = new Map<string, Held>();
  readonly walks = new Map<Key, Held & { names: string[] }>();

  fresh(held: Held | undefined, { maxAgeMs }: Ask): boolean {
    return (
      held !== undefined &&
      this.now < held.until &&
      (maxAgeMs === undefined || (maxAgeMs > 0 && this.now - held.at <= maxAgeMs))
    );
  }

  stale(held: Held | undefined, { maxAgeMs }: Ask): boolean {
    if (!held || this.now >= held.until + staleIfErrorMs) return false;
    return maxAgeMs === undefined || (maxAgeMs > 0 && this.now - held.at <= maxAgeMs);
  }

  /** Reads documents, in one request for all that are not fresh. */
  read(documents: string[], ask: Ask): Map<string, Value | undefined | 'down'> {
    const missing = documents.filter((document) => !this.fresh(this.held.get(document), ask));
    if (missing.length > 0) this.requests++;
    const answers = new Map<string, Value | undefined | 'down'>();
    for (const document of documents) {
      const held = this.held.get(document);
      if (!missing.includes(document)) answers.set(document, held?.value);
      else if (this.isDown) answers.set(document, this.stale(held, ask) ? (held?.value ?? 'down') : 'down');
      else {
        const value = this.backend.get(document);
        this.held.set(document, {
          value,
          at: this.now,
          until: this.now + (value === undefined ? absentTtlMs : ttlMs),
        });
        answers.set(document, value);
      }
    }
    return answers;
  }

  names(prefix: Key, ask: Ask): string[] | 'down' {
    const walk = this.walks.get(prefix);
    if (walk && this.fresh(walk, ask)) return walk.names;
    this.requests++;
    if (this.isDown) return walk && this.stale(walk, ask) ? walk.names : 'down';
    const names = [...this.backend.keys()].sort();
    this.walks.set(prefix, { value: undefined, at: this.now, until: this.now + ttlMs, names });
    return names;
  }

  leaf(value: Value | undefined | 'down', key: Key): unknown {
    if (value === 'down') return 'unavailable';
    const found = dig(value, segments(key).slice(1));
    return found === undefined ? 'absent' : typeof found === 'string' ? { value: found } : 'invalid_key';
  }

  get(key: Key, ask: Ask): unknown {
    const document = segments(key)[0] as string;
    return this.leaf(this.read([document], ask).get(document), key);
  }

  list(prefix: Key, ask: Ask): unknown {
    const names = this.names(prefix, ask);
    if (names === 'down') return 'unavailable';
    const reached = names.filter((name) => startsWith(name, prefix) || startsWith(prefix, name));
    const values = this.read(reached, ask);
    if ([...values.values()].includes('down')) return 'unavailable';
    const items = [...values].flatMap(([name, value]) => {
      const below = startsWith(prefix, name) && prefix !== '' ? segments(prefix).slice(1) : [];
      const found = dig(value as Value | undefined, below);
      return found === undefined ? [] : [[below.length > 0 ? prefix : name, found] as const];
    });
    return Object.fromEntries(items);
  }

  write(key: Key, next: string | undefined): unknown {
    const [document, ...path] = segments(key) as [string, ...string[]];
    const value = this.read([document], { maxAgeMs: 0 }).get(document);
    if (value === 'down') return 'unavailable';
    const found = dig(value, path);
    if (found !== undefined && typeof found !== 'string') return 'invalid_key';
    if (next === undefined && found === undefined) return false;
    if (path.length > 0 && typeof value === 'string') return 'conflict';
    this.requests++;
    const name = path[0];
    if (name === undefined && next === undefined) this.backend.delete(document);
    else if (name === undefined) this.backend.set(document, next as string);
    else {
      const { [name]: _, ...others } = (value ?? {}) as Tree;
      this.backend.set(document, next === undefined ? others : { ...others, [name]: next });
    }
    this.held.delete(document);
    this.walks.clear();
    return next === undefined ? true : { value: next };
  }

  refresh(prefix: Key): void {
    for (const [name, held] of this.held)
      if (startsWith(name, prefix) || startsWith(prefix, name)) held.until = Math.min(held.until, this.now);
    for (const walk of this.walks.values()) walk.until = Math.min(walk.until, this.now);
  }
}

function dig(value: Value | undefined, path: string[]): Value | undefined {
  let at = value;
  for (const name of path) at = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined;
  return at;
}

const key = fc.constantFrom('a', 'a.x', 'a.y', 'b.x', 'b', 'c', 'c.z');
const ask = fc.constantFrom<Ask>({}, {}, {}, { maxAgeMs: 0 }, { maxAgeMs: 30 });
const text = fc.constantFrom('v1', 'v2', 'v3');
const prefix = fc.constantFrom('', 'a', 'a.x', 'b', 'z');
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('get' as const), key, ask }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('getMany' as const),
      keys: fc.uniqueArray(key, { minLength: 1 }),
      ask,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('list' as const), prefix, ask }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tree' as const), prefix, ask }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), key, text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh' as const), prefix }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 41, 100, 160) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outage' as const), on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('others' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      text: fc.option(fc.constantFrom('v4', '{"x":"v5","y":"v6"}')),
    }),
  },
);

describe('any sequence of operations', () => {
  it('any sequence of operations gives the model’s results and requests', async () => {
    // the first request of a process waits for an import, which no clock counts
    await sheltering({}).provider.get('warm');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const model = new Model();
        const { provider, source, clock } = sheltering(
          {},
          { cache: { ttlMs, absentTtlMs, staleIfErrorMs }, resilience: { attempts: 1, breaker: false } },
        );
        source.locate = (asked) => {
          const name = segments(asked)[0] as string;
          return [{ key: name, document: name, field: '' }];
        };
        const chain = new ProviderChain([provider]);
        const outcome = (working: Promise<unknown>): Promise<unknown> =>
          working.catch((error: ConfigError) => error.code);
        const leaf = (found: { readonly value: unknown } | undefined): unknown =>
          found ? { value: found.value } : 'absent';
        const answer = async (reading: Promise<{ readonly value: unknown } | undefined>) =>
          outcome(reading.then(leaf));
        for (const now of steps) {
          const shown = JSON.stringify(now);
          if (now.do === 'get')
            expect(await answer(provider.get(now.key, now.ask)), shown).toEqual(model.get(now.key, now.ask));
          else if (now.do === 'burst') {
            const all = await Promise.all(Array.from({ length: 3 }, () => answer(provider.get(now.key))));
            const expected = model.get(now.key, {});
            expect(all, shown).toEqual([expected, expected, expected]);
          } else if (now.do === 'getMany') {
            const found = await provider.getMany(now.keys, now.ask);
            const values = model.read(
              [...new Set(now.keys.map((one) => segments(one)[0] as string))],
              now.ask,
            );
            const expected = now.keys.map((one) => [
              one,
              model.leaf(values.get(segments(one)[0] as string), one),
            ]);
            expect(
              [...found].map(([one, it]) => [one, it instanceof Error ? it.code : leaf(it)]),
              shown,
            ).toEqual(expected);
          } else if (now.do === 'abort') {
            const controller = new AbortController();
            const reading = answer(provider.get(now.key, { signal: controller.signal }));
            controller.abort();
            const before = model.requests;
            const expected = model.get(now.key, {});
            // a cached value is returned before the abort; a request goes on after it
            expect(await reading, shown).toEqual(model.requests === before ? expected : 'aborted');
            await clock.advance(0);
          } else if (now.do === 'list') {
            const listing = provider.list(now.prefix, now.ask);
            const found = await outcome(
              listing.then((items) =>
                Object.fromEntries(
                  items.map((item) => [item.key, isUnreadable(item) ? item.error.code : item.value]),
                ),
              ),
            );
            expect(found, shown).toEqual(model.list(now.prefix, now.ask));
          } else if (now.do === 'tree') {
            const expected = model.list(now.prefix, now.ask);
            const found = await outcome(chain.tree(now.prefix, now.ask));
            if (typeof expected === 'string') expect(found, shown).toBe(expected);
            else if (now.prefix === '') expect(found ?? {}, shown).toEqual(expected);
            else if (typeof (expected as Tree)[now.prefix] === 'object')
              expect(found, shown).toEqual((expected as Tree)[now.prefix]);
          } else if (now.do === 'set')
            expect(await answer(provider.set(now.key, now.text)), shown).toEqual(
              model.write(now.key, now.text),
            );
          else if (now.do === 'delete')
            expect(await outcome(provider.delete(now.key)), shown).toEqual(model.write(now.key, undefined));
          else if (now.do === 'refresh') {
            await provider.refresh(now.prefix);
            model.refresh(now.prefix);
          } else if (now.do === 'wait') {
            await clock.advance(now.ms);
            model.now += now.ms;
          } else if (now.do === 'outage') {
            model.isDown = now.on;
            source.befall = now.on ? down : () => undefined;
          } else {
            if (now.text === null) {
              source.store.delete(now.name);
              model.backend.delete(now.name);
            } else {
              source.put(now.name, now.text);
              model.backend.set(now.name, now.text.startsWith('{') ? JSON.parse(now.text) : now.text);
            }
          }
          expect(source.asked.length, `requests after ${shown}`).toBe(model.requests);
        }
        await chain.close();
      }),
      { numRuns: runs(200, 3_000) },
    );
  }, 300_000);
});
