import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countMembers } from '../../src/formats/json.ts';
import { fake, parsed, refusal, treeOf } from '../support/read-format.ts';
import { runs } from '../support/runs.ts';

const nested = (levels: number, open: string, close: string): string =>
  `{"a": ${open.repeat(levels)}1${close.repeat(levels)}}`;

describe('JSON', () => {
  it('reads a text as JSON.parse does', async () => {
    const text = '{"a": {"b": [1, -2.5e3, {"c": null}], "ü": "\\u00e9\\n"}, "": true, "x.y": false}';
    expect(await treeOf('json', text)).toEqual(JSON.parse(text));
  });

  it('finds the line and column of every value, also with CRLF', async () => {
    const { at } = await parsed('json', '{\r\n  "a": {"b": [10, {"c": 20}]},\r\n  "d": "x"\r\n}');
    expect(at([])).toEqual({ line: 1, column: 1 });
    expect(at(['a', 'b'])).toEqual({ line: 2, column: 14 });
    expect(at(['a', 'b', '0'])).toEqual({ line: 2, column: 15 });
    expect(at(['a', 'b', '1', 'c'])).toEqual({ line: 2, column: 25 });
    expect(at(['d'])).toEqual({ line: 3, column: 8 });
    expect(at(['nothing', 'here'])).toBeUndefined();
  });

  it.each([
    [
      'in one object',
      `{"a": "${fake}",\n "a": 2}`,
      '2:2: duplicate key "a", first in line 1. Remove one of them',
    ],
    [
      'the same key with different escapes',
      '{"b": {"x": 1, "\\u0078": 2}}',
      '1:16: duplicate key "x", first in line 1. Remove one of them',
    ],
    [
      'in an object in a list',
      '{"b": [{"x": 1,\n"x": 1}]}',
      '2:1: duplicate key "x", first in line 1. Remove one of them',
    ],
    [
      'with a name that would move the cursor of a terminal',
      '{"\u009b2J": 1, "\u009b2J": 2}',
      '1:12: duplicate key "\\u009b2J", first in line 1. Remove one of them',
    ],
    [
      '__proto__, which JSON allows as a key',
      '{"__proto__": 1, "__proto__": 2}',
      '1:18: duplicate key "__proto__", first in line 1. Remove one of them',
    ],
  ])('refuses a duplicate key: %s', async (_, text, message) => {
    expect(await refusal('json', text)).toBe(message);
  });

  it('shortens a long key in a message', async () => {
    const name = 'k'.repeat(300);
    expect(await refusal('json', `{"${name}": 1, "${name}": 2}`)).toBe(
      `1:309: duplicate key "${'k'.repeat(59)}…", first in line 1. Remove one of them`,
    );
  });

  it.each([
    ['an empty file', '', '1:1: the file is empty. Write {} if it has no values'],
    ['a file of white space', ' \n ', '1:1: the file is empty. Write {} if it has no values'],
    ['a list at the root', '\n [1]', '2:2: the file does not contain an object'],
    ['a text at the root', `"${fake}"`, '1:1: the file does not contain an object'],
    ['null at the root', 'null', '1:1: the file does not contain an object'],
    ['a file cut short in a section', '{"a": {"b": 1', '1:14: a comma or } is missing'],
    ['a file cut short after a key', '{"a"', '1:5: a colon is missing after a key'],
    [
      'a file cut short after a colon',
      '{"a":',
      '1:6: the file ends too early. Check whether it was still being written',
    ],
    [
      'a file cut short after a brace',
      '{',
      '1:2: the file ends too early. Check whether it was still being written',
    ],
    ['an unclosed string', `{"a": "${fake}`, '1:7: an unclosed string'],
    [
      'a line break in a text',
      `{"a": "${fake}\n"}`,
      '1:29: a control character or line break in a string. Write an escape such as \\n',
    ],
    ['an unknown escape', `{"a": "${fake}\\x"}`, '1:29: an unknown escape in a string'],
    ['a missing comma', `{"a": "${fake}" "b": 1}`, '1:31: a comma or } is missing'],
    ['a missing comma in a list', '{"a": [1 2]}', '1:10: a comma or ] is missing'],
    [
      'a trailing comma',
      '{"a": 1,\n}',
      '2:1: a comma before }. Remove the comma, or rename the file to .jsonc',
    ],
    ['a key without quotes', '{a: 1}', '1:2: a key is missing or not in double quotes'],
    [
      'a value without quotes',
      `{"a": ${fake}}`,
      '1:7: a missing or invalid value. Put strings in double quotes',
    ],
    ['single quotes', `{"a": '${fake}'}`, '1:7: a string in single quotes. Use double quotes'],
    [
      'a comment',
      `// ${fake}\n{}`,
      "1:1: JSON has no comments. Rename the file to .jsonc, or set format: 'jsonc'",
    ],
    [
      'a comment instead of a key',
      '{ /* x */ }',
      "1:3: JSON has no comments. Rename the file to .jsonc, or set format: 'jsonc'",
    ],
    ['text after the end', `{} ${fake}`, '1:4: text after the end of the value'],
    ['NaN', '{"a": NaN}', '1:7: JSON has no NaN and no Infinity. Quote the value if it is text'],
    ['-Infinity', '{"a": -Infinity}', '1:7: JSON has no NaN and no Infinity. Quote the value if it is text'],
    ['a number with a leading zero', '{"a": 0123}', '1:8: an invalid number. Quote the value if it is text'],
    ['a hexadecimal number', '{"a": 0x1f}', '1:8: an invalid number. Quote the value if it is text'],
    [
      'an integer beyond 2^53',
      '{"a": [9007199254740993]}',
      '1:8: an integer beyond 2^53, which would lose digits. Quote the number: text keeps every digit',
    ],
    [
      'an integer below -2^53',
      '{"a": -9007199254740993}',
      '1:7: an integer beyond 2^53, which would lose digits. Quote the number: text keeps every digit',
    ],
    [
      'a number too large',
      '{"a": 1e400}',
      '1:7: a number that is too large. Quote the number: text keeps every digit',
    ],
    [
      '__proto__',
      '{"a": {"__proto__": {"x": 1}}}',
      '1:21: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'an escaped __proto__',
      '{"\\u005f_proto__": 1}',
      '1:20: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'constructor in a list',
      '{"a": [{"constructor": 1}]}',
      '1:24: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'prototype',
      '{"prototype": 1}',
      '1:15: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    ['more than 100 levels', nested(100, '[', ']'), '1:106: nested too deeply: more than 100 levels'],
    [
      'levels that would overflow the stack',
      nested(200_000, '[', ']'),
      '1:106: nested too deeply: more than 100 levels',
    ],
    [
      'objects in a list, too deep',
      nested(50, '[{"b":', '}]'),
      '1:302: nested too deeply: more than 100 levels',
    ],
    ['more than 32 sections', nested(32, '{"b":', '}'), '1:162: more than 32 sections deep'],
    ['more than 32 sections without a name', nested(32, '{"":', '}'), '1:131: more than 32 sections deep'],
    [
      'a key of more than 512 characters',
      `{"a": {"${'k'.repeat(511)}": 1}}`,
      '1:523: a key of more than 512 characters',
    ],
    [
      'a key that is too long once it is quoted',
      JSON.stringify({ ['"'.repeat(256)]: 1 }),
      '1:517: a key of more than 512 characters',
    ],
  ])('refuses %s', async (_, text, message) => {
    expect(await refusal('json', text)).toBe(message);
  });

  it.each([
    ['100 levels', nested(99, '[', ']')],
    ['32 sections', nested(31, '{"b":', '}')],
    ['a key of 512 characters', `{"a": {"${'k'.repeat(510)}": 1}}`],
    ['long keys inside a list', `{"a": [{"${'k'.repeat(600)}": 1}]}`],
    ['the largest safe integers', '{"a": [9007199254740991, -9007199254740991]}'],
    ['large numbers with an exponent or a point', '{"a": [1e300, 12345678901234567890.0]}'],
    ['empty sections and lists', '{"a": {}, "b": []}'],
    ['an empty object', '{}'],
  ])('accepts %s', async (_, text) => {
    expect(await treeOf('json', text)).toEqual(JSON.parse(text));
  });

  it('counts members with any keys, strings and white space', () => {
    const odd = fc.string({ unit: fc.constantFrom('"', '\\', ':', ' ', '{', 'a', '\n', 'é') });
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        odd,
        fc.double(),
        fc.constantFrom(null, true),
        fc.array(tie('value')),
        fc.dictionary(odd, tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2, '\t', '\n'), (one, space) => {
        expect(countMembers(JSON.stringify(one, null, space))).toBe(membersOf(one));
      }),
      { numRuns: runs(400, 10_000) },
    );
  });

  it('finds the same duplicates as a simple slow reader', async () => {
    const name = fc.constantFrom('a', 'b', 'c', '\\u0061', 'a\\"', 'a:', ':', '\\":');
    const colon = fc.constantFrom(':', ':', ':', ': ', ' : ', '\n:');
    const text = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '"a"', '"\\":"', '":"', '":a"', '"http://x"', 'null', '[]', '{}'),
        fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(' ,')}]`),
        fc
          .array(fc.tuple(name, colon, tie('value')), { maxLength: 3 })
          .map((all) => `{${all.map(([key, between, inner]) => `"${key}"${between}${inner}`).join(',\n')}}`),
      ),
    })).value;
    await fc.assert(
      fc.asyncProperty(text, async (inner) => {
        const whole = `{"root":${inner}}`;
        const found = await parsed('json', whole).then(
          () => false,
          (error: Error) => error.message.includes('duplicate key'),
        );
        expect(found).toBe(hasDuplicate(whole));
      }),
      { numRuns: runs(600, 10_000) },
    );
  });

  it('accepts nothing that JSON.parse refuses, and names the position', async () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '0',
      '.',
      'e',
      'null',
      'tru',
      ' ',
      '\n',
      '\\',
      '//',
      '\u0000',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 12 }), async (tokens) => {
        const text = `{"a":${tokens.join('')}`;
        const valid = isValid(text);
        const result = await parsed('json', text).then(
          () => 'accepted',
          (error: Error) => error.message,
        );
        if (!valid) expect(result).toMatch(/^base\.json:\d+:\d+: (?!not valid)/);
        else expect(result === 'accepted' || result.includes('duplicate')).toBe(true);
      }),
      { numRuns: runs(600, 10_000) },
    );
  });
});

const isValid = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, one) => sum + membersOf(one), 0);
  return Array.isArray(value) ? inner : inner + Object.keys(value).length;
}

/** Splits a valid JSON text into tokens and keeps a list of names per open object. */
function hasDuplicate(text: string): boolean {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[^\s"]/g)].map(([token]) => token);
  const open: (string[] | undefined)[] = [];
  return tokens.some((token, i) => {
    if (token === '{') open.push([]);
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.startsWith('"') && tokens[i + 1] === ':') {
      const names = open.at(-1) as string[];
      const name = JSON.parse(token) as string;
      if (names.includes(name)) return true;
      names.push(name);
    }
    return false;
  });
}
