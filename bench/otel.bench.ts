// What telemetry costs: hits, misses and loads, without it, without an SDK, not sampled and sampled.
import { context, createContextKey } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { loadConfig, ProviderChain } from 'llm-config-manager';
import { type InstrumentOptions, instrument } from 'llm-config-manager/otel';
import { sheltered } from 'llm-config-manager/shelter';
import { medianOf } from './compare.ts';
import { cpuNs } from './cpu.ts';
import { fastStore } from './fast-store.ts';
import { checking, type Figure, report } from './report.ts';

const values = new Map(Array.from({ length: 1_000 }, (_, i) => [`key${i}`, `value-${i}`]));
const keys = [...values.keys()];
const few = keys.slice(0, 100);

/** Takes spans and exports none: exporting is not in the path of a read. */
const processor: SpanProcessor = {
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};
const meterProvider = new MeterProvider();
const modes: Readonly<Record<string, InstrumentOptions | undefined>> = {
  off: undefined,
  'on, without an SDK': {},
  'on, not sampled': {
    tracerProvider: new TracerProvider({ spanProcessors: [processor], sampler: new AlwaysOffSampler() }),
    meterProvider,
  },
  'on, sampled': { tracerProvider: new TracerProvider({ spanProcessors: [processor] }), meterProvider },
};

const provider = sheltered(fastStore(values, 100));
const cold = sheltered(fastStore(values), { cache: false, resilience: { breaker: false } });
const chain = new ProviderChain([cold]);
await provider.getMany(keys);

/** The work, and the number of operations in it. */
const works: Readonly<Record<string, readonly [() => Promise<unknown>, number]>> = {
  'a read from memory': [
    async () => {
      let last: unknown;
      for (const key of keys) last = provider.get(key);
      return await last;
    },
    keys.length,
  ],
  'a read that the store answers': [
    async () => {
      for (const key of few) await cold.get(key);
      return few.length;
    },
    few.length,
  ],
  'a load of 1,000 keys': [
    async () => {
      const config = await loadConfig(chain);
      await config.close();
      return config.generation;
    },
    1,
  ],
};

/** The least of the medians of five rounds. One mode after the other: a change of subscribers makes Node
 *  compile the channels again. */
async function measured(work: () => Promise<unknown>, operations: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= 5; round++) {
    globalThis.gc?.();
    const ns = (await medianOf(work, checking ? 200 : 600, cpuNs)) / operations;
    if (round > 0) least = Math.min(least, ns);
  }
  return least;
}

// an application with OpenTelemetry has a context everywhere, which makes each promise cost more
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
const inHandler = context.active().setValue(createContextKey('handler'), true);
const figures = new Map<string, Figure[]>();
for (const [mode, options] of Object.entries(modes)) {
  using _ = options && instrument(options);
  for (const [what, [work, operations]] of Object.entries(works)) {
    if (checking && what.startsWith('a load')) continue;
    const value = await context.with(inHandler, () => measured(work, operations));
    figures.set(what, [...(figures.get(what) ?? []), { name: mode, value, unit: 'ns' }]);
  }
}
for (const [what, all] of figures) report(`telemetry: ${what}`, all, [], 'off');

const added = (what: string, mode: string): Figure => {
  const of = (name: string): number => figures.get(what)?.find((one) => one.name === name)?.value ?? 0;
  return { name: `${what}: ${mode}`, value: Math.max(0, of(mode) - of('off')), unit: 'ns' };
};
report(
  'what telemetry adds',
  ['a read from memory', 'a read that the store answers'].flatMap((what) =>
    Object.keys(modes).flatMap((mode) => (mode === 'off' ? [] : [added(what, mode)])),
  ),
  [
    { of: 'a read from memory: on, sampled', atMost: 3, limit: 30 },
    { of: 'a read that the store answers: on, without an SDK', atMost: 2_000, limit: 20_000 },
  ],
);
