import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { type Content, ReloadableContent } from '../../src/local/content.ts';
import { until } from '../support/until.ts';

/** A source by hand: each load waits for its answer. */
function source() {
  const loads: {
    readonly resolve: (text: string) => void;
    readonly reject: (error: Error) => void;
    readonly last: Content<string> | undefined;
  }[] = [];
  const held = new ReloadableContent<string>({
    provider: 'test',
    load: (last) =>
      new Promise((resolve, reject) =>
        loads.push({
          last,
          reject,
          resolve: (value) => resolve({ value, print: value, readAt: Date.now() }),
        }),
      ),
    folders: () => [],
    mark: () => 'same',
  });
  return { held, loads, at: (n: number) => loads.at(n) as (typeof loads)[number] };
}

const broken = new ConfigError('parse', 'it is broken');

afterEach(() => {
  vi.useRealTimers();
});

describe('what is held', () => {
  it('is read once for all who ask first, and then no more', async () => {
    const { held, loads, at } = source();
    const reads = [held.read(), held.read(), held.read()];
    at(0).resolve('one');
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual(['one', 'one', 'one']);
    await held.read();
    expect(loads).toHaveLength(1);
  });

  it('does not remember that a first read failed', async () => {
    const { held, at } = source();
    const first = held.read();
    at(0).reject(broken);
    await expect(first).rejects.toBe(broken);
    const second = held.read();
    at(1).resolve('one');
    expect((await second).value).toBe('one');
  });

  it('outlives a failed fresh read: that one throws, ordinary ones go on', async () => {
    const { held, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    const fresh = held.read({ maxAgeMs: 0 });
    expect((await held.read()).value).toBe('one');
    at(1).reject(broken);
    await expect(fresh).rejects.toBe(broken);
    expect((await held.read()).value).toBe('one');
  });

  it('is replaced by a fresh read that succeeds', async () => {
    const { held, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    const fresh = held.read({ maxAgeMs: 0 });
    at(1).resolve('two');
    expect((await fresh).value).toBe('two');
    expect((await held.read()).value).toBe('two');
    expect(at(1).last?.value).toBe('one');
  });

  it('is read again when it is older than its reader allows', async () => {
    vi.useFakeTimers();
    const { held, loads, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    vi.advanceTimersByTime(1_000);
    expect((await held.read({ maxAgeMs: 1_000 })).value).toBe('one');
    vi.advanceTimersByTime(1);
    const older = held.read({ maxAgeMs: 1_000 });
    expect(loads).toHaveLength(2);
    at(1).resolve('two');
    expect((await older).value).toBe('two');
  });

  it('gives a fresh reader no read that had begun before it asked', async () => {
    const { held, loads, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    const early = held.read({ maxAgeMs: 0 });
    const late = [held.read({ maxAgeMs: 0 }), held.refresh(), held.read({ maxAgeMs: 0 })];
    expect(loads).toHaveLength(2);
    at(1).reject(broken);
    await expect(early).rejects.toBe(broken);
    await until('the next has begun', () => loads.length === 3);
    late.push(held.read({ maxAgeMs: 0 }));
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

  it('tells by refresh that it could not be read, and stays', async () => {
    const { held, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    const refreshed = held.refresh();
    at(1).reject(broken);
    await expect(refreshed).rejects.toBe(broken);
    expect((await held.read()).value).toBe('one');
  });

  it('is not read for one whose signal had aborted before, and not cancelled by one that aborts later', async () => {
    const { held, loads, at } = source();
    const aborted = { code: 'aborted', provider: 'test', transient: false };
    await expect(held.read({ signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    await expect(held.health({ signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    expect(loads).toHaveLength(0);
    const caller = new AbortController();
    const gone = held.read({ signal: caller.signal });
    const stays = held.read();
    caller.abort();
    await expect(gone).rejects.toMatchObject(aborted);
    at(0).resolve('one');
    expect((await stays).value).toBe('one');
  });

  it('may be read by many with one signal', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const { held, at } = source();
    const { signal } = new AbortController();
    const reads = Array.from({ length: 50 }, () => held.read({ signal }));
    at(0).resolve('one');
    await Promise.all(reads);
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('its health', () => {
  it('is down while nothing could be read, ok when all is well, degraded when the last good content is served', async () => {
    const { held, at, loads } = source();
    const ask = async (answer: (n: (typeof loads)[number]) => void) => {
      const health = held.health();
      answer(at(-1));
      return health;
    };
    expect(await ask(({ reject }) => reject(broken))).toMatchObject({
      status: 'down',
      reason: 'it is broken',
    });
    expect(await ask(({ resolve }) => resolve('one'))).toMatchObject({ status: 'ok' });
    const first = held.read();
    at(-1).resolve('one');
    await first;
    expect(await ask(({ reject }) => reject(broken))).toMatchObject({
      status: 'degraded',
      reason: 'it is broken',
    });
  });

  it('is found without replacing what is held', async () => {
    const { held, at } = source();
    const first = held.read();
    at(0).resolve('one');
    await first;
    const health = held.health({ signal: new AbortController().signal });
    at(1).resolve('two');
    expect(await health).toMatchObject({
      status: 'ok',
      checkedAt: expect.any(Number),
      latencyMs: expect.any(Number),
    });
    expect((await held.read()).value).toBe('one');
  });

  it('ends at once when its caller aborts', async () => {
    const { held } = source();
    const caller = new AbortController();
    const health = held.health({ signal: caller.signal });
    caller.abort();
    await expect(health).rejects.toMatchObject({ code: 'aborted' });
  });
});
