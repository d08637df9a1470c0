import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeEntry } from '../../src/entry.ts';
import { type ConfigError, EnvProvider, MemoryProvider, ProviderChain } from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';
import { parseLeaf } from '../../src/report/parse-leaf.ts';
import { isSchema, type StandardSchemaV1 } from '../../src/schema/schema.ts';

const entry = (value: Parameters<typeof makeEntry>[0]['value'], more: object = {}) =>
  makeEntry({
    key: 'llm.apiKey',
    value,
    secret: false,
    text: true,
    origin: makeOrigin({ provider: 'env', source: 'env LLM__API_KEY' }),
    ...more,
  });

const noting =
  (seen: unknown[]) =>
  (value: unknown): unknown => {
    seen.push(value);
    return value;
  };

async function refused(
  schema: StandardSchemaV1,
  value: Parameters<typeof entry>[0],
  more?: object,
): Promise<ConfigError> {
  try {
    await parseLeaf(schema, entry(value, more));
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the value was accepted');
}

describe('require with a schema', () => {
  it('require returns the output of the schema', async () => {
    const chain = new ProviderChain([
      new EnvProvider({ prefix: 'APP', env: { APP__PORT: '80', APP__URL: 'https://a.example' } }),
    ]);
    expect(await chain.require('port', z.number())).toBe(80);
    expect(await chain.require('port', v.pipe(v.string(), v.transform(Number)))).toBe(80);
    expect(await chain.require('port', type('string.numeric.parse'))).toBe(80);
    expect(
      (
        await chain.require(
          'url',
          z.string().transform((text) => new URL(text)),
        )
      ).host,
    ).toBe('a.example');
    await expect(chain.require('host', z.string())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('require converts strings only of sources that have only text', async () => {
    expect(await parseLeaf(z.number(), entry('5'))).toBe(5);
    const error = await refused(z.number(), '5', { text: false });
    expect(error.hint).toBe('Replace the string in LLM__API_KEY with a number');
    const chain = new ProviderChain([new MemoryProvider({ port: '80' })]);
    await expect(chain.require('port', z.number())).rejects.toMatchObject({
      code: 'validation',
      key: 'port',
    });
  });

  it('require tries at most four readings of a text', async () => {
    const seen: unknown[] = [];
    const schema = z.preprocess(noting(seen), z.array(z.number()));
    expect(await parseLeaf(schema, entry('1,2'))).toEqual([1, 2]);
    expect(seen).toEqual(['1,2', ['1', '2'], [1, 2]]);
    const never: unknown[] = [];
    await refused(z.preprocess(noting(never), z.date()), '5');
    expect(never).toHaveLength(4);
  });

  it('the error names the origin and the expected type, never a secret', async () => {
    for (const schema of [
      z.string().min(100),
      v.pipe(v.string(), v.minLength(100)),
      type('string >= 100'),
      z.number(),
      v.number(),
      type('number'),
      z.literal('a'),
      v.literal('a'),
      type("'a'"),
      type('string.url'),
    ]) {
      const error = await refused(schema as StandardSchemaV1, 'fake-secret-1', { secret: true });
      expect(error).toMatchObject({
        code: 'validation',
        key: 'llm.apiKey',
        problems: [{ key: 'llm.apiKey', origin: 'env LLM__API_KEY', found: '[redacted]' }],
      });
      expect(JSON.stringify(error) + error.message + error.stack).not.toContain('fake');
    }
    expect((await refused(z.number(), 'abc')).message).toBe(
      '"llm.apiKey" from env LLM__API_KEY: expected a number, found "abc". Set LLM__API_KEY to a number',
    );
  });

  it('the error keeps the message of a check unless it quotes the secret', async () => {
    const starts = z.string().refine((key) => key.startsWith('sk-'), { message: 'must start with sk-' });
    expect((await refused(starts, 'fake-secret-1', { secret: true })).message).toContain(
      'must start with sk-, found [redacted]',
    );
    const quoting = z
      .string()
      .superRefine((key, context) =>
        context.addIssue({ code: 'custom', message: `bad: ${key.toUpperCase()}` }),
      );
    expect((await refused(quoting, 'fake-secret-1', { secret: true })).message).toContain(
      'the schema rejects the value, found [redacted]',
    );
  });

  it('require accepts lists and trees and reports their parts', async () => {
    expect(await parseLeaf(z.object({ a: z.number() }), entry({ a: '5' }))).toEqual({ a: 5 });
    const error = await refused(z.array(z.object({ a: z.number() })), [{ a: 1 }, { a: 'x' }]);
    expect(error.problems?.[0]).toMatchObject({
      expected: 'a number',
      found: '"x"',
      message: 'expected a number, found "x"',
    });
  });

  it('a schema that refuses every reading of a text is asked four times', async () => {
    const seen: unknown[] = [];
    const schema = z
      .union([z.string(), z.number(), z.boolean(), z.array(z.unknown())])
      .transform(noting(seen))
      .refine(() => false);
    await refused(schema, '1', { text: 'wide' });
    expect(seen).toEqual(['1', 1, true, ['1']]);
  });

  it('a text that a coercing schema would misread is one problem', async () => {
    const error = await refused(z.coerce.number(), 'no');
    expect(error.problems).toHaveLength(1);
  });

  it('a value that only the schema marks as secret is masked', async () => {
    const schema = z.string().min(50).meta({ 'x-secret': true });
    const error = await refused(schema, 'fake-marked-1');
    expect(error.problems?.[0]?.found).toBe('[redacted]');
    expect(error.message).not.toContain('fake-marked-1');
  });

  it('the error of a schema that throws has no foreign message', async () => {
    const schema = z.string().transform((text) => {
      throw new RangeError(text);
    });
    const error = await refused(schema, 'fake-secret-1');
    expect(error.message).toContain('a check or a transform of the schema threw RangeError');
    const odd = z.string().transform(() => {
      throw 'fake-secret-1';
    });
    expect((await refused(odd, 'fake-secret-1', { secret: true })).message).toContain('threw an error');
  });
});

it('isSchema recognises functions and objects with the Standard Schema interface', () => {
  for (const schema of [z.string(), v.string(), type('string')]) expect(isSchema(schema)).toBe(true);
  for (const other of [undefined, null, 'x', {}, { '~standard': null }, { '~standard': {} }, () => undefined])
    expect(isSchema(other)).toBe(false);
});
