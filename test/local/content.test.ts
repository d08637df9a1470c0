import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { type Content, ReloadableContent } from '../../src/local/content.ts';
import { waiting } from '../support/steps.ts';
import { until } from '../support/until.ts';

/** A source for which the test settles each load. */
function source() {
  const loads: {
    readonly resolve: (text: string) => void;
    readonly reject: (error: Error) => void;
    readonly last: Content<string> | undefined;
  }[] = [];
  const content = new ReloadableContent<string>({
    provider: 'test',
    load: (last) =>
      waiting(
        () =>
          new Promise((resolve, reject) =>
            loads.push({
              last,
              reject,
              resolve: (value) => resolve({ value, fingerprint: value, readAt: Date.now() }),
            }),
          ),
      ),
    watched: () => [],
  });
  return { content, loads, at: (n: number) => loads.at(n) as (typeof loads)[number] };
}

const broken = new ConfigError('parse', 'it is broken');

afterEach(() => {
  vi.useRealTimers();
});

describe('ReloadableContent', () => {
  it('loads once for all first readers, then returns the cached content', async () => {
    const { content, loads, at } = source();
    const reads = [content.read(), content.read(), content.read()];
    at(0).resolve('one');
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual(['one', 'one', 'one']);
    await content.read();
    expect(loads).toHaveLength(1);
  });

  it('loads again after a first read that failed', async () => {
    const { content, at } = source();
    const first = content.read();
    at(0).reject(broken);
    await expect(first).rejects.toBe(broken);
    const second = content.read();
    at(1).resolve('one');
    expect((await second).value).toBe('one');
  });

  it('keeps the last content when a fresh read fails and throws', async () => {
    const { content, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    const fresh = content.read({ maxAgeMs: 0 });
    expect((await content.read()).value).toBe('one');
    at(1).reject(broken);
    await expect(fresh).rejects.toBe(broken);
    expect((await content.read()).value).toBe('one');
  });

  it('replaces the content after a fresh read that succeeds', async () => {
    const { content, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    const fresh = content.read({ maxAgeMs: 0 });
    at(1).resolve('two');
    expect((await fresh).value).toBe('two');
    expect((await content.read()).value).toBe('two');
    expect(at(1).last?.value).toBe('one');
  });

  it('loads again when the content is older than maxAgeMs', async () => {
    vi.useFakeTimers();
    const { content, loads, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    vi.advanceTimersByTime(1_000);
    expect((await content.read({ maxAgeMs: 1_000 })).value).toBe('one');
    vi.advanceTimersByTime(1);
    const older = content.read({ maxAgeMs: 1_000 });
    expect(loads).toHaveLength(2);
    at(1).resolve('two');
    expect((await older).value).toBe('two');
  });

  it('loads again when the clock was put back, since the age of the content is unknown', async () => {
    vi.useFakeTimers();
    const { content, loads, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    for (const ms of [3_600_000, 35 * 365 * 86_400_000]) {
      vi.setSystemTime(Date.now() - ms);
      const fresh = content.read({ maxAgeMs: 86_400_000 });
      at(loads.length - 1).resolve('two');
      expect((await fresh).value).toBe('two');
    }
    expect(loads).toHaveLength(3);
  });

  it('starts a new load for a fresh reader while an older load runs', async () => {
    const { content, loads, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    const early = content.read({ maxAgeMs: 0 });
    const late = [content.read({ maxAgeMs: 0 }), content.refresh(), content.read({ maxAgeMs: 0 })];
    expect(loads).toHaveLength(2);
    at(1).reject(broken);
    await expect(early).rejects.toBe(broken);
    await until('the next has begun', () => loads.length === 3);
    late.push(content.read({ maxAgeMs: 0 }));
    at(2).resolve('three');
    expect(await Promise.all(late.slice(0, 3))).toMatchObject([
      { value: 'three' },
      undefined,
      { value: 'three' },
    ]);
    await until('the last has begun', () => loads.length === 4);
    at(3).resolve('four');
    expect(await late[3]).toMatchObject({ value: 'four' });
  });

  it('throws from refresh when the load fails, and keeps the content', async () => {
    const { content, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    const refreshed = content.refresh();
    at(1).reject(broken);
    await expect(refreshed).rejects.toBe(broken);
    expect((await content.read()).value).toBe('one');
  });

  it('does not load for an aborted caller, and goes on when one of several aborts', async () => {
    const { content, loads, at } = source();
    const aborted = { code: 'aborted', provider: 'test', transient: false };
    await expect(content.read({ signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    await expect(content.health({ signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    expect(loads).toHaveLength(0);
    const caller = new AbortController();
    const gone = content.read({ signal: caller.signal });
    const stays = content.read();
    caller.abort();
    await expect(gone).rejects.toMatchObject(aborted);
    at(0).resolve('one');
    expect((await stays).value).toBe('one');
  });

  it('accepts one signal for many reads without a leak warning', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const { content, at } = source();
    const { signal } = new AbortController();
    const reads = Array.from({ length: 50 }, () => content.read({ signal }));
    at(0).resolve('one');
    await Promise.all(reads);
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('health of ReloadableContent', () => {
  it('reports down without content, ok after a load, degraded while old content is served', async () => {
    const { content, at, loads } = source();
    const ask = async (answer: (n: (typeof loads)[number]) => void) => {
      const health = content.health();
      answer(at(-1));
      return health;
    };
    expect(await ask(({ reject }) => reject(broken))).toMatchObject({
      status: 'down',
      reason: 'it is broken',
    });
    expect(await ask(({ resolve }) => resolve('one'))).toMatchObject({ status: 'ok' });
    const first = content.read();
    at(-1).resolve('one');
    await first;
    expect(await ask(({ reject }) => reject(broken))).toMatchObject({
      status: 'degraded',
      reason: 'it is broken',
    });
  });

  it('checks health without replacing the content', async () => {
    const { content, at } = source();
    const first = content.read();
    at(0).resolve('one');
    await first;
    const health = content.health({ signal: new AbortController().signal });
    at(1).resolve('two');
    expect(await health).toMatchObject({
      status: 'ok',
      checkedAt: expect.any(Number),
      latencyMs: expect.any(Number),
    });
    expect((await content.read()).value).toBe('one');
  });

  it('rejects at once when the caller of health aborts', async () => {
    const { content } = source();
    const caller = new AbortController();
    const health = content.health({ signal: caller.signal });
    caller.abort();
    await expect(health).rejects.toMatchObject({ code: 'aborted' });
  });
});
