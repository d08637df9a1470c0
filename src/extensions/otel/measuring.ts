// The metrics. Used by instrument.ts and spans.ts. All but one are read at the scrape from the registry of
// the process, so a read pays nothing for them. Attributes are the name of a provider, the kind of an answer
// or a request, and the code of an error: never a key.

import {
  type Attributes,
  type BatchObservableCallback,
  type BatchObservableResult,
  type Context,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Observable,
} from '@opentelemetry/api';
import { livingMetrics, type Metrics } from '../../living.ts';
import type { TraceContexts } from '../../tracing.ts';
import { isFailed, providerName } from './attributes.ts';
import { type MetricRow, metricRows, requestDuration } from './metric-names.ts';

const makers = {
  counter: 'createObservableCounter',
  gauge: 'createObservableGauge',
  sum: 'createObservableUpDownCounter',
} as const;

export class Measuring implements Disposable {
  readonly #provider: () => MeterProvider;
  readonly #scope: string;
  #current: MeterProvider | undefined;
  #durations: Histogram | undefined;
  #stop: () => void = () => undefined;

  constructor(provider: () => MeterProvider, scope: string) {
    this.#provider = provider;
    this.#scope = scope;
    this.follow();
  }

  /** Whether an SDK takes what is measured. */
  get isOn(): boolean {
    return this.#durations !== undefined;
  }

  /** Moves to the provider of now. A global provider may be registered after the instrumentation, and
   *  OpenTelemetry hands out no meter that follows it. */
  follow(): void {
    const provider = this.#provider();
    if (provider === this.#current) return;
    this[Symbol.dispose]();
    this.#current = provider;
    const meter = provider.getMeter(this.#scope);
    if (meter === createNoopMeter()) return;
    const { name, unit, description, boundaries } = requestDuration;
    this.#durations = meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: boundaries },
    });
    this.#stop = observed(meter);
  }

  /** Records a request that has ended, with its span as the example. */
  request(request: TraceContexts['request'], seconds: number, of: Context): void {
    const attributes: Attributes = {
      [providerName]: request.provider,
      'llm_config.request.type': request.type,
      ...(isFailed(request) && { 'error.type': request.outcome as string }),
    };
    this.#durations?.record(seconds, attributes, of);
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#stop = () => undefined;
    this.#durations = undefined;
  }
}

/** Creates the metrics of the table and observes them until the result is called. */
function observed(meter: Meter): () => void {
  const all = metricRows.map((row): readonly [MetricRow, Observable] => [
    row,
    meter[makers[row.instrument]](row.name, { unit: row.unit, description: row.description }),
  ]);
  const observe: BatchObservableCallback = (result) => {
    const living = livingMetrics();
    for (const [row, instrument] of all)
      for (const [name, numbers] of Object.entries(living[row.kind] ?? {}))
        observeRow(result, instrument, row, name, numbers);
  };
  const instruments = all.map(([, instrument]) => instrument);
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}

function observeRow(
  result: BatchObservableResult,
  instrument: Observable,
  { instrument: kind, numbers: names, attribute, per = 1 }: MetricRow,
  provider: string,
  numbers: Metrics,
): void {
  const observe = (value: number, answer: string): void =>
    result.observe(instrument, value / per, {
      [providerName]: provider,
      ...(attribute !== undefined && { [attribute]: answer }),
    });
  // the SDK repeats the last value of what is not observed, such as the gauge of a closed provider
  const missing = kind === 'counter' ? undefined : 0;
  for (const [name, answer] of Object.entries(names)) {
    const value = numbers[name] ?? missing;
    if (value !== undefined) observe(value, answer);
    if (!name.endsWith('.')) continue;
    for (const [full, count] of Object.entries(numbers))
      if (full.startsWith(name)) observe(count, full.slice(name.length));
  }
}
