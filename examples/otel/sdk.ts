// An SDK that keeps everything in memory and prints it. An application uses `NodeSDK` of
// `@opentelemetry/sdk-node` with an exporter instead.
import { context, metrics, type SpanContext, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

const spans = new InMemorySpanExporter();
const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: numbers });

context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
);
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const shown = ['request.attempt', 'cause', 'generation', 'outcome', 'key'].map(
  (name) => `llm_config.${name}`,
);

/** Prints all traces as trees. `#2` numbers a span that another one has a link to. */
export function printTraces(): void {
  const all = spans.getFinishedSpans();
  const linked = [...new Set(all.flatMap((span) => span.links.map((link) => link.context.spanId)))];
  const number = ({ spanId }: SpanContext): string => `#${linked.indexOf(spanId) + 1}`;
  const print = (span: ReadableSpan, indent: string): void => {
    const { attributes, links } = span;
    const details = shown
      .filter((name) => attributes[name] !== undefined)
      .map((name) => `${name.split('.').at(-1)}=${attributes[name]}`)
      .join(' ');
    const own = linked.includes(span.spanContext().spanId) ? ` ${number(span.spanContext())}` : '';
    const others = links.length > 0 ? `  → ${links.map((link) => number(link.context)).join(' ')}` : '';
    console.log(`${indent}${span.name}${own}  ${details}${others}`.trimEnd());
    for (const child of all)
      if (child.parentSpanContext?.spanId === span.spanContext().spanId) print(child, `${indent}  `);
  };
  for (const span of all) if (!span.parentSpanContext) print(span, '');
  spans.reset();
}

/** Prints the counters and gauges. */
export async function printMetrics(): Promise<void> {
  await reader.forceFlush();
  for (const { descriptor, dataPoints, dataPointType } of numbers.getMetrics().at(-1)?.scopeMetrics[0]
    ?.metrics ?? [])
    for (const { attributes, value } of dataPoints) {
      const { 'llm_config.provider': _, ...rest } = attributes;
      const kind = Object.values(rest).join();
      if (dataPointType !== DataPointType.HISTOGRAM && value !== 0)
        console.log(`${descriptor.name.padEnd(28)} ${kind.padEnd(12)} ${value}`.trimEnd());
    }
}
