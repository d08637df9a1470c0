import { hasSubscribers } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { context, metrics, ProxyTracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { buildSync } from 'esbuild';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { logTo } from '../../../src/events.ts';
import { instrument } from '../../../src/extensions/otel/instrument.ts';
import { FakeSource } from '../../support/fake-source.ts';
import { failureOf } from '../../support/listening.ts';
import { secondCopy } from '../../support/second-copy.ts';
import { sheltering } from '../../support/sheltering.ts';
import { activeSpan, telemetry } from './telemetry.ts';

const root = new URL('../../../', import.meta.url);
const channels = ['read', 'request', 'write', 'load'].flatMap((name) =>
  ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
    (part) => `tracing:llm-config-manager:${name}:${part}`,
  ),
);
const heard = (): string[] => [...channels, 'llm-config-manager:log'].filter((name) => hasSubscribers(name));

afterEach(() => {
  context.disable();
  trace.disable();
  metrics.disable();
  vi.restoreAllMocks();
});

/** A second copy of `llm-config-manager/otel`, as `require` and `import` of different builds are. */
function secondInstrument(): typeof instrument {
  const { outputFiles } = buildSync({
    entryPoints: [new URL('src/extensions/otel/index.ts', root).pathname],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
  });
  const module = { exports: {} as { instrument: typeof instrument } };
  const run = new Function('module', 'exports', 'require', outputFiles[0]?.text ?? '');
  run(module, module.exports, createRequire(new URL('package.json', root)));
  return module.exports.instrument;
}

describe('instrument', () => {
  it('a second call returns the first instrumentation and warns once, also of another copy', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const other = secondInstrument();
    expect(other).not.toBe(instrument);
    const first = instrument();
    expect([instrument(), other({ keys: 'spans' }), instrument()]).toEqual([first, first, first]);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining('already instrumented'),
        { type: 'ConfigWarning', code: 'LLM_CONFIG_INSTRUMENTED' },
      ],
    ]);
    first[Symbol.dispose]();
    const next = other();
    expect(next).not.toBe(first);
    expect(instrument()).toBe(next);
    expect(warn).toHaveBeenCalledTimes(2);
    next[Symbol.dispose]();
  });

  it('a provider is seen whether it was created before or after, in any copy of the library', async () => {
    const before = sheltering({ a: 'fake' });
    await using otel = telemetry();
    const copy = secondCopy();
    const other = copy.sheltered(new FakeSource({ a: 'fake' }, { name: 'copied' }));
    await before.provider.get('a');
    await sheltering({ a: 'fake' }).provider.get('a');
    await other.get('a');
    expect(
      otel
        .of('llm_config.request')
        .map(({ attributes, parent }) => [attributes['llm_config.provider'], parent]),
    ).toEqual([
      ['store', 'llm_config.read'],
      ['store', 'llm_config.read'],
      ['copied', 'llm_config.read'],
    ]);
    const reads = (await otel.metrics()).find(({ descriptor }) => descriptor.name === 'llm_config.reads');
    expect(reads?.dataPoints.map(({ attributes }) => attributes['llm_config.provider'])).toContain('copied');
  });

  it('two copies of the library and of the instrumentation make each span once', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await using otel = telemetry();
    secondInstrument()();
    await sheltering({ a: 'fake' }).provider.get('a');
    expect(
      otel
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['llm_config.read', 'llm_config.request']);
  });

  it('a global provider that is registered later is used, and so is a replaced one', async () => {
    using _ = instrument();
    const { provider } = sheltering({ a: 'fake', b: 'fake' }, {}, { name: 'late' });
    await provider.get('a');
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(
      new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
    );
    const added: string[] = [];
    for (const key of ['a', 'b']) {
      metrics.disable();
      const meterProvider = new MeterProvider();
      const meter = meterProvider.getMeter('llm-config-manager');
      vi.spyOn(meterProvider, 'getMeter').mockReturnValue(meter);
      vi.spyOn(meter, 'addBatchObservableCallback').mockImplementation(
        () => void added.push(`added for ${key}`),
      );
      vi.spyOn(meter, 'removeBatchObservableCallback').mockImplementation(
        () => void added.push(`removed for ${key}`),
      );
      metrics.setGlobalMeterProvider(meterProvider);
      await provider.get(key, { maxAgeMs: 0 });
    }
    expect(exporter.getFinishedSpans()).toHaveLength(4);
    expect(added).toEqual(['added for a', 'removed for a', 'added for b']);
  });

  it('disposing leaves no subscriber, and is fine twice', async () => {
    expect(heard()).toEqual([]);
    const otel = telemetry();
    expect(heard()).toHaveLength(9);
    await otel[Symbol.asyncDispose]();
    otel.instrumentation[Symbol.dispose]();
    expect(heard()).toEqual([]);
    expect((await otel.metrics()).filter(({ dataPoints }) => dataPoints.length > 0)).toEqual([]);
  });

  it('without an SDK it makes no spans and hears no requests, until one is registered', async () => {
    using _ = instrument();
    const startSpan = vi.spyOn(ProxyTracer.prototype, 'startSpan');
    const { provider } = sheltering({ a: 'fake' }, {}, { name: 'idle' });
    await provider.get('a');
    expect(startSpan).not.toHaveBeenCalled();
    expect(heard()).not.toContain('tracing:llm-config-manager:request:start');
    metrics.setGlobalMeterProvider(new MeterProvider());
    await provider.get('a', { maxAgeMs: 0 });
    expect(heard()).toContain('tracing:llm-config-manager:request:start');
  });

  it('disposing the first twice does not end the second', () => {
    const first = instrument();
    first[Symbol.dispose]();
    const second = instrument();
    first[Symbol.dispose]();
    expect(instrument()).toBe(second);
    expect(heard()).toHaveLength(7);
    second[Symbol.dispose]();
    expect(heard()).toEqual([]);
  });

  it.each([
    [{ keys: 'metrics' }, 'the option keys must be one of "spans"; received a string'],
    [
      { tracerProvider: {} },
      'the option tracerProvider must be an object with the method getTracer; received an object',
    ],
    [
      { meterProvider: 'otlp' },
      'the option meterProvider must be an object with the method getMeter; received a string',
    ],
    [{ tracer: {} }, 'unknown option "tracer". Use one of tracerProvider, meterProvider, keys'],
  ])('instrument refuses %j', (options, message) => {
    expect(() => instrument(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: `instrument: ${message}` }),
    );
    expect(heard()).toEqual([]);
  });
});

describe('ids', () => {
  it('the error, the events and the spans of one operation have one id', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering({ a: 'fake' }, { resilience: { attempts: 1 } });
    const chain = new ProviderChain([provider]);
    const operations = new Set<string | undefined>();
    for (const emitter of [chain, provider])
      emitter.on((event) => {
        if (event.type === 'read') operations.add(event.operation);
        if (event.type === 'request') for (const id of event.operations ?? []) operations.add(id);
      });
    source.befall = () => {
      throw new Error('down');
    };
    const error = await failureOf(chain.get('a'));
    expect([...operations]).toEqual([error.operation]);
    expect(otel.of('llm_config.read')[0]?.attributes['llm_config.operation']).toBe(error.operation);
    expect(otel.of('llm_config.request')[0]?.attributes['llm_config.operations']).toEqual([error.operation]);
  });

  it('logTo writes the ids of the active span, and none without one', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = logTo(
      pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    );
    await using otel = telemetry();
    const { provider } = sheltering({ a: 'fake', b: 'fake' });
    provider.on(log);
    await provider.get('a');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toHaveProperty('trace_id');
    lines.length = 0;
    let active: string | undefined;
    await otel.inSpan('handler', async () => {
      active = activeSpan();
      await provider.get('b');
    });
    const [handler] = otel.of('handler');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatchObject({ trace_id: handler?.trace, span_id: active });
  });

  it('logTo writes no ids of an invalid span', async () => {
    const lines: object[] = [];
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    using _ = instrument();
    const log = logTo({
      debug() {},
      info: (line: string) => void lines.push(JSON.parse(line)),
      warn() {},
      error() {},
    });
    const { provider } = sheltering({ a: 'fake' });
    provider.on(log);
    const span = trace.getTracer('none').startSpan('none');
    await context.with(trace.setSpan(context.active(), span), () => provider.set('a', 'other'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toHaveProperty('trace_id');
  });
});
