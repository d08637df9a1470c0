import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type ConfigError,
  type ConfigProvider,
  DotEnvProvider,
  EnvProvider,
  loadConfig,
  MemoryProvider,
} from '../../src/index.ts';
import { folder } from '../support/folder.ts';

const Schema = z.object({ port: z.number().default(3000), host: z.string() });
const empty = 'absent';
const failure = async (source: ConfigProvider | readonly ConfigProvider[]): Promise<ConfigError> =>
  loadConfig(Schema, source).then(
    () => expect.unreachable('it was accepted'),
    (error: ConfigError) => error,
  );

describe('an empty variable', () => {
  const env = { APP__PORT: '', APP__HOST: '' };

  it('is a value by default, and the report names the option', async () => {
    const { problems } = await failure(new EnvProvider({ prefix: 'APP', env: { ...env, APP__HOST: 'h' } }));
    expect(problems).toMatchObject([
      {
        found: '"" (set, but empty)',
        hint: "Give APP__PORT a value, remove it, or set the option empty: 'absent'",
      },
    ]);
  });

  it('counts as not set with empty: absent, and the report says that it is empty', async () => {
    const provider = new EnvProvider({ prefix: 'APP', env, empty });
    expect(await provider.get('port')).toBeUndefined();
    expect(await provider.list()).toEqual([]);
    const { problems } = await failure(provider);
    expect(problems).toMatchObject([
      {
        kind: 'missing',
        key: 'host',
        looked: ['env APP__HOST (set, but empty)'],
        hint: 'Set APP__HOST to a string',
      },
    ]);
  });

  it('then lets the next source and the default of the schema apply', async () => {
    const config = await loadConfig(Schema, [
      new EnvProvider({ prefix: 'APP', env, empty }),
      new MemoryProvider({ host: 'below' }),
    ]);
    expect(config.value).toEqual({ port: 3000, host: 'below' });
  });

  it.each([
    ['mapped', { variables: { host: 'HOST' } }, { HOST: '' }],
    ['of JSON', { json: { '': 'ALL' } }, { ALL: '' }],
    ['that names a file', { fileSuffix: '_FILE' }, { APP__HOST_FILE: '' }],
    ['whose name cannot be a key', {}, { APP____X: '' }],
  ])('is left out as well if it is one %s', async (_, options, variables) => {
    const provider = new EnvProvider({ prefix: 'APP', env: variables, empty, ...options });
    expect(await provider.list()).toEqual([]);
    expect(await provider.get('host')).toBeUndefined();
  });

  it('of spaces is a value', async () => {
    const provider = new EnvProvider({ prefix: 'APP', env: { APP__HOST: ' ' }, empty });
    expect((await provider.get('host'))?.value).toBe(' ');
  });

  it('in a .env file hides none of a file below, unless it is a value', async () => {
    await using box = await folder({ '.env.local': 'APP__HOST=\nAPP__PORT=\n', '.env': 'APP__HOST=below\n' });
    const dotenv = { prefix: 'APP', directory: box.path, environment: 'production' };
    const absent = await loadConfig(Schema, new DotEnvProvider({ ...dotenv, empty }));
    expect(absent.value).toEqual({ port: 3000, host: 'below' });
    expect((await new DotEnvProvider(dotenv).get('host'))?.value).toBe('');
    const { problems } = await failure(new DotEnvProvider(dotenv));
    expect(problems?.[0]?.hint).toMatch(/2:1 a value, remove it, or set the option empty: 'absent'$/);
  });

  it('refuses another word', () => {
    expect(() => new EnvProvider({ empty: 'undefined' as never })).toThrow(
      'the option empty must be one of "value", "absent"',
    );
  });
});
