import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import type { LoadOptions } from '../../src/config/plan.ts';
import {
  type ConfigEvent,
  type ConfigSource,
  fallback,
  loadConfig,
  MemoryProvider,
  optional,
} from '../../src/index.ts';
import type { CacheOptions } from '../../src/shelter/index.ts';
import { down } from '../support/fake-source.ts';
import { sheltering } from '../support/sheltering.ts';
import { until } from '../support/until.ts';

const schema = z.object({ llm: z.object({ model: z.string().default('default') }).prefault({}) });
const copy = new MemoryProvider({ llm: { model: 'copy' } }, { name: 'copy' });

let config: Config<z.infer<typeof schema>> | undefined;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(async () => {
  await config?.close();
  config = undefined;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A configuration that starts while its store is down. */
async function started(
  options: LoadOptions,
  tolerate: (store: MemoryProvider) => ConfigSource = optional,
  cache: CacheOptions | false = {},
) {
  const { provider, source } = sheltering(
    { llm: '{"model":"right"}' },
    { resilience: { attempts: 1, breaker: false }, cache },
  );
  source.befall = down;
  const events: ConfigEvent[] = [];
  const on = (event: ConfigEvent): void => void events.push(event);
  config = await loadConfig(schema, tolerate(provider as never), { on, ...options });
  const asked = (): number => source.asked.length;
  const pass = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const model = (): string | undefined => config?.value.llm.model;
  const notices = () => events.filter(({ type }) => type === 'notice');
  return { config, source, events, asked, pass, model, notices };
}

describe('a configuration that started without an unreachable source', () => {
  it.each([
    ['optional', optional, 'default'],
    ['fallback', (store: MemoryProvider) => fallback(store, copy), 'copy'],
  ] as const)(
    'with watch and %s, asks again after 1, 2, 4 … 60 seconds until it answers',
    async (_, tolerate, first) => {
      const { source, asked, pass, model, notices } = await started({ watch: true }, tolerate);
      expect(model()).toBe(first);
      let before = asked();
      for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
        await pass(seconds * 1_000 - 1);
        expect(asked()).toBe(before);
        await pass(1);
        await until('it asked again', () => asked() > before);
        await pass(0);
        before = asked();
      }
      source.befall = () => undefined;
      await pass(60_000);
      await until('it has the value', () => model() === 'right');
      before = asked();
      await pass(600_000);
      expect(asked()).toBe(before);
      expect(notices()).toEqual([]);
    },
  );

  it('with watch, a second outage is retried from the first pause on, and the value stays', async () => {
    const { config, source, pass, model, events } = await started({ watch: true });
    await pass(1_000);
    source.befall = () => undefined;
    await pass(2_000);
    await until('it has the value', () => model() === 'right');
    source.befall = down;
    await config.reload();
    expect(model()).toBe('right');
    expect(config.generation.sources[0]?.stale).toBe(true);
    source.befall = () => undefined;
    source.put('llm', '{"model":"newer"}');
    await pass(1_000);
    await until('it has the new value', () => model() === 'newer');
    expect(events.filter(({ type }) => type === 'changed')).toHaveLength(2);
  });

  it('with watch, goes on asking while the schema refuses what the store has', async () => {
    const { source, pass, model, config } = await started({ watch: true }, optional, false);
    source.befall = () => undefined;
    source.put('llm', '{"model":7}');
    await pass(1_000);
    await until('it is refused', () => config.failure !== undefined);
    source.put('llm', '{"model":"right"}');
    await pass(310_000);
    await until('it has the value', () => model() === 'right');
  });

  it('with watch, close ends the attempts', async () => {
    const { config, asked, pass } = await started({ watch: true });
    const before = asked();
    await config.close();
    await pass(60_000);
    expect(asked()).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('without watch, emits one notice and asks nothing again', async () => {
    const { config, asked, pass, notices, source } = await started({});
    expect(notices()).toMatchObject([
      {
        outcome: 'unavailable',
        message: 'store is unreachable, and nothing asks it again until reload(). Set the option watch',
      },
    ]);
    const before = asked();
    await pass(600_000);
    expect(asked()).toBe(before);
    await config.reload();
    expect(notices()).toHaveLength(1);
    source.befall = () => undefined;
    await config.reload();
    expect(config.value.llm.model).toBe('right');
    source.befall = down;
    await config.reload();
    expect(notices()).toHaveLength(2);
  });

  it('without watch and without a listener, prints nothing: the outage was accepted', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await started({ on: undefined as never });
    expect(warnings).not.toHaveBeenCalled();
  });
});

describe('a change that is reported while a reload waits for its next attempt', () => {
  it('is loaded at once', async () => {
    let report = (): void => undefined;
    let model = 'a';
    let isDown = false;
    const provider = new MemoryProvider({}, { name: 'store' });
    const source = {
      name: 'store',
      get: provider.get.bind(provider),
      list: async () => {
        if (isDown) down();
        return new MemoryProvider({ llm: { model } }, { name: 'store' }).list();
      },
      watch: (onChange: (change: { provider: string; time: number }) => void) => {
        report = () => onChange({ provider: 'store', time: 0 });
        return { [Symbol.dispose]: () => undefined };
      },
    };
    config = await loadConfig(schema, source, { watch: { settleMs: 10 }, on: () => undefined });
    isDown = true;
    report();
    for (const seconds of [0.01, 1, 2, 4, 8]) {
      const { failedReloads } = config.stats();
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
      await until('it failed', () => config?.stats().failedReloads === failedReloads + 1);
    }
    isDown = false;
    model = 'b';
    report();
    await vi.advanceTimersByTimeAsync(10);
    await until('it has the value', () => config?.value.llm.model === 'b');
  });
});
