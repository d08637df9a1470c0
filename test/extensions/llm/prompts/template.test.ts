// The renderer: against a naive one, and with hostile values.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secret } from '../../../../src/entry.ts';
import { templateOf } from '../../../../src/extensions/llm/prompts/template.ts';
import { runs } from '../../../support/runs.ts';

const render = (text: string, variables: object): string => {
  const { mistakes, render } = templateOf(text);
  expect(mistakes).toEqual([]);
  return render(variables as Record<string, unknown>);
};
const mistakes = (text: string): string[] =>
  templateOf(text).mistakes.map(({ line, message }) => `${line}: ${message.split('. ')[0]}`);

describe('a text', () => {
  it.each<[string, string, object, string]>([
    ['has values at their places', 'a {{b}} c {{ d.e }}', { b: 1, d: { e: true } }, 'a 1 c true'],
    ['escapes no HTML', '{{a}}', { a: '<b>"&"</b>' }, '<b>"&"</b>'],
    ['does not render a value again', '{{a}}', { a: '{{b}} {{#each c}}', b: 'x' }, '{{b}} {{#each c}}'],
    ['keeps signs of replacements', '{{a}}', { a: "$& $1 $' $$" }, "$& $1 $' $$"],
    ['takes a condition', '{{#if a}}yes{{else}}no{{/if}}', { a: '' }, 'no'],
    ['takes an empty list as false', '{{#if a}}yes{{else}}no{{/if}}', { a: [] }, 'no'],
    ['takes a negative condition', '{{#unless a}}no{{else}}yes{{/unless}}', { a: 0 }, 'no'],
    ['repeats a list', '{{#each a}}{{@index}}{{this}},{{/each}}', { a: ['x', 'y'] }, '0x,1y,'],
    ['has a text for an empty list', '{{#each a}}x{{else}}none{{/each}}', { a: [] }, 'none'],
    [
      'reads items, and what is around them',
      '{{#each a}}{{n}}{{this.n}}{{../n}} {{#each b}}{{this}}{{../n}}{{../../n}};{{/each}}{{/each}}',
      { n: 'o', a: [{ n: 'i', b: ['x'] }] },
      'iio xio;',
    ],
    ['reads places of a list', '{{a.1}} of {{a.length}}', { a: ['x', 'y'] }, 'y of 2'],
    ['has braces', '\\{{a}} {"b":{{a}}} }}', { a: 1 }, '{{a}} {"b":1} }}'],
    ['has a backslash before a tag', 'C:\\\\{{a}} \\', { a: 'x' }, 'C:\\x \\'],
    [
      'leaves out the lines of blocks',
      'a\n  {{#if b}}  \n  c\n  {{else}}\r\n  d\n{{/if}}\ne {{#if b}}f{{/if}}\n',
      { b: 1 },
      'a\n  c\ne f\n',
    ],
  ])('%s', (_, text, variables, expected) => expect(render(text, variables)).toBe(expected));

  it('is refused with the line of each mistake', () => {
    expect(mistakes('a\n{{b c}} {{> part}}\n{{#with d}}\n{{#if}}{{/if}}\n{{e')).toEqual([
      '5: a tag is not closed with }}',
      '2: {{b c}} is not known',
      '2: {{> part}} is not known',
      '3: {{#with d}} is not known',
      '4: {{#if}} needs the name of a variable',
    ]);
    expect(mistakes('{{#if a}}\n{{/each}}\n{{/if}}{{/if}}{{else}}')).toEqual([
      '2: {{/each}} does not close {{#if}}',
      '3: {{/if}} closes nothing',
      '3: {{else}} is not inside of a block',
    ]);
    expect(mistakes('{{#each a}}{{else}}{{else}}\n{{../b}}{{@index}}{{this}} {{{c}}}')).toEqual([
      '1: a block has a second {{else}}',
      '2: {{../b}} needs more {{#each}} around it',
      '2: {{@index}} needs more {{#each}} around it',
      '2: {{this}} needs more {{#each}} around it',
      '2: {{{ is not known: nothing is escaped, so write {{name}}',
      '1: {{#each a}} is not closed',
    ]);
  });

  it('is refused for blocks in too many blocks, and for the name of a book, without quoting it', () => {
    const nested = (depth: number) => `${'{{#each a}}'.repeat(depth)}x${'{{/each}}'.repeat(depth)}`;
    expect(mistakes(nested(100))).toEqual([]);
    for (const text of [nested(101), `\n${'{{#if a}}{{b}}'.repeat(100_000)}`])
      expect(mistakes(text)).toEqual([
        `${text.startsWith('\n') ? 2 : 1}: more than 100 blocks are inside each other`,
      ]);
    const name = 'a'.repeat(100_000);
    expect(mistakes(`{{${name}}}{{#if ${name}}}`)).toEqual(Array(2).fill('1: a tag is not known'));
  });

  it('names the variables that it reads', () => {
    const { variables } = templateOf('{{a.b}}\n{{#each c}}{{d}}{{../e}}{{/each}}{{#if f}}{{/if}}');
    expect(variables.map(({ name, line, isCondition }) => `${line} ${name} ${isCondition}`)).toEqual([
      '1 a false',
      '2 c false',
      '2 e false',
      '2 f true',
    ]);
  });
});

describe('hostile values', () => {
  it.each(['constructor.name', '__proto__', 'toString', 'a.__proto__.x', 'a.constructor', 'b.length.x'])(
    'do not lead to {{%s}}',
    (path) => {
      const { render, mistakes } = templateOf(`{{${path}}}`);
      expect(mistakes).toEqual([]);
      expect(() => render({ a: {}, b: 'text' })).toThrow(`line 1: {{${path}}} is missing`);
    },
  );

  it('with the names of prototypes are values', () => {
    const variables = JSON.parse('{"__proto__":"p","constructor":{"name":"c"},"toString":"t"}') as object;
    expect(render('{{__proto__}}{{constructor.name}}{{toString}}', variables)).toBe('pct');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['an object', {}, 'is not a text'],
    ['a list', ['x'], 'is not a text'],
    ['a function', () => 'x', 'is not a text'],
    ['an object with toString', { toString: () => 'x' }, 'is not a text'],
    ['a symbol', Symbol('x'), 'is not a text'],
    ['a masked secret', secret('fake-Zq83'), 'is not a text'],
    ['null', null, 'is missing'],
  ])('are not printed: %s', (_, value, message) => {
    expect(() => templateOf('a {{x}}').render({ x: value })).toThrow(`line 1: {{x}} ${message}`);
  });

  it('of a megabyte are put in', () => {
    const large = '{{x}}'.repeat(200_000);
    expect(render('{{x}}-{{#each l}}{{this}}{{/each}}', { x: large, l: [large, large] })).toHaveLength(
      3 * large.length + 1,
    );
  });

  it('that contain themselves end', () => {
    const list: unknown[] = ['x'];
    list.push(list);
    expect(() => render('{{#each l}}{{this}}{{/each}}', { l: list })).toThrow('{{this}} is not a text');
    expect(render('{{#each l}}{{@index}}{{#if this}}+{{/if}}{{/each}}', { l: list })).toBe('0+1+');
  });

  it('in a text of a megabyte of tags take time in proportion', () => {
    const { mistakes } = templateOf('{{a b}}'.repeat(30_000));
    expect(mistakes).toHaveLength(30_000);
    expect(templateOf('{{'.repeat(500_000)).mistakes).toHaveLength(1);
    expect(render(`${' '.repeat(500_000)}{{#if a}}${' '.repeat(500_000)}{{/if}}`, { a: 1 })).toBe(
      ' '.repeat(1_000_000),
    );
  });
});

/** The same language, as simply as possible: reads the text again for each value. */
function naive(text: string, scopes: readonly unknown[]): string {
  const lines = text.replace(/^[ \t]*(\{\{(?:[#/][^}]*|else)\}\})[ \t]*(?:\r?\n|$(?![\s\S]))/gm, '$1');
  return naiveInside(lines.split(/(\{\{[^}]*\}\})/), scopes);
}

function naiveInside(pieces: readonly string[], scopes: readonly unknown[]): string {
  const [first = '', ...rest] = pieces;
  if (pieces.length === 0) return '';
  const [, tag = ''] = /^\{\{(.*)\}\}$/s.exec(first) ?? [];
  if (!first.startsWith('{{')) return first + naiveInside(rest, scopes);
  if (!tag.startsWith('#')) return `${String(naiveValue(tag, scopes))}${naiveInside(rest, scopes)}`;
  let depth = 0;
  let middle = -1;
  let end = -1;
  for (const [n, piece] of rest.entries()) {
    if (piece.startsWith('{{#')) depth++;
    else if (piece === '{{else}}' && depth === 0) middle = n;
    else if (piece.startsWith('{{/') && depth-- === 0) {
      end = n;
      break;
    }
  }
  const [body, otherwise] =
    middle < 0 ? [rest.slice(0, end), []] : [rest.slice(0, middle), rest.slice(middle + 1, end)];
  const [kind, path = ''] = tag.slice(1).split(' ');
  const value = naiveValue(path, scopes);
  let out = '';
  if (kind === 'each') {
    const items = value as unknown[];
    out = items.map((item) => naiveInside(body, [item, ...scopes])).join('');
    if (items.length === 0) out = naiveInside(otherwise, scopes);
  } else {
    const isTrue = Array.isArray(value) ? value.length > 0 : Boolean(value);
    out = naiveInside(isTrue === (kind === 'if') ? body : otherwise, scopes);
  }
  return out + naiveInside(rest.slice(end + 1), scopes);
}

function naiveValue(path: string, scopes: readonly unknown[]): unknown {
  const ups = path.split('../').length - 1;
  return path
    .slice(3 * ups)
    .split('.')
    .filter((step) => step !== 'this')
    .reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], scopes[ups]);
}

/** An item, and the variables: lists of items, three levels of them. */
const item = (depth: number): fc.Arbitrary<object> =>
  fc.record({
    s: fc.constantFrom('', 'text', '{{s}}', '$&', '{{#each l}}', '\\'),
    n: fc.constantFrom(0, 1, -2.5),
    o: fc.record({ p: fc.constantFrom('p', '') }),
    l: depth === 0 ? fc.constant([]) : fc.array(item(depth - 1), { maxLength: 2 }),
  });

const plain = fc.constantFrom('a', ' ', '\n', '\r\n', '\t', ' b\n', '\n  ', '<&>', '}', '$1');
const valueTag = (depth: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(depth), fc.constantFrom('s', 'n', 'o.p', 'this.s'))
    .map(([up, name]) => `{{${'../'.repeat(up)}${name}}}`);
const textOf = (depth: number, blocks: number): fc.Arbitrary<string> =>
  fc
    .array(
      blocks === 0
        ? fc.oneof(plain, valueTag(depth))
        : fc.oneof(plain, plain, valueTag(depth), condition(depth, blocks), repetition(depth, blocks)),
      { maxLength: 5 },
    )
    .map((parts) => parts.join(''));
const condition = (depth: number, blocks: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('if', 'unless'), fc.constantFrom('s', 'n', 'l', 'o.p'), textOf(depth, blocks - 1))
    .chain(([kind, name, body]) =>
      fc
        .option(textOf(depth, blocks - 1))
        .map((other) => `{{#${kind} ${name}}}${body}${other === null ? '' : `{{else}}${other}`}{{/${kind}}}`),
    );
const repetition = (depth: number, blocks: number): fc.Arbitrary<string> =>
  fc
    .tuple(textOf(depth + 1, blocks - 1), fc.option(textOf(depth, blocks - 1)))
    .map(([body, other]) => `{{#each l}}${body}${other === null ? '' : `{{else}}${other}`}{{/each}}`);

describe('a property', () => {
  it('texts render as a naive renderer does', () => {
    fc.assert(
      fc.property(textOf(0, 3), item(3), (text, variables) => {
        expect(render(text, variables)).toBe(naive(text, [variables]));
      }),
      { numRuns: runs(150, 20_000) },
    );
  });

  it('any text is parsed, or refused with lines that it has', () => {
    const piece = fc.oneof(
      fc.constantFrom('{{', '}}', '{', '#if', '#each ', '/if', 'else', '../', '@index', '\\', ' ', 'a.b'),
      fc.string({ maxLength: 4 }),
      plain,
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
        (text) => {
          const last = text.split('\n').length;
          for (const { line } of templateOf(text).mistakes) expect(line >= 1 && line <= last).toBe(true);
        },
      ),
      { numRuns: runs(300, 100_000) },
    );
  });
});
