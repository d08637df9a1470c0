import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  append,
  camel,
  join,
  kebab,
  keyFrom,
  keyOf,
  letters,
  parent,
  rest,
  screaming,
  segments,
  snake,
  startsWith,
} from '../src/key.ts';
import { character } from './support/character.ts';
import { runs } from './support/runs.ts';

const invalid = expect.objectContaining({ code: 'invalid_key' });
const reserved = ['__proto__', 'prototype', 'constructor'];
const anySegment = fc.oneof(
  fc.constantFrom(
    'a',
    'poolMax',
    'api.example.com',
    'a/b',
    'a b',
    '"',
    '\\',
    '""',
    '.',
    '..',
    '',
    '\n',
    '\u0000',
    'größe',
    '🌍',
    '0',
    ' ',
    "'",
    '[0]',
    '-',
    '_',
  ),
  fc.string({ maxLength: 8, unit: character }),
);
const path = fc.array(
  anySegment.filter((segment) => !reserved.includes(segment)),
  { maxLength: 6 },
);
const typed = path.map((all) =>
  all.filter((segment) => segment !== '' && segment !== '.' && segment !== '..' && !/\p{Cc}/u.test(segment)),
);

describe('keys', () => {
  it('keyFrom joins segments with dots and quotes special ones', () => {
    expect(keyFrom(['database', 'pool', 'max'])).toBe('database.pool.max');
    expect(keyFrom(['ingress', 'api.example.com'])).toBe('ingress."api.example.com"');
    expect(keyFrom(['a b', 'c/d', 'e"f', 'g\\h', '', '\n'])).toBe('"a b"."c/d"."e\\"f"."g\\\\h".""."\\n"');
    expect(keyFrom([])).toBe('');
    expect(segments('')).toEqual([]);
  });

  it('segments() returns the segments that keyFrom joined', () => {
    fc.assert(
      fc.property(path, (all) => {
        expect(segments(keyFrom(all))).toEqual(all);
      }),
    );
  });

  it('keyOf makes the same key from every spelling', () => {
    fc.assert(
      fc.property(typed, (all) => {
        const key = keyFrom(all);
        expect(keyOf(key)).toBe(key);
        expect(keyOf(all.map((segment) => JSON.stringify(segment)).join('/'))).toBe(key);
      }),
    );
  });

  it('keyFrom makes different keys from different segments', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(keyFrom(a) === keyFrom(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('keyOf accepts slashes, dots and quotes', () => {
    expect(keyOf('acme/inference/database.host')).toBe('acme.inference.database.host');
    expect(keyOf('ingress/"api.example.com"')).toBe('ingress."api.example.com"');
    expect(keyOf('"plain"."\\u0061"')).toBe('plain.a');
    expect(keyOf('')).toBe('');
    expect(keyOf('größe.🌍')).toBe('größe.🌍');
  });

  it.each([
    ['an empty segment', ['a..b', '.a', 'a.', '/a', 'a/', 'a./b', '""', 'a.""']],
    ['. or ..', ['../a', 'a/../b', '"."', 'a.".."']],
    ['a control character', ['"a\\u0000"', '"\\n"', 'a\u0007', '"\\u0085"']],
    ['a space, quote or backslash outside quotes', ['a b', ' a', 'a\t', 'a"b', 'a\\b', 'a\n']],
    ['an unclosed quote', ['"a', 'a."b', '"', '"a\\"', '"\\x"']],
    ['text after a closing quote', ['"a"b', '"a" .b', '"a""b"']],
    [
      'a name that could reach a prototype',
      ['__proto__', 'a.__proto__.b', 'constructor', '"prototype"', '"\\u005f_proto__"'],
    ],
    ['too many segments', [`${'a.'.repeat(32)}a`, 'a/'.repeat(600)]],
    ['too many characters', ['a'.repeat(513), `"${' '.repeat(600)}"`, `"${'\\u0061'.repeat(5000)}"`]],
  ])('keyOf refuses %s', (_, texts) => {
    for (const text of texts) expect(() => keyOf(text), text.slice(0, 40)).toThrow(invalid);
  });

  it('keyOf refuses a value that is not a string', () => {
    for (const text of [undefined, null, 5, {}, ['a']]) expect(() => keyOf(text as never)).toThrow(invalid);
  });

  it('allows 32 segments and 512 characters', () => {
    expect(segments(keyOf(`${'a.'.repeat(31)}a`))).toHaveLength(32);
    expect(keyOf('a'.repeat(512))).toHaveLength(512);
    expect(() => keyFrom(Array(33).fill('a'))).toThrow(invalid);
    expect(() => keyFrom(['"'.repeat(300)])).toThrow(invalid);
  });

  it('keyFrom accepts any segment that cannot reach a prototype', () => {
    for (const name of reserved) expect(() => keyFrom(['a', name])).toThrow(invalid);
    expect(keyFrom(['', '..', '\u0000'])).toBe('"".".."."\\u0000"');
  });

  it('quotes at most sixty characters of a key in an error', () => {
    try {
      keyOf('x'.repeat(2000));
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(250);
    }
    expect.assertions(1);
  });

  it('keyOf makes the same key after ten thousand others', () => {
    for (let i = 0; i < 10_100; i++) keyOf(`many/${i}`);
    expect(keyOf('many/1')).toBe('many.1');
  });

  it('join and append skip the root key', () => {
    expect(join('database', 'pool.max')).toBe('database.pool.max');
    expect(join('', 'a/b', '', 'c')).toBe('a.b.c');
    expect(join()).toBe('');
    expect(append('', 'a')).toBe('a');
    expect(append('a', '')).toBe('a');
    expect(append('a', '"b.c"')).toBe('a."b.c"');
  });

  it('parent, startsWith, rest and append agree', () => {
    fc.assert(
      fc.property(path, path, (above, below) => {
        const prefix = keyFrom(above);
        const key = keyFrom([...above, ...below]);
        expect(startsWith(key, prefix)).toBe(true);
        expect(rest(key, prefix)).toBe(keyFrom(below));
        expect(append(prefix, rest(key, prefix))).toBe(key);
        expect(parent(key)).toBe(keyFrom([...above, ...below].slice(0, -1)));
      }),
    );
    expect(parent('')).toBe('');
    expect(parent('a')).toBe('');
    expect(startsWith('databases.x', 'database')).toBe(false);
    expect(startsWith('database', 'database.x')).toBe(false);
  });
});

describe('spellings of a segment', () => {
  it('spells a segment in camel, snake, kebab and SCREAMING case', () => {
    for (const text of [
      'poolMax',
      'pool_max',
      'pool-max',
      'PoolMax',
      'POOL_MAX',
      'pool__max',
      '_pool_max_',
    ]) {
      expect([camel(text), snake(text), kebab(text), screaming(text)]).toEqual([
        'poolMax',
        'pool_max',
        'pool-max',
        'POOL_MAX',
      ]);
      expect(letters(text)).toBe('poolmax');
    }
    expect([camel('HTTPServer2Go'), screaming('openaiAPIKey'), snake('v2'), kebab('a1B')]).toEqual([
      'httpServer2Go',
      'OPENAI_API_KEY',
      'v2',
      'a1-b',
    ]);
    expect(['', '_', '--'].map(camel)).toEqual(['', '_', '--']);
  });

  it('keeps the letters of a segment in every spelling', () => {
    const segment = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/),
      fc.constantFrom('a_ß', 'ŉ_ŉ', 'a b', 'x_ǰ', 'ﬁ_ﬁ'),
    );
    fc.assert(
      fc.property(segment, (text) => {
        for (const spelled of [camel(text), snake(text), kebab(text)])
          expect(letters(spelled)).toBe(letters(text));
      }),
      { numRuns: runs(400, 10_000) },
    );
  });
});
