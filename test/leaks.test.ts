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
  EnvProvider,
  fallback,
  loadConfig,
  logTo,
  MemoryProvider,
  optional,
  ProviderChain,
  publicConfig,
  type StandardSchemaV1,
} from '../src/index.ts';
import { SecretRuns } from '../src/report/secret-runs.ts';
import { folder } from './support/folder.ts';
import { localSources, variables } from './support/local-sources.ts';

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
  const entries = Object.entries(fields).map(([name, [kind, quote]]) => [
    name,
    pick(kinds, kind)(pick(quotes, quote)),
  ]);
  return Object.fromEntries(entries);
}

const [key] = parseKeys(Buffer.alloc(32, 7).toString('base64url'), 'the test');

const sources: readonly ((values: Values, dir: Folder) => ConfigProvider | Promise<ConfigProvider>)[] = [
  ...Object.values(localSources),
  (values) =>
    new EnvProvider({ prefix: 'APP', env: { ALL: JSON.stringify(values) }, json: { '': 'ALL' } } as never),
  async (values, dir) => {
    await dir.write(values);
    const paths = Object.fromEntries(Object.keys(values).map((name) => [name, dir.at(name)]));
    const env = variables(paths, 'APP__', '__', '_FILE');
    return new EnvProvider({ prefix: 'APP', env, fileSuffix: '_FILE' });
  },
  async (values, dir) => {
    await dir.write({ 'a.yaml': JSON.stringify(values) });
    return new BundleProvider(dir.at('a.yaml'));
  },
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

/** Public keys, which a transform fills with parts of secrets. */
const publicNames = ['host', 'when', 'site', ...Array.from('abcdefghijklmnop', (letter) => `k${letter}`)];

/** Ways in which a transform may write a secret, or a part of it, into public keys. `at` is a random
 *  number. */
const moves: readonly ((text: string, at: number) => Readonly<Record<string, unknown>>)[] = [
  ...[
    (text: string): unknown => text,
    (text: string, at: number) => text.slice(at % 6, (at % 6) + 8),
    (text: string) => text.toUpperCase(),
    (text: string) => [...text].reverse().join(''),
    (text: string) => [...text].join(' '),
    (text: string) => Buffer.from(text).toString('hex'),
    (text: string, at: number) => Buffer.from(`${'u'.repeat(at % 4)}${text}`).toString('base64'),
    (text: string, at: number) => Buffer.from(`${text}${'u'.repeat(at % 4)}`).toString('base64url'),
    (text: string) => `${new Date(0).toISOString()}${text}`,
    (text: string) => `https://user:${encodeURIComponent(text)}@a.example`,
    (text: string) => new URL(`https://user:${encodeURIComponent(text)}@a.example`),
    (text: string) => new URL(`https://${encodeURIComponent(text)}@a.example`),
    (text: string) => new URL(`https://a.example/x/${encodeURIComponent(text)}`),
    (text: string) => new URL(`https://a.example/?q=${encodeURIComponent(text)}#x`),
    (text: string) => new URL(`https://a.example/#${Buffer.from(text).toString('base64')}`),
    (text: string) => ({ [text]: text, inner: { [`x-${text}`]: [text] } }),
    (text: string) => [...text],
    (text: string) => [[text], { text }],
    (text: string) => new Map([[text, new Set([text])]]),
    (text: string) => Object.assign(new Date(0), { text, toJSON: () => text }),
    (text: string) =>
      new (class Made extends Date {
        override toISOString = () => text;
      })(0),
    (text: string) => Object.assign(new URL('https://a.example'), { text }),
    (text: string) => ({ toJSON: () => text, [inspect.custom]: () => text }),
    (text: string) => Object.defineProperty({}, 'x', { get: () => text, enumerable: true }),
    (text: string) => new Error(text),
    (text: string) => () => text,
  ].map((move) => (text: string, at: number) => ({ [publicNames[at % 3] as string]: move(text, at) })),
  // letters, or a few of them, in one key after the other
  (text, at) => {
    const size = 1 + (at % 7);
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    return Object.fromEntries(pieces.slice(0, 16).map((piece, index) => [publicNames[3 + index], piece]));
  },
  (text) => ({ ...publicNames.slice(3).map(() => text), [text]: new Date(0), [`${text}-url`]: 1 }),
];

type Move = readonly [secret: number, move: number, at: number];
const moved =
  (all: readonly Move[]) =>
  (values: object): object => {
    const given = values as Values;
    const made = all.map(([secret, move, at]) =>
      (moves[move % moves.length] as (typeof moves)[number])(
        given[names[secret % names.length] as string] as string,
        at,
      ),
    );
    return Object.assign({}, given, ...made);
  };

/** Schemas that accept any texts, and move them. */
const movers: readonly ((all: readonly Move[]) => StandardSchemaV1)[] = [
  (all) => z.looseObject(texts(z.string())).transform(moved(all)),
  (all) => v.pipe(v.looseObject(texts(v.string())), v.transform(moved(all) as never)),
  (all) => type(texts('string') as never).pipe(moved(all)) as unknown as StandardSchemaV1,
  (all) =>
    z
      .object(texts(z.string().meta({ 'x-secret': false })))
      .meta({ 'x-secret': false })
      .transform(moved(all)),
];
const texts = <T>(schema: T): Record<string, T> =>
  Object.fromEntries([...names, ...publicNames].map((name) => [name, schema]));

/** The scalars of a printed value, one after the other. */
const joined = (value: unknown): string =>
  typeof value === 'object' && value !== null ? Object.values(value).map(joined).join('') : String(value);

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
    const top = new MemoryProvider({}, { name: 'top' });
    await using config = await loadConfig(schema, [top, source], { unknown: 'error', on } as never);
    print(config);
    const json = JSON.stringify([config.value]);
    out.push(inspect([config.value], { depth: 9 }), json, joined(JSON.parse(json)));
    const live = config as unknown as {
      explain(path: string): unknown;
      subscribe(path: string, listener: (change: unknown) => void): void;
    };
    for (const name of [...names, 'host', 'ka']) print(live.explain(name));
    for (const path of ['', ...names, ...publicNames])
      try {
        const part = publicConfig(config, [path as never]);
        out.push(JSON.stringify(part), joined(part));
      } catch (error) {
        print(error);
      }
    live.subscribe('', print);
    for (const name of publicNames.slice(0, 3)) live.subscribe(name, print);
    await top.set('when', 'another time');
    await config.reload();
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

const index = fc.nat({ max: 999 });
const shared = {
  source: index,
  shape: fc.array(index, { minLength: names.length, maxLength: names.length }),
  seed: fc.stringMatching(/^[a-zA-Z0-9]{12}$/),
};
const runs = (few: number) => ({ numRuns: Number(process.env.PROPERTY_RUNS ?? few) });
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;

interface Case {
  readonly source: number;
  readonly shape: readonly number[];
  readonly seed: string;
}

/** Fails if a channel prints a part of the secret that `names` have in different texts. */
async function assertNoLeak(schema: StandardSchemaV1, { source, shape, seed }: Case, others: Values = {}) {
  await using dir = await folder();
  const canary = `q7${seed}`;
  const secrets = names.map((name, at) => [name, pick(shapes, shape[at] as number)(canary)]);
  const provider = await pick(sources, source)({ ...Object.fromEntries(secrets), ...others }, dir);
  const known = new SecretRuns([canary]);
  const leak = (await printed(schema, provider)).find((text) => known.holds(text));
  if (leak !== undefined) throw new Error(`${canary} can be read in: ${leak.slice(0, 2_000)}`);
}

describe('secrets of random configurations', () => {
  it('no part of a secret leaves by any channel', async () => {
    const fields = fc.dictionary(fc.constantFrom(...names), fc.tuple(index, index), {
      minKeys: 1,
      maxKeys: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.record({ ...shared, library: index, fields }), async (one) => {
        await assertNoLeak(pick(libraries, one.library)(one.fields), one);
      }),
      runs(10),
    );
  });

  it('no part of a secret leaves that a transform has moved to public keys', async () => {
    const publicValues = Object.fromEntries(publicNames.map((name) => [name, 'x']));
    const all = fc.array(fc.tuple(index, index, index), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.record({ ...shared, library: index, all }), async (one) => {
        await assertNoLeak(pick(movers, one.library)(one.all), one, publicValues);
      }),
      runs(5),
    );
  });
});
