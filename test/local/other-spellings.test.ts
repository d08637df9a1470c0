import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConfigError, Problem, StandardSchemaV1 } from '../../src/index.ts';
import { type EnvOptions, EnvProvider, loadConfig, ProviderChain } from '../../src/index.ts';
import { OtherSpellings } from '../../src/local/other-spellings.ts';
import { VariableNames } from '../../src/local/variable-names.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { folder } from '../support/folder.ts';

const fake = 'fake-Zq83-not-real';
const Schema = z.object({ server: z.object({ host: z.string() }) });

/** The one problem of a configuration from variables. */
async function problem(env: EnvOptions, schema: StandardSchemaV1 = Schema): Promise<Problem> {
  const error = await loadConfig(schema, new EnvProvider(env)).then(
    () => undefined,
    (thrown: ConfigError) => thrown,
  );
  expect(error?.message).not.toContain(fake);
  expect(error?.problems).toHaveLength(1);
  return error?.problems?.[0] as Problem;
}
const hint = async (name: string, options: EnvOptions = { prefix: 'APP' }): Promise<string | undefined> =>
  (await problem({ ...options, env: { [name]: fake } })).hint;

describe('a variable that is set under another spelling', () => {
  const rename = (name: string, to = 'APP_SERVER_HOST') =>
    `Rename ${name} to ${to}, or name it in the option variables`;

  it('is named where the key was looked for, with what to do', async () => {
    const env = { APP_SERVER__HOST: fake, HOME: '/root' };
    expect(await problem({ prefix: 'APP', env })).toMatchObject({
      kind: 'missing',
      looked: ['env APP_SERVER_HOST (APP_SERVER__HOST is set)'],
      hint: rename('APP_SERVER__HOST'),
    });
  });

  it.each([
    'APP_SERVER__HOST', // of both forms
    'APP_SERVERHOST',
    'app_server_host',
    'APP.SERVER.HOST',
    'SERVER__HOST', // without the prefix
    'SERVER_HOST',
    'AP__SERVER__HOST', // a letter less
    'APPP__SERVER__HOST', // a letter more
    'APP_SERVR_HOST',
    'APP_SEVRER_HOST', // two letters swapped
  ])('%s is found with a prefix', async (name) => {
    expect(await hint(name)).toBe(rename(name));
  });

  it.each([
    [{}, 'SERVERHOST', 'SERVER_HOST'],
    [{}, 'SERVR__HOST', 'SERVER_HOST'],
    [{}, 'SERVR_HOST', 'SERVER_HOST'],
    [{}, 'Server.Host', 'SERVER_HOST'],
    [{ separator: '_' }, 'SERVER__HOST', 'SERVER_HOST'],
    [{ variables: { 'server.host': 'WEB_HOST' } }, 'WEBHOST', 'WEB_HOST'],
  ])('with %j, %s is found for %s', async (options, name, right) => {
    expect(await hint(name, options)).toBe(rename(name, right));
  });

  it.each([
    ['app', 'APP__SERVER__HOST', 'APP'],
    ['MY_APP', 'MYAPP__SERVER__HOST', 'MYAPP'],
    ['MY__APP', 'MY_APP__SERVER__HOST', 'MY_APP'],
  ])('with the prefix %s and %s, the prefix is corrected', async (prefix, name, right) => {
    expect(await hint(name, { prefix })).toBe(`Set the option prefix to '${right}'`);
  });

  it.each([
    'HOST',
    'SERVER__HOSTNAME',
    'OTHER__SERVER__HOST',
    'APPLE_SERVER_PORT',
    'APP_SERVER_HOST\nX', // nothing that could break a line of the report
    `AP${'_'.repeat(200)}SERVER_HOST`,
  ])('%j is not taken for it', async (name) => {
    expect(await hint(name)).toBe('Set APP_SERVER_HOST to a string');
  });

  it('what every system sets is not named, another variable of one word is', async () => {
    const one = (name: string) => z.object({ [name]: z.string() });
    const env = { PATH: fake, PORT: fake };
    expect((await problem({ prefix: 'APP', env }, one('path'))).hint).toBe('Set APP_PATH to a string');
    expect((await problem({ prefix: 'APP', env }, one('port'))).hint).toMatch(/^Rename PORT to APP_PORT/);
  });

  it('a variable that the schema reads for another key is not named', async () => {
    const llm = z.object({ llm: z.object({ model: z.string(), mode: z.string() }) });
    expect((await problem({ env: { LLM__MODEL: 'm' } }, llm)).hint).toBe('Set LLM_MODE to a string');
    const node = z.object({ node1: z.string(), node2: z.string() });
    expect((await problem({ env: { NODE1: 'm' } }, node)).hint).toBe('Set NODE2 to a string');
  });

  it('a file that a variable names is named while fileSuffix is off', async () => {
    const name = 'APP_SERVER_HOST_FILE';
    expect(await hint(name)).toBe("Set the option fileSuffix to '_FILE'");
    expect((await problem({ prefix: 'APP', env: { [name]: fake } })).looked).toEqual([
      `env APP_SERVER_HOST (${name} is set)`,
    ]);
    expect(await hint(name, { prefix: 'APP', fileSuffix: '_PATH' })).not.toContain('_FILE');
  });

  it('a file that an exact name names is named too', async () => {
    const name = 'APP__SERVER__HOST_FILE';
    expect(await hint(name)).toBe("Set the option fileSuffix to '_FILE'");
    expect((await problem({ prefix: 'APP', env: { [name]: fake } })).looked).toEqual([
      `env APP_SERVER_HOST (${name} is set)`,
    ]);
  });

  it('require names it too, and where without a read does not', async () => {
    const env = new EnvProvider({ prefix: 'APP', env: { APPSERVER_HOST: fake } });
    expect(env.where('server.host')).toBe('env APP_SERVER_HOST');
    await expect(new ProviderChain([env]).require('server.host')).rejects.toThrow(
      'env APP_SERVER_HOST (APPSERVER_HOST is set: rename APPSERVER_HOST to APP_SERVER_HOST',
    );
  });

  it('3,000 missing keys and 3,000 variables are compared in less than a second', () => {
    const spellings = new OtherSpellings(new VariableNames('test', { prefix: 'APP' }), {
      all: new Set(Array.from({ length: 3000 }, (_, n) => `OTHER_KEY${n}`)),
      empty: new Set(),
      ignoresFiles: true,
      links: new Set(),
    });
    const began = performance.now();
    const remarks = Array.from({ length: 3000 }, (_, n) => spellings.remarkOn(`APP_KEY${n}`, `key${n}`));
    expect(remarks.filter(Boolean)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('a .env file', () => {
  it('that is missing is reported with its folder', async () => {
    await using box = await folder({});
    const dotenv = new DotEnvProvider({ prefix: 'APP', directory: box.path });
    await expect(loadConfig(Schema, dotenv)).rejects.toMatchObject({
      problems: [
        {
          looked: [expect.stringContaining(`APP_SERVER_HOST (there is no .env file in ${box.path})`)],
          hint: `Set ${box.at('.env')} APP_SERVER_HOST to a string`,
        },
      ],
    });
  });

  it('has its variables compared as well', async () => {
    await using box = await folder({ '.env': `APP_SERVER__HOST=${fake}\n` });
    const dotenv = new DotEnvProvider({ prefix: 'APP', directory: box.path });
    await expect(loadConfig(Schema, dotenv)).rejects.toMatchObject({
      problems: [{ looked: [expect.stringMatching(/HOST \(APP_SERVER__HOST is set\)$/)] }],
    });
  });
});
