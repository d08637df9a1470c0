import { describe, expect, it } from 'vitest';
import { fake, parsed, refusal, treeOf } from '../support/read-format.ts';

const bomb = (levels: number): string =>
  [
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
    ...Array.from(
      { length: levels },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`,
    ),
  ].join('\n');

describe('YAML', () => {
  it('reads a text as YAML 1.2 in its core schema', async () => {
    const text =
      'a: 1\nb: 1.5\nc: true\nd: ~\ne:\nf: 0x1f\ng: 0o17\nh: "1"\ni: yes\n' +
      'j: [1, {k: x}]\nl: |\n  two\n  lines\nm: 012\nn: -0.5\n';
    expect(await treeOf('yaml', text)).toEqual({
      a: 1, b: 1.5, c: true, d: null, e: null, f: 31, g: 15, h: '1', i: 'yes',
      j: [1, { k: 'x' }], l: 'two\nlines\n', m: 12, n: -0.5,
    }); // biome-ignore format: a table
  });

  it('returns dates and times as the text that was written', async () => {
    expect(await treeOf('yaml', 'a: 2001-12-14\nb: 2001-12-14t21:59:43.10-05:00')).toEqual({
      a: '2001-12-14',
      b: '2001-12-14t21:59:43.10-05:00',
    });
  });

  it('reads YAML 1.2 also under a directive for YAML 1.1', async () => {
    expect(await treeOf('yaml', '%YAML 1.1\n---\na: yes\nb: 010\n')).toEqual({ a: 'yes', b: 10 });
  });

  it('reads keys that are not strings as the text that was written', async () => {
    expect(await treeOf('yaml', '80: http\ntrue: a\nnull: b\n0x10: c\n1.0: d\n"": e')).toEqual({
      '80': 'http',
      true: 'a',
      null: 'b',
      '0x10': 'c',
      '1.0': 'd',
      '': 'e',
    });
  });

  it('reads a value with a standard tag as the type of the tag', async () => {
    const text =
      'a: !!str 1\nb: !!int 2\nc: !!float 2.5\nd: !!map {x: !!null ~}\n' +
      'e: !!seq [!!bool true]\nf: ! 12\n!!str g: 1';
    expect(await treeOf('yaml', text)).toEqual({
      a: '1', b: 2, c: 2.5, d: { x: null }, e: [true], f: '12', g: 1,
    }); // biome-ignore format: a table
  });

  it.each([
    ['port: 80\nhost: "x\nuser: y\npath: z\n', '2:7'],
    ["a: 'x\nb: 2\n", '1:4'],
    ['a: "x: 1\nb: 2\nc: "y"\n', '1:4'],
    ['- one\n- "a\n- b\n', '2:3'],
    ['a:\n  - b: "c"\n    d: ["e, f]\n', '3:9'],
    ['"a: 1\n', '1:1'],
  ])('points at a quote that is not closed in %j', async (text, place) => {
    const error = await refusal('yaml', text);
    expect(error).toBe(`${place}: a quote that is not closed. Close the quote`);
  });

  it('returns an empty tree for a file with only comments', async () => {
    expect(await treeOf('yaml', '# nothing yet\n')).toEqual({});
    expect(await treeOf('yaml', '---\n')).toEqual({});
    expect((await parsed('yaml', '# nothing\n')).at(['a'])).toBeUndefined();
  });

  it('resolves aliases and merge keys; the nearest value wins', async () => {
    const text =
      'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: *a, y: 3}\n' +
      'd: {y: 4, <<: [*b, *a]}\ne: *a\n&k f: *k\ng: {<<: {h: 1}}';
    expect(await treeOf('yaml', text)).toEqual({
      a: { x: 1, y: 1 }, b: { y: 2, z: 2 }, c: { x: 1, y: 3 },
      d: { y: 4, z: 2, x: 1 }, e: { x: 1, y: 1 }, f: 'f', g: { h: 1 },
    }); // biome-ignore format: a table
  });

  it('treats a quoted << as an ordinary key', async () => {
    expect(await treeOf('yaml', '"<<": 1')).toEqual({ '<<': 1 });
  });

  it('reads a small anchor that is used many times', async () => {
    const text = `a: &a some text\n${Array.from({ length: 5_000 }, (_, i) => `k${i}: *a`).join('\n')}`;
    expect(Object.keys(await treeOf('yaml', text))).toHaveLength(5_001);
  });

  it('finds the line and column of every value, also of merged ones', async () => {
    const { at } = await parsed(
      'yaml',
      'a: &a\r\n  x: 10\r\n  l: [1, 2]\r\nb:\r\n  <<: *a\r\n  y: "z"\r\nc: *a\r\nd:\r\n',
    );
    expect(at(['a', 'x'])).toEqual({ line: 2, column: 6 });
    expect(at(['a', 'l', '1'])).toEqual({ line: 3, column: 10 });
    expect(at(['b', 'x'])).toEqual({ line: 2, column: 6 });
    expect(at(['b', 'y'])).toEqual({ line: 6, column: 6 });
    expect(at(['c'])).toEqual({ line: 7, column: 4 });
    expect(at(['c', 'x'])).toEqual({ line: 2, column: 6 });
    expect(at(['d'])?.line).toBe(8);
    expect(at(['e'])).toBeUndefined();
  });

  it.each([
    ['an empty file', '\n', '1:1: the file is empty. Write {} if it has no values'],
    ['a list at the root', '# x\n- 1', '2:1: the file does not contain an object'],
    ['a text at the root', fake, '1:1: the file does not contain an object'],
    ['null written at the root', '~', '1:1: the file does not contain an object'],
    [
      'a duplicate key',
      `a: ${fake}\nb: 1\na: 2`,
      '3:1: duplicate key "a", first in line 1. Remove one of them',
    ],
    [
      'a duplicate in another spelling',
      '1: a\n"1": b',
      '2:1: duplicate key "1", first in line 1. Remove one of them',
    ],
    [
      'a duplicate in braces',
      'x: {a: 1, a: 2}',
      '1:11: duplicate key "a", first in line 1. Remove one of them',
    ],
    [
      'two merge keys',
      '<<: {a: 1}\n<<: {b: 1}',
      '2:1: duplicate key "<<", first in line 1. Merge several with <<: [*one, *other]',
    ],
    [
      'several documents',
      `a: 1\n---\nb: ${fake}`,
      '2:1: a second document. Put each document into its own file',
    ],
    ['a merge of a string', `<<: ${fake}`, '1:5: a merge (<<) of a value that is not an object'],
    ['a merge without a value', '? <<', '1:3: a merge (<<) of a value that is not an object'],
    [
      'a merge of a list with a string',
      '<<: [{a: 1}, x]',
      '1:5: a merge (<<) of a value that is not an object',
    ],
    [
      'an integer beyond 2^53',
      'a: 9007199254740993',
      '1:4: an integer beyond 2^53, which would lose digits. Quote the number: text keeps every digit',
    ],
    [
      'a hexadecimal integer beyond 2^53',
      'a: 0xffffffffffffffff',
      '1:4: an integer beyond 2^53, which would lose digits. Quote the number: text keeps every digit',
    ],
    ['NaN', 'a: .nan', '1:4: a number that is not finite. Quote the value if it is text'],
    ['infinity', 'a: [1, -.inf]', '1:8: a number that is not finite. Quote the value if it is text'],
    ['a number too large', 'a: 1e400', '1:4: a number that is not finite. Quote the value if it is text'],
    ['a custom tag, which may be an unquoted secret', `a: !${fake}`, ''],
    [
      'a tag on a section',
      'a: !x {b: 1}',
      '1:7: a value with a custom tag. Remove the tag, or quote text that begins with !',
    ],
    [
      'a tag on a list',
      'a: !!set [b]',
      '1:10: a value with a custom tag. Remove the tag, or quote text that begins with !',
    ],
    [
      'a tag on a key',
      '!x a: 1',
      '1:4: a value with a custom tag. Remove the tag, or quote text that begins with !',
    ],
    [
      'binary',
      'a: !!binary aGk=',
      '1:13: a value with a custom tag. Remove the tag, or quote text that begins with !',
    ],
    [
      'a timestamp by its tag',
      'a: !!timestamp 2001-12-14',
      '1:16: a value with a custom tag. Remove the tag, or quote text that begins with !',
    ],
    ['a standard tag that does not fit', `a: !!int ${fake}`, '1:10: a value that is not !!int'],
    ['a tag for a section on a text', `a: !!map ${fake}`, ''],
    [
      '__proto__',
      '__proto__: {x: 1}',
      '1:1: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'constructor in a list',
      'a: [{constructor: 1}]',
      '1:6: a key that could reach a prototype: __proto__, prototype or constructor',
    ],
    [
      'a list as a key',
      '? [a]\n: 1',
      '1:3: a key that is not text. Write the key as text, in quotes if needed',
    ],
    [
      'an alias as a key',
      'a: &x 1\n*x : 2',
      '2:1: a key that is not text. Write the key as text, in quotes if needed',
    ],
    ['a value without a key', ': 1', '1:1: a value without a key'],
    ['an alias without an anchor', `a: *${fake}`, '1:4: an alias without an anchor above it'],
    ['an alias inside its own anchor', 'a: &a [*a]', '1:8: an alias inside its own anchor'],
    [
      'an alias bomb',
      bomb(9),
      '7:25: aliases that expand to more than ten million characters. ' +
        'Write the values out, or split the file',
    ],
    [
      'aliases that nest too deeply',
      ['a0: &a0 [x]', ...Array.from({ length: 120 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`)].join('\n'),
      '2:10: nested too deeply: more than 100 levels',
    ],
    [
      'more than 100 levels',
      `a: ${'['.repeat(100)}${']'.repeat(100)}`,
      '1:103: nested too deeply: more than 100 levels',
    ],
    [
      'levels that would overflow the stack',
      `a: ${'['.repeat(20_000)}`,
      '1:103: nested too deeply: more than 100 levels',
    ],
    ['lists in one line, too deep', `${'- '.repeat(200)}x`, '1:201: nested too deeply: more than 100 levels'],
    ['keys that are too deep', `${'? '.repeat(200)}x`, ''],
    ['more than 32 sections', `${'{a: '.repeat(33)}1${'}'.repeat(33)}`, '1:129: more than 32 sections deep'],
    [
      'a key of more than 512 characters',
      `a: {"${'k'.repeat(511)}": 1}`,
      '1:520: a key of more than 512 characters',
    ],
    ['a tab in the indentation', 'a:\n\tb: 1', '2:1: a tab in the indentation. Indent with spaces'],
    [
      'a colon in plain text',
      `a: ${fake}: b`,
      '1:4: two keys in one line, or a value that is not valid as a key. ' +
        'Quote text that contains a colon and a space',
    ],
    [
      'an unknown escape',
      `a: "${fake}\\q"`,
      '1:26: an unknown escape in a double-quoted string. Use single quotes for text with backslashes',
    ],
    ['an unclosed bracket', `a: [${fake}`, ''],
    ['an unclosed quote', `a: "${fake}`, ''],
    [
      'plain text that begins with @',
      `a: @${fake}`,
      '1:4: plain text that begins with a reserved character. Quote the value',
    ],
    ['a line that is not a key', `a: 1\n${fake}`, ''],
    ['wrong indentation', `a: |\n    ${fake}\n  b: 1`, ''],
  ])('refuses %s without quoting the text', async (_, text, message) => {
    const said = await refusal('yaml', text);
    if (message === '') expect(said).toMatch(/^\d+:\d+: (?!not valid)/);
    else expect(said).toBe(message);
  });

  it('finds a duplicate among 20,000 keys in linear time', async () => {
    const wide = (keys: number): string =>
      `${Array.from({ length: keys }, (_, i) => `key${i}: ${i}`).join('\n')}\nkey0: 1`;
    const time = async (keys: number): Promise<number> => {
      const text = wide(keys);
      const started = performance.now();
      expect(await refusal('yaml', text)).toBe(
        `${keys + 1}:1: duplicate key "key0", first in line 1. Remove one of them`,
      );
      return performance.now() - started;
    };
    await time(1_000);
    const small = Math.min(await time(1_000), await time(1_000), await time(1_000));
    let large = await time(20_000);
    for (let again = 0; again < 3 && large / small > 80; again++) large = Math.min(large, await time(20_000));
    expect(large / small).toBeLessThan(80); // about 20 if linear, 400 if quadratic
  });
});

describe('a long YAML file, which is read in parts', () => {
  const first = '%YAML 1.2\n---\nfirst: &first\n  shared: true\n';
  const odd = (at: number): string =>
    [
      `# a comment\nsection${at}:\n  number: ${at}\n  text: "quoted # text"\n`,
      `list${at}:\n- a\n- {b: [1, 2]}\n`,
      `block${at}: |\n  two\n  lines\nfolded${at}: >-\n  one\n  line\n`,
      `? explicit${at}\n: value\n`,
      `anchored${at}: &anchor${at}\n  inner: 1\nused${at}: *anchor${at}\n`,
      `merged${at}:\n  <<: *first\n  own: ${at}\n`,
      `"quoted key ${at}": !!str 12\nempty${at}:\n`,
      `wide${at}: {a: 1, b: "x"}   # a comment\n\n\n`,
    ][at % 8] as string;
  const pieces = Array.from({ length: 160 }, (_, at) => `# ${'-'.repeat(120)}\n${odd(at)}`);
  const text = `${first}${pieces.join('')}# the end\n...\n`;
  const middle = text.indexOf('section80:');
  const broken = (what: string): string => text.slice(0, middle) + what + text.slice(middle);

  it('has the values of its parts', async () => {
    const trees = await Promise.all(pieces.map((piece) => treeOf('yaml', first + piece)));
    expect(await treeOf('yaml', text)).toEqual(Object.assign({}, ...trees));
  });

  it('has the position of every value', async () => {
    const { at } = await parsed('yaml', text);
    for (const n of [0, 8, 80, 152]) {
      const { line, column } = at([`section${n}`, 'number']) as { line: number; column: number };
      expect(text.split('\n')[line - 1]?.slice(column - 1)).toBe(`${n}`);
    }
  });

  it('is refused where it has a fault, with the same words as a short one', async () => {
    const line = text.slice(0, middle).split('\n').length;
    for (const fault of ['dup: 1\ndup: 2\n', 'tab:\n\t- 1\n', 'open: [1\n', 'a: b: c\n', 'x: *none\n']) {
      const [at, ...words] = (await refusal('yaml', first + fault)).split(': ');
      const [row = 0, column] = (at as string).split(':').map(Number);
      const lines = first.split('\n').length - 1;
      expect((await refusal('yaml', broken(fault))).split(': ').slice(0, 2).join(': ')).toContain(
        `${line + row - lines - 1}:${column}: ${fault.startsWith('open') ? '' : words[0]?.split(',')[0]}`,
      );
    }
    expect(await refusal('yaml', `${text}---\nmore: 1\n`)).toContain('a second document');
  });
});
