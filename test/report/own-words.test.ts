import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ConfigError } from '../../src/errors.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import { readIssue } from '../../src/schema/issues.ts';
import type { StandardSchemaV1 } from '../../src/schema/schema.ts';
import { failureOf, listening } from '../support/listening.ts';

const fake = 'hunter2-words-77';
const refused = (schema: unknown, values: MemoryValues): Promise<ConfigError> =>
  failureOf(loadConfig(schema as StandardSchemaV1, new MemoryProvider(values)));

describe('the words of the schema’s author', () => {
  it.each<[string, unknown]>([
    [
      'zod',
      z.object({
        token: z.string({ error: 'set it to X' }),
        n: z.string().min(8, { message: 'at least 8, please' }),
      }),
    ],
    [
      'zod 3',
      z3.object({
        token: z3.string({ required_error: 'set it to X' }),
        n: z3.string().min(8, 'at least 8, please'),
      }),
    ],
    [
      'valibot',
      v.object({
        token: v.string('set it to X'),
        n: v.pipe(v.string(), v.minLength(8, 'at least 8, please')),
      }),
    ],
    [
      'arktype',
      type({
        token: type('string').configure({ message: 'set it to X' }),
        n: type('string >= 8').configure({ message: 'at least 8, please' }),
      }),
    ],
  ])('of %s are in the report, with the expected type', async (name, schema) => {
    const wrong = await refused(schema, { token: 5, n: 'abc' });
    const words = wrong.problems?.map(({ key, schemaMessage }) => [key, schemaMessage]);
    expect(words?.sort()).toEqual([
      ['n', 'at least 8, please'],
      ['token', name === 'zod 3' ? 'Expected string' : 'set it to X'],
    ]);
    expect(wrong.message).toMatch(/ {2}n\n {4}problem +at least 8, please\n/);
    if (name !== 'zod 3') expect(wrong.message).toMatch(/set it to X\n {4}expected +a string\n {4}found/);
  });

  it.each<[string, unknown]>([
    ['zod', z.object({ token: z.string({ error: 'set it to X' }) })],
    ['zod 3', z3.object({ token: z3.string({ required_error: 'set it to X' }) })],
  ])('of %s are in the report of a missing key', async (_, schema) => {
    const { message, problems } = await refused(schema, { other: 1 });
    expect(problems).toMatchObject([{ kind: 'missing', key: 'token', schemaMessage: 'set it to X' }]);
    expect(message).toMatch(/ {2}token is missing\n {4}problem +set it to X\n/);
  });

  it.each<[string, unknown]>([
    [
      'zod',
      z.object({
        token: z.string().describe('your tenant id, see wiki/123'),
        n: z.number().meta({ description: 'a size' }),
      }),
    ],
    [
      'valibot',
      v.object({
        token: v.pipe(v.string(), v.description('your tenant id, see wiki/123')),
        n: v.pipe(v.number(), v.description('a size')),
      }),
    ],
    [
      'arktype',
      type({
        token: type('string').describe('your tenant id, see wiki/123'),
        n: type('number').describe('a size'),
      }),
    ],
  ])('of %s about a key are in the report', async (_, schema) => {
    const { message, problems } = await refused(schema, { n: 'x' });
    expect(problems?.map(({ key, about }) => [key, about]).sort()).toEqual([
      ['n', 'a size'],
      ['token', 'your tenant id, see wiki/123'],
    ]);
    expect(message).toMatch(/token is missing\n {4}about +your tenant id, see wiki\/123\n/);
    expect(message).toMatch(/ {2}n\n {4}about +a size\n/);
  });

  it('that quote a secret are left out', async () => {
    const schema = z.object({
      password: z.string(),
      port: z.number({ error: ({ input }) => `not a port: ${input}` }).describe(`not ${fake}`),
      level: z.number({ error: `is ${[...fake].reverse().join('')}` }),
    });
    const error = await refused(schema, { password: fake, port: fake, level: 'x' });
    expect(error.problems?.map(({ about, schemaMessage }) => [about, schemaMessage])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('are not in events, because they may quote a value', async () => {
    const source = new MemoryProvider({ n: 1 } as MemoryValues);
    const schema = z.object({ n: z.number({ error: ({ input }) => `not ${input}` }).describe('a size') });
    const config = await loadConfig(schema, source);
    const { of } = listening(config);
    await source.set('n', 'neutral-1');
    await config.reload().catch(() => undefined);
    await source.delete('n');
    await config.reload().catch(() => undefined);
    expect(of('refresh_failed').map(({ problems }) => problems?.[0])).toMatchObject([
      { message: 'expected a number', about: 'a size' },
      { message: 'the value is missing, expected a number', about: 'a size' },
    ]);
    expect(JSON.stringify(of('refresh_failed'))).not.toMatch(/neutral-1|not undefined/);
  });

  it('are in the error of a single key', async () => {
    const chain = new ProviderChain([new MemoryProvider({ id: 'x' })]);
    const schema = z.string().min(3, 'see wiki/123').describe('the tenant');
    await expect(chain.require('id', schema)).rejects.toMatchObject({
      message: expect.stringContaining('see wiki/123; expected a string'),
      problems: [{ about: 'the tenant', schemaMessage: 'see wiki/123' }],
    });
  });
});

describe('the words of a library', () => {
  const cases: readonly (readonly unknown[])[] = [
    ...[z, z3].flatMap((zod) => {
      const { object, string, number, array } = zod as typeof z;
      const one = zod as typeof z;
      return [
        [object({ a: string() }), {}, { a: 1 }, 5],
        ...[string().min(3), string().max(0), string().length(3), string().regex(/^x/), string().url()].map(
          (s) => [s, 'ab'],
        ),
        ...[string().email(), string().uuid(), string().datetime(), string().startsWith('x')].map((s) => [
          s,
          'ab',
        ]),
        [number().min(3).int(), 1.5],
        [number().max(3).multipleOf(2), 5],
        [number().positive(), -1],
        [number().finite(), Number.POSITIVE_INFINITY],
        [one.bigint().min(5n), 3n],
        [one.date().min(new Date(5)), new Date(0), new Date('x'), 'x'],
        [one.enum(['a', 'b']), 'c', 5],
        [one.literal('a'), 'c'],
        [one.union([string(), number()]), true],
        [array(string()).min(2), [], 5],
        [array(string()).max(0), ['a']],
        [object({ a: string() }).strict(), { a: 'a', b: 1 }],
        [one.record(string().min(2), string()), { a: 'b' }],
        [one.tuple([string()]), [], ['a', 'b']],
        [one.instanceof(URL), 1],
        [one.never(), 1],
        [one.boolean(), 'x'],
        [one.null(), 'x'],
      ] as const;
    }),
    ...[
      z.stringbool(),
      z.ipv4(),
      z.ipv6(),
      z.jwt(),
      z.base64(),
      z.iso.date(),
      z.iso.time(),
      z.cidrv4(),
      z.nanoid(),
      z.ulid(),
      z.e164(),
    ].map((s) => [s, '*'] as const),
    [z.int(), 1.5],
    [z.record(z.enum(['a']), z.string()), { b: 'x' }],
    [z.discriminatedUnion('t', [z.object({ t: z.literal('a') })]), { t: 'z' }],
    [v.object({ a: v.string() }), {}, { a: 1 }, 5],
    ...[
      v.minLength(3),
      v.url(),
      v.email(),
      v.regex(/^x/),
      v.startsWith('x'),
      v.isoDate(),
      v.ipv4(),
      v.uuid(),
      v.excludes('a'),
      v.nonEmpty(),
    ].map((check) => [v.pipe(v.string(), check as never), check.type === 'non_empty' ? '' : 'a'] as const),
    [v.pipe(v.number(), v.minValue(3), v.integer(), v.multipleOf(2)), 1.5],
    [v.picklist(['a', 'b']), 'c'],
    [v.union([v.string(), v.number()]), true],
    [v.strictObject({ a: v.string() }), { a: 'x', b: 1 }],
    [v.variant('t', [v.object({ t: v.literal('a') })]), { t: 'b' }],
    [type({ a: 'string', n: '1 <= number.integer <= 5' }), {}, { a: 1, n: 9 }, { a: 'x', n: 1.5 }, 5],
    ...['string.url', 'string.email', "'a' | 'b'", 'boolean', 'string[] >= 2', 'Date', 'bigint', 'null'].map(
      (definition) => [type.raw(definition), 'x', []] as const,
    ),
    [type({ a: 'string', '+': 'reject' }), { a: 'x', b: 1 }],
  ];

  it.each(cases.map((one, number) => [number, ...one] as const))(
    'are not taken for the author’s: %i',
    async (_, schema, ...inputs) => {
      for (const input of inputs) {
        const result = await (schema as StandardSchemaV1)['~standard'].validate(input);
        const own = (result.issues ?? []).filter((raw) => readIssue(raw as never).own);
        expect(own.map(({ message }) => message)).toEqual([]);
      }
    },
  );
});
