import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../../src/key.ts';
import { DashedNames, type Dashes } from '../../src/remote/dashed-names.ts';

const allowed = { exact: /^[\w-]{1,255}$/, words: /^[0-9A-Za-z-]{1,127}$/ };
const names = (dashes: Dashes, prefix = 'app-'): DashedNames =>
  new DashedNames({ dashes, prefix, allowed: dashes === 'exact' ? allowed.exact : allowed.words });

const every: readonly Dashes[] = ['exact', 'camel', 'snake', 'kebab'];
const letter = fc.constantFrom(...'abcXYZ019-_.é');
const segment = fc.oneof(
  fc.string({ unit: letter, minLength: 1, maxLength: 8 }),
  fc.constantFrom('constructor', 'poolMax', 'pool-max', 'x'),
);
const name = fc.string({ unit: fc.constantFrom(...'abXY01--_'), minLength: 1, maxLength: 20 });

describe('DashedNames', () => {
  it.each(every)('DashedNames (%s) converts a key to a name only if it converts back', (dashes) => {
    const mapping = names(dashes);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        fc.pre(!segments.includes('constructor'));
        const key = keyFrom(segments);
        const spelled = mapping.nameOf(key);
        expect(spelled === undefined || mapping.keyOf(spelled) === key).toBe(true);
      }),
    );
  });

  it.each(every)('DashedNames (%s) converts every listed key back to its name', (dashes) => {
    const mapping = names(dashes);
    fc.assert(
      fc.property(name, (rest) => {
        const listed = `app-${rest}`;
        const key = mapping.keyOf(listed);
        if (key === undefined) return;
        const back = mapping.nameOf(key) as string;
        // for a store that ignores case both names are the same
        expect(dashes === 'exact' ? back : back.toLowerCase()).toBe(
          dashes === 'exact' ? listed : listed.toLowerCase(),
        );
      }),
    );
  });

  it.each(every)('DashedNames (%s) never maps two names to one key', (dashes) => {
    const mapping = names(dashes);
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [one, other] = [mapping.keyOf(`app-${a}`), mapping.keyOf(`app-${b}`)];
        const same = dashes === 'exact' ? a === b : a.toLowerCase() === b.toLowerCase();
        expect(one === undefined || one !== other || same).toBe(true);
      }),
    );
  });

  it.each([
    ['exact', 'db.poolMax', 'app-db--poolMax'],
    ['exact', 'db.pool_max-2', 'app-db--pool_max-2'],
    ['camel', 'db.poolMax', 'app-db--pool-max'],
    ['snake', 'db.pool_max', 'app-db--pool-max'],
    ['kebab', 'db.pool-max', 'app-db--pool-max'],
    ['camel', 'db.pool_max', undefined],
    ['camel', 'db.URL', undefined],
    ['exact', 'db.-x', undefined],
    ['exact', 'db.a--b', undefined],
    ['exact', 'db."a.b"', undefined],
    ['exact', '', undefined],
  ] as const)('DashedNames (%s) returns for the key %j the name %s', (dashes, key, spelled) => {
    expect(names(dashes).nameOf(key)).toBe(spelled);
  });

  it.each([
    'app-',
    'app-a----b',
    'app-a---b',
    'app--a',
    'app-constructor',
    'other',
    `app-${'a--'.repeat(40)}a`,
  ])('DashedNames returns no key for the name %s', (name) => {
    expect(names('exact').keyOf(name)).toBeUndefined();
  });

  it('DashedNames explains why a key has no name', () => {
    expect(names('camel').refusal('azure', 'db.pool_max')?.message).toMatch(
      /option secrets.*"--".*"-".*camel/,
    );
    expect(names('exact').refusal('gcp', 'db."a.b"')).toMatchObject({ code: 'invalid_key', key: 'db."a.b"' });
    expect(names('exact').refusal('gcp', 'db.host')).toBeUndefined();
  });
});
