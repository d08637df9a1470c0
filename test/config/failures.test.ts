import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { Failures } from '../../src/config/failures.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/errors.ts';
import { logTo } from '../../src/events.ts';
import { Emitter } from '../../src/internal/listeners.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import { listening } from '../support/listening.ts';
import { until } from '../support/until.ts';

const fake = 'fake-hunter2-83';
const schema = z.object({ level: z.enum(['info', 'debug']), db: z.object({ password: z.string() }) });
const good = (level = 'info'): MemoryValues => ({ level, db: { password: fake } });

/** A source that a test replaces, and that reports the change. */
function moving(first: MemoryValues) {
  let inner: ConfigProvider = new MemoryProvider(first, { name: 'file' });
  let report = (): void => undefined;
  const provider: ConfigProvider = {
    name: 'file',
    get: (key, options) => inner.get(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    watch: (onChange) => {
      report = () => onChange({ provider: 'file', time: 0 });
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const down = (message: string): ConfigProvider => ({
    ...provider,
    list: async () => {
      throw new ConfigError('io', message, { provider: 'file' });
    },
  });
  return {
    provider,
    move: (next: MemoryValues | string): void => {
      inner = typeof next === 'string' ? down(next) : new MemoryProvider(next, { name: 'file' });
      report();
    },
  };
}

interface Warned {
  readonly code: string;
  readonly message: string;
}
let warnings: Warned[];
let config: Config<z.infer<typeof schema>> | undefined;

beforeEach(() => {
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation(((message: string, { code }: { code: string }) => {
    warnings.push({ code, message });
  }) as never);
});
afterEach(async () => {
  await config?.close();
  vi.restoreAllMocks();
});

const watch = { settleMs: 0 };
const failed = 'LLM_CONFIG_RELOAD_FAILED';

describe('a reload after a change that fails', () => {
  const loaded = async (options = {}) => {
    const source = moving(good());
    config = await loadConfig(schema, source.provider, { watch, ...options });
    const fails = async (next: MemoryValues | string) => {
      const { failedReloads } = (config as Config<unknown>).stats();
      source.move(next);
      await until('it fails', () => (config as Config<unknown>).stats().failedReloads > failedReloads);
    };
    return { ...source, config, fails };
  };

  it('without a listener is a warning with the whole report, once for each different failure', async () => {
    const { config, fails, move } = await loaded();
    await fails({ level: 'loud', db: { password: fake } });
    expect(warnings).toEqual([
      { code: failed, message: expect.stringMatching(/reload failed.*stay in use\. There is 1 problem/) },
    ]);
    expect(warnings[0]?.message).toMatch(
      / {2}level\n {4}expected +one of "info", "debug"\n {4}found +"loud"/,
    );
    await fails({ level: 'loud', db: { password: fake } });
    await fails('file.yaml:3:1: is not YAML');
    await fails({ level: 'loud', db: { password: fake } });
    expect(warnings.map(({ code }) => code)).toEqual([failed, failed]);
    expect(warnings[1]?.message).toContain('file.yaml:3:1: is not YAML');
    move(good('debug'));
    await until('it works again', () => config.get('level') === 'debug');
    expect(warnings.slice(2)).toEqual([
      { code: 'LLM_CONFIG_RELOAD_RECOVERED', message: 'chain: reloads work again (generation 2)' },
    ]);
    move(good('info'));
    await until('the next generation', () => config.get('level') === 'info');
    expect(warnings.length).toBe(3);
    await fails({ level: 'loud', db: { password: fake } });
    expect(warnings.length).toBe(4);
  });

  it('with a listener is an event and no warning', async () => {
    const lines: string[] = [];
    const on = logTo(pino({}, { write: (line: string) => void lines.push(line) }));
    const { fails } = await loaded({ on });
    await fails({ level: 'loud', db: { password: fake } });
    expect(warnings).toEqual([]);
    const line = lines.map((one) => JSON.parse(one) as object).find((one) => 'problems' in one);
    expect(line).toMatchObject({
      event: 'refresh_failed',
      msg: expect.stringContaining('expected  one of "info", "debug"'),
      problems: [{ key: 'level', kind: 'wrong', origin: 'file level' }],
    });
  });

  it('is config.failure until a reload succeeds', async () => {
    const { config, fails, move } = await loaded();
    expect(config.failure).toBeUndefined();
    await fails({ level: 'loud', db: { password: fake } });
    expect(config.failure).toMatchObject({ code: 'validation', problems: [{ key: 'level' }] });
    await expect(config.reload()).rejects.toMatchObject({ code: 'validation' });
    expect(config.failure).toMatchObject({ code: 'validation' });
    move(good());
    await until('it works again', () => config.failure === undefined);
    expect(config.generation.number).toBe(1);
  });

  it('is in the explanation of each key, with the time', async () => {
    const { config, fails } = await loaded();
    expect(String(config.explain('level'))).not.toContain('refused');
    await fails({ level: 'loud', db: {} });
    expect(String(config.explain('level'))).toMatch(
      /a newer value was refused at \d{4}-\d\d-\d\dT[\d:.]+Z: expected .*, found "loud" \(file level\)/,
    );
    expect(String(config.explain('db.password'))).toMatch(
      /a newer value was refused at .*Z: the value is missing/,
    );
    await fails('file.yaml:3:1: is not YAML');
    expect(String(config.explain('level'))).toMatch(
      /a newer configuration was refused at .*Z: file\.yaml:3:1: is not YAML/,
    );
  });

  it('that a caller asked for is not a warning', async () => {
    const { config, move } = await loaded({ watch: false });
    move({ level: 'loud' });
    await expect(config.reload()).rejects.toMatchObject({ code: 'validation' });
    expect(warnings).toEqual([]);
    expect(config.failure?.code).toBe('validation');
  });

  it('no warning shows a secret', async () => {
    const { fails } = await loaded();
    await fails({ level: 'info', db: { password: [fake] } });
    expect(warnings.length).toBe(1);
    expect(warnings[0]?.message).not.toContain(fake);
  });
});

describe('a listener that throws', () => {
  const code = 'LLM_CONFIG_LISTENER_FAILED';
  const leaky = (text: string) => () => {
    throw new TypeError(text);
  };

  it.each<[string, () => unknown]>([
    ['throws', leaky('no pool for the new level')],
    ['rejects', async () => leaky('no pool for the new level')()],
  ])('for changes is a notice with its error when it %s, and the others run', async (_, listener) => {
    const source = new MemoryProvider(good());
    config = await loadConfig(schema, source);
    const { of } = listening(config);
    const seen: number[] = [];
    config.subscribe('level', listener);
    config.subscribe('level', ({ generation }) => seen.push(generation));
    await source.set('level', 'debug');
    await config.reload();
    await until('it is reported', () => of('notice').length > 0);
    expect(of('notice').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^the change listener for "level" threw TypeError: no pool for the new level \(at .*test\.ts:\d+:\d+/,
      ),
    ]);
    expect([seen, warnings]).toEqual([[2], []]);
  });

  it('for changes is a warning if nothing listens, without a message that quotes a secret', async () => {
    const source = new MemoryProvider(good());
    config = await loadConfig(schema, source);
    config.subscribe('level', leaky(`cannot log in with ${fake.toUpperCase()}`));
    config.subscribe('', leaky('plain words'));
    await source.set('level', 'debug');
    await config.reload();
    expect(warnings.map(({ message }) => message.replace(/ \(at.*/, ''))).toEqual([
      'the change listener for "level" threw TypeError',
      'the change listener for "" threw TypeError: plain words',
    ]);
    expect(warnings.every((one) => one.code === code)).toBe(true);
  });

  it('for events is a warning, once, and the others run', async () => {
    const source = new MemoryProvider(good());
    config = await loadConfig(schema, source);
    config.on(leaky(`event of ${fake}`));
    config.on(async () => leaky('late')());
    const { of } = listening(config);
    await config.reload();
    await config.reload();
    await until('the rejection is reported', () => warnings.length > 1);
    expect(of('refreshed').length).toBe(2);
    expect(warnings.map((one) => [one.code, one.message.replace(/ \(at.*/, '')])).toEqual([
      [code, 'chain: a listener threw TypeError'],
      [code, 'chain: a listener threw TypeError: late'],
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a text', 'hunter2 hunter2', /threw Error$/],
    ['nothing', undefined, /threw Error$/],
    ['a password in a URL', new Error('db://u:pw-83@h failed'), /threw Error( \(at|$)/],
    [
      'an error without a stack',
      Object.assign(new RangeError('too far'), { stack: undefined }),
      /RangeError: too far$/,
    ],
    [
      'an error whose stack is a secret',
      Object.assign(new Error('x'), { stack: '\n    at hunter2' }),
      /Error: x$/,
    ],
  ])('that throws %s is reported safely', (_, error, expected) => {
    const emitter = new Emitter('it', 'provider');
    emitter.on(() => {
      throw error;
    });
    emitter.emit('notice', { message: 'a' });
    expect(warnings).toEqual([{ code, message: expect.stringMatching(expected) }]);
    expect(warnings[0]?.message).not.toMatch(/hunter2|pw-83/);
  });
});

describe('an error that says when the store is asked again', () => {
  const emit = vi.fn();
  beforeEach(() => {
    emit.mockReset();
    vi.spyOn(process, 'emitWarning').mockImplementation(emit);
    return () => vi.restoreAllMocks();
  });

  it.each([
    ['denied', '; the store is asked again in %s s', ''],
    ['the circuit is open', ', the next request may start in %s s', '; the last failure was timeout'],
  ])('is one warning, however long that takes: %s', (start, countdown, end) => {
    const failures = new Failures('app');
    const failed = (text: string): void => failures.failed(new ConfigError('access_denied', text), false);
    for (const seconds of ['30', '2', '1']) failed(start + countdown.replace('%s', seconds) + end);
    failed(start + end);
    expect(failures.counts.failedReloads).toBe(4);
    expect(emit).toHaveBeenCalledTimes(1);
    failed('another');
    expect(emit).toHaveBeenCalledTimes(2);
  });
});
