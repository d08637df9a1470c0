import { describe, expect, it } from 'vitest';
import { fake, parsed, refusal, treeOf } from '../support/read-format.ts';

describe('TOML', () => {
  it('reads a text as TOML 1.0', async () => {
    const text =
      'a = 1\nb = 1.5\nc = true\nd.e = "x"\n"f.g" = \'y\'\n' +
      '[h.i]\nj = [1, [2]]\nk = {l = 1}\n[[m]]\nn = 1\n[[m]]\n';
    expect(await treeOf('toml', text)).toEqual({
      a: 1, b: 1.5, c: true, d: { e: 'x' }, 'f.g': 'y',
      h: { i: { j: [1, [2]], k: { l: 1 } } }, m: [{ n: 1 }, {}],
    }); // biome-ignore format: a table
  });

  it('returns plain objects', async () => {
    const tree = await treeOf('toml', '[a]\nb = 1');
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(tree.a)).toBe(Object.prototype);
  });

  it('returns dates and times as text', async () => {
    const text =
      'a = 1979-05-27\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\n' +
      'd = 1979-05-27 07:32:00\ne = 1979-05-27T00:32:00-07:00';
    expect(await treeOf('toml', text)).toEqual({
      a: '1979-05-27', b: '1979-05-27T07:32:00.000Z', c: '07:32:00.000',
      d: '1979-05-27T07:32:00.000', e: '1979-05-27T00:32:00.000-07:00',
    }); // biome-ignore format: a table
  });

  it('returns integers beyond 2^53 as bigints with all digits', async () => {
    expect(
      await treeOf('toml', 'a = 9223372036854775807\nb = -9007199254740993\nc = 9007199254740991'),
    ).toEqual({
      a: 9223372036854775807n,
      b: -9007199254740993n,
      c: 9007199254740991,
    });
  });

  it('returns an empty tree for a file with only comments', async () => {
    expect(await treeOf('toml', '# nothing yet\n')).toEqual({});
  });

  it('finds the line and column of every value', async () => {
    const lines = [
      '# a comment with = and [',
      'a = 1 # another',
      'b.c."d.e" = "x"',
      '"q\\u0075ote\\t" = \'it\'',
      "m = '''",
      "one '' = 2",
      "'''''",
      'n = """',
      '\\""" = 3',
      '"""""',
      'list = [ 1, # one, [',
      '  [ 2, "]" ],',
      '  { x = 5, "y".z = 6 } ,',
      ']',
      '[ t . u ]',
      'v = 1979-05-27 07:32:00',
      '[[ arr ]]',
      'x = 1',
      '[[arr]]',
      'x = 2',
      '[arr.sub]',
      'deep = { }',
      '[t]',
      'w = "\\U0001F600"',
      '"\\U0001F600" = 1',
    ];
    const { at, tree } = await parsed('toml', lines.join('\n'));
    expect(tree).toMatchObject({ m: "one '' = 2\n''", n: '""" = 3\n""', 'quote\t': 'it', t: { '😀': 1 } });
    for (const [path, line, column] of [
      [['a'], 2, 5],
      [['b', 'c', 'd.e'], 3, 13],
      [['quote\t'], 4, 18],
      [['m'], 5, 5],
      [['n'], 8, 5],
      [['list'], 11, 8],
      [['list', '0'], 11, 10],
      [['list', '1', '1'], 12, 8],
      [['list', '2', 'x'], 13, 9],
      [['list', '2', 'y', 'z'], 13, 20],
      [['t'], 15, 1],
      [['t', 'u', 'v'], 16, 5],
      [['arr', '0', 'x'], 18, 5],
      [['arr', '1'], 19, 1],
      [['arr', '1', 'x'], 20, 5],
      [['arr', '1', 'sub', 'deep'], 22, 8],
      [['t', 'w'], 24, 5],
      [['😀'], undefined, undefined],
      [['t', '😀'], 25, 16],
    ] as const)
      expect(at(path), path.join('.')).toEqual(line && { line, column });
  });

  it('finds positions in files with CRLF', async () => {
    const { at } = await parsed('toml', '[a]\r\nb = 1 # x\r\nc = [\r\n  2,\r\n]\r\n');
    expect(at(['a', 'b'])).toEqual({ line: 2, column: 5 });
    expect(at(['a', 'c', '0'])).toEqual({ line: 4, column: 3 });
  });

  it.each([
    ['an empty file', '', '1:1: the file is empty. Write a comment if it has no values'],
    [
      'a duplicate key',
      `a = "${fake}"\na = 2`,
      '2:1: a duplicate: this key or table is already defined. Remove one of them',
    ],
    [
      'a duplicate table',
      '[a]\n[a]',
      '2:2: a duplicate: this key or table is already defined. Remove one of them',
    ],
    [
      'an integer beyond 64 bits',
      'a = 9223372036854775808',
      '1:5: an integer beyond 64 bits. Quote the number: text keeps every digit',
    ],
    ['nan', 'a = [1, nan]', '1:9: a number that is not finite. Quote the value if it is text'],
    ['infinity', 'a = -inf', '1:5: a number that is not finite. Quote the value if it is text'],
    [
      '__proto__',
      '__proto__ = 1',
      '1:1: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'constructor in a list',
      'a = [{constructor = 1}]',
      '1:7: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'prototype',
      '[prototype]\na = 1',
      '1:1: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    ['more than 100 levels', `a = ${'['.repeat(100)}${']'.repeat(100)}`, ''],
    ['levels that would overflow the stack', `a = ${'['.repeat(100_000)}`, ''],
    [
      'a header that is too deep',
      `[${'a.'.repeat(20_000)}a]\nb = 1`,
      '1:1: nested too deeply: more than 100 levels',
    ],
    ['more than 32 sections', `[${'a.'.repeat(32)}a]\nb = 1`, '1:1: more than 32 sections deep'],
    [
      'a key of more than 512 characters',
      `[a]\n${'k'.repeat(511)} = 1`,
      '2:515: a key of more than 512 characters',
    ],
    ['a value without quotes', `a = ${fake}`, '1:5: an invalid value. Put strings in quotes'],
    ['an unclosed string', `a = "${fake}`, '1:5: an unclosed string, list or table'],
    [
      'a line break in a string',
      `a = "${fake}\n"`,
      '1:27: a control character or line break that is not allowed here',
    ],
    ['a leading zero', 'a = 01', '1:5: an invalid number. Quote the value if it is text'],
    ['an unknown escape', `a = "${fake}\\q"`, ''],
    ['a missing value', 'a =', ''],
    ['a missing key', '= 1', ''],
    ['an invalid date', 'a = 2001-13-45', '1:5: an invalid date or time. Quote the value if it is text'],
    [
      'two values in a line',
      `a = 1 b = "${fake}"`,
      '1:7: text after the end of a value, list, table or header',
    ],
    ['a missing comma', `a = [1 "${fake}"]`, ''],
  ])('refuses %s without quoting the text', async (_, text, message) => {
    const said = await refusal('toml', text);
    if (message === '') expect(said).toMatch(/^\d+:\d+: (?!not valid)/);
    else expect(said).toBe(message);
  });
});
