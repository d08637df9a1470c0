import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { type Entry, isUnreadable } from '../../src/entry.ts';
import { ConfigError, isConfigError } from '../../src/errors.ts';
import { merge } from '../../src/merge/merge.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { type ConfigValue, sameValue } from '../../src/value.ts';
import { documents } from '../support/documents.ts';
import { entry, layer } from '../support/layers.ts';

/** The number of random chains. Continuous integration sets a higher one. */
const runs = Number(process.env.PROPERTY_RUNS ?? 1_500);

const name = fc.constantFrom(
  'db',
  'myDb',
  'my_db',
  'mydb',
  'my-db',
  'a',
  'apiKey',
  'api_key',
  'apikey',
  '0',
  '1',
);
const shouted = fc.constantFrom('DB', 'MY_DB', 'MYDB', 'A', 'API_KEY', 'APIKEY', '0', '1');
const leaf: fc.Arbitrary<ConfigValue> = fc.oneof(
  fc.nat(30).map((n) => `v${n}`),
  fc.constantFrom<ConfigValue>(null, '', false, 0, [1, 2]),
);
const tree = (depth: number): fc.Arbitrary<ConfigValue> =>
  depth === 0
    ? leaf
    : fc.oneof(
        { weight: 2, arbitrary: leaf },
        { weight: 3, arbitrary: fc.dictionary(name, tree(depth - 1), { maxKeys: 3 }) },
      );
const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
const hole = fc.constantFrom(
  new ConfigError('disabled', 'the value is disabled'),
  new ConfigError('access_denied', 'access is denied'),
);
const held = fc.dictionary(key, fc.oneof({ weight: 5, arbitrary: tree(2) }, { weight: 1, arbitrary: hole }), {
  maxKeys: 4,
});
const file = fc.dictionary(name, tree(2), { maxKeys: 4 }).map((whole) => ({ '': whole as ConfigValue }));
const environmentOf = (separator: string) =>
  fc.dictionary(
    fc.array(shouted, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(separator)),
    fc.nat(99).map((n) => `t${n}`),
    { maxKeys: 4 },
  );
const environment = environmentOf('__');
const conventional = environmentOf('_');

type Kind = 'store' | 'file' | 'memory' | 'prefixed' | 'unprefixed' | 'conventional' | 'unprefixed words';
type Spec = readonly [kind: Kind, held: never];
const spec = fc.oneof(
  fc.tuple(fc.constant('store'), held),
  fc.tuple(fc.constant('file'), file),
  fc.tuple(fc.constant('memory'), file),
  fc.tuple(fc.constant('prefixed'), environment),
  fc.tuple(fc.constant('unprefixed'), environment),
  fc.tuple(fc.constant('conventional'), conventional),
  fc.tuple(fc.constant('unprefixed words'), conventional),
) as unknown as fc.Arbitrary<Spec>;

const provider = ([kind, values]: Spec, i: number): ConfigProvider => {
  if (kind === 'store' || kind === 'file') return documents(`${kind}-${i}`, values);
  if (kind === 'memory') return new MemoryProvider(values[''], { name: `${kind}-${i}` });
  if (kind.startsWith('unprefixed')) return new EnvProvider({ name: `env-${i}`, env: values });
  const start = kind === 'conventional' ? 'APP_' : 'APP__';
  const env = Object.fromEntries(
    Object.entries(values as Record<string, string>).map(([variable, text]) => [start + variable, text]),
  );
  return new EnvProvider({ name: `env-${i}`, prefix: 'APP', env });
};

const shown = (value: unknown): string =>
  isConfigError(value) ? `an error (${value.message})` : JSON.stringify(value);

describe('a chain of random providers', () => {
  it('get returns what the merged tree has, for each leaf', {
    timeout: 300_000,
  }, async () => {
    const drawn = { clean: 0, leaves: 0, holes: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(spec, { minLength: 1, maxLength: 4 }),
        fc.array(key, { maxLength: 4 }),
        async (specs, keys) => {
          const chain = new ProviderChain(specs.map(provider));
          const listed = await chain.list('', { wanted: { keys, prefixes: [''] } });
          const holes = listed.filter(isUnreadable);
          if (holes.some(({ error }) => error.code === 'conflict')) return;
          drawn.clean++;
          drawn.holes += holes.length;
          for (const item of listed) {
            if (isUnreadable(item)) continue;
            drawn.leaves++;
            const alone = await chain.get(item.key).catch((error: unknown) => error);
            if (!alone || isConfigError(alone) || !sameValue((alone as Entry).value, item.value))
              expect.fail(
                `the tree has ${item.key} = ${shown(item.value)} (${item.origin}), ` +
                  `get returns ${shown(alone)}`,
              );
          }
        },
      ),
      { numRuns: runs, seed: 1 },
    );
    // guards against random inputs that compare nothing
    expect(drawn.clean).toBeGreaterThan(runs / 2);
    expect(drawn.leaves).toBeGreaterThan(runs);
    expect(drawn.holes).toBeGreaterThan(runs / 50);
  });

  it('a hole hides every lower value', { timeout: 300_000 }, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(spec, { minLength: 1, maxLength: 4 }), async (specs) => {
        const chain = new ProviderChain(specs.map(provider));
        const listed = await chain.list();
        const holes = listed.filter(isUnreadable);
        if (holes.some(({ error }) => error.code === 'conflict')) return;
        const exact = specs.every(([kind]) => kind === 'store' || kind === 'file' || kind === 'memory');
        for (const { key: at, error } of holes) {
          if (!exact || at === '' || listed.some((item) => item.key.startsWith(`${at}.`))) continue;
          compared++;
          const result = await chain.get(at).catch((failure: unknown) => failure);
          expect(isConfigError(result), `${at} is a hole (${error.code}), get returns ${shown(result)}`).toBe(
            true,
          );
        }
      }),
      { numRuns: Math.ceil(runs / 4), seed: 2 },
    );
    expect(compared).toBeGreaterThan(0);
  });
});

describe('merge of random layers', () => {
  const entries = fc.array(fc.tuple(key, tree(2)), { maxLength: 4 });

  it('is associative for exact entries without conflicts', () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.tuple(entries, entries, entries), (all) => {
        const [a, b, c] = all.map((items, i) =>
          layer(`layer-${i}`, ...items.map(([at, value], n) => entry(`layer-${i}-${n}`, at, value))),
        );
        if (!a || !b || !c) return;
        const flat = merge([a, b, c]);
        if (flat.holes.size > 0) return;
        compared++;
        const both = (x: typeof a, y: typeof a) => layer('both', ...merge([x, y]).entries());
        const contentsOf = (merged: typeof flat) =>
          new Map(
            Array.from(merged.leaves.values(), (one) => [one.key, [one.value, `${one.origin}`, one.secret]]),
          );
        expect(contentsOf(merge([both(a, b), c]))).toEqual(contentsOf(flat));
        expect(contentsOf(merge([a, both(b, c)]))).toEqual(contentsOf(flat));
      }),
      { numRuns: Math.ceil(runs / 10), seed: 3 },
    );
    expect(compared).toBeGreaterThan(runs / 50);
  });
});
