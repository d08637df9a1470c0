import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RawIssue } from '../../src/schema/dialects/dialect.ts';
import { readIssue } from '../../src/schema/issues.ts';
import type { StandardSchemaV1 } from '../../src/schema/schema.ts';

async function issues(schema: StandardSchemaV1, input: unknown) {
  const result = await schema['~standard'].validate(input);
  return (result.issues ?? []).map((raw) => readIssue(raw as unknown as RawIssue));
}

describe('issues', () => {
  it('issues of all libraries lose the input and keep the path', async () => {
    expect(await issues(z.object({ n: z.number() }), { n: 'fake-1' })).toEqual([
      { path: ['n'], message: 'Invalid input: expected number', quoted: true },
    ]);
    expect(await issues(v.object({ n: v.number() }), { n: 'fake-1' })).toEqual([
      { path: ['n'], message: 'Invalid type: Expected number', quoted: true },
    ]);
    const [issue] = await issues(type({ n: 'number > 5' }), { n: 1 });
    expect(issue).toEqual({ path: ['n'], message: 'must be more than 5', quoted: true });
  });

  it('a message of any length is read up to its first 1,000 characters', () => {
    const { message } = readIssue({ message: `${'x'.repeat(999)} ${'y'.repeat(100_000)}` });
    expect(message).toBe('x'.repeat(999));
  });

  it('a check of the author of a schema is custom in all libraries', async () => {
    const never = (): boolean => false;
    for (const schema of [
      z.string().refine(never),
      v.pipe(v.string(), v.check(never)),
      type('string').narrow(never),
    ])
      expect(await issues(schema as StandardSchemaV1, 'x')).toMatchObject([{ custom: true }]);
  });

  it('a zod union has the issues of each alternative, a valibot union all in one list', async () => {
    const zod = z.object({ u: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) });
    const [inZod] = await issues(zod, { u: {} });
    expect(inZod?.alternatives?.map((inner) => inner.map(({ path }) => path))).toEqual([
      [['u', 'a']],
      [['u', 'b']],
    ]);
    const valibot = v.object({ u: v.union([v.object({ a: v.string() }), v.object({ b: v.string() })]) });
    const [inValibot] = await issues(valibot, { u: {} });
    expect(inValibot?.mixed?.map(({ path }) => path)).toEqual([
      ['u', 'a'],
      ['u', 'b'],
    ]);
  });

  it('an issue of a union in another format is read as one issue', () => {
    const raw = {
      code: 'invalid_union',
      message: 'Invalid input',
      path: ['u'],
      errors: [{ issues: [] }, []],
    };
    expect(readIssue(raw)).toEqual({ path: ['u'], message: 'Invalid input', alternatives: [[]] });
  });

  it('a strict zod object lists the names that it refuses', async () => {
    expect(await issues(z.strictObject({}), { a: 1, b: 2 })).toMatchObject([
      { path: [], unknownNames: ['a', 'b'] },
    ]);
  });
});
