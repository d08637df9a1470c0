import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import type { LoadOptions } from '../../src/config/plan.ts';
import type { Unreadable } from '../../src/entry.ts';
import {
  ConfigError,
  type ConfigEvent,
  type ConfigProvider,
  type ConfigSource,
  fallback,
  loadConfig,
  MemoryProvider,
  type MemoryValues,
  optional,
  ProviderChain,
  secret,
} from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';
import { until } from '../support/until.ts';

const fake = 'fake-S3CRET-83';
const weak = 'fake-changeme';
const schema = z.object({
  level: z.string().default('info'),
  database: z.object({ password: z.string().default(weak) }).prefault({}),
});
const vanishedFrom = 'vault database.password';
const full: MemoryValues = { level: 'debug', database: { password: fake } };

/** A remote store whose content a test replaces, and that reports the change. */
function store(first: MemoryValues, name = 'vault') {
  let content: ConfigProvider | ConfigError = new MemoryProvider(first, { name });
  let holes: readonly Unreadable[] = [];
  const watchers = new Set<() => void>();
  const now = async (): Promise<ConfigProvider> => {
    if (content instanceof ConfigError) throw content;
    return content;
  };
  const provider: ConfigProvider = {
    name,
    get: async (key, options) => (await now()).get(key, options),
    list: async (prefix, options) => [...(await (await now()).list(prefix, options)), ...holes],
    watch: (onChange) => {
      const report = (): void => onChange({ provider: name, time: 0 });
      watchers.add(report);
      return { [Symbol.dispose]: () => void watchers.delete(report) };
    },
  };
  return {
    provider,
    set: (values: MemoryValues) => void (content = new MemoryProvider(values, { name })),
    fail: () => void (content = new ConfigError('unavailable', `${name}: is down`, { provider: name })),
    hole: (key: string) => {
      const origin = makeOrigin({ provider: name, source: `${name} ${key}` });
      const error = new ConfigError('disabled', `${name}: "${key}" is disabled`, { key, origin });
      holes = [Object.freeze({ key, origin, error })];
    },
    report: () => watchers.forEach((report) => void report()),
  };
}

const file = (values: MemoryValues): ConfigProvider => new MemoryProvider(values, { name: 'file' });

const configs: Config<unknown>[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(configs.splice(0).map((config) => config.close()));
});

async function loaded<S extends z.ZodType>(shape: S, source: ConfigSource, options: LoadOptions = {}) {
  const events: ConfigEvent[] = [];
  const config = await loadConfig(shape, source, { on: (event) => void events.push(event), ...options });
  configs.push(config as Config<unknown>);
  const ofType = <T extends ConfigEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ConfigEvent, { type: T }> => event.type === type);
  const refused = async (): Promise<string> => {
    const error = await config.reload().then(
      () => undefined,
      (one: unknown) => one as ConfigError,
    );
    expect(error?.code).toBe('validation');
    expect(error?.problems?.every(({ kind }) => kind === 'vanished')).toBe(true);
    return error?.message ?? '';
  };
  return { config, events, ofType, refused };
}

describe('a reload that lost a secret of a store', () => {
  it('is refused if a default would take its place, and the report prints no value', async () => {
    const vault = store(full);
    const { config, events, ofType, refused } = await loaded(schema, [vault.provider]);
    vault.set({ level: 'debug' });
    expect(await refused()).toBe(
      [
        'There is 1 problem with the configuration:',
        '',
        '  database.password',
        `    problem   has vanished from ${vanishedFrom}; the default of the schema would take its place`,
        "    to do     Restore it in vault. If that is meant: reload({ accept: ['database.password'] })",
      ].join('\n'),
    );
    expect(config.value.database.password).toBe(fake);
    expect(config.failure?.problems).toMatchObject([{ kind: 'vanished', key: 'database.password' }]);
    expect(String(config.explain('database.password'))).toContain('a newer value was refused');
    expect(ofType('vanished')).toMatchObject([
      {
        provider: 'vault',
        layer: 'config',
        outcome: 'absent',
        key: 'database.password',
        keys: ['database.password'],
        message: '"database.password" has vanished from vault database.password',
      },
    ]);
    expect(ofType('refresh_failed')[0]?.message).toContain('has vanished from vault');
    const printed = JSON.stringify(events) + JSON.stringify(config.failure) + config.failure?.stack;
    expect(printed).not.toContain(fake);
    expect(printed).not.toContain(weak);
  });

  it('is refused if a weaker source would take its place, until the store has it again', async () => {
    const vault = store(full);
    const { config, ofType, refused } = await loaded(schema, [
      vault.provider,
      file({ database: { password: weak } }),
    ]);
    vault.set({});
    const report = await refused();
    expect(report).toContain(
      'has vanished from vault database.password; file database.password would take its place',
    );
    expect(report).toContain('Restore vault, which has nothing left. If that is meant');
    await refused();
    expect(ofType('vanished')).toMatchObject([{ all: true, keys: ['level', 'database.password'] }]);
    expect(ofType('vanished')[0]?.message).toBe(
      'everything has vanished from vault: "level", "database.password"',
    );
    vault.set({ ...full, level: 'warn' });
    await config.reload();
    expect(config.value).toMatchObject({ level: 'warn', database: { password: fake } });
    expect(config.failure).toBeUndefined();
    vault.set({});
    await refused();
    expect(ofType('vanished')).toHaveLength(2);
  });

  it('is refused with a name of the schema that a transform replaces', async () => {
    const renamed = schema.transform(({ database }) => ({ secret: database.password }));
    const vault = store(full);
    const { config, refused } = await loaded(renamed, [vault.provider]);
    vault.set({ level: 'debug' });
    expect(await refused()).toContain('the default of the schema');
    expect(config.value.secret).toBe(fake);
  });

  it('is refused for a list, for an item of an open section and below the option at', async () => {
    const shape = z.object({
      tokens: z.array(z.string()).default([]),
      keys: z.record(z.string(), z.string()),
    });
    const vault = store({ app: { tokens: secret(['a', 'b']), keys: { one: '1', two: secret('2') } } });
    const sources = [vault.provider, file({ app: { keys: { two: weak } } })];
    const { refused } = await loaded(shape, sources, { at: 'app' });
    vault.set({ app: { keys: { one: '1' } } });
    const report = await refused();
    expect(report).toMatch(/ {2}tokens\n/);
    expect(report).toContain("reload({ accept: ['keys.two'] })");
  });

  it('is refused if the stronger source that overrode the secret lost it too', async () => {
    const env = { name: 'env', ...store({ database: { password: 'mine' } }, 'env') };
    const vault = store(full);
    const { config, refused } = await loaded(schema, [
      Object.assign({ ...env.provider }, { local: true }),
      vault.provider,
    ]);
    expect(config.value.database.password).toBe('mine');
    env.set({});
    vault.set({});
    expect(await refused()).toContain('has vanished from vault database.password');
    vault.set(full);
    await config.reload();
    expect(config.value.database.password).toBe(fake);
  });

  it('is refused if a weaker store has another value, and promoted if it has the same', async () => {
    const [vault, ssm] = [store(full), store({}, 'ssm')];
    const { config, ofType, refused } = await loaded(schema, [vault.provider, ssm.provider]);
    vault.set({ level: 'debug' });
    ssm.set({ database: { password: weak } });
    expect(await refused()).toContain('ssm database.password would take its place');
    ssm.set({ database: { password: fake } });
    await config.reload();
    expect(ofType('vanished')).toHaveLength(1);
    ssm.set({});
    expect(await refused()).toContain('has vanished from ssm');
  });

  it('is promoted if a stronger store has the secret now', async () => {
    const [ssm, vault] = [store({}, 'ssm'), store(full)];
    const { config, ofType } = await loaded(schema, [ssm.provider, vault.provider]);
    ssm.set({ database: { password: 'newer' } });
    vault.set({ level: 'debug' });
    await config.reload();
    expect(config.value.database.password).toBe('newer');
    expect(ofType('vanished')).toEqual([]);
  });

  it('is promoted if nothing takes its place, with an event', async () => {
    const shape = z.object({ token: z.string().optional(), level: z.string().default('info') });
    const vault = store({ token: fake, level: 'debug' });
    const { config, ofType } = await loaded(shape, [vault.provider, file({ level: 'error' })]);
    vault.set({});
    await config.reload();
    expect(config.value).toEqual({ level: 'error' });
    expect(ofType('vanished')).toMatchObject([{ keys: ['token', 'level'], all: true }]);
  });

  it('is promoted if the store has it in another shape, or cannot give it', async () => {
    const shape = z.object({ token: z.any().optional(), other: z.string().default('x') });
    const vault = store({ token: fake });
    const { config, ofType } = await loaded(shape, [vault.provider]);
    vault.set({ token: { current: fake } });
    await config.reload();
    vault.set({ token: fake });
    await config.reload();
    vault.hole('token');
    vault.set({});
    await expect(config.reload()).rejects.toMatchObject({ problems: [{ kind: 'unreadable', key: 'token' }] });
    expect(ofType('vanished')).toEqual([]);
  });

  it('is promoted if the schema does not read it', async () => {
    const vault = store({ ...full, legacy: { token: fake } });
    const { config, ofType } = await loaded(schema, [vault.provider, file({ legacy: { token: weak } })]);
    vault.set(full);
    await config.reload();
    expect(ofType('vanished')).toEqual([]);
  });

  it('without a schema is refused only if another source has the key', async () => {
    const vault = store({ token: fake, password: fake });
    const config = await loadConfig([vault.provider, file({ token: weak })]);
    configs.push(config as Config<unknown>);
    vault.set({});
    await expect(config.reload()).rejects.toMatchObject({ problems: [{ key: 'token' }] });
    await config.reload({ accept: ['token'] });
    expect(config.value).toEqual({ token: weak });
  });

  it('compares with the generation that a rollback restored', async () => {
    const vault = store(full);
    const { config, refused } = await loaded(schema, [vault.provider]);
    vault.set({});
    await config.reload({ accept: ['database'] });
    expect(config.value.database.password).toBe(weak);
    await config.reload();
    await config.rollback(1, { secrets: 'then' });
    expect(config.value.database.password).toBe(fake);
    expect(await refused()).toContain('database.password');
  });
});

describe('what is not a store, or not gone', () => {
  it('a secret that is removed from a source on this machine is promoted without an event', async () => {
    const local = store(full, 'dotenv');
    const provider = Object.assign({ ...local.provider }, { local: true });
    const { config, ofType } = await loaded(schema, [provider]);
    local.set({});
    await config.reload();
    expect(config.value.database.password).toBe(weak);
    expect(ofType('vanished')).toEqual([]);
  });

  it('a first load has nothing to compare with', async () => {
    const { config } = await loaded(schema, [store({}).provider]);
    expect(config.value.database.password).toBe(weak);
  });

  it('an outage that optional tolerates keeps the secret, and an empty store is refused', async () => {
    const vault = store(full);
    const { config, ofType, refused } = await loaded(schema, [optional(vault.provider)]);
    vault.fail();
    await config.reload();
    expect(config.value.database.password).toBe(fake);
    expect(ofType('vanished')).toEqual([]);
    vault.set({});
    expect(await refused()).toContain('has vanished from vault');
  });

  it('what a fallback gave at the start is refused if its first provider is empty afterwards', async () => {
    const vault = store({});
    vault.fail();
    const chain = new ProviderChain([
      fallback(vault.provider, new MemoryProvider(full, { name: 'snapshot' })),
      file({ database: { password: weak } }),
    ]);
    const { config, refused } = await loaded(schema, chain);
    expect(config.value.database.password).toBe(fake);
    vault.set({});
    expect(await refused()).toContain('has vanished from snapshot');
    vault.set({ database: { password: 'right' } });
    await config.reload();
    expect(config.value.database.password).toBe('right');
  });
});

describe('reload with accept', () => {
  const shape = z.object({ a: z.object({ token: z.string().default(weak), pin: z.string().default(weak) }) });

  it.each([[['a.token', 'a.pin']], [['a']], [['']], [['a/token', 'a.pin']]])(
    '%j is promoted',
    async (accept) => {
      const vault = store({ a: { token: fake, pin: fake } });
      const { config, ofType } = await loaded(shape, [vault.provider]);
      vault.set({ a: {} });
      await config.reload({ accept });
      expect(config.value.a).toEqual({ token: weak, pin: weak });
      expect(ofType('vanished')).toEqual([]);
      vault.set({ a: { token: fake } });
      await config.reload({ accept });
      expect(config.value.a.token).toBe(fake);
    },
  );

  it('accepts no other key', async () => {
    const vault = store({ a: { token: fake, pin: fake } });
    const { config } = await loaded(shape, [vault.provider]);
    vault.set({ a: {} });
    await expect(config.reload({ accept: ['a.token'] })).rejects.toMatchObject({
      problems: [{ kind: 'vanished', key: 'a.pin' }],
    });
  });

  it('refuses a key that the configuration cannot have, and names the nearest one', async () => {
    const { config } = await loaded(shape, [store({ a: { token: fake, pin: fake } }).provider]);
    await expect(config.reload({ accept: ['a.tokem'] })).rejects.toThrow(
      'reload: accept names "a.tokem", which the configuration cannot have. Did you mean "a.token"?',
    );
    await expect(config.reload({ accept: ['b'] })).rejects.toMatchObject({ code: 'invalid_option' });
    await expect(config.reload({ accept: 'a' } as never)).rejects.toThrow('must be a list');
    await expect(config.reload({ acept: [] } as never)).rejects.toThrow('Did you mean accept?');
  });

  it('is kept when several reloads share a load', async () => {
    const vault = store({ a: { token: fake, pin: fake } });
    const { config } = await loaded(shape, [vault.provider]);
    const running = config.reload();
    vault.set({ a: {} });
    await Promise.all([
      running,
      config.reload({ accept: ['a.pin'] }),
      config.reload({ accept: ['a.token'] }),
    ]);
    expect(config.value.a).toEqual({ token: weak, pin: weak });
  });
});

describe('the option vanished', () => {
  it('warn promotes with an event, or with a warning of the process if nothing listens', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const vault = store(full);
    const heard = await loaded(schema, [vault.provider], { vanished: 'warn' });
    const config = await loadConfig(schema, [vault.provider], { vanished: 'warn' });
    configs.push(config as Config<unknown>);
    vault.set({});
    await heard.config.reload();
    expect(heard.ofType('vanished')).toMatchObject([{ provider: 'vault', all: true }]);
    expect(warnings).not.toHaveBeenCalled();
    await config.reload();
    expect(config.value.database.password).toBe(weak);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringContaining('everything has vanished from vault'),
        { type: 'ConfigWarning', code: 'LLM_CONFIG_VANISHED' },
      ],
    ]);
  });

  it('accept promotes without an event', async () => {
    const vault = store(full);
    const { config, ofType } = await loaded(schema, [vault.provider], { vanished: 'accept' });
    vault.set({});
    await config.reload();
    expect(config.value.database.password).toBe(weak);
    expect(ofType('vanished')).toEqual([]);
  });

  it('another value is an invalid option', async () => {
    await expect(loadConfig(schema, store(full).provider, { vanished: 'no' as never })).rejects.toMatchObject(
      {
        code: 'invalid_option',
      },
    );
  });
});

describe('while watching', () => {
  const pass = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

  it('a poll is refused while the store is empty, and succeeds when it is filled again', async () => {
    fakeTimers();
    const vault = store(full);
    const { config, ofType } = await loaded(schema, [vault.provider], { watch: { pollMs: 1_000 } });
    vault.set({});
    await pass(1_200);
    await until('a poll failed', () => config.failure !== undefined);
    await pass(1_200);
    await until('two polls failed', () => ofType('refresh_failed').length >= 2);
    expect(ofType('vanished')).toHaveLength(1);
    expect(config.value.database.password).toBe(fake);
    vault.set({ ...full, level: 'warn' });
    await pass(1_200);
    await until('it heals', () => config.value.level === 'warn');
    expect(config.failure).toBeUndefined();
  });

  it('a refused change is tried again after 1, 2, 4 … seconds, until the store is filled', async () => {
    fakeTimers();
    const [vault, other] = [store(full), store({})];
    const { config, ofType } = await loaded(schema, [{ ...other.provider, name: 'other' }, vault.provider], {
      watch: { settleMs: 5 },
    });
    const failures = () => ofType('refresh_failed').length;
    vault.set({});
    other.report();
    await pass(5);
    await until('the change failed', () => failures() === 1);
    for (const [n, seconds] of [1, 2, 4].entries()) {
      await pass(seconds * 1_000 - 1);
      expect(failures()).toBe(n + 1);
      await pass(1);
      await until('it failed again', () => failures() === n + 2);
    }
    vault.set({ ...full, level: 'warn' });
    await pass(8_000);
    await until('it heals', () => config.value.level === 'warn');
    await pass(120_000);
    expect(ofType('refreshed')).toHaveLength(2);
  });
});
