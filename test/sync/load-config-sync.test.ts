import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import * as fc from 'fast-check';
import {
  BundleProvider,
  type Config,
  type ConfigProvider,
  environments,
  intercepted,
  loadConfig,
  MemoryProvider,
  optional,
  ProviderChain,
} from 'llm-config-manager';
import { loadConfigSync } from 'llm-config-manager/sync';
import { sandbox } from 'llm-config-manager/testing';
import { yaml } from 'llm-config-manager/yaml';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { until } from '../support/until.ts';

const Schema = z.object({ server: z.object({ host: z.string(), port: z.number() }) });
const server = { host: 'h', port: 1 };

const refused = (load: () => unknown, what: string, hint = 'Use loadConfig'): void =>
  expect(load).toThrow(
    expect.objectContaining({
      code: 'invalid_option',
      message: `loadConfigSync cannot wait for ${what}. ${hint}`,
    }),
  );

describe('loadConfigSync', () => {
  it('returns a configuration with types', async () => {
    const config = loadConfigSync(Schema, [new MemoryProvider({ server })]);
    const port: number = config.value.server.port;
    expect(port).toBe(1);
    expect(config.get('server.host')).toBe('h');
    expect(Object.isFrozen(config.value)).toBe(true);
    await config.close();
    expect(loadConfigSync(new MemoryProvider({ a: 1 })).value).toEqual({ a: 1 });
  });

  it('names itself for wrong arguments', () => {
    expect(() => loadConfigSync(Schema, undefined as never)).toThrow('loadConfigSync: the source is not');
    expect(() => loadConfigSync({} as never, [])).toThrow('loadConfigSync');
  });

  it('throws the report of loadConfig, from the caller', async () => {
    const sources = () => [new MemoryProvider({ server: { host: 1 } })];
    const report = await loadConfig(Schema, sources()).catch((error: Error) => error.message);
    expect(() => loadConfigSync(Schema, sources())).toThrow(
      expect.objectContaining({
        code: 'validation',
        message: report,
        stack: expect.stringContaining(import.meta.filename),
      }),
    );
  });

  it('reloads, watches and overrides as usual', async () => {
    await using box = await sandbox({ files: { 'a.yaml': 'server: { host: h, port: 1 }\n' } });
    const source = new BundleProvider({ path: box.path('a.yaml'), format: yaml });
    await using config = loadConfigSync(Schema, source, { watch: { settleMs: 0 } });
    await box.replace('a.yaml', 'server: { host: h, port: 2 }\n');
    await until('the change', () => config.value.server.port === 2);
    {
      await using _ = await config.override({ 'server.port': 3 });
      expect(config.value.server.port).toBe(3);
    }
    await box.replace('a.yaml', 'server: { host: h, port: 4 }\n');
    await config.reload();
    expect(config.value.server.port).toBe(4);
    await using port = await config.use(
      'server',
      ({ port }) => ({ port }),
      () => undefined,
    );
    expect(await port.run(({ port }) => port)).toBe(4);
  });

  it('reads environments', () => {
    const files: Record<string, object> = { base: { port: 1, host: 'b' }, production: { host: 'h' } };
    const source = environments(
      'production',
      (name) => new MemoryProvider({ server: files[name] } as never, { name }),
    );
    expect(loadConfigSync(Schema, source).value).toEqual({ server });
  });

  it('reads a chain that is listened to, and old names of keys', () => {
    const chain = new ProviderChain([new MemoryProvider({ old: { host: 'h', port: 1 } })]);
    chain.on(() => undefined);
    const on = vi.fn();
    const config = loadConfigSync(Schema, chain, { deprecated: { old: 'server' }, on });
    expect(config.value).toEqual({ server });
    expect(on.mock.calls.map(([{ type }]) => type)).toContain('refreshed');
  });

  it('publishes the events of its tracing channel', async () => {
    const seen: string[] = [];
    const channels = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
    const listeners = channels.map((name) => () => void seen.push(name));
    for (const [i, name] of channels.entries())
      subscribe(`tracing:llm-config-manager:load:${name}`, listeners[i] as () => void);
    try {
      loadConfigSync(Schema, [new MemoryProvider({ server })]);
      expect(() => loadConfigSync(Schema, [new MemoryProvider({})])).toThrow();
      await until('both ends', () => seen.filter((name) => name === 'asyncEnd').length === 2);
    } finally {
      for (const [i, name] of channels.entries())
        unsubscribe(`tracing:llm-config-manager:load:${name}`, listeners[i] as () => void);
    }
    expect(seen.filter((name) => name === 'error')).toHaveLength(1);
  });
});

describe('what loadConfigSync cannot wait for', () => {
  const values = new MemoryProvider({ server });

  it('is refused before it is called: a provider of a user, also inside decorators and chains', () => {
    const list = vi.fn(async () => []);
    const store: ConfigProvider = { name: 'store', get: async () => undefined, list };
    refused(() => loadConfigSync(Schema, [values, store]), 'store');
    refused(() => loadConfigSync(Schema, new ProviderChain([new ProviderChain([store])])), 'store');
    expect(list).not.toHaveBeenCalled();
  });

  it('is refused where a subclass or a copy lists in its own way', () => {
    class Own extends MemoryProvider {
      override async list() {
        return [];
      }
    }
    refused(() => loadConfigSync(Schema, [new Own({ server })]), 'memory');
    const copy = { ...optional(values), layers: async () => [] };
    refused(() => loadConfigSync(Schema, [copy]), 'memory');
  });

  it('is named: interceptors, the schema, a deadline, sealed values, a parser', async () => {
    refused(() => loadConfigSync(Schema, [intercepted(values, (_, next) => next())]), 'memory');
    refused(() => loadConfigSync(Schema, [unsealed(values)]), 'memory');
    const guarded = new ProviderChain([values], { intercept: (_, next) => next() });
    refused(() => loadConfigSync(Schema, guarded), 'the interceptors of chain');
    const Slow = Schema.refine(async () => false);
    refused(() => loadConfigSync(Slow, values), 'an asynchronous check or transform of the schema');
    const Throwing = Schema.transform(() => {
      throw new Error('not a promise');
    });
    refused(() => loadConfigSync(Throwing, values), 'an asynchronous check or transform of the schema');
    refused(() => loadConfigSync(Schema, values, { deadlineMs: 5 }), 'the option deadlineMs');
    await using box = await sandbox({ files: { 'a.yaml': 'a: 1\n', 'a.json': '{"a":"sealed:eyJx"}' } });
    const path = box.path('a.yaml');
    refused(
      () => loadConfigSync(Schema, [new BundleProvider(path)]),
      `the parser of yaml in bundle:${path}`,
      'Give the provider its parser: format: yaml, from llm-config-manager/yaml',
    );
    const sealed = new BundleProvider({ path: box.path('a.json'), sealed: true, name: 'file' });
    refused(() => loadConfigSync(Schema, [sealed]), 'the sealed values of file');
  });

  it('is a sealed value, also one that the schema does not read', async () => {
    const values = new MemoryProvider({ server, other: 'sealed:eyJx' });
    await using config = await loadConfig(Schema, values);
    expect(config.value).toEqual({ server });
    refused(() => loadConfigSync(Schema, values), 'the sealed values of memory');
  });

  it('is a format that is not one', () => {
    for (const format of [{}, null, 'ini'])
      expect(() => new BundleProvider({ path: 'a.yaml', format: format as never })).toThrow('format');
  });
});

describe('both drivers', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 2 }),
  );
  const tree = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(value, fc.dictionary(fc.constantFrom('a', 'b', 'c'), value)),
  );
  const AnySchema = z.object({ a: z.number(), b: z.object({ c: z.string() }).optional() }).loose();

  const outcome = (
    config: Pick<Config<unknown>, 'value' | 'generation'> & { explain(key: never): unknown },
  ) => ({
    value: config.value,
    explained: ['a', 'b.c'].map((key) => String(config.explain(key as never)).replace(/read .*? ago/g, '')),
    sources: config.generation.sources,
  });
  const failure = (error: unknown) => ({ ...(error as Error), message: (error as Error).message });
  const comparable = (result: unknown) =>
    JSON.parse(JSON.stringify(result, (name, inner) => (name === 'operation' ? undefined : inner)));

  it('load the same, or fail with the same report', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 3 }), async (trees) => {
        const sources = () => trees.map((one) => new MemoryProvider(one as never));
        const waited = await loadConfig(AnySchema, sources(), { unknown: 'ignore' }).then(outcome, failure);
        let once: unknown;
        try {
          once = outcome(loadConfigSync(AnySchema, sources(), { unknown: 'ignore' }));
        } catch (error) {
          once = failure(error);
        }
        expect(comparable(once)).toEqual(comparable(waited));
      }),
    );
  });
});
