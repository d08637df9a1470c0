import { inspect } from 'node:util';
import { type } from 'arktype';
import fc from 'fast-check';
import { pino } from 'pino';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { makeEntry, secret } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { type ConfigEvent, logTo } from '../../src/events.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import type { StandardSchemaV1 } from '../../src/schema/schema.ts';
import type { ConfigValue } from '../../src/value.ts';
import { failing } from '../support/layers.ts';
import { failureOf, listening } from '../support/listening.ts';
import { runs } from '../support/runs.ts';
import { code, sheltering } from '../support/sheltering.ts';

/** A source whose values a test replaces as a whole. */
function moving(first: ConfigProvider) {
  const state = { source: first };
  const provider: ConfigProvider = {
    name: 'moving',
    local: true,
    get: (key, options) => state.source.get(key, options),
    list: (prefix, options) => state.source.list(prefix, options),
    where: (key) => state.source.where?.(key) ?? '',
  };
  return { state, provider };
}

/** The event and the log line of a load that fails, with the error. */
async function failedLoad(
  schema: StandardSchemaV1,
  source: ConfigProvider,
  unknown: 'ignore' | 'error' = 'error',
) {
  const events: ConfigEvent[] = [];
  const lines: string[] = [];
  const log = logTo(pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }));
  const on = (event: ConfigEvent): void => {
    events.push(event);
    log(event);
  };
  const outcome = await loadConfig(schema, source, { unknown, on }).then(
    (config) => config.close(),
    (error: ConfigError) => error,
  );
  return { events, lines, error: outcome as ConfigError | undefined };
}

const texts = (...printed: readonly unknown[]): string =>
  printed
    .map(
      (one) =>
        `${inspect(one, { depth: null, showHidden: true, maxStringLength: null })}\n${JSON.stringify(one)}`,
    )
    .join('\n');

describe('the events of a configuration', () => {
  it('a load and its reloads emit refreshed and changed of one operation each', async () => {
    const source = new MemoryProvider({ a: 1 });
    const events: ConfigEvent[] = [];
    await using config = await loadConfig(source, { on: (event) => events.push(event) });
    await source.set('a', 2);
    await config.reload();
    expect(
      events.map(({ type: kind, version, layer, provider }) => [kind, version, layer, provider]),
    ).toEqual([
      ['refreshed', '1', 'config', 'chain'],
      ['refreshed', '2', 'config', 'chain'],
      ['changed', '2', 'config', 'chain'],
    ]);
    const [first, second, third] = events.map(({ operation }) => operation);
    expect(first).toEqual(expect.any(String));
    expect(second).toBe(third);
    expect(second).not.toBe(first);
  });

  it('the requests of a load have its operation', async () => {
    const { provider } = sheltering({ a: 'fake' });
    const store = listening(provider);
    const events: ConfigEvent[] = [];
    await using config = await loadConfig(provider, { on: (event) => events.push(event) });
    await config.reload();
    const operations = new Set(store.of('request').map(({ operations: ids }) => ids?.join()));
    expect([...operations]).toEqual(events.map(({ operation }) => operation));
  });

  it('a rollback emits changed without an operation', async () => {
    const source = new MemoryProvider({ a: 1 });
    await using config = await loadConfig(source);
    await source.set('a', 2);
    await config.reload();
    const { of } = listening(config);
    await config.rollback();
    expect(of('changed')).toMatchObject([{ version: '1', keys: ['a'] }]);
    expect(of('changed')[0]).not.toHaveProperty('operation');
  });

  it('a listener that is removed hears nothing, and one that throws stops no reload', async () => {
    const source = new MemoryProvider({ a: 1 });
    await using config = await loadConfig(source);
    config.on(() => {
      throw new Error('mine');
    });
    const [stays, goes] = [listening(config), listening(config)];
    goes.stop();
    await source.set('a', 2);
    await config.reload();
    expect([stays.events.length, goes.events.length]).toEqual([2, 0]);
    expect(config.generation.number).toBe(2);
  });
});

describe('refresh_failed of a configuration', () => {
  it('refresh_failed has the message, the problems and the operation of the error', async () => {
    const { state, provider } = moving(new MemoryProvider({ port: 1, mode: 'production' }));
    const schema = z.object({ port: z.number(), mode: z.enum(['production', 'development']) });
    await using config = await loadConfig(schema, provider);
    const { of } = listening(config);
    state.source = new MemoryProvider({ port: 'canary', extra: 1 });
    const error = await failureOf(config.reload());
    const [event] = of('refresh_failed');
    expect(event).toMatchObject({
      layer: 'config',
      provider: 'chain',
      outcome: 'validation',
      operation: error.operation,
      durationMs: expect.any(Number),
    });
    expect(event?.problems).toEqual([
      {
        kind: 'wrong',
        key: 'port',
        message: 'expected a number',
        expected: 'a number',
        origin: 'memory port',
        hint: 'Change the value to a number',
      },
      expect.objectContaining({ kind: 'missing', key: 'mode' }),
    ]);
    const mode = 'one of "production", "development"';
    expect(event?.message).toBe(`There are 2 problems with the configuration:

  port
    expected  a number
    in        memory port
    to do     Change the value to a number

  mode is missing
    expected  ${mode}
    looked in memory mode
    to do     Set memory mode to ${mode}`);
    for (const frozen of [event, event?.problems, ...(event?.problems ?? [])])
      expect(Object.isFrozen(frozen)).toBe(true);
    expect(error.message).toContain('canary');
    expect(error.problems?.[0]).toMatchObject({ found: expect.stringContaining('canary') });
  });

  it('refresh_failed shows nothing that two failed sources say was found', async () => {
    const found = 'canary-not-a-port';
    const reporting = (name: string): ConfigProvider => ({
      name,
      get: async () => undefined,
      list: async () => {
        await new ProviderChain([new MemoryProvider({ port: found })]).require('port', z.number());
        return [];
      },
    });
    const source = new ProviderChain([reporting('first'), reporting('second')]);
    const { events, lines, error } = await failedLoad(z.object({}), source);
    expect(error?.problems?.map(({ kind }) => kind)).toEqual(['wrong', 'wrong']);
    expect(events.map((event) => event.type)).toContain('refresh_failed');
    expect(texts(events, lines)).not.toContain(found);
  });

  it('refresh_failed names the source that failed, with its message', async () => {
    const fails = { now: false };
    const source: ConfigProvider = {
      name: 'vault',
      get: async () => undefined,
      list: async () => (fails.now ? failing('vault').list() : []),
    };
    await using config = await loadConfig(source);
    const { of } = listening(config);
    fails.now = true;
    const error = await failureOf(config.reload());
    expect(of('refresh_failed')).toMatchObject([
      {
        provider: 'vault',
        outcome: 'unavailable',
        message: 'vault does not answer',
        operation: error.operation,
      },
    ]);
    expect(of('refresh_failed')[0]?.problems).toEqual([
      { kind: 'failed', key: '', message: 'vault does not answer', origin: 'vault' },
    ]);
  });

  it('refresh_failed of a reload that a policy refuses has its message', async () => {
    const refuses = { now: false };
    const chain = new ProviderChain([new MemoryProvider({ a: 1 })], {
      intercept: (_, next) => {
        if (refuses.now) throw new ConfigError('access_denied', 'not for you');
        return next();
      },
    });
    await using config = await loadConfig(chain);
    const { of } = listening(config);
    refuses.now = true;
    await code(config.reload());
    expect(of('refresh_failed')).toMatchObject([{ outcome: 'access_denied', message: 'not for you' }]);
  });

  it('the first load emits refresh_failed as well', async () => {
    const { events, error } = await failedLoad(
      z.object({ a: z.number() }),
      new MemoryProvider({ a: 'canary' }),
    );
    expect(events).toMatchObject([
      { type: 'refresh_failed', outcome: 'validation', operation: error?.operation },
    ]);
    expect(texts(events)).not.toContain('canary');
  });

  const canary = 'Kanarienvogel';
  const pairs = (text: string): Record<string, string> =>
    Object.fromEntries(text.split(',').map((one) => one.split('=')));
  const cases: readonly [string, StandardSchemaV1, ConfigProvider][] = [
    ['a wrong kind', z.object({ a: z.number() }), new MemoryProvider({ a: canary })],
    ['a secret', z.object({ a: z.number() }), new MemoryProvider({ a: secret(canary) })],
    [
      'a message of the schema',
      z.object({ a: z.string().refine(() => false, { error: ({ input }) => `got ${input}` }) }),
      new MemoryProvider({ a: canary }),
    ],
    [
      'a text that is read as a list',
      z.object({ a: z.array(z.number()) }),
      new EnvProvider({ prefix: 'APP', env: { APP__A: `${canary},2` } }),
    ],
    [
      'an item of a list',
      z.object({ a: z.array(z.object({ b: z.number() })) }),
      new MemoryProvider({ a: [{ b: canary }] }),
    ],
    [
      'a name in a list',
      z.object({ a: z.array(z.record(z.string(), z.number())) }),
      new MemoryProvider({ a: [{ [canary]: 'x' }] }),
    ],
    [
      'a name that is unknown in a list',
      z.object({ a: z.array(z.strictObject({ b: z.number() })) }),
      new MemoryProvider({ a: [{ b: 1, [canary]: 'x' }] }),
    ],
    [
      'a part of a text',
      z.object({
        a: z
          .string()
          .transform(pairs)
          .pipe(z.record(z.string(), z.enum(['x']))),
      }),
      new EnvProvider({ prefix: 'APP', env: { APP__A: `${canary}=y` } }),
    ],
    [
      'a name in a JSON text',
      z.object({ a: z.array(z.strictObject({ b: z.number() })) }),
      new EnvProvider({ prefix: 'APP', env: { APP__A: JSON.stringify([{ b: 1, [canary]: 1 }]) } }),
    ],
    [
      'a section in a JSON text',
      z.object({ a: z.object({ b: z.record(z.string(), z.number()) }) }),
      new EnvProvider({ prefix: 'APP', env: { APP__A: JSON.stringify({ b: { [canary]: 'x' } }) } }),
    ],
    [
      'code of the schema that throws',
      z.object({
        a: z.string().transform((text) => {
          throw new Error(text);
        }),
      }),
      new MemoryProvider({ a: canary }),
    ],
    [
      'a union',
      z.object({ a: z.union([z.number(), z.object({ b: z.number() })]) }),
      new MemoryProvider({ a: { b: canary } }),
    ],
    [
      'a message of valibot',
      v.object({
        a: v.pipe(
          v.string(),
          v.check(
            () => false,
            ({ input }) => `got ${input}`,
          ),
        ),
      }),
      new MemoryProvider({ a: canary }),
    ],
    ['a list of valibot', v.object({ a: v.array(v.picklist(['x'])) }), new MemoryProvider({ a: [canary] })],
    [
      'a record of valibot',
      v.object({ a: v.array(v.record(v.string(), v.number())) }),
      new MemoryProvider({ a: [{ [canary]: 'x' }] }),
    ],
    [
      'a message of arktype',
      type({
        a: type('string').narrow((text, context) =>
          context.reject({ expected: `not ${text}`, actual: text }),
        ),
      }),
      new MemoryProvider({ a: canary }),
    ],
    ['a list of arktype', type({ a: "'x'[]" }), new MemoryProvider({ a: [canary] })],
    ['the whole configuration', z.string(), new MemoryProvider({ a: canary })],
  ];
  it.each(cases)('refresh_failed has nothing of what was found: %s', async (_, schema, source) => {
    const { events, lines, error } = await failedLoad(schema, source);
    expect(error?.code).toBe('validation');
    expect(events.filter(({ type: kind }) => kind === 'refresh_failed')).toHaveLength(1);
    expect(texts(events, lines)).not.toContain(canary);
    const [event] = events as unknown as [
      { message: string; problems: readonly { message: string; key: string }[] },
    ];
    expect(event.problems).toHaveLength(error?.problems?.length ?? 0);
    for (const problem of event.problems) {
      expect(problem.message).not.toBe('');
      expect(problem).not.toHaveProperty('found');
      expect(problem).not.toHaveProperty('schemaMessage');
      expect(event.message).toContain(problem.key);
    }
  });

  const names = ['host', 'port', 'flag', 'list', 'url'] as const;
  const kinds = [
    'string',
    'number',
    'boolean',
    'list',
    'url',
    'enum',
    'record',
    'custom',
    'section',
  ] as const;
  type Fields = Readonly<Record<string, (typeof kinds)[number]>>;
  const grumble = (input: unknown): string => `not accepted: ${JSON.stringify(input)}`;
  const objects: Readonly<Record<string, (fields: Fields) => StandardSchemaV1>> = {
    zod: (fields) => {
      const one: Record<(typeof kinds)[number], z.ZodType> = {
        string: z.string().max(3, { error: ({ input }) => grumble(input) }),
        number: z.coerce.number().max(3),
        boolean: z.boolean(),
        list: z.array(z.number()),
        url: z.url(),
        enum: z.enum(['a', 'b']),
        record: z.record(z.string(), z.number()),
        custom: z
          .any()
          .superRefine((value, context) => context.addIssue({ code: 'custom', message: grumble(value) })),
        section: z.strictObject({ x: z.number(), y: z.array(z.strictObject({ z: z.boolean() })) }),
      };
      return z.strictObject(
        Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]])),
      );
    },
    valibot: (fields) => {
      const one: Record<(typeof kinds)[number], v.GenericSchema> = {
        string: v.pipe(
          v.string(),
          v.maxLength(3, ({ input }) => grumble(input)),
        ),
        number: v.number(),
        boolean: v.boolean(),
        list: v.array(v.number()),
        url: v.pipe(v.string(), v.url()),
        enum: v.picklist(['a', 'b']),
        record: v.record(v.string(), v.number()),
        custom: v.pipe(
          v.unknown(),
          v.check(
            () => false,
            ({ input }) => grumble(input),
          ),
        ),
        section: v.strictObject({ x: v.number(), y: v.array(v.strictObject({ z: v.boolean() })) }),
      };
      return v.strictObject(
        Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]])),
      );
    },
    arktype: (fields) => {
      const one: Record<(typeof kinds)[number], unknown> = {
        string: 'string <= 3',
        number: 'number',
        boolean: 'boolean',
        list: 'number[]',
        url: 'string.url',
        enum: "'a' | 'b'",
        record: 'Record<string, number>',
        custom: type('unknown').narrow((value, context) =>
          context.reject({ expected: grumble(value), actual: String(value) }),
        ),
        section: { '+': 'reject', x: 'number', y: [{ '+': 'reject', z: 'boolean' }, '[]'] },
      };
      const shape = Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, one[kind]]));
      return type({ '+': 'reject', ...shape } as never) as unknown as StandardSchemaV1;
    },
  };

  /** Values between letters that no other text here has. */
  const planted = fc
    .array(fc.constantFrom('Ω', 'ß', 'ж', '語', 'é', '"', ',', '=', '7'), { minLength: 3, maxLength: 12 })
    .map((letters) => `ΞΨΞ${letters.join('')}ΞΨΞ`);
  const found: fc.Arbitrary<ConfigValue> = fc.oneof(
    planted,
    fc.array(planted, { minLength: 1, maxLength: 2 }),
    planted.map((text) => [{ z: text }, { [text]: 1 }] as ConfigValue),
    planted.map((text) => ({ x: text, y: [{ z: text }] }) as ConfigValue),
    planted.map((text) => JSON.stringify({ x: text, [text]: [text] })),
    planted.map((text) => JSON.stringify([{ z: text }, { [text]: text }])),
  );
  it.each(Object.keys(objects))(
    'no value shows in a refresh_failed, with a schema of %s',
    async (library) => {
      const fields = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...kinds), { minKeys: 1 });
      const values = fc.dictionary(fc.constantFrom(...names), found, { minKeys: 1 });
      const kindOfSource = fc.constantFrom('memory', 'secret', 'env', 'store');
      await fc.assert(
        fc.asyncProperty(fields, values, kindOfSource, async (chosen, held, kind) => {
          const schema = (objects[library] as (typeof objects)[string])(chosen);
          const { events, lines } = await failedLoad(schema, sourceOf(kind, held));
          const text = texts(events, lines);
          if (/Ξ|Ψ/.test(text)) throw new Error(`a value shows in:\n${text}`);
        }),
        { numRuns: runs(10, 200) },
      );
    },
  );

  function sourceOf(kind: string, held: Readonly<Record<string, ConfigValue>>): ConfigProvider {
    const entries = Object.entries(held);
    if (kind === 'env') {
      const env = entries.map(([name, value]) => [
        `APP__${name.toUpperCase()}`,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      return new EnvProvider({ prefix: 'APP', env: Object.fromEntries(env) });
    }
    const items = entries.map(([key, value]) =>
      makeEntry({
        key,
        value,
        secret: kind === 'secret',
        text: kind === 'store',
        origin: makeOrigin({ provider: 'store', source: `store ${key}` }),
      }),
    );
    return kind === 'memory'
      ? new MemoryProvider(held as MemoryValues)
      : { name: 'store', get: async () => undefined, list: async () => items };
  }
});
