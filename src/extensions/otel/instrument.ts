// Connects this library to OpenTelemetry. Subscribes to the tracing channels and reads the registry of the
// process, so the core does not know it. One instrumentation per process, shared by all copies of this
// library.

import { channel } from 'node:diagnostics_channel';
import {
  context,
  isSpanContextValid,
  type MeterProvider,
  metrics,
  ProxyTracerProvider,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { aFunction, anObject, type Check, checkOptions, oneOf } from '../../internal/options.ts';
import { Measuring } from './measuring.ts';
import { Spans } from './spans.ts';

/** A TracerProvider of OpenTelemetry. */
export interface TracerSource {
  getTracer(name: string, version?: string): object;
}

/** A MeterProvider of OpenTelemetry. */
export interface MeterSource {
  getMeter(name: string, version?: string): object;
}

/** The options of `instrument`. */
export interface InstrumentOptions {
  /** Makes the spans.
   *  @default the global provider, also one that is registered later */
  readonly tracerProvider?: TracerSource;
  /** Makes the metrics.
   *  @default the global provider, also one that is registered later */
  readonly meterProvider?: MeterSource;
  /** `spans`: the spans of reads and writes have the keys. Keys are never in metrics.
   *  @default no keys */
  readonly keys?: 'spans';
}

const scope = 'llm-config-manager';
const symbol = Symbol.for('llm-config-manager.otel.1');

interface Shared {
  [symbol]?: { readonly instrumentation: Disposable; warned: boolean };
}

/** Reports loads, reads of stores, their requests and writes as spans, and the counters of the process as
 *  metrics. Providers and configurations are found whether they were created before or after, by any copy of
 *  this library. A second call returns the first instrumentation and warns once; dispose the first to change
 *  its options.
 *  @example
 *  import { instrument } from 'llm-config-manager/otel';
 *  instrument({ keys: 'spans' });
 *  @see livingMetrics has the same numbers without OpenTelemetry. */
export function instrument(options: InstrumentOptions = {}): Disposable {
  checkOptions('instrument', options, {
    tracerProvider: having('getTracer'),
    meterProvider: having('getMeter'),
    keys: oneOf('spans'),
  });
  const shared = globalThis as Shared;
  const existing = shared[symbol];
  if (existing) {
    if (!existing.warned)
      process.emitWarning(
        'instrument: the process is already instrumented, so these options are ignored. ' +
          'Dispose the first instrumentation to change its options',
        { type: 'ConfigWarning', code: 'LLM_CONFIG_INSTRUMENTED' },
      );
    existing.warned = true;
    return existing.instrumentation;
  }
  const instrumentation = connected(options);
  shared[symbol] = { instrumentation, warned: false };
  return instrumentation;
}

function connected({ tracerProvider, meterProvider, keys }: InstrumentOptions): Disposable {
  const tracer = ((tracerProvider as TracerProvider | undefined) ?? trace).getTracer(scope);
  const measuring = new Measuring(
    () => (meterProvider as MeterProvider | undefined) ?? metrics.getMeterProvider(),
    scope,
  );
  const makesSpans = tracerProvider ? () => true : hasGlobalSdk;
  const spans = new Spans(tracer, makesSpans, measuring, keys === 'spans');
  const lines = channel('llm-config-manager:log');
  lines.subscribe(addIds);
  const shared = globalThis as Shared;
  const instrumentation: Disposable = {
    [Symbol.dispose]: () => {
      if (shared[symbol]?.instrumentation !== instrumentation) return;
      delete shared[symbol];
      lines.unsubscribe(addIds);
      spans[Symbol.dispose]();
      measuring[Symbol.dispose]();
    },
  };
  return instrumentation;
}

/** The provider of the API, which makes empty spans until an SDK is registered. */
const empty = new ProxyTracerProvider().getDelegate();

/** Whether an SDK for traces is registered. */
function hasGlobalSdk(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider && provider.getDelegate() === empty);
}

/** Adds the ids of the active span to a line of `logTo`. */
function addIds(line: unknown): void {
  const active = trace.getSpanContext(context.active());
  if (!active || !isSpanContextValid(active)) return;
  Object.assign(line as object, { trace_id: active.traceId, span_id: active.spanId });
}

/** Accepts an object, or an instance of a class, with this method. */
const having =
  (method: string): Check =>
  (value) =>
    (anObject(value) ?? aFunction((value as Readonly<Record<string, unknown>>)[method]))
      ? `an object with the method ${method}`
      : undefined;
