import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { isUnreadable } from '../../src/entry.ts';
import type { ConfigError } from '../../src/errors.ts';
import { loadConfig } from '../../src/index.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { folder } from '../support/folder.ts';
import { until } from '../support/until.ts';

const fake = 'fake-Zq83-not-real';
const failure = (read: Promise<unknown>): Promise<ConfigError> =>
  read.then(
    () => expect.fail('the read succeeded'),
    (error: ConfigError) => error,
  );

describe('fileSuffix with conventional names', () => {
  const Schema = z.object({ db: z.object({ password: z.string() }) });
  const suffixed = (env: Record<string, string>, options: object = {}) =>
    new EnvProvider({ prefix: 'APP', fileSuffix: '_FILE', env, ...options });

  it('reads the file for the key without the suffix, and the path for the key with it', async () => {
    await using dir = await folder({ pw: `${fake}\n` });
    const env = { APP_DB_PASSWORD_FILE: dir.at('pw') };
    const provider = suffixed(env);
    expect(await provider.get('db.password')).toMatchObject({ value: fake, secret: true, loose: 'words' });
    expect((await provider.get('db.passwordFile'))?.value).toBe(dir.at('pw'));
    const config = await loadConfig(Schema, suffixed(env));
    expect(config.value.db.password).toBe(fake);
    expect(String(config.explain('db.password'))).toContain('env APP_DB_PASSWORD_FILE');
    expect(inspect(config)).not.toContain(fake);
    const path = z.object({ db: z.object({ passwordFile: z.string() }) });
    expect((await loadConfig(path, suffixed(env))).value.db.passwordFile).toBe(dir.at('pw'));
  });

  it('reads no file that no key needs', async () => {
    const env = { SSL_CERT_FILE: '/nonexistent', DB_PASSWORD: 'p', GIT_FILE: '' };
    const provider = new EnvProvider({ env, fileSuffix: '_FILE' });
    expect((await loadConfig(Schema, provider)).value.db.password).toBe('p');
    expect(
      (await provider.list('', { wanted: { keys: ['db.password'], prefixes: [] } })).filter(isUnreadable),
    ).toEqual([]);
    await expect(provider.get('ssl.cert')).rejects.toMatchObject({ code: 'io' });
    await expect(provider.get('git')).rejects.toMatchObject({ code: 'io' });
    expect((await provider.list()).filter(isUnreadable).map(({ key }) => key)).toEqual(['ssl_cert', 'git']);
    const chain = new ProviderChain([provider, new MemoryProvider({ ssl: { cert: 'default' } })]);
    await expect(chain.tree()).rejects.toMatchObject({ code: 'io' });
    expect(inspect(await failure(chain.tree()), { depth: 9 })).not.toContain('/nonexistent');
  });

  it('is ambiguous if the schema reads both keys', async () => {
    await using dir = await folder({ pw: fake });
    const both = z.object({ db: z.object({ password: z.string(), passwordFile: z.string() }) });
    const { problems } = await failure(loadConfig(both, suffixed({ APP_DB_PASSWORD_FILE: dir.at('pw') })));
    expect(problems).toMatchObject([
      { kind: 'ambiguous', message: expect.stringContaining('APP_DB_PASSWORD_FILE can mean ') },
    ]);
    expect(problems?.[0]?.message).toMatch(/"db\.password".*|"db\.passwordFile"/);
  });

  it('conflicts with the variable itself if they differ', async () => {
    await using dir = await folder({ pw: fake });
    const env = { APP_DB_PASSWORD_FILE: dir.at('pw'), APP_DB_PASSWORD: 'other' };
    await expect(suffixed(env).get('db.password')).rejects.toMatchObject({ code: 'conflict' });
    const exact = { APP_DB_PASSWORD_FILE: dir.at('pw'), APP__DB__PASSWORD: fake };
    expect((await suffixed(exact).get('db.password'))?.value).toBe(fake);
  });

  it('reads the file again on refresh, with maxAgeMs: 0 and when it changes', async () => {
    await using dir = await folder({ pw: 'one', other: 'x' });
    const provider = suffixed({ APP_DB_PASSWORD_FILE: dir.at('pw'), APP_OTHER_FILE: dir.at('other') });
    const read = async (options?: object) => (await provider.get('db.password', options))?.value;
    expect(await read()).toBe('one');
    let changes = 0;
    const watch = provider.watch?.(() => void changes++);
    await dir.replace('pw', 'two');
    await until('the file is read again', async () => (await read()) === 'two');
    await dir.write({ pw: 'three' });
    expect(await read({ maxAgeMs: 0 })).toBe('three');
    await dir.write({ pw: 'four' });
    await provider.refresh();
    expect(await read()).toBe('four');
    expect(changes).toBeGreaterThan(0);
    watch?.[Symbol.dispose]();
  });

  it('a watch that begins after a load sees no change', async () => {
    await using dir = await folder({ pw: 'one' });
    const provider = suffixed({ APP_DB_PASSWORD_FILE: dir.at('pw') });
    await loadConfig(Schema, provider);
    let changes = 0;
    const watch = provider.watch?.(() => void changes++);
    await dir.replace('pw', 'two');
    await until('the change is seen', () => changes > 0);
    expect(changes).toBe(1);
    watch?.[Symbol.dispose]();
  });

  it('reads a file once for many readers, and again after a failure that passes', async () => {
    await using dir = await folder({ pw: fake });
    const provider = suffixed({ APP_DB_PASSWORD_FILE: dir.at('pw') });
    const read = await Promise.all(Array.from({ length: 50 }, () => provider.get('db.password')));
    expect(new Set(read.map((entry) => entry?.value))).toEqual(new Set([fake]));
    expect((await provider.list()).map(({ key }) => key)).toEqual(['db_password_file', 'db_password']);
  });
});

/** The warnings of the process during a call. */
async function warnings(call: () => Promise<void>): Promise<string[]> {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    await call();
    return emit.mock.calls.map(([message]) => String(message));
  } finally {
    emit.mockRestore();
  }
}

describe('an environment that must not be listed', () => {
  class NotCapable extends Error {
    override readonly name = 'NotCapable';
  }
  /** As Deno refuses, with `--allow-env` for some names. */
  const guarded = (env: Record<string, string>, allowed: readonly string[]) => {
    const asked: string[] = [];
    const refuse = (what: string): never => {
      throw new NotCapable(`Requires env access to ${what}`);
    };
    const proxy = new Proxy(env, {
      ownKeys: () => refuse('all'),
      get: (target, name) => {
        asked.push(String(name));
        return allowed.includes(String(name)) ? target[String(name)] : refuse(`"${String(name)}"`);
      },
    });
    return { proxy, asked };
  };
  const Schema = z.object({ server: z.object({ host: z.string(), port: z.number().default(80) }) });
  const names = ['APP_SERVER_HOST', 'APP_SERVER_PORT'];

  it('is read by the names that where gives, and says once that others are not seen', async () => {
    const env = { APP_SERVER_HOST: 'h', APP__SERVER__PORT: '1', OTHER: 'x' };
    const { proxy, asked } = guarded(env, [...names, 'DB_URL']);
    const provider = new EnvProvider({ prefix: 'APP', env: proxy, variables: { 'db.url': 'DB_URL' } });
    const notices = await warnings(async () => {
      expect((await loadConfig(Schema, provider)).value.server).toEqual({ host: 'h', port: 80 });
      expect((await provider.get('server.host'))?.value).toBe('h');
      env.APP_SERVER_HOST = 'changed';
      await provider.refresh();
    });
    expect(notices).toEqual([
      'env: this process must not list its environment, so only the usual name of a key is read',
    ]);
    expect(new Set(asked)).toEqual(new Set([...names, 'DB_URL']));
    expect((await provider.get('server.host'))?.value).toBe('changed');
  });

  it('fails for a key whose variable must not be read, and for no other', async () => {
    const { proxy } = guarded({ APP_SERVER_HOST: 'h' }, ['APP_SERVER_HOST']);
    const provider = new EnvProvider({ prefix: 'APP', env: proxy });
    await warnings(async () => {
      expect((await provider.get('server.host'))?.value).toBe('h');
      await expect(provider.get('server.port')).rejects.toMatchObject({
        code: 'access_denied',
        message:
          'this process must not read the variable APP_SERVER_PORT. Add APP_SERVER_PORT to --allow-env',
      });
      const { problems } = await failure(loadConfig(Schema, provider));
      expect(problems).toMatchObject([{ kind: 'unreadable', key: 'server.port' }]);
    });
  });

  it('reads the files of the asked names', async () => {
    await using dir = await folder({ host: 'from a file' });
    const { proxy } = guarded(
      { APP_SERVER_HOST_FILE: dir.at('host') },
      names.flatMap((name) => [name, `${name}_FILE`]),
    );
    const provider = new EnvProvider({ prefix: 'APP', env: proxy, fileSuffix: '_FILE' });
    await warnings(async () => {
      expect((await loadConfig(Schema, provider)).value.server.host).toBe('from a file');
      await provider.refresh();
      expect((await provider.get('server.host'))?.value).toBe('from a file');
    });
  });

  it('fails with its error if it cannot be listed for another reason', async () => {
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new TypeError('broken');
        },
      },
    );
    await expect(new EnvProvider({ env: proxy }).get('a')).rejects.toMatchObject({
      code: 'io',
      message: 'env: the environment cannot be read',
    });
  });
});

describe('an environment of Windows', () => {
  const platform = process.platform;
  afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }));
  const onWindows = (options: object): EnvProvider => {
    Object.defineProperty(process, 'platform', { value: 'win32' });
    return new EnvProvider(options);
  };

  it('has names without case, and shows them as they are set', async () => {
    const env = { App_Server_Host: 'h', app__llm__apikey: fake, Db_Url: 'u', Path: 'C:\\' };
    const provider = onWindows({ prefix: 'App', variables: { 'db.url': 'DB_URL' }, env });
    expect(`${(await provider.get('server.host'))?.origin}`).toBe('env App_Server_Host');
    expect(await provider.get('llm.apiKey')).toMatchObject({ value: fake, secret: true });
    expect((await provider.get('db.url'))?.value).toBe('u');
    expect(provider.where('server.port')).toBe('env App_SERVER_PORT');
  });

  it('has names of the platform in any case, and files by a suffix in any case', async () => {
    await using dir = await folder({ pw: fake });
    const env = {
      Path: 'C:\\',
      windir: 'C:\\Windows',
      'ProgramFiles(x86)': 'C:\\',
      db_password_file: dir.at('pw'),
    };
    const provider = onWindows({ fileSuffix: '_File', env });
    for (const key of ['path', 'windir', 'programFiles'])
      expect(await provider.get(key), key).toBeUndefined();
    expect((await provider.get('db.password'))?.value).toBe(fake);
  });

  it('elsewhere, names keep their case', async () => {
    const env = { App_Server_Host: 'h', app__x: '1' };
    expect(await new EnvProvider({ prefix: 'APP', env }).list()).toEqual([]);
  });
});
