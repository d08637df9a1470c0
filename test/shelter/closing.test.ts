import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import {
  type ConfigEvent,
  type ConfigProvider,
  cascade,
  environments,
  fallback,
  intercepted,
  MemoryProvider,
  mounted,
  optional,
  ProviderChain,
  scoped,
} from '../../src/index.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { faulty } from '../../src/testing/index.ts';
import { hang } from '../support/fake-source.ts';
import { code, sheltering } from '../support/sheltering.ts';

const never = new Promise<never>(() => undefined);

/** A provider that records how it is closed. */
function closing(name: string, close: () => Promise<void> = async () => undefined) {
  const closed: unknown[] = [];
  const provider: ConfigProvider = Object.assign(new MemoryProvider({}, { name }), {
    close: (options: unknown) => {
      closed.push(options);
      return close();
    },
  });
  return { provider, closed };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('close of a provider of a store', () => {
  it('ends after two seconds while the source hangs, and frees the readers at once', async () => {
    const { provider, clock, source } = sheltering({ a: 'fake' }, {}, { close: () => never, befall: hang });
    const notices: ConfigEvent[] = [];
    provider.on((event) => {
      if (event.type === 'notice') notices.push(event);
    });
    const reading = code(provider.get('a'));
    await clock.advance(0);
    let done = false;
    const ended = provider.close().then(() => {
      done = true;
    });
    expect(await reading).toBe('aborted');
    await clock.advance(1_999);
    expect(done).toBe(false);
    await clock.advance(1);
    await ended;
    expect(notices).toMatchObject([{ message: 'store: did not close within 2000 ms', outcome: 'timeout' }]);
    expect(source.count('read')).toBe(1);
    await provider.close();
  });

  it('gives the source its time, and reports what the source left', async () => {
    const given: number[] = [];
    const { provider } = sheltering(
      {},
      {},
      {
        close: async ({ withinMs, left }) => {
          given.push(withinMs);
          left('a lease of a/b');
        },
      },
    );
    const messages: unknown[] = [];
    provider.on((event) => void messages.push('message' in event && event.message));
    await Promise.all([provider.close({ withinMs: 300 }), provider.close({ withinMs: 700 })]);
    expect(given).toEqual([270]);
    expect(messages).toEqual(['store: closed without revoking a lease of a/b']);
  });

  it('passes on a failure in time, and ignores one that comes too late', async () => {
    const failing = async (): Promise<void> => {
      throw new Error('no');
    };
    const { provider } = sheltering({}, {}, { close: failing });
    await expect(provider.close()).rejects.toThrow();
    let fail = (_: Error): void => undefined;
    const late = sheltering({}, {}, { close: () => new Promise((_, reject) => void (fail = reject)) });
    const ended = late.provider.close({ withinMs: 10 });
    await late.clock.advance(10);
    await ended;
    fail(new Error('late'));
  });

  it.each([[-1], ['1'], [Number.NaN], [null]])(
    'withinMs %j is an invalid option, and closes nothing',
    async (withinMs) => {
      const { provider, source } = sheltering();
      await expect(provider.close({ withinMs: withinMs as number })).rejects.toMatchObject({
        code: 'invalid_option',
      });
      expect(source.closed).toBe(0);
      await provider.close();
      expect(source.closed).toBe(1);
    },
  );
});

describe('close of a chain', () => {
  it('waits for each provider for withinMs, names the one that hangs, and closes the others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [slow, quick] = [closing('slow', () => never), closing('quick')];
    const messages: unknown[] = [];
    const chain = new ProviderChain([slow.provider, quick.provider]);
    chain.on((event) => void messages.push('message' in event && event.message));
    const ended = chain.close({ withinMs: 300 });
    expect(quick.closed).toEqual([{ withinMs: 300 }]);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(300);
    await ended;
    expect(messages).toEqual(['slow: did not close within 300 ms']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits with a timer that does not keep the process alive', async () => {
    const timers: NodeJS.Timeout[] = [];
    const { setTimeout } = globalThis;
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((then: () => void, ms: number) => {
      const timer = setTimeout(then, ms === 2_000 ? 1 : ms);
      timers.push(timer);
      return timer;
    }) as never);
    await new ProviderChain([closing('slow', () => never).provider]).close();
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
  });

  it('refuses a wrong withinMs', async () => {
    const chain = new ProviderChain([closing('a').provider]);
    await expect(chain.close({ withinMs: -1 })).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it.each<[string, (provider: ConfigProvider) => ConfigProvider, number?]>([
    ['a nested chain', (one) => new ProviderChain([new ProviderChain([one])])],
    ['optional', optional],
    ['fallback', (one) => fallback(one, new MemoryProvider({}, { name: 'other' }))],
    ['the second of fallback', (one) => fallback(new MemoryProvider({}, { name: 'other' }), one)],
    ['scoped', (one) => scoped(one, 'a')],
    ['mounted', (one) => mounted(one, 'a')],
    ['intercepted', (one) => intercepted(one, (_, next) => next())],
    ['unsealed', (one) => unsealed(one, { keys: { env: 'FAKE_KEY' } as never })],
    ['sheltered', (one) => sheltered(one), 63], // it ends a little later than its source
    ['faulty', (one) => faulty(one, [])],
    ['cascade', (one) => cascade(['a'], () => one)],
    [
      'environments',
      (one) => environments('a', (level) => (level === 'a' ? one : new MemoryProvider({}, { name: level }))),
    ],
  ])('%s passes withinMs on', async (_, wrap, given = 70) => {
    const { provider, closed } = closing('inner');
    await wrap(provider).close?.({ withinMs: 70 });
    expect(closed[0]).toEqual({ withinMs: given });
  });
});

describe('close of a configuration', () => {
  it('passes withinMs on to the chain that it made, and ends while a provider hangs', async () => {
    const { provider, closed } = closing('slow', () => never);
    const config = await loadConfig(provider);
    await config.close({ withinMs: 50 });
    expect(closed).toEqual([{ withinMs: expect.toSatisfy((left: number) => left > 0 && left <= 50) }]);
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
  });
});
