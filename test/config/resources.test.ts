import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type ConfigEvent, loadConfig, MemoryProvider } from '../../src/index.ts';
import { unhandledRejections } from '../support/port.ts';

const Schema = z.object({
  database: z.object({ host: z.string(), password: z.string(), hosts: z.array(z.string()).default([]) }),
  log: z.object({ level: z.string() }).default({ level: 'info' }),
});

interface Pool {
  readonly options: { host: string; password: string; hosts: string[] };
  ended: boolean;
}

async function service(events?: ConfigEvent[]) {
  const memory = new MemoryProvider({ database: { host: 'a', password: 'fake-pw-1' } });
  const config = await loadConfig(Schema, memory, {
    ...(events && { on: (event: ConfigEvent) => void events.push(event) }),
  });
  const change = async (key: string, value: string): Promise<void> => {
    await memory.set(key, value);
    await config.reload();
  };
  const made: Pool[] = [];
  const make = (options: Pool['options']): Pool => {
    const pool = { options, ended: false };
    made.push(pool);
    return pool;
  };
  const end = async (pool: Pool): Promise<void> => {
    pool.ended = true;
  };
  return { config, memory, change, made, make, end };
}

/** Lets everything that waits for promises go on. */
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('config.use', () => {
  it('makes a resource of a section, with a copy that it may change', async () => {
    const { config, make, end, made } = await service();
    const pool = await config.use('database', make, end);
    expect(pool.current).toBe(made[0]);
    expect(pool.current.options).toEqual({ host: 'a', password: 'fake-pw-1', hosts: [] });
    pool.current.options.hosts.push('b');
    expect(config.value.database.hosts).toEqual([]);
    const whole = await config.use('', (value) => value.log.level);
    expect(whole.current).toBe('info');
  });

  it('makes it again when the section changes, and then ends the old one', async () => {
    const { config, make, end, made, change } = await service();
    const pool = await config.use('database', make, end);
    await change('database.password', 'fake-pw-2');
    await settle();
    expect(pool.current.options.password).toBe('fake-pw-2');
    expect(made.map(({ ended }) => ended)).toEqual([true, false]);
    await change('log.level', 'debug');
    await settle();
    expect(made).toHaveLength(2);
  });

  it('ends the old one after its last use', async () => {
    const { config, make, end, made, change } = await service();
    const pool = await config.use('database', make, end);
    let finish = (): void => undefined;
    const work = pool.run(
      (used) =>
        new Promise<string>((resolve) => {
          finish = () => resolve(used.options.host);
        }),
    );
    await change('database.host', 'b');
    await settle();
    expect(made.map(({ ended }) => ended)).toEqual([false, false]);
    finish();
    expect(await work).toBe('a');
    await settle();
    expect(made.map(({ ended }) => ended)).toEqual([true, false]);
    await expect(pool.run(() => Promise.reject(new Error('query')))).rejects.toThrow('query');
  });

  it('makes one at a time, and only the newest of several changes', async () => {
    const { config, change } = await service();
    let running = 0;
    const seen: string[] = [];
    const using = config.use('database', async ({ host }) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      seen.push(host);
      running--;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await using;
    await change('database.host', 'b');
    await change('database.host', 'c');
    await change('database.host', 'd');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(seen).toEqual(['a', 'b', 'd']);
  });

  it('keeps the resource when no new one can be made, says so without secrets, tries again', async () => {
    const events: ConfigEvent[] = [];
    const { config, change, end, made, make } = await service(events);
    let fails = 2;
    const pool = await config.use(
      'database',
      (options) => {
        if (made.length > 0 && fails-- > 0) throw new Error(`refused ${options.password}`);
        return make(options);
      },
      end,
    );
    await change('database.password', 'fake-pw-secret');
    await settle();
    expect(pool.current.options.password).toBe('fake-pw-1');
    const notices = events.filter(({ type }) => type === 'notice');
    expect(notices).toMatchObject([
      { key: 'database', message: expect.stringContaining('the earlier one stays in use') },
    ]);
    expect(JSON.stringify(notices)).not.toContain('fake-pw');
    await vi.advanceTimersByTimeAsync(999);
    expect(fails).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(fails).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(pool.current.options.password).toBe('fake-pw-secret');
    expect(made.map(({ ended }) => ended)).toEqual([true, false]);
  });

  it('prints no secret of an earlier section, also if make or dispose fails after more changes', async () => {
    const events: ConfigEvent[] = [];
    const { config, change } = await service(events);
    await config.use('database', async ({ password }) => {
      if (password === 'fake-pw-1') return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      throw new Error(`refused ${password}`);
    });
    const used = await config.use(
      'database',
      ({ password }) => password,
      (password) => Promise.reject(new Error(`still in use: ${password}`)),
    );
    let finish = (): void => undefined;
    const work = used.run(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    // without four letters in common, so that no later secret hides an earlier one
    const passwords = ['banana', 'cherry', 'velvet', 'zipper'];
    for (const password of passwords) await change('database.password', password);
    await vi.advanceTimersByTimeAsync(1_000);
    finish();
    await work;
    await settle();
    const notices = JSON.stringify(events.filter(({ type }) => type === 'notice'));
    expect(notices).toContain('could not be made again');
    expect(notices).toContain('could not be disposed of');
    expect(notices).not.toMatch(/fake-pw|banana|cherry|velvet|zipper/);
  });

  it('does not miss a change while a make fails', async () => {
    const { config, change } = await service([]);
    const hosts: string[] = [];
    const resource = config.use('database', async ({ host }) => {
      hosts.push(host);
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (host === 'b') throw new Error('no route');
      return host;
    });
    await vi.advanceTimersByTimeAsync(100);
    await change('database.host', 'b');
    await change('database.host', 'c');
    await vi.advanceTimersByTimeAsync(300);
    expect([hosts, (await resource).current]).toEqual([['a', 'b', 'c'], 'c']);
  });

  it('warns with LLM_CONFIG_RESOURCE_FAILED if nothing listens', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { config, change } = await service();
    let first = true;
    await config.use('database', () => {
      if (!first) throw new Error('no route');
      first = false;
    });
    await change('database.host', 'b');
    await settle();
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(/^the resource for "database" could not be made.*no route/s),
        { type: 'ConfigWarning', code: 'LLM_CONFIG_RESOURCE_FAILED' },
      ],
    ]);
  });

  it('throws what make throws the first time, and keeps nothing', async () => {
    const { config, change } = await service();
    const make = vi.fn(() => Promise.reject(new Error('no route')));
    await expect(config.use('database', make)).rejects.toThrow('no route');
    await change('database.host', 'b');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(make).toHaveBeenCalledOnce();
  });

  it('refuses a section that the configuration cannot have, and what is not a function', async () => {
    const { config } = await service();
    await expect(config.use('databse' as 'database', () => 1)).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(config.use('database', {} as never)).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('reports a dispose that fails, and goes on', async () => {
    using rejections = unhandledRejections();
    const events: ConfigEvent[] = [];
    const { config, change, make } = await service(events);
    const pool = await config.use('database', make, () => Promise.reject(new Error('stuck')));
    await change('database.host', 'b');
    await settle();
    expect(pool.current.options.host).toBe('b');
    expect(events.find(({ type }) => type === 'notice')).toMatchObject({
      message: expect.stringMatching(/^the resource for "database" could not be disposed of: .*stuck/),
    });
    expect(await rejections.settled()).toEqual([]);
  });

  it('disposes of a resource by its own method, once, and then follows no change', async () => {
    const { config, change } = await service();
    let disposed = 0;
    const make = vi.fn(() => ({ [Symbol.asyncDispose]: async () => void disposed++ }));
    {
      await using resource = await config.use('database', make);
      expect(resource.current).toBeDefined();
    }
    expect(disposed).toBe(1);
    await change('database.host', 'b');
    await config.close();
    expect([disposed, make.mock.calls.length]).toEqual([1, 1]);
  });

  it('closing the configuration ends a resource whose first use has just begun', async () => {
    const { config, make, end, made } = await service();
    const beginning = config.use('database', make, end);
    await config.close();
    const pool = await beginning;
    expect(() => pool.current).toThrow('is disposed of');
    expect(made.map(({ ended }) => ended)).toEqual([true]);
  });

  it('closing the configuration ends all resources, and does not wait for a hanging one', async () => {
    const { config, make, end, made } = await service();
    const signals: AbortSignal[] = [];
    const pool = await config.use(
      'database',
      (options, { signal }) => {
        signals.push(signal);
        return make(options);
      },
      end,
    );
    void pool.run(() => new Promise(() => undefined));
    const other = await config.use('log', ({ level }) => level);
    const closed = config.close();
    await vi.advanceTimersByTimeAsync(2_000);
    await closed;
    expect(signals[0]?.aborted).toBe(true);
    expect(made[0]?.ended).toBe(false);
    expect(() => other.current).toThrow('is disposed of');
    expect(vi.getTimerCount()).toBe(0);
  });
});
