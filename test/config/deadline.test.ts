import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { checkConfig, loadConfig } from '../../src/config/load-config.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import type { ConfigError } from '../../src/errors.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';

const Schema = z.object({ a: z.string().optional() });
const fast = new MemoryProvider({ a: 'x' }, { name: 'fast' });
const deadlineMs = 5000;

/** A source that never answers. `honours`: it rejects when its signal aborts. */
function hanging(name: string, honours = false): ConfigProvider & { isAborted: boolean } {
  const provider = {
    name,
    isAborted: false,
    get: () => new Promise<never>(() => undefined),
    list: (_: string | undefined, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => {
          provider.isAborted = true;
          if (honours) reject(new Error('aborted'));
        });
      }),
  };
  return provider;
}

/** The error of a load whose deadline passes. */
async function late(load: Promise<unknown>): Promise<ConfigError> {
  const error = load.then(
    () => expect.unreachable('it was loaded'),
    (reason: ConfigError) => reason,
  );
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(deadlineMs);
  return error;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('deadlineMs', () => {
  it.each([true, false])('names the slow source, which honours its signal: %j', async (honours) => {
    const slow = hanging('vault', honours);
    const error = await late(loadConfig(Schema, [fast, slow], { deadlineMs }));
    expect(error).toMatchObject({
      code: 'timeout',
      transient: true,
      provider: 'vault',
      message: 'vault: no answer within the 5000 ms of the load. Look at this source, or raise deadlineMs',
      problems: [{ kind: 'failed', origin: 'vault' }],
    });
    expect(slow.isAborted).toBe(true);
  });

  it('names each of several slow sources, in nested chains and decorators, too', async () => {
    const nested = new ProviderChain([fast, hanging('inner')], { name: 'nested' });
    const source = [hanging('one'), nested, optional(hanging('two'))];
    const error = await late(loadConfig(Schema, source, { deadlineMs }));
    expect(error.code).toBe('timeout');
    expect(error.problems?.map(({ origin }) => origin)).toEqual(['one', 'inner', 'two']);
  });

  it('names a source of other sources that is slow itself', async () => {
    const composed = { ...hanging('composed'), layers: () => new Promise<never>(() => undefined) };
    const error = await late(loadConfig(Schema, [fast, composed], { deadlineMs }));
    expect(error).toMatchObject({ code: 'timeout', provider: 'composed' });
  });

  it('reports the failure of a source rather than the slowness of another', async () => {
    const broken = { ...hanging('broken'), list: () => Promise.reject(new Error('no')) };
    const error = await late(loadConfig(Schema, [broken, hanging('slow')], { deadlineMs }));
    expect(error.code).toBe('io');
    expect(error.message).toMatch(/broken.*\n.*slow: no answer/);
  });

  it('ends a load whose schema or interceptor hangs', async () => {
    const schema = Schema.refine(() => new Promise<boolean>(() => undefined));
    const interceptor = () => new Promise<never>(() => undefined);
    for (const load of [
      loadConfig(schema, fast, { deadlineMs }),
      loadConfig(Schema, new ProviderChain([fast], { intercept: interceptor }), { deadlineMs }),
    ])
      expect(await late(load)).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining(
          'chain: no end within the 5000 ms of the load. Look at interceptors',
        ),
      });
  });

  it('does not wait for a slow source to close', async () => {
    const slow = { ...hanging('slow'), close: () => new Promise<never>(() => undefined) };
    expect((await late(loadConfig(Schema, slow, { deadlineMs }))).code).toBe('timeout');
  });

  it('bounds each reload, and keeps the values', async () => {
    let source: ConfigProvider = fast;
    const moving: ConfigProvider = {
      name: 'moving',
      get: (key) => source.get(key),
      list: (prefix, options) => source.list(prefix, options),
    };
    const config = await loadConfig(Schema, moving, { deadlineMs });
    source = hanging('moving');
    expect((await late(config.reload())).message).toMatch(/^moving: no answer within the 5000 ms/);
    expect(config.get('a')).toBe('x');
    source = fast;
    await expect(config.reload()).resolves.toMatchObject({ number: 1 });
    await config.close();
  });

  it('leaves no timer and no abort behind after a load in time', async () => {
    const config = await loadConfig(Schema, fast, { deadlineMs });
    expect(vi.getTimerCount()).toBe(0);
    await config.close();
  });

  it('is a problem of a check', async () => {
    const check = checkConfig(Schema, hanging('vault'), { deadlineMs });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(deadlineMs);
    expect((await check).problems).toMatchObject([{ kind: 'failed', origin: 'vault' }]);
  });

  it.each([0, -1, Number.NaN, 2 ** 31, '5s'])('refuses %j', async (value) => {
    await expect(loadConfig(Schema, fast, { deadlineMs: value as number })).rejects.toThrow(
      'the option deadlineMs must be a number from 1 to 2147483647',
    );
  });
});
