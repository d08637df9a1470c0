import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf, formats } from '../../src/formats/format.ts';
import type { FormatName } from '../../src/formats/parsed.ts';
import { positionOf } from '../../src/formats/position.ts';
import { freezeTree } from '../../src/formats/tree.ts';
import type { ConfigTree } from '../../src/value.ts';
import { character } from '../support/character.ts';
import { fake, parsed, treeOf } from '../support/read-format.ts';
import { runs } from '../support/runs.ts';

const all = Object.keys(formats) as FormatName[];
/** A lone surrogate has no UTF-8 encoding. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
const reserved = ['__proto__', 'constructor', 'prototype'];

describe('formatOf and the formats', () => {
  it('formatOf picks the format by the extension in any case', () => {
    const files = ['a.json', 'a.JSONC', 'a.yaml', 'b/a.yml', 'a.b.toml'];
    expect(files.map((file) => formatOf(file, 'test'))).toEqual(['json', 'jsonc', 'yaml', 'yaml', 'toml']);
  });

  it.each(['a', 'a.ini', '.yaml', 'a.constructor'])(
    'formatOf refuses a file without a known extension: %s',
    (file) => {
      expect(() => formatOf(file, 'BundleProvider')).toThrow(
        `BundleProvider: the extension of ${file} does not name a format. Use .json, .jsonc, .yaml, .yml, ` +
          ".toml, or set format: 'json' or 'jsonc' or 'yaml' or 'toml'",
      );
    },
  );

  it.each(all)('parse reads back every tree that print writes: %s', async (format) => {
    const name = fc
      .oneof(
        fc.string({ unit: character, maxLength: 8 }),
        fc.constantFrom(
          'a',
          '<<',
          'null',
          'true',
          '~',
          '1',
          '#x',
          '- y',
          'a: b',
          '2001-01-01',
          '!t',
          '&a',
          '*a',
        ),
      )
      .filter((one) => !reserved.includes(one) && isWellFormed(one));
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((one) => !Object.is(one, -0) && (Math.abs(one) < 2 ** 53 || Math.abs(one) >= 1e21)),
    );
    const leaf = fc.oneof(
      fc.string({ unit: character }).filter((one) => isWellFormed(one)),
      name,
      number,
      fc.boolean(),
      ...(format === 'toml' ? [fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n })] : [fc.constant(null)]),
    );
    const tree = fc.letrec<{ tree: object; value: unknown }>((tie) => ({
      tree: fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        tie('tree'),
      ),
    })).tree;
    await fc.assert(
      fc.asyncProperty(tree, async (one) => {
        expect(await treeOf(format, await formats[format].print(one as ConfigTree, 'test'))).toEqual(one);
      }),
      { numRuns: runs(40, 1_000) },
    );
  });

  it.each([
    [
      'json',
      { a: [1n] },
      'test: the value at "a"."0" cannot be written: an integer beyond 2^53, which would lose digits',
    ],
    [
      'yaml',
      { a: { b: 1n } },
      'test: the value at "a"."b" cannot be written: an integer beyond 2^53, which would lose digits',
    ],
    ['toml', { a: [null] }, 'test: the value at "a"."0" cannot be written: TOML has no null'],
    ['toml', { a: 2n ** 63n }, 'test: the value at "a" cannot be written: TOML has integers of 64 bits'],
    [
      'json',
      { a: 1e20 },
      'test: the value at "a" cannot be written: an integer beyond 2^53, which would lose digits',
    ],
    ['json', { a: Number.NaN }, 'test: the value at "a" cannot be written: a number that is not finite'],
    [
      'yaml',
      { a: Number.POSITIVE_INFINITY },
      'test: the value at "a" cannot be written: a number that is not finite',
    ],
    [
      'toml',
      JSON.parse('{"__proto__": 1}'),
      'test: the value at "__proto__" cannot be written: ' +
        'a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'json',
      { a: { ['k'.repeat(600)]: 1 } },
      `test: the value at "a"."${'k'.repeat(59)}…" cannot be written: a key of more than 512 characters`,
    ],
  ] as const)(
    'print refuses a tree that parse would not read back: %s, %o',
    async (format, tree, message) => {
      await expect(formats[format].print(tree as ConfigTree, 'test')).rejects.toMatchObject({
        code: 'validation',
        message,
      });
    },
  );

  it('print writes an integer far beyond 2^53 only if it was a float', async () => {
    for (const format of all)
      expect(await treeOf(format, await formats[format].print({ a: 1e300, b: -1e22 }, 'test'))).toEqual({
        a: 1e300,
        b: -1e22,
      });
  });
});

describe('a damaged file', () => {
  const texts: Readonly<Record<FormatName, string>> = {
    json: `{"a": {"password": "${fake}", "n": 1},\n "b": ["${fake}", 2], "c": "${fake}"}`,
    jsonc: `// ${fake}\n{"a": {"password": "${fake}", "n": 1}, /* ${fake} */\n "b": ["${fake}", 2,],}`,
    yaml:
      `# ${fake}\na: &x\n  password: ${fake}\n  n: "${fake}"\nb: [${fake}, '${fake}']\n` +
      `c: *x\nd: |\n  ${fake}\n  ${fake}\n`,
    toml: `# ${fake}\na = "${fake}"\n[b]\npassword = '${fake}'\nl = ["${fake}", 1]\nm = """\n${fake}"""\n`,
  };

  it.each(all)('reads or refuses a damaged file without quoting its secrets: %s', async (format) => {
    const whole = texts[format];
    const places = fc.nat({ max: whole.length });
    const inserted = fc.constantFrom(
      '"',
      "'",
      '\\',
      '\n',
      '\t',
      ':',
      ': ',
      ' ',
      ',',
      '{',
      '}',
      '[',
      ']',
      '#',
      '//',
      '!',
      '&',
      '*',
      '|',
      '%',
      '@',
      '=',
      '---\n',
      '\u0000',
      '<<',
      '1',
      '-',
    );
    await fc.assert(
      fc.asyncProperty(
        places,
        fc.nat({ max: 3 }),
        fc.array(inserted, { maxLength: 2 }),
        async (at, cut, extra) => {
          const text = whole.slice(0, at) + extra.join('') + whole.slice(at + cut);
          const error: unknown = await parsed(format, text).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error === undefined) return;
          expect(error).toMatchObject({
            code: 'parse',
            origin: { line: expect.any(Number), column: expect.any(Number) },
          });
          expect(
            `${inspect(error, { depth: null, showHidden: true })}${JSON.stringify(error)}`,
          ).not.toContain(fake.slice(4, -4));
        },
      ),
      { numRuns: runs(100, 2_000) },
    );
  });
});

describe('positionOf', () => {
  it('counts lines and columns from 1', () => {
    const text = 'ab\n\ncd';
    expect([0, 2, 3, 4, 5, 6].map((offset) => positionOf(text, offset))).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 3 },
      { line: 2, column: 1 },
      { line: 3, column: 1 },
      { line: 3, column: 2 },
      { line: 3, column: 3 },
    ]);
  });
});

describe('freezeTree', () => {
  it('freezes a tree down to its leaves, also its shared parts', () => {
    const shared = { x: [{ y: 1 }] };
    const tree = { a: shared, b: [shared, null, 1] };
    freezeTree(tree);
    expect([tree, tree.b, shared, shared.x, shared.x[0]].every(Object.isFrozen)).toBe(true);
  });
});
