import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { keyFrom, startsWith } from '../../src/key.ts';
import { layerOf } from '../../src/listing.ts';
import { merge } from '../../src/merge/merge.ts';
import type { Wanted } from '../../src/provider.ts';
import { placesOf, sheltered } from '../../src/shelter/index.ts';
import type { Key } from '../../src/value.ts';
import { FakeSource, failing } from '../support/fake-source.ts';
import { runs } from '../support/runs.ts';

const names = ['a', 'b', 'c'];
const universe: Key[] = names.flatMap((one) => [
  one,
  ...names.flatMap((two) => [`${one}.${two}`, ...names.map((three) => `${one}.${two}.${three}`)]),
]);
const documents = universe.map((key) => key.replaceAll('.', '/'));

const leaf = fc.constantFrom('1', '2');
const { tree } = fc.letrec((tie) => ({
  tree: fc.dictionary(fc.constantFrom(...names), fc.oneof({ maxDepth: 2 }, leaf, tie('tree')), {
    maxKeys: 2,
  }),
}));
const content = fc.oneof(
  leaf,
  tree.map((value) => JSON.stringify(value)),
) as fc.Arbitrary<string>;
const scene = fc.record({
  store: fc.dictionary(fc.constantFrom(...documents), content, { maxKeys: 7 }),
  refused: fc.dictionary(
    fc.constantFrom(...documents),
    fc.constantFrom('access_denied', 'disabled', 'crypto'),
    { maxKeys: 2 },
  ),
  batch: fc.constantFrom(1, 3, 10),
  pageSize: fc.constantFrom(1, 2, 100),
  freePages: fc.boolean(),
  folders: fc.boolean(),
  mayList: fc.boolean(),
  mapping: fc.option(
    fc.dictionary(
      fc.constantFrom(...universe),
      fc
        .tuple(fc.constantFrom(...documents), fc.constantFrom('', '#a', '#b.c', '#'))
        .map((parts) => parts.join('')),
      {
        maxKeys: 4,
      },
    ),
    { nil: undefined },
  ),
  cache: fc.boolean(),
  wanted: fc.record({
    keys: fc.uniqueArray(fc.constantFrom(...universe), { maxLength: 6 }),
    prefixes: fc.uniqueArray(fc.constantFrom(...universe), { maxLength: 1 }),
  }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function sourceOf({
  store,
  refused,
  batch,
  pageSize,
  freePages,
  folders,
  mayList,
  mapping,
}: Scene): FakeSource {
  const source = new FakeSource(store, { batch, pageSize, freePages });
  for (const [name, code] of Object.entries(refused)) {
    source.refused.set(name, code as 'disabled');
    // a store lists what is there, readable or not
    if (!source.store.has(name)) source.put(name, '1');
  }
  if (!mayList)
    source.befall = ({ operation }) => (operation === 'page' ? failing('access_denied')() : undefined);
  if (mapping) {
    source.places = placesOf('Test', 'secrets', mapping);
    delete source.page;
  }
  if (folders && source.page)
    source.page = async (scope, cursor = '', call) => {
      await source.happen('page', [], call);
      const depth = cursor === '' ? 0 : cursor.split('/').length;
      const below = [...source.store.keys()].filter((name) => cursor === '' || name.startsWith(`${cursor}/`));
      const here = below.filter((name) => name.split('/').length === depth + 1);
      const deeper = new Set(
        below
          .filter((name) => name.split('/').length > depth + 1)
          .map((name) =>
            name
              .split('/')
              .slice(0, depth + 1)
              .join('/'),
          ),
      );
      const key = (name: string): Key => keyFrom(name.split('/'));
      return {
        found: here.map((document) => ({ place: { key: key(document), document, field: '' } })),
        next: [...deeper].filter((folder) => scope.reaches(key(folder))),
      };
    };
  return source;
}

describe('any source', () => {
  it('get, getMany and list agree, and nothing denied is absent', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const provider = sheltered(sourceOf(given), { cache: given.cache && {}, resilience: false });
        const single = new Map<Key, unknown>();
        const resultOf = (answer: unknown): unknown =>
          answer instanceof ConfigError
            ? answer.code
            : answer === undefined
              ? 'absent'
              : { value: (answer as { value: unknown }).value };
        for (const key of universe)
          single.set(key, resultOf(await provider.get(key).catch((error) => error)));
        const many = await provider.getMany(universe);
        expect(new Map([...many].map(([key, answer]) => [key, resultOf(answer)]))).toEqual(single);
        const fresh = await sheltered(sourceOf(given), { cache: false, resilience: false }).getMany(universe);
        expect(new Map([...fresh].map(([key, answer]) => [key, resultOf(answer)]))).toEqual(single);

        const check = async (keys: readonly Key[], prefix: Key, wanted?: Wanted) => {
          const items = await provider
            .list(prefix, wanted ? { wanted } : {})
            .catch((error: ConfigError) => error.code);
          if (typeof items === 'string') {
            expect(items).toBe('access_denied');
            expect(given.mayList).toBe(false);
            return;
          }
          const merged = merge([layerOf('store', items)]);
          for (const key of keys.filter((one) => startsWith(one, prefix))) {
            const alone = single.get(key);
            const covering = [...merged.holes.values()].filter((hole) => startsWith(key, hole.key));
            const conflicts = [...merged.holes.values()].filter(
              (hole) =>
                hole.error.code === 'conflict' && (startsWith(key, hole.key) || startsWith(hole.key, key)),
            );
            const found = merged.leaves.get(key);
            if (conflicts.length > 0) continue;
            if (typeof alone === 'object') expect({ value: found?.value }, key).toEqual(alone);
            else expect(found?.value, key).toBeUndefined();
            if (alone === 'absent') expect(covering, key).toEqual([]);
            if (alone === 'access_denied' || alone === 'disabled' || alone === 'crypto')
              expect(covering.length, key).toBeGreaterThan(0);
            expect(alone, key).not.toBe('conflict');
          }
        };
        await check(universe, '');
        await check(universe, 'a');
        await check(universe, 'b.c');
        await check(given.wanted.keys, '', given.wanted);
        await check(given.wanted.keys, '', { keys: given.wanted.keys, prefixes: [] });
        await check(given.wanted.keys, 'a', { keys: given.wanted.keys, prefixes: [] });
      }),
      { numRuns: runs(50, 1_000) },
    );
  });
});
