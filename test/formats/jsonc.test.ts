import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fake, parsed, refusal, treeOf } from '../support/read-format.ts';
import { runs } from '../support/runs.ts';

describe('JSON with comments', () => {
  it('skips both kinds of comments and trailing commas', async () => {
    const text =
      '// first\n{ /* one\n two */ "a": 1, "url": "http://x/*y*/", // end\n' +
      ' "list": [1, 2, /* three */ ], }\n// last';
    expect(await treeOf('jsonc', text)).toEqual({ a: 1, url: 'http://x/*y*/', list: [1, 2] });
  });

  it('finds positions in a file with comments', async () => {
    const { at } = await parsed('jsonc', '/* one\ntwo */ { "a": /* x */ 1,\n// y\n"b": [2,],\n}');
    expect(at(['a'])).toEqual({ line: 2, column: 23 });
    expect(at(['b', '0'])).toEqual({ line: 4, column: 7 });
  });

  it.each([
    ['an empty file', '', '1:1: the file is empty. Write {} if it has no values'],
    [
      'a file with only comments',
      '// nothing\n',
      '2:1: the file ends too early. Check whether it was still being written',
    ],
    ['an unclosed comment', `{} /* ${fake}`, '1:4: an unclosed comment'],
    ['a comma without values', '{"a": [,]}', '1:8: a missing or invalid value. Put strings in double quotes'],
    ['two commas', '{"a": [1,,]}', '1:10: a missing or invalid value. Put strings in double quotes'],
    ['a slash', `{"a": / ${fake}}`, '1:7: a missing or invalid value. Put strings in double quotes'],
    ['an unclosed string', `{"a": "${fake} // x`, '1:7: an unclosed string'],
    [
      'a duplicate after a comment',
      '{"a": 1, // "a"\n"a": 2}',
      '2:1: duplicate key "a", first in line 1. Remove one of them',
    ],
  ])('refuses %s', async (_, text, message) => {
    expect(await refusal('jsonc', text)).toBe(message);
  });

  it('reads any JSON with comments between all tokens as JSON does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
        fc.constantFrom('/* "x": 1 */', '// ]\n', '/**/'),
        async (tree, comment) => {
          const text = JSON.stringify(tree, (key, value) =>
            ['__proto__', 'constructor', 'prototype'].includes(key) ||
            (typeof value === 'number' && !(Math.abs(value) < 2 ** 53))
              ? undefined
              : value,
          );
          const commented = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[^"]/g)].map(([token]) =>
            /^[{}[\],:"]/.test(token) ? `${comment}${token}${comment}` : token,
          );
          expect(await treeOf('jsonc', commented.join(''))).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: runs(60, 2_000) },
    );
  });
});
