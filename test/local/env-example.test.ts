import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DotEnvProvider, describeKeys, EnvProvider, envExample, loadConfig } from '../../src/index.ts';
import { schemas } from '../support/schemas.ts';

describe('envExample', () => {
  it('writes a commented .env.example, secrets empty, optional keys commented out', async () => {
    const schema = z.object({
      port: z.number().int().describe('Where to listen'),
      database: z.object({
        poolMax: z.number().default(10),
        password: z.string(),
        name: z.string().default('two words'),
      }),
      apiToken: z.string().default('fake-token'),
      cert: z.string().default('https://user:fake-password@a.example'),
      tags: z.record(z.string(), z.string()),
    });
    expect(await envExample(schema, { prefix: 'APP' })).toBe(`# Where to listen
# a whole number, required
APP_PORT=

# a number, optional
# APP_DATABASE_POOL_MAX=10

# a string, required, secret
APP_DATABASE_PASSWORD=

# a string, optional
# APP_DATABASE_NAME='two words'

# a string, optional, secret
# APP_API_TOKEN=

# a string, optional
# APP_CERT=

# The schema may read more variables: APP__TAGS__…
`);
  });

  it('uses the names of the option variables', async () => {
    const schema = z.object({ database: z.object({ host: z.string(), port: z.number().default(5432) }) });
    expect(await envExample(schema, { prefix: 'APP', variables: { 'database/host': 'DB_HOST' } })).toBe(
      '# a string, required\nDB_HOST=\n\n# a number, optional\n# APP_DATABASE_PORT=5432\n',
    );
  });

  it('writes the exact name where the conventional one can mean two keys', async () => {
    const schema = z.object({
      apiKey: z.string(),
      api: z.object({ key: z.string(), url: z.string() }),
      api_url: z.number(),
    });
    const names = async (options: object) => (await envExample(schema, options)).match(/^[A-Z_]+(?==)/gm);
    expect(await names({ prefix: 'APP' })).toEqual([
      'APP__API_KEY',
      'APP__API__KEY',
      'APP__API__URL',
      'APP__API_URL',
    ]);
    expect(await names({})).toEqual(['APIKEY', 'API__KEY', 'API__URL', 'APIURL']);
    const same = z.object({ poolMax: z.string(), pool_max: z.string() });
    expect((await envExample(same)).match(/^[A-Z_]+(?==)/gm)).toEqual(['POOL_MAX', 'POOL_MAX']);
  });

  it('adds a comment when the schema may read more keys', async () => {
    const schema = z.looseObject({
      nothing: z.null().default(null),
      several: z.string().describe('One\n  Two'),
    });
    const text = await envExample(schema, { separator: '_' });
    expect(text).toContain('# One\n# Two\n# a string, required\nSEVERAL=');
    expect(text).toContain('# The schema may read more variables than these.');
  });

  it('writes names that EnvProvider and DotEnvProvider find', async () => {
    const given: Record<string, string> = {
      'database.host': 'h',
      'database.password': 'fake',
      port: '1',
      mode: 'production',
      'llm.endpoint': 'https://a.example',
    };
    const names = (await envExample(schemas.zod, { prefix: 'APP' })).match(/^[A-Z_]+(?==)/gm) ?? [];
    const required = (await describeKeys(schemas.zod)).keys.filter((key) => key.required);
    const env = Object.fromEntries(
      required.map(({ key }, at) => [names[at] as string, given[key] as string]),
    );
    const config = await loadConfig(schemas.zod, new EnvProvider({ prefix: 'APP', env }));
    expect(config.value.database.host).toBe('h');
  });

  it('writes defaults that a .env file reads back, and leaves out all others', async () => {
    const texts = {
      a: "it's",
      b: 'two\nlines',
      c: 'a "quoted" word',
      d: `'"`,
      e: '#x y',
      f: 'C:\\new dir',
      g: ['a b', "it's"],
    };
    const either = z.union([z.string(), z.array(z.string())]);
    const schema = z.object(
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, either.default(text)])),
    );
    const example = await envExample(schema, { prefix: 'APP' });
    const folder = await mkdtemp(join(tmpdir(), 'env-example-'));
    await writeFile(join(folder, '.env'), example.replace(/^# (?=APP_)/gm, ''));
    const config = await loadConfig(
      z.object(Object.fromEntries(Object.keys(texts).map((name) => [name, z.string()]))),
      new DotEnvProvider({ prefix: 'APP', directory: folder, files: ['.env'] }),
    );
    expect(config.value).toEqual({ ...texts, g: JSON.stringify(texts.g) });
    await rm(folder, { recursive: true });
    expect(await envExample(z.object({ a: z.string().default('"`\'\n') }))).toMatch(/^# A=$/m);
    expect(await envExample(z.object({ 'x y': z.string() }))).toContain('# No variable name can spell "x y"');
  });

  it('refuses a value that is not a schema, and unknown options', async () => {
    await expect(envExample({} as never)).rejects.toThrow(
      /^envExample: the first argument is not a schema\. /,
    );
    await expect(envExample(schemas.zod, { prefx: 'APP' } as never)).rejects.toThrow(
      'envExample: unknown option "prefx". Did you mean prefix?',
    );
  });
});
