import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeEntry } from '../../src/entry.ts';
import {
  ConfigError,
  type ConfigProvider,
  checkConfig,
  EnvProvider,
  type ListOptions,
  MemoryProvider,
  ProviderChain,
  type Unreadable,
} from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';

const schema = z.object({
  host: z.string(),
  port: z.number().default(5432),
  password: z.string(),
  creds: z.string(),
  retries: z.number().optional(),
});

const origin = makeOrigin({ provider: 'vault', source: 'vault database/creds/app' });
const lease: Unreadable = { key: 'creds', origin, error: new ConfigError('on_demand', 'would be created') };
const disabled: Unreadable = {
  key: 'password',
  origin,
  error: new ConfigError('disabled', 'is disabled'),
};

function vault(
  items: (Unreadable | ConfigError)[],
): ConfigProvider & { readonly asked: ListOptions[]; closed: number } {
  return {
    name: 'vault',
    asked: [],
    closed: 0,
    get: async () => undefined,
    async list(_prefix, options = {}) {
      this.asked.push(options);
      const failure = items.find((item) => item instanceof ConfigError);
      if (failure) throw failure;
      return [
        makeEntry({ key: 'password', value: 'fake-password', secret: true, text: true, origin }),
        ...(items as Unreadable[]),
      ].filter(({ key }, at, all) => all.findLastIndex((other) => other.key === key) === at);
    },
    async close() {
      this.closed++;
    },
  };
}

describe('checkConfig', () => {
  it('checkConfig lists each key with its origin, without credentials or secrets', async () => {
    const remote = vault([lease]);
    const check = await checkConfig(schema, [
      new EnvProvider({ prefix: 'APP', env: { APP__RETRIES: '3' } }),
      remote,
      new MemoryProvider({ host: 'h' }),
    ]);
    expect(check.ok).toBe(true);
    expect(String(check)).toBe(
      [
        '  host      "h"                  memory host',
        '  port      5432                 default of the schema',
        '  password  [redacted]           vault database/creds/app',
        '  creds     (created on demand)  vault database/creds/app',
        '  retries   3                    env APP__RETRIES',
        '',
        'The configuration is valid.',
      ].join('\n'),
    );
    expect(remote.asked.map(({ acquire }) => acquire)).toEqual([undefined]);
    expect(remote.closed).toBe(1);
  });

  it('checkConfig returns all problems and does not throw', async () => {
    const check = await checkConfig(
      schema,
      new ProviderChain([vault([disabled]), new MemoryProvider({ port: 'x', hots: 1 })]),
      {
        unknown: 'error',
      },
    );
    expect(check.ok).toBe(false);
    expect(check.problems.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'missing host',
      'wrong port',
      'missing creds',
      'unreadable password',
      'unknown hots',
    ]);
    expect(String(check)).toContain('password  (cannot be read)');
    expect(String(check)).toContain('creds     (not set)');
    expect(String(check)).toContain('There are 5 problems with the configuration:');
  });

  it('checkConfig warns of misspelled keys as loadConfig does, unless a report names them', async () => {
    const retries = z.object({ retries: z.number().default(3), port: z.number() });
    const env = (variables: object) =>
      new EnvProvider({ prefix: 'APP', env: { APP__RETRYS: '5', APP_RETRIS: '6', ...variables } });
    const warnings = [
      'nothing reads "retrys" (env APP__RETRYS). Did you mean "retries"?',
      'nothing reads "retris" (env APP_RETRIS). Did you mean APP_RETRIES?',
    ];
    const check = await checkConfig(retries, env({ APP_PORT: '1' }));
    expect([check.ok, check.warnings]).toEqual([true, warnings]);
    expect(String(check).split('\n\n').slice(1)).toEqual([
      warnings.join('\n'),
      'The configuration is valid.',
    ]);
    expect(JSON.parse(JSON.stringify(check)).warnings).toEqual(warnings);
    const ignoring = await checkConfig(retries, env({ APP_PORT: '1' }), { unknown: 'ignore' });
    expect(ignoring.warnings).toEqual([]);
    expect((await checkConfig(retries, env({}))).warnings).toEqual([]);
    const refusing = await checkConfig(retries, env({ APP_PORT: '1' }), { unknown: 'error' });
    expect([refusing.problems.length, refusing.warnings]).toEqual([1, []]);
  });

  it('checkConfig shows no value of a key that the schema does not read', async () => {
    const check = await checkConfig(z.object({ password: z.string().optional() }), [
      new EnvProvider({ prefix: 'APP', env: { APP__PASSWRD: 'fake-hunter2' } }),
    ]);
    expect(check.keys[1]).toEqual({ key: 'passwrd', state: 'unread', origin: 'env APP__PASSWRD' });
    expect(String(check)).toContain('passwrd   (not read)  env APP__PASSWRD');
    expect(`${check}${JSON.stringify(check)}`).not.toContain('hunter2');
    const open = await checkConfig(z.looseObject({}), [new MemoryProvider({ any: 1 })]);
    expect(open.keys).toMatchObject([{ key: 'any', state: 'found', value: '1' }]);
  });

  it('checkConfig returns the failure of a source as a problem', async () => {
    const check = await checkConfig(schema, vault([new ConfigError('unavailable', 'vault does not answer')]));
    expect(check.problems).toEqual([
      { kind: 'failed', key: '', message: 'vault does not answer', origin: 'vault' },
    ]);
    expect(String(check)).toContain('vault does not answer');
  });

  it('checkConfig marks every key of a dynamic secret as on_demand', async () => {
    const app = z.object({ creds: z.object({ username: z.string(), password: z.string() }) });
    for (const more of [{}, { creds: { username: 'fixed' } }]) {
      const check = await checkConfig(app, [new MemoryProvider(more), vault([lease])]);
      expect(check.ok).toBe(true);
      expect(check.keys.find(({ key }) => key === 'creds.password')?.state).toBe('on_demand');
    }
  });

  it('checkConfig rejects unknown options', async () => {
    await expect(
      checkConfig(schema, new MemoryProvider({}), { unknwon: 'error' } as never),
    ).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});
