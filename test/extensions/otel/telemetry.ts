// What the tests of telemetry share: an SDK that keeps its spans and metrics in memory, and spans as texts.
import { type ContextManager, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type InstrumentOptions, instrument } from '../../../src/extensions/otel/instrument.ts';

export interface Finished {
  readonly name: string;
  readonly id: string;
  readonly trace: string;
  /** The name of the parent, or its id if the parent is not known. */
  readonly parent: string | undefined;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly kind: number;
}

/** Instruments the process until it is disposed. `manager`: what makes spans the active ones. */
export function telemetry(
  options: Omit<InstrumentOptions, 'tracerProvider' | 'meterProvider'> & {
    readonly sampler?: Sampler;
    readonly manager?: ContextManager | false;
  } = {},
) {
  const { sampler, manager = new AsyncLocalStorageContextManager(), ...rest } = options;
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(sampler && { sampler }),
  });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 2 ** 30,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  if (manager) context.setGlobalContextManager(manager.enable());
  const instrumentation = instrument({ tracerProvider, meterProvider, ...rest });
  const tracer = tracerProvider.getTracer('application');
  return {
    tracer,
    instrumentation,
    meterProvider,
    tracerProvider,
    /** Runs work in a span of the application. */
    inSpan: <T>(name: string, work: (span: Span) => Promise<T>): Promise<T> =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work(span);
        } finally {
          span.end();
        }
      }),
    spans: () => finished(exporter.getFinishedSpans()),
    /** The finished spans of one name, in the order in which they ended. */
    of: (name: string) => finished(exporter.getFinishedSpans()).filter((span) => span.name === name),
    raw: () => exporter.getFinishedSpans(),
    reset: () => exporter.reset(),
    metrics: async () => {
      await reader.forceFlush();
      return (
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
      );
    },
    [Symbol.asyncDispose]: async () => {
      instrumentation[Symbol.dispose]();
      context.disable();
      await reader.shutdown();
    },
  };
}

function finished(spans: readonly ReadableSpan[]): readonly Finished[] {
  const nameOf = (id: string | undefined): string | undefined =>
    id === undefined ? undefined : (spans.find((span) => span.spanContext().spanId === id)?.name ?? id);
  return spans.map((span) => ({
    name: span.name,
    id: span.spanContext().spanId,
    trace: span.spanContext().traceId,
    parent: nameOf(span.parentSpanContext?.spanId),
    links: span.links.map((link) => link.context.spanId),
    attributes: span.attributes,
    failed: span.status.code === SpanStatusCode.ERROR,
    kind: span.kind,
  }));
}

/** The id of the active span. */
export const activeSpan = (): string | undefined => trace.getSpan(context.active())?.spanContext().spanId;

export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
