// Reports of configurations that an attacker, or a schema that transforms secrets, has made.
// The reports are larger with PROPERTY_RUNS.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type ConfigProvider,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  type Problem,
  type StandardSchemaV1,
  secret,
} from '../../src/index.ts';
import { runs } from '../support/runs.ts';

async function refusal(schema: StandardSchemaV1, source: ConfigProvider, options = {}): Promise<Error> {
  return loadConfig(schema, source, options).then(
    () => Promise.reject(new Error('the configuration was accepted')),
    (error: Error) => error,
  );
}
const problemsOf = (error: Error): readonly Problem[] => (error as { problems?: Problem[] }).problems ?? [];
const env = (variables: Record<string, string>) => new EnvProvider({ prefix: 'APP', env: variables });
const memory = (tree: object) => new MemoryProvider(tree as never);

const asNames = z
  .string()
  .transform((text) => Object.fromEntries([text.split(':')]))
  .pipe(z.record(z.enum(['known']), z.string()));

describe('names that are made of a secret', () => {
  const canary = 'hunter2CANARY';
  it.each<[string, StandardSchemaV1, ConfigProvider, string]>([
    [
      'an item of a list of a file',
      z.object({ passwords: z.array(asNames) }),
      memory({ passwords: [`${canary}:v`] }),
      'passwords[0]',
    ],
    [
      'an item of a marked list',
      z.object({ list: z.array(asNames) }),
      memory({ list: secret([`${canary}:v`]) }),
      'list[0]',
    ],
    [
      'an item of a variable that was read as a list',
      z.object({ passwords: z.array(asNames) }),
      env({ APP__PASSWORDS: `${canary}:b,c:d` }),
      'passwords[0] passwords[1]',
    ],
    [
      'a variable that was read as a section',
      z.object({ apiTokens: z.record(z.string().regex(/^x/), z.string()) }),
      env({ APP__API_TOKENS: JSON.stringify({ [canary]: 'alice' }) }),
      'apiTokens',
    ],
    [
      'an object with the secret as its name',
      z.object({ password: z.preprocess((text) => ({ [String(text)]: 1 }), z.strictObject({})) }),
      env({ APP__PASSWORD: canary }),
      'password',
    ],
    [
      'a root with the secret as a name',
      z.preprocess((all) => ({ [(all as { password: string }).password]: 1 }), z.strictObject({})),
      memory({ password: canary }),
      '',
    ],
    [
      'a record of valibot',
      v.object({
        passwords: v.array(
          v.pipe(
            v.string(),
            v.transform((text) => Object.fromEntries([text.split(':')])),
            v.strictObject({}),
          ),
        ),
      }),
      memory({ passwords: [`${canary}:v`] }),
      'passwords[0]',
    ],
  ])('the report cuts the names from %s', async (_, schema, source, place) => {
    const error = await refusal(schema, source);
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(canary);
    expect(
      problemsOf(error)
        .map(({ key, inside = '' }) => key + inside)
        .join(' '),
    ).toBe(place);
  });

  it('the report keeps names inside a secret that the source or the schema has', async () => {
    const schema = z.object({ users: z.array(z.object({ name: z.string(), age: z.number() })) });
    const fromFile = await refusal(schema, memory({ users: secret([{ name: 'x', age: 'old' }]) }));
    expect(problemsOf(fromFile)).toMatchObject([{ key: 'users', inside: '[0].age', found: '[redacted]' }]);
    const fromText = await refusal(
      z.object({ token: z.object({ name: z.string(), age: z.number() }) }),
      env({ APP__TOKEN: '{"name":"x","age":"old"}' }),
    );
    expect(problemsOf(fromText)).toMatchObject([{ key: 'token', inside: '.age', found: '[redacted]' }]);
  });
});

describe('large reports', () => {
  const many = runs(1_000, 3_000);
  const more = runs(2_000, 5_000);
  const names = Array.from({ length: many }, (_, at) => `password${at}`);
  /** Far above what the slowest machine needs; comparing everything with everything took minutes. */
  const limitMs = 10 * many;
  /** The time of the processor, because other processes may have it for long. */
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };

  it(`${many} refused secrets are reported in linear time`, async () => {
    const field = z.string().refine(() => false, { error: 'is on the list of leaked passwords' });
    const schema = z.object(Object.fromEntries(names.map((name) => [name, field])));
    const values = Object.fromEntries(names.map((name, at) => [name, `fake-${at * 7919}-${name}`]));
    const took = await timed(async () =>
      expect(problemsOf(await refusal(schema, memory(values)))).toHaveLength(many),
    );
    expect(took).toBeLessThan(limitMs);
  });

  it(`${more} unknown keys are reported in linear time`, async () => {
    const keys = Object.fromEntries(Array.from({ length: more }, (_, at) => [`unknown${at}`, at]));
    const known = Object.fromEntries(names.map((name) => [name, z.string().optional()]));
    for (const [schema, options] of [
      [z.strictObject(known), {}],
      [z.object(known), { unknown: 'error' }],
    ] as const) {
      const took = await timed(async () =>
        expect(problemsOf(await refusal(schema, memory(keys), options))).toHaveLength(more),
      );
      expect(took).toBeLessThan(limitMs);
    }
  });

  it(`${many} missing keys beside ${more} unknown ones are reported in linear time`, async () => {
    const keys = Object.fromEntries(Array.from({ length: more }, (_, at) => [`unknown${at}`, at]));
    const schema = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
    const took = await timed(async () =>
      expect(problemsOf(await refusal(schema, memory(keys)))).toHaveLength(many),
    );
    expect(took).toBeLessThan(limitMs);
  });

  it(`a list of ${more} refused items of a secret is reported in linear time`, async () => {
    const schema = z.object({ list: z.array(z.string().refine(() => false, { error: 'is too common' })) });
    const list = secret(Array.from({ length: more }, (_, at) => `fake-item-${at * 7919}`));
    const took = await timed(async () =>
      expect(problemsOf(await refusal(schema, memory({ list })))).toHaveLength(more),
    );
    expect(took).toBeLessThan(limitMs);
  });

  it('a message that quotes a value of 100,000 spaces takes milliseconds', async () => {
    const text = z.string().refine(() => false, { error: (issue) => `bad: ${issue.input}` });
    const schema = z.object({ note: text, password: text });
    const spaces = ' '.repeat(100_000);
    const took = await timed(() => refusal(schema, memory({ note: spaces, password: spaces })));
    expect(took).toBeLessThan(limitMs);
  });
});
