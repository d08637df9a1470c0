// Random schemas of three libraries, over every local source: no part of a secret may leave by any channel.
// Runs longer with PROPERTY_RUNS.
import { format, inspect } from 'node:util';
import { type } from 'arktype';
import fc from 'fast-check';
import { EncryptedFileProvider, parseKeys, seal, unsealed } from 'llm-config-manager/encrypted-file';
import { pino } from 'pino';
import * as v from 'valibot';
import { describe, it } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type ConfigProvider,
  checkConfig,
  DirectoryProvider,
  DotEnvProvider,
  EnvProvider,
  fallback,
  loadConfig,
  logTo,
  MemoryProvider,
  optional,
  ProviderChain,
  type StandardSchemaV1,
} from '../src/index.ts';
import { SecretRuns } from '../src/report/secret-runs.ts';
import { folder } from './support/folder.ts';

type Folder = Awaited<ReturnType<typeof folder>>;
type Values = Readonly<Record<string, string>>;

const names = ['password', 'apiToken', 'passwords', 'clientSecret', 'dbPassword'] as const;
/** The texts that a secret can have: read as a list, as JSON, or as itself. */
const shapes: readonly ((canary: string) => string)[] = [
  (canary) => canary,
  (canary) => `${canary}:v`,
  (canary) => `${canary}:a,${canary}:b`,
  (canary) => JSON.stringify({ [canary]: 'alice' }),
  (canary) => JSON.stringify([`${canary}:v`]),
  (canary) => `postgres://user:${canary}@host/db`,
  (canary) => `${' '.repeat(300)}${canary}`,
];

/** Ways in which a check may quote its value. */
const quotes: readonly ((text: string) => string)[] = [
  (text) => `bad: ${text}`,
  (text) => `bad: ${text.slice(0, 9)}…`,
  (text) => `bad (was ${text})`,
  (text) => `Expected x but received "${text}"`,
  (text) => `Basic ${Buffer.from(`u:${text}`).toString('base64')}`,
  (text) => `Basic ${Buffer.from(`me:${text}`).toString('base64url')}`,
  (text) => Buffer.from(text).toString('hex'),
  (text) => [...text].reverse().join(''),
  (text) => text.toUpperCase(),
  (text) => encodeURIComponent(text),
  (text) => JSON.stringify({ text }),
  (text) => [...text].join(' '),
  () => 'is too common',
];
const asNames = (text: string): object => Object.fromEntries([text.split(':')]);

/** A field of a schema: of a library, one of many kinds, with one way of quoting. */
type Field = readonly [kind: number, quote: number];
const zodFields: readonly ((quote: (text: string) => string) => z.ZodType)[] = [
  () => z.string(),
  () => z.number(),
  () => z.array(z.string()),
  () => z.enum(['a', 'b']),
  () => z.url(),
  () => z.record(z.string().regex(/^x/), z.string()),
  () => z.strictObject({ known: z.string().optional() }),
  () => z.union([z.number(), z.strictObject({ a: z.string() }), z.array(z.number())]),
  () =>
    z
      .string()
      .transform(asNames)
      .pipe(z.record(z.enum(['known']), z.string())),
  () => z.array(z.string().transform(asNames).pipe(z.strictObject({}))),
  () => z.preprocess((value) => ({ [String(value)]: 1 }), z.strictObject({})),
  () => z.string().transform((text) => ({ [text]: [text], at: new Date(0) })),
  (quote) => z.string().refine(() => false, { error: ({ input }) => quote(String(input)) }),
  (quote) =>
    z.any().superRefine((value, context) => {
      context.addIssue({ code: 'custom', message: quote(String(value)), path: [String(value)] });
    }),
  (quote) =>
    z.string().transform((text, context) => {
      context.addIssue({ code: 'custom', message: quote(text) });
      return z.NEVER;
    }),
  () =>
    z.string().transform((text) => {
      throw new Error(text);
    }),
];
const valibotFields: readonly ((quote: (text: string) => string) => v.GenericSchema)[] = [
  () => v.string(),
  () => v.number(),
  () => v.array(v.string()),
  () => v.picklist(['a', 'b']),
  () => v.pipe(v.string(), v.url()),
  () => v.record(v.pipe(v.string(), v.regex(/^x/)), v.string()),
  () => v.strictObject({}),
  () => v.union([v.number(), v.strictObject({ a: v.string() })]),
  () => v.pipe(v.string(), v.transform(asNames), v.strictObject({})),
  () => v.array(v.pipe(v.string(), v.transform(asNames), v.strictObject({}))),
  (quote) =>
    v.pipe(
      v.string(),
      v.check(
        () => false,
        ({ input }) => quote(input),
      ),
    ),
];
const arktypeFields: readonly ((quote: (text: string) => string) => unknown)[] = [
  () => 'string',
  () => 'number',
  () => 'string[]',
  () => "'a' | 'b'",
  () => 'string.url',
  () => type({ '+': 'reject', 'known?': 'string' }),
  () => type('string').pipe(asNames, type({ '+': 'reject' })),
  (quote) =>
    type('unknown').narrow((value, context) =>
      context.reject({ expected: quote(String(value)), actual: String(value) }),
    ),
];

const libraries: readonly ((fields: Readonly<Record<string, Field>>) => StandardSchemaV1)[] = [
  (fields) => z.object(made(zodFields, fields)),
  (fields) => v.object(made(valibotFields, fields)),
  (fields) => type(made(arktypeFields, fields) as never) as unknown as StandardSchemaV1,
];
function made<T>(
  kinds: readonly ((quote: (text: string) => string) => T)[],
  fields: Readonly<Record<string, Field>>,
): Record<string, T> {
  const pick = <U>(list: readonly U[], at: number): U => list[at % list.length] as U;
  const entries = Object.entries(fields).map(([name, [kind, quote]]) => [
    name,
    pick(kinds, kind)(pick(quotes, quote)),
  ]);
  return Object.fromEntries(entries);
}

const screaming = (name: string): string => name.replace(/[A-Z]/g, '_$&').toUpperCase();
const upper = (values: Values, prefix: string, suffix = ''): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, text]) => [prefix + screaming(name) + suffix, text]));
const [key] = parseKeys(Buffer.alloc(32, 7).toString('base64url'), 'the test');
const written = async (dir: Folder, name: string, text: string): Promise<string> => {
  await dir.write({ [name]: text });
  return dir.at(name);
};
const toml = (values: Values): string =>
  Object.entries(values)
    .map(([name, text]) => `${name} = ${JSON.stringify(text)}\n`)
    .join('');

const sources: readonly ((values: Values, dir: Folder) => ConfigProvider | Promise<ConfigProvider>)[] = [
  (values) => new MemoryProvider(values),
  (values) => new EnvProvider({ prefix: 'APP', env: upper(values, 'APP__') }),
  (values) => new EnvProvider({ env: upper(values, '') }),
  (values) =>
    new EnvProvider({ prefix: 'APP', env: { ALL: JSON.stringify(values) }, json: { '': 'ALL' } } as never),
  async (values, dir) => {
    await dir.write(values);
    const paths = Object.fromEntries(Object.keys(values).map((name) => [name, dir.at(name)]));
    return new EnvProvider({ prefix: 'APP', env: upper(paths, 'APP__', '_FILE'), fileSuffix: '_FILE' });
  },
  async (values, dir) => {
    const lines = Object.entries(upper(values, '')).map(([name, text]) => `${name}='${text}'\n`);
    await dir.write({ 'x.env': lines.join('') });
    return new DotEnvProvider({ directory: dir.path, files: ['x.env'] });
  },
  async (values, dir) => {
    const named = Object.entries(values).map(([name, text]) => [`mount/${name}`, text]);
    await dir.write(Object.fromEntries(named));
    return new DirectoryProvider(dir.at('mount'));
  },
  async (values, dir) => new BundleProvider(await written(dir, 'a.json', JSON.stringify(values))),
  async (values, dir) => new BundleProvider(await written(dir, 'a.yaml', JSON.stringify(values))),
  async (values, dir) => new BundleProvider(await written(dir, 'a.toml', toml(values))),
  async (values, dir) => {
    const file = new EncryptedFileProvider({ path: dir.at('s.json.jwe'), keys: () => [key as never] });
    await file.edit(() => JSON.stringify(values));
    return file;
  },
  async (values) => {
    const texts = Object.entries(values).map(
      async ([name, text]) => [name, await seal(text, { key: name, to: key as never })] as const,
    );
    const sealed = Object.fromEntries(await Promise.all(texts));
    return unsealed(new MemoryProvider(sealed), { keys: () => [key as never] });
  },
  (values) =>
    new ProviderChain([
      new MemoryProvider({ password: 'over' }),
      new MemoryProvider(values, { name: 'two' }),
    ]),
  (values) => fallback(optional(new MemoryProvider(values)), new MemoryProvider({}, { name: 'two' })),
];

/** Everything that a load prints, by every channel. */
async function printed(schema: StandardSchemaV1, source: ConfigProvider): Promise<readonly string[]> {
  const out: string[] = [];
  const logger = pino({}, { write: (line: string) => void out.push(line) });
  const print = (thing: unknown): void => {
    const deep = { depth: 9, showHidden: true };
    out.push(inspect(thing), inspect(thing, deep), format('%s %o %j', thing, thing, thing), `${thing}`);
    logger.info({ thing, err: thing });
    if (thing instanceof Error)
      out.push(thing.message, thing.stack ?? '', inspect([thing, thing.cause], deep));
  };
  const on = (event: object): void => void out.push(inspect(event, { depth: 9 }), JSON.stringify(event));
  using _ = source.on?.(logTo(logger) as never);
  print(await checkConfig(schema, source, { unknown: 'error' }).catch((error: unknown) => error));
  try {
    await using config = await loadConfig(schema, source, { unknown: 'error', on } as never);
    print(config);
    out.push(inspect([config.value]), JSON.stringify([config.value]));
    for (const name of names) print((config as { explain(path: string): unknown }).explain(name));
  } catch (error) {
    print(error);
  }
  const chain = new ProviderChain([source]);
  for (const name of names) {
    print(await chain.explain(name));
    print(await chain.require(name, z.number() as never).catch((error: unknown) => error));
  }
  print(await chain.layers());
  return out;
}

describe('secrets of random configurations', () => {
  it('no part of a secret leaves by any channel', async () => {
    const index = fc.nat({ max: 999 });
    const cases = fc.record({
      library: index,
      source: index,
      fields: fc.dictionary(fc.constantFrom(...names), fc.tuple(index, index), { minKeys: 1, maxKeys: 4 }),
      shape: fc.array(index, { minLength: names.length, maxLength: names.length }),
      seed: fc.stringMatching(/^[a-zA-Z0-9]{12}$/),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ library, source, fields, shape, seed }) => {
        await using dir = await folder();
        const values = Object.fromEntries(
          names.map((name, at) => [name, shapes[(shape[at] as number) % shapes.length]?.(`q7${seed}`) ?? '']),
        );
        const make = libraries[library % libraries.length] as (typeof libraries)[number];
        const provider = await (sources[source % sources.length] as (typeof sources)[number])(values, dir);
        const runs = new SecretRuns([`q7${seed}`]);
        const leak = (await printed(make(fields), provider)).find((text) => runs.holds(text));
        if (leak !== undefined) throw new Error(`q7${seed} can be read in: ${leak.slice(0, 2_000)}`);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 25) },
    );
  });
});
