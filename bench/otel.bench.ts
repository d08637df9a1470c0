// What telemetry costs: hits, misses and loads, without it, without an SDK, not sampled and sampled.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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

/** The least of the medians of eight rounds. Collects no garbage by hand: that makes the next thousands of
 *  reads several times slower. */
async function measured(work: () => Promise<unknown>, operations: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= 8; round++) {
    const ns = (await medianOf(work, checking ? 150 : 400, cpuNs)) / operations;
    if (round > 0) least = Math.min(least, ns);
  }
  return least;
}

async function measureMode(mode: string): Promise<Readonly<Record<string, number>>> {
  // an application with OpenTelemetry has a context everywhere, which makes each promise cost more
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const inHandler = context.active().setValue(createContextKey('handler'), true);
  const options = modes[mode];
  if (options) instrument(options);
  const took: Record<string, number> = {};
  for (const [what, [work, operations]] of Object.entries(works))
    if (!checking || !what.startsWith('a load'))
      took[what] = await context.with(inHandler, () => measured(work, operations));
  return took;
}

// each mode has a process of its own, because a change of subscribers makes Node compile much code again
const own = process.env.BENCH_MODE;
if (own !== undefined) {
  process.stdout.write(JSON.stringify(await measureMode(own)));
  process.exit();
}
const figures = new Map<string, Figure[]>();
for (const mode of Object.keys(modes)) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url)];
  const env = { ...process.env, BENCH_MODE: mode };
  const took = JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as object;
  for (const [what, value] of Object.entries(took))
    figures.set(what, [...(figures.get(what) ?? []), { name: mode, value, unit: 'ns' }]);
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
    { of: 'a read that the store answers: on, without an SDK', atMost: 2_000 },
  ],
);
