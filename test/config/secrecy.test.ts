import { format, inspect } from 'node:util';
import { type } from 'arktype';
import fc from 'fast-check';
import { pino } from 'pino';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeEntry } from '../../src/entry.ts';
import {
  type ConfigEvent,
  type ConfigProvider,
  checkConfig,
  loadConfig,
  MemoryProvider,
  type MemoryValues,
  ProviderChain,
  type StandardSchemaV1,
  secret,
} from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';
import { runs } from '../support/runs.ts';

/** Secrets that no other text contains: every second character is used nowhere else in this file. */
const planted = fc
  .array(fc.constantFrom('Ω', 'ß', '"', '\\', '\n', '7', 'x', '%', '=', 'ж'), { minLength: 4, maxLength: 24 })
  .map((letters) => letters.map((letter, at) => `${letter}${'QZJ'[at % 3]}`).join(''));
/** Whether a text contains a planted secret: plain, as JSON, inspected, or its first eight letters. */
const shows = (text: string, value: string): boolean =>
  [value, JSON.stringify(value).slice(1, -1), inspect(value).slice(1, -1), encodeURIComponent(value)].some(
    (form) => text.includes(form),
  ) || text.includes(value.slice(0, 8));

const names = ['host', 'port', 'flag', 'list', 'note', 'extra'] as const;
type Name = (typeof names)[number];
const kinds = ['string', 'number', 'boolean', 'list', 'url', 'enum', 'short', 'custom', 'transform'] as const;
type Kind = (typeof kinds)[number];

const say = (text: string): string => `not accepted: ${text} (${text.length})`;
const libraries: Readonly<Record<string, (fields: Readonly<Record<string, Kind>>) => StandardSchemaV1>> = {
  zod: (fields) => {
    const one: Record<Kind, z.ZodType> = {
      string: z.string(),
      number: z.number(),
      boolean: z.coerce.boolean(),
      list: z.array(z.number()),
      url: z.url(),
      enum: z.enum(['a', 'b']),
      short: z.string().max(3),
      custom: z
        .any()
        .superRefine((value, context) => context.addIssue({ code: 'custom', message: say(String(value)) })),
      transform: z
        .string()
        .transform((text) => ({ wrapped: `pg://user:${text}@host`, list: [text], at: new Date(0) })),
    };
    return z.object({
      inner: z.object(Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]]))),
    });
  },
  valibot: (fields) => {
    const one: Record<Kind, v.GenericSchema> = {
      string: v.string(),
      number: v.number(),
      boolean: v.boolean(),
      list: v.array(v.number()),
      url: v.pipe(v.string(), v.url()),
      enum: v.picklist(['a', 'b']),
      short: v.pipe(v.string(), v.maxLength(3)),
      custom: v.pipe(
        v.unknown(),
        v.check(
          () => false,
          (issue) => say(String(issue.input)),
        ),
      ),
      transform: v.pipe(
        v.string(),
        v.transform((text) => ({ wrapped: `pg://user:${text}@host`, list: [text] })),
      ),
    };
    return v.object({
      inner: v.object(Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]]))),
    });
  },
  arktype: (fields) => {
    const one: Record<Kind, unknown> = {
      string: 'string',
      number: 'number',
      boolean: 'boolean',
      list: 'number[]',
      url: 'string.url',
      enum: "'a' | 'b'",
      short: 'string <= 3',
      custom: type('unknown').narrow((value, context) =>
        context.reject({ expected: say(String(value)), actual: String(value) }),
      ),
      transform: type('string').pipe((text) => ({ wrapped: `pg://user:${text}@host` })),
    };
    return type({
      inner: Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]])),
    } as never) as StandardSchemaV1;
  },
};

function vault(values: Readonly<Record<string, string>>): ConfigProvider {
  const entries = Object.entries(values).map(([name, value]) =>
    makeEntry({
      key: `inner.${name}`,
      value,
      secret: true,
      text: true,
      origin: makeOrigin({ provider: 'vault', source: `vault secret/app#${name}` }),
    }),
  );
  return { name: 'vault', get: async () => undefined, list: async () => entries };
}

/** Everything that a configuration prints about itself in its life. */
async function printed(
  schema: StandardSchemaV1,
  source: () => ConfigProvider[],
  again: () => ConfigProvider[],
): Promise<string> {
  const out: unknown[] = [];
  const on = (event: ConfigEvent): unknown => out.push(event);
  const print = (value: unknown): unknown =>
    out.push(
      inspect(value, { depth: 9 }),
      format('%s %j %o', value, value, value),
      JSON.stringify(value),
      `${value}`,
    );
  let now = source();
  const moving: ConfigProvider = {
    name: 'moving',
    get: async () => undefined,
    list: async () => (await Promise.all(now.map((one) => one.list()))).flat(),
  };
  print(await checkConfig(schema, moving, { unknown: 'error' }));
  try {
    await using config = await loadConfig(schema, moving, { unknown: 'warn', on });
    const live = config as unknown as {
      subscribe(path: string, listener: (change: unknown) => void): void;
      explain(path: string): object;
    };
    live.subscribe('', print);
    live.subscribe('inner', print);
    for (const name of names) print(live.explain(`inner.${name}`));
    print(config);
    out.push(inspect(config.value), JSON.stringify(config.value), format('%o', [config.value]));
    now = again();
    await config.reload();
    print(config);
    now = [];
    await config.reload();
  } catch (error) {
    print(error);
    out.push(
      (error as Error).message,
      (error as Error).stack,
      inspect(error, { showHidden: true, depth: 9 }),
    );
  }
  return out.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(',').map((one) => one.split('=')));

describe('secrecy', () => {
  it.each(Object.keys(libraries))(
    'no secret appears in reports, events, explanations or output, with a schema of %s',
    async (library) => {
      const cases = fc.record({
        fields: fc.dictionary(fc.constantFrom<Name>(...names), fc.constantFrom<Kind>(...kinds), {
          minKeys: 1,
          maxKeys: 5,
        }),
        store: fc.dictionary(fc.constantFrom<Name>(...names), planted, { maxKeys: 4 }),
        file: fc.dictionary(fc.constantFrom<Name | 'hots'>(...names, 'hots'), planted, { maxKeys: 3 }),
        next: fc.dictionary(fc.constantFrom<Name>(...names), planted, { maxKeys: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(cases, async ({ fields, store, file, next }) => {
          const schema = (libraries[library] as (typeof libraries)[string])(fields);
          const tree = {
            inner: Object.fromEntries(Object.entries(file).map(([name, value]) => [name, secret(value)])),
          };
          const text = await printed(
            schema,
            () => [vault(store), new MemoryProvider(tree)],
            () => [vault(next)],
          );
          for (const value of [...Object.values(store), ...Object.values(file), ...Object.values(next)]) {
            if (shows(text, value)) throw new Error(`${JSON.stringify(value)} shows in:\n${text}`);
          }
        }),
        { numRuns: runs(12, 200), seed: 7 },
      );
    },
  );

  it('a name that a transform made of a secret is masked, and names of sources are not', async () => {
    const schema = z.object({
      password: z.string().transform((text) => ({ [text]: 1, user: 'u' })),
      tokens: z.record(z.string(), z.string()),
    });
    const config = await loadConfig(
      schema,
      new MemoryProvider({ password: secret('fake-hunter2-83'), tokens: { 'fake-hunter2-83': 'x' } }),
    );
    expect(Object.keys(config.value.password)).toContain('fake-hunter2-83');
    const alone = await loadConfig(
      schema.pick({ password: true }),
      new MemoryProvider({ password: secret('fake-hunter2-83') }),
    );
    const shown = { password: { '[redacted]': '[redacted]', user: '[redacted]' } };
    expect(JSON.parse(JSON.stringify(alone.value))).toEqual(shown);
    expect(inspect(alone.value)).not.toContain('hunter2');
    expect(JSON.stringify(alone.at('password').value)).not.toContain('hunter2');
    expect(JSON.stringify(config.value.tokens)).toContain('fake-hunter2-83');
  });

  it('the search finds a secret in plain, JSON and inspect form', () => {
    fc.assert(
      fc.property(planted, (value) =>
        [value, inspect({ value }), JSON.stringify([value])].every((text) => shows(text, value)),
      ),
    );
  });

  it('a logger writes no secret of configurations, entries, explanations and errors', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const chain = new ProviderChain([
      new MemoryProvider({ db: { password: 'fake-Zq83', hosts: [secret('fake-Zq83')] } }),
    ]);
    const config = await loadConfig(
      z.object({ db: z.object({ password: z.string(), hosts: z.array(z.string()) }) }),
      chain,
    );
    const entry = await chain.get('db.password');
    const error = await chain
      .require('db.password', z.number({ error: ({ input }) => `got ${input}` }))
      .catch((failure: unknown) => failure);
    for (const one of [
      config,
      config.value,
      config.value.db,
      config.value.db.hosts,
      entry,
      config.explain('db.password'),
      error,
    ] as object[]) {
      log.info({ one, list: [one] }, 'read %o and %j', one, { one });
      log.child({ one }).error(new Error('failed', { cause: one }));
    }
    for (const one of [config, config.explain('db.password'), error] as object[]) log.info(one);
    expect(lines).toHaveLength(17);
    expect(lines.join('')).not.toContain('Zq83');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('secret defaults and messages that quote secrets are not shown', async () => {
    const schema = z.object({
      apiToken: z.string().default('fake-default-token'),
      port: z.number({ error: (issue) => `got ${issue.input}` }),
    });
    const text = await printed(
      schema,
      () => [new MemoryProvider({ port: secret('fake-port') })],
      () => [],
    );
    expect(text).not.toContain('fake-default-token');
    expect(text).not.toContain('fake-port');
    await using config = await loadConfig(schema, new MemoryProvider({ port: 1 }));
    expect(inspect(config.value)).toBe("{ apiToken: '[redacted]', port: 1 }");
    expect(String(config.explain('apiToken'))).not.toContain('fake');
  });

  const mark = { 'x-secret': true };
  const pin = z.string().max(12).meta(mark);
  const vPin = v.pipe(v.string(), v.metadata(mark));
  const hidden = 'fake-pin-Zq83';
  it.each<[string, StandardSchemaV1, MemoryValues]>([
    ['an item of a list', z.object({ one: z.array(pin) }), { one: [hidden] }],
    [
      'a part of an item of a list',
      z.object({ one: z.array(z.object({ pin })) }),
      { one: [{ pin: hidden }] },
    ],
    ['an item of a tuple', z.object({ one: z.tuple([z.string(), pin]) }), { one: ['a', hidden] }],
    [
      'an item of a list of valibot',
      v.object({ one: v.array(v.pipe(vPin, v.maxLength(12))) }),
      { one: [hidden] },
    ],
    ['a pipe that is piped on', v.object({ one: v.pipe(vPin, v.maxLength(12)) }), { one: hidden }],
    [
      'a section that is piped on',
      v.pipe(
        v.pipe(v.object({ one: v.string() }), v.metadata(mark)),
        v.check(() => false),
      ),
      { one: hidden },
    ],
    ['the whole configuration', z.object({ one: z.string().max(12) }).meta(mark), { one: hidden }],
  ])('a value is masked if the schema marks %s', async (_, schema, values) => {
    const fine = JSON.parse(JSON.stringify(values).replace(hidden, 'fake-Zq83')) as MemoryValues;
    const text = await printed(
      schema,
      () => [new MemoryProvider(fine)],
      () => [new MemoryProvider(values)],
    );
    expect(text).toContain('redacted');
    expect(text).not.toContain('Zq83');
    const one = (schema as unknown as { shape?: { one: z.ZodType } }).shape?.one;
    if (!one || String(_).startsWith('the whole')) return;
    const error = await new ProviderChain([new MemoryProvider(values)])
      .require('one', one)
      .catch((failure: unknown) => failure);
    expect(inspect(error)).toContain('found [redacted]');
  });

  it('secrets are masked under a schema that accepts any key', async () => {
    for (const schema of [z.looseObject({}), z.record(z.string(), z.any()), z.any(), v.looseObject({})]) {
      const source = new MemoryProvider({ db: { password: 'fake-Zq83', host: 'h' } });
      await using config = await loadConfig(schema as StandardSchemaV1, source);
      expect(inspect(config.value)).toBe("{ db: { password: '[redacted]', host: 'h' } }");
      const changes: unknown[] = [];
      (config as unknown as { subscribe(path: string, listener: (one: unknown) => void): void }).subscribe(
        '',
        (one) => changes.push(one),
      );
      await source.set('db.host', 'other');
      await config.reload();
      expect(changes).toHaveLength(1);
    }
  });

  it.each<[string, StandardSchemaV1]>([
    [
      'zod',
      z.object({
        apiKeys: z
          .string()
          .transform(pairs)
          .pipe(z.record(z.string(), z.enum(['a', 'b']))),
      }),
    ],
    [
      'strict zod',
      z.object({
        apiKeys: z
          .string()
          .transform(pairs)
          .pipe(z.strictObject({ one: z.string().optional() }) as never),
      }),
    ],
    [
      'valibot',
      v.object({
        apiKeys: v.pipe(v.string(), v.transform(pairs), v.record(v.string(), v.picklist(['a', 'b']))),
      }),
    ],
  ])('no problem names a part of a secret from a %s transform', async (_, schema) => {
    const source = new MemoryProvider({ apiKeys: 'fake-Zq83=tenant' });
    const error = (await loadConfig(schema, source).catch((failure: unknown) => failure)) as Error;
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain('Zq83');
    expect(error).toMatchObject({ problems: [{ kind: 'wrong', key: 'apiKeys', found: '[redacted]' }] });
  });
});
