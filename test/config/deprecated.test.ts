import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  ConfigError,
  type ConfigEvent,
  checkConfig,
  DotEnvProvider,
  EnvProvider,
  type LoadOptions,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  type StandardSchemaV1,
  secret,
} from '../../src/index.ts';
import { llmConfig } from '../cli/terminal.ts';
import { Fixed } from '../support/layers.ts';
import { failureOf } from '../support/listening.ts';

const Schema = z.strictObject({
  database: z
    .strictObject({
      url: z.string().optional(),
      poolMax: z.number().optional(),
      hosts: z.array(z.string()).optional(),
    })
    .optional(),
  port: z.number().optional(),
});
const leaf: LoadOptions = { deprecated: { 'db.url': 'database.url' }, unknown: 'error' };
const section: LoadOptions = { deprecated: { db: 'database' }, unknown: 'error' };
const env = (variables: Record<string, string>, prefix: string | undefined = 'APP') =>
  new EnvProvider({ env: variables, ...(prefix && { prefix }) });

/** The value of a load and its notices. */
async function load(
  source: Parameters<typeof loadConfig>[0],
  options: LoadOptions,
  schema: StandardSchemaV1 = Schema,
) {
  const notices: string[] = [];
  const on = (event: ConfigEvent): void => {
    if (event.type === 'notice') notices.push(event.message);
  };
  const config = await loadConfig(schema, source as never, { ...options, on });
  return { config, value: config.value as unknown, notices };
}

describe('a deprecated key', () => {
  it('sets the new key in every kind of source, and is a notice with its origin', async () => {
    await using box = await sandbox({
      files: {
        'a.yaml': 'db:\n  url: file\n',
        '.env': 'APP__DB__URL=dotenv\n',
      },
    });
    for (const [source, url, origin] of [
      [env({ APP__DB__URL: 'x' }), 'x', 'env APP__DB__URL'],
      [env({ DB__URL: 'x' }, ''), 'x', 'env DB__URL'],
      [new MemoryProvider({ 'db.url': 'x' }), 'x', 'memory db.url'],
      [new MemoryProvider({ db: { url: 'x' } }), 'x', 'memory db.url'],
      [new BundleProvider(box.path('a.yaml')), 'file', `${box.path('a.yaml')}:2:8`],
      [new DotEnvProvider({ prefix: 'APP', directory: box.directory }), 'dotenv', `${box.path('.env')}:1:1`],
    ] as const) {
      const { config, value, notices } = await load(source, leaf);
      expect(value).toEqual({ database: { url } });
      expect(notices).toEqual([`"db.url" is deprecated (${origin}). Use "database.url"`]);
      expect(String(config.explain('database.url' as never))).toContain(`"db.url" is deprecated (${origin})`);
      expect(String(config.explain('database.url' as never))).toContain(`→ ${origin}`);
      expect(String(config.explain('db.url' as never))).toContain(
        '"db.url" is deprecated. Use "database.url"',
      );
    }
  });

  it('may be a section, whose keys keep their spelling rules', async () => {
    const { value, notices } = await load(
      [
        env({ APP__DB__POOL_MAX: '5', APP__DB__HOSTS__0: 'a', APP__DB__HOSTS__1: 'b' }),
        new MemoryProvider({ db: { url: 'x' }, port: 1 }),
      ],
      section,
    );
    expect(value).toEqual({ database: { poolMax: 5, hosts: ['a', 'b'], url: 'x' }, port: 1 });
    expect(notices.map((text) => /"(\S+)" is deprecated/.exec(text)?.[1]).sort()).toEqual([
      'db.hosts',
      'db.poolMax',
      'db.url',
    ]);
    const unprefixed = await load(env({ DB__POOL_MAX: '5', PATH: '/bin' }, ''), section);
    expect(unprefixed.value).toEqual({ database: { poolMax: 5 } });
  });

  it('may be meant by a conventional variable name', async () => {
    for (const [variables, prefix] of [
      [{ APP_DB_URL: 'x', APP_DB_POOL_MAX: '5' }, 'APP'],
      [{ DB_URL: 'x', DB_POOL_MAX: '5' }, ''],
    ] as const) {
      const { value, notices } = await load(env(variables, prefix), section);
      expect(value).toEqual({ database: { url: 'x', poolMax: 5 } });
      const name = Object.keys(variables)[0];
      expect(notices).toContain(`"db.url" is deprecated (env ${name}). Use "database.url"`);
    }
    const both = await load(env({ APP_DB_URL: 'old', APP_DATABASE_URL: 'new' }), leaf);
    expect(both.value).toEqual({ database: { url: 'new' } });
  });

  it('loses to the new key of the same source, and to every key of a stronger one', async () => {
    for (const both of [
      new MemoryProvider({ 'db.url': 'old', 'database.url': 'new' }),
      new MemoryProvider({ db: { url: 'old' }, database: { url: 'new' } }),
      env({ APP__DB__URL: 'old', APP__DATABASE__URL: 'new' }),
    ])
      for (const options of [leaf, section]) {
        const { value, notices } = await load(both, options);
        expect(value).toEqual({ database: { url: 'new' } });
        expect(notices[0]).toMatch(
          /"db\.url" is deprecated \(.+\) and ignored: .* sets "database\.url"\. Remove/,
        );
      }
    const { value } = await load(
      [
        env({ APP__DB__URL: 'strong' }),
        new MemoryProvider({ 'database.url': 'weak', 'database.poolMax': 1 }),
      ],
      leaf,
    );
    expect(value).toEqual({ database: { url: 'strong', poolMax: 1 } });
  });

  it('of a section is merged leaf by leaf with the new section of the same source', async () => {
    const { value } = await load(
      new MemoryProvider({ db: { url: 'old', poolMax: 1 }, database: { url: 'new' } }),
      section,
    );
    expect(value).toEqual({ database: { url: 'new', poolMax: 1 } });
  });

  it('may be a leaf of a section that is renamed to another place', async () => {
    const options = { deprecated: { db: 'database', 'db.listen': 'port' } };
    const { value } = await load(new MemoryProvider({ db: { url: 'x', listen: 1 } }), options);
    expect(value).toEqual({ database: { url: 'x' }, port: 1 });
  });

  it('is relative to the option at', async () => {
    const { value, notices } = await load(env({ APP__ACME__DB__URL: 'x' }), { ...leaf, at: 'acme' });
    expect(value).toEqual({ database: { url: 'x' } });
    expect(notices).toEqual(['"db.url" is deprecated (env APP__ACME__DB__URL). Use "database.url"']);
  });

  it('works without a schema', async () => {
    const config = await loadConfig(env({ APP__DB__URL: 'x', APP__OTHER: 'y' }), { ...leaf, on: () => {} });
    expect(config.value).toEqual({ database: { url: 'x' }, other: 'y' });
  });

  it('is a warning of the process without a listener, once while it lasts', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const source = new MemoryProvider({ 'db.url': 'x' });
    const config = await loadConfig(Schema, source, leaf);
    await source.set('port', 1);
    await config.reload();
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(
      warnings.map(({ name, message, ...rest }) => [name, (rest as { code?: string }).code, message]),
    ).toEqual([
      [
        'ConfigWarning',
        'LLM_CONFIG_DEPRECATED',
        '"db.url" is deprecated (memory db.url). Use "database.url"',
      ],
    ]);
  });

  it('does not make a reload of an unchanged file a new generation', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"db":{"url":"x"},"port":1}' } });
    const config = await loadConfig(Schema, new BundleProvider(box.path('a.json')), {
      ...leaf,
      on: () => {},
    });
    const { value } = config;
    await config.reload();
    expect(config.generation.number).toBe(1);
    expect(config.value).toBe(value);
    await box.replace('a.json', '{"db":{"url":"y"},"port":1}');
    await config.reload();
    expect(config.value).toEqual({ database: { url: 'y' }, port: 1 });
  });

  it('that cannot be read is a hole at the new key, and so is a hole around it', async () => {
    const Loose = z.object({ database: z.object({ url: z.string() }) });
    for (const key of ['db.url', 'db', '']) {
      const store = new Fixed('store', { [key]: new ConfigError('access_denied', 'denied') });
      const weak = new MemoryProvider({ 'database.url': 'default' }, { name: 'weak' });
      const error = await failureOf(loadConfig(Loose, [store, weak], leaf));
      expect(error.code).toBe('validation');
      expect(error.problems?.[0]).toMatchObject({ kind: 'unreadable' });
    }
  });
});

describe('a secret under a deprecated key', () => {
  const fake = 'fake-pw-81Kx';
  const Any = z.object({ auth: z.object({ value: z.any(), password: z.any() }).partial() });
  it('is secret if either name or the source says so', async () => {
    for (const [values, options] of [
      [{ 'db.password': fake }, { 'db.password': 'auth.value' }],
      [{ db: { password: fake } }, { 'db.password': 'auth.value' }],
      [{ 'db.x': fake }, { 'db.x': 'auth.password' }],
      [{ db: { x: fake } }, { 'db.x': 'auth.password' }],
      [{ db: { password: fake } }, { db: 'auth' }],
      [{ 'db.x': secret(fake) }, { 'db.x': 'auth.value' }],
    ] as const) {
      const { config, notices } = await load(
        new MemoryProvider(values as never),
        { deprecated: options as never },
        Any,
      );
      const shown = [
        config,
        config.value,
        notices,
        config.explain('auth.value' as never),
        config.explain('auth.password' as never),
      ];
      expect(JSON.stringify(config.value)).toContain('[redacted]');
      expect(shown.map((one) => `${JSON.stringify(one)} ${String(one)}`).join()).not.toContain(fake);
      expect(
        String(await checkConfig(Any, new MemoryProvider(values as never), { deprecated: options as never })),
      ).not.toContain(fake);
    }
  });
});

describe('the option deprecated', () => {
  const refusal = async (
    deprecated: Record<string, string>,
    schema: StandardSchemaV1 = Schema,
  ): Promise<string> => {
    const error = await failureOf(loadConfig(schema, new MemoryProvider({}), { deprecated }));
    expect(error.code).toBe('invalid_option');
    expect((await failureOf(checkConfig(schema, new MemoryProvider({}), { deprecated }))).code).toBe(
      'invalid_option',
    );
    return error.message;
  };

  it('refuses what cannot work, and says why', async () => {
    expect(await refusal({ 'db.url': 'database.ulr' })).toContain('Did you mean "database.url"?');
    expect(await refusal({ 'db.url': 'databse.url' })).toContain('Did you mean "database.url"?');
    expect(await refusal({ port: 'database.url' })).toContain('the schema still reads "port"');
    expect(await refusal({ database: 'port' })).toContain('the schema still reads "database"');
    expect(await refusal({ a: 'b', b: 'port' })).toMatch(/"a" is renamed to "b", and "b" is deprecated too/);
    expect(await refusal({ 'database.old': 'database' })).toContain('contain each other');
    expect(await refusal({ a: 'a' })).toContain('contain each other');
    expect(await refusal({ '': 'port' })).toContain('empty');
    expect(
      (await failureOf(loadConfig(Schema, new MemoryProvider({}), { deprecated: { a: 1 } as never })))
        .message,
    ).toContain('option deprecated must be');
  });

  it('accepts a target that the schema may read', async () => {
    const { value } = await load(
      new MemoryProvider({ old: 1 }),
      { deprecated: { old: 'labels.a' } },
      z.object({ labels: z.record(z.string(), z.number()) }),
    );
    expect(value).toEqual({ labels: { a: 1 } });
  });
});

describe('checks of deprecated keys', () => {
  it('checkConfig lists them', async () => {
    const check = await checkConfig(Schema, [env({ APP__DB__URL: 'x' })], leaf);
    expect(check.ok).toBe(true);
    expect(check.deprecated).toEqual([
      { key: 'db.url', use: 'database.url', origin: 'env APP__DB__URL', ignored: false },
    ]);
    const [table, old, report] = String(check).split('\n\n');
    expect(table).toMatch(/database\.url +"x" +env APP__DB__URL/);
    expect(old).toBe('"db.url" is deprecated (env APP__DB__URL). Use "database.url"');
    expect(report).toBe('The configuration is valid.');
  });

  it('llm-config check and unused read the option from the module', async () => {
    const source = new URL('../../src/', import.meta.url).href;
    await using box = await sandbox({
      files: {
        'config.mjs': [
          `import { MemoryProvider } from '${source}providers/memory.ts';`,
          `import { z } from '${import.meta.resolve('zod')}';`,
          `export default new MemoryProvider({ 'db.url': 'x' });`,
          `export const schema = z.object({ database: z.object({ url: z.string() }) });`,
          `export const deprecated = { 'db.url': 'database.url' };`,
        ].join('\n'),
      },
    });
    const { code, out } = await llmConfig(['check', box.path('config.mjs')]);
    expect(code).toBe(0);
    expect(out).toContain('"db.url" is deprecated (memory db.url). Use "database.url"');
    expect((await llmConfig(['unused', box.path('config.mjs')])).out).toBe('Everything is read.\n');
  });

  it('a chain shows the old key: only a load renames it', async () => {
    const chain = new ProviderChain([new MemoryProvider({ 'db.url': 'x' })]);
    await loadConfig(Schema, chain, leaf);
    expect(await chain.value('db.url')).toBe('x');
  });
});
