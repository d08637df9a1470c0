import { context, diag, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { instrument } from '../../../src/extensions/otel/instrument.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { down, type FakeSource, failing, hang } from '../../support/fake-source.ts';
import { failureOf, listening } from '../../support/listening.ts';
import { code, sheltering, value } from '../../support/sheltering.ts';
import { until } from '../../support/until.ts';
import { activeSpan, telemetry, turn } from './telemetry.ts';

const alone = { resilience: { attempts: 1 } } as const;
const documents = { a: 'fake', b: 'fake', c: 'fake' };

/** Lets the requests of a source wait until `proceed` is called. */
function pausing(source: FakeSource): { readonly proceed: () => void } {
  const gate = { proceed: (): void => {} };
  source.befall = () => new Promise<void>((resolve) => void (gate.proceed = resolve));
  return gate;
}

describe('the span of a read', () => {
  it('a miss has a span below the active one, and its request one below that', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents, {}, { address: 'store.example' });
    const { of } = listening(provider);
    await otel.inSpan('handler', () => provider.get('a'));
    const [read, request] = [otel.of('llm_config.read')[0], otel.of('llm_config.request')[0]];
    const operation = of('read')[0]?.operation;
    expect(otel.spans()).toHaveLength(3);
    expect(read).toMatchObject({ parent: 'handler', links: [], failed: false, kind: 0 });
    expect(read?.attributes).toEqual({
      'llm_config.provider': 'store',
      'llm_config.read.type': 'get',
      'llm_config.operation': operation,
      'llm_config.outcome': 'ok',
    });
    expect(request).toMatchObject({ parent: 'llm_config.read', links: [], failed: false, kind: 2 });
    expect(request?.attributes).toEqual({
      'llm_config.provider': 'store',
      'llm_config.request.type': 'read',
      'llm_config.request.id': expect.any(String),
      'llm_config.request.attempt': 1,
      'llm_config.request.documents': 1,
      'server.address': 'store.example',
      'llm_config.operations': [operation],
      'llm_config.outcome': 'ok',
    });
    expect(new Set(otel.spans().map((span) => span.trace)).size).toBe(1);
  });

  it('a hit has no span', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents);
    await provider.getMany(['a', 'none']);
    otel.reset();
    await provider.get('a');
    await provider.get('none');
    await provider.getMany(['a', 'none']);
    expect(otel.spans()).toEqual([]);
  });

  it('an absent key is no failure', async () => {
    await using otel = telemetry();
    await sheltering().provider.get('none');
    const [read] = otel.of('llm_config.read');
    expect(read).toMatchObject({ failed: false, attributes: { 'llm_config.outcome': 'absent' } });
    expect(read?.attributes).not.toHaveProperty('error.type');
  });

  it('a failure has the code and the operation of its error', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents, alone);
    source.befall = failing('access_denied');
    const error = await failureOf(provider.get('a'));
    const [read, request] = [otel.of('llm_config.read')[0], otel.of('llm_config.request')[0]];
    expect(read).toMatchObject({ failed: true, attributes: { 'error.type': 'access_denied' } });
    expect(request).toMatchObject({ failed: true, attributes: { 'error.type': 'access_denied' } });
    expect(read?.attributes['llm_config.operation']).toBe(error.operation);
    expect(request?.attributes['llm_config.operations']).toEqual([error.operation]);
  });

  it('keys are attributes only if they are asked for, and at most 32', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `key${i}`);
    for (const more of [{}, { keys: 'spans' } as const]) {
      await using otel = telemetry(more);
      const { provider } = sheltering(documents);
      await provider.get('a');
      await provider.getMany(keys);
      await provider.set('b', 'fake');
      const attributes = otel.spans().map((span) => span.attributes);
      const [get, many] = otel.of('llm_config.read').map((span) => span.attributes);
      expect(many?.['llm_config.read.keys']).toBe(40);
      if (more.keys) {
        expect(get?.['llm_config.key']).toBe('a');
        expect(many?.['llm_config.keys']).toEqual(keys.slice(0, 32));
        expect(otel.of('llm_config.write')[0]?.attributes['llm_config.key']).toBe('b');
      } else
        expect(
          Object.keys(Object.assign({}, ...attributes)).filter((name) => /key$|\.keys$/.test(name)),
        ).toEqual(['llm_config.read.keys']);
    }
  });

  it('a write has a span with its requests below', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents, alone);
    await otel.inSpan('handler', () => provider.set('a', 'other'));
    const [write] = otel.of('llm_config.write');
    expect(write).toMatchObject({ parent: 'handler', attributes: { 'llm_config.write.type': 'set' } });
    const requests = otel.of('llm_config.request');
    expect(requests.map(({ attributes }) => attributes['llm_config.request.type'])).toContain('write');
    for (const request of requests) expect(request.parent).toBe('llm_config.write');
    source.befall = down;
    const error = await failureOf(provider.delete('a'));
    expect(otel.of('llm_config.write')[1]).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'unavailable', 'llm_config.operation': error.operation },
    });
  });
});

describe('the span of a request', () => {
  it('readers of one document share a request: below the first, linked to the others', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents);
    await Promise.all(['A', 'B', 'C'].map((name) => otel.inSpan(name, () => provider.get('a'))));
    expect(source.asked).toHaveLength(1);
    const [request] = otel.of('llm_config.request');
    const [first, ...others] = otel.of('llm_config.read');
    expect(first?.parent).toBe('A');
    expect(request?.trace).toBe(first?.trace);
    expect(request?.parent).toBe('llm_config.read');
    expect(request?.links).toEqual(others.map(({ id }) => id));
    expect(first?.links).toEqual([]);
    expect(others.map(({ links }) => links)).toEqual([[request?.id], [request?.id]]);
    expect(new Set([first, ...others].map((span) => span?.trace)).size).toBe(3);
  });

  it('readers of several documents of a batch share a request', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents);
    await Promise.all(['a', 'b', 'c'].map((key) => otel.inSpan(key, () => provider.get(key))));
    expect(source.asked).toHaveLength(1);
    const [request] = otel.of('llm_config.request');
    const [, ...others] = otel.of('llm_config.read');
    expect(request?.attributes['llm_config.request.documents']).toBe(3);
    expect(request?.links).toEqual(others.map(({ id }) => id));
    for (const other of others) expect(other.links).toEqual([request?.id]);
  });

  it('readers that join a request in flight are linked too, in both directions', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents);
    const gate = pausing(source);
    const first = otel.inSpan('A', () => provider.get('a'));
    await turn();
    expect(source.asked).toHaveLength(1);
    const late = otel.inSpan('B', () => provider.get('a'));
    gate.proceed();
    await Promise.all([first, late]);
    const [request] = otel.of('llm_config.request');
    const joined = otel.of('llm_config.read').find(({ parent }) => parent === 'B');
    expect(request?.links).toEqual([joined?.id]);
    expect(joined?.links).toEqual([request?.id]);
  });

  it('a request for a thousand readers has 32 ids and links, and the number of the others', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents);
    await Promise.all(Array.from({ length: 1_000 }, () => provider.get('a')));
    const [request] = otel.of('llm_config.request');
    expect(request?.attributes['llm_config.operations']).toHaveLength(32);
    expect(request?.attributes['llm_config.operations.more']).toBe(968);
    expect(request?.links).toHaveLength(31);
    expect(otel.of('llm_config.read')).toHaveLength(1_000);
  });

  it('each attempt has a span, with one id, below the reader that waits', async () => {
    await using otel = telemetry();
    const { provider, source, clock } = sheltering(documents, {
      resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
    });
    source.befall = () => {
      if (source.asked.length === 1) down();
    };
    await clock.until(otel.inSpan('A', () => provider.get('a')));
    const requests = otel.of('llm_config.request');
    expect(requests.map(({ attributes }) => attributes['llm_config.request.attempt'])).toEqual([1, 2]);
    expect(requests.map(({ attributes }) => attributes['error.type'])).toEqual(['unavailable', undefined]);
    expect(new Set(requests.map(({ attributes }) => attributes['llm_config.request.id'])).size).toBe(1);
    expect(requests.map(({ parent }) => parent)).toEqual(['llm_config.read', 'llm_config.read']);
    expect(otel.of('llm_config.read')[0]).toMatchObject({ failed: false });
  });

  it('an aborted read ends alone, and a later attempt is below a reader that still waits', async () => {
    await using otel = telemetry();
    const { provider, source, clock } = sheltering(documents, {
      resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
    });
    let fail = (): void => {};
    source.befall = () =>
      source.asked.length > 1
        ? undefined
        : new Promise<void>((_, reject) => void (fail = () => reject(new Error('down'))));
    const controller = new AbortController();
    const aborted = code(otel.inSpan('A', () => provider.get('a', { signal: controller.signal })));
    const patient = otel.inSpan('B', () => provider.get('a'));
    await turn();
    controller.abort();
    expect(await aborted).toBe('aborted');
    fail();
    await clock.until(patient);
    const reads = otel.of('llm_config.read');
    const [gone, stays] = ['A', 'B'].map((name) => reads.find(({ parent }) => parent === name));
    expect(gone).toMatchObject({ failed: true, attributes: { 'error.type': 'aborted' } });
    const requests = otel.of('llm_config.request');
    expect(requests.map((request) => request.trace)).toEqual([gone?.trace, stays?.trace]);
    expect(requests[1]?.parent).toBe('llm_config.read');
  });

  it('an attempt whose readers have all gone is a root, linked to what caused it', async () => {
    await using otel = telemetry();
    const { provider, source, clock } = sheltering(documents, {
      resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
    });
    source.befall = () => {
      if (source.asked.length === 1) down();
    };
    const controller = new AbortController();
    const reading = code(otel.inSpan('A', () => provider.get('a', { signal: controller.signal })));
    await until('the first attempt has failed', () => otel.of('llm_config.request').length === 1);
    controller.abort();
    expect(await reading).toBe('aborted');
    await clock.advance(10);
    await until('the second attempt has ended', () => otel.of('llm_config.request').length === 2);
    const [handler] = otel.of('A');
    const [, second] = otel.of('llm_config.request');
    expect(second).toMatchObject({ parent: undefined, links: [handler?.id] });
    expect(second?.trace).not.toBe(handler?.trace);
  });

  it('a request goes below a reader that is sampled, also if another one was first', async () => {
    const sampler = {
      shouldSample: (_: unknown, __: unknown, name: string) => ({
        decision: name === 'A' ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
    };
    const { ParentBasedSampler } = await import('@opentelemetry/sdk-trace');
    await using otel = telemetry({ sampler: new ParentBasedSampler({ root: sampler }) });
    const { provider } = sheltering(documents);
    await Promise.all(['A', 'B'].map((name) => otel.inSpan(name, () => provider.get('a'))));
    const [handler] = otel.of('B');
    expect(otel.of('A')).toEqual([]);
    expect(otel.of('llm_config.request')).toMatchObject([{ trace: handler?.trace }]);
  });

  it('a log-in has a span below the read that waits for it', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents, {}, { connect: async () => true });
    await otel.inSpan('handler', () => provider.get('a'));
    const requests = otel.of('llm_config.request');
    expect(requests.map(({ attributes, parent }) => [attributes['llm_config.request.type'], parent])).toEqual(
      [
        ['connect', 'llm_config.read'],
        ['read', 'llm_config.read'],
      ],
    );
  });

  it('a health check is below the active span', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents, {}, { ping: async () => {} });
    await otel.inSpan('handler', () => provider.health());
    expect(otel.of('llm_config.request')).toMatchObject([
      { parent: 'handler', attributes: { 'llm_config.request.type': 'ping' } },
    ]);
  });
});

describe('work in the background', () => {
  it('a revalidation is a root, linked to the span of the read that caused it', async () => {
    await using otel = telemetry();
    const { provider, clock } = sheltering(documents, {
      cache: { ttlMs: 10, staleWhileRevalidateMs: 60_000 },
    });
    await provider.get('a');
    await clock.advance(20);
    otel.reset();
    await otel.inSpan('handler', async () => {
      expect(await value(provider.get('a'))).toBe('fake');
    });
    await until('the revalidation has ended', () => otel.of('llm_config.request').length === 1);
    const [handler] = otel.of('handler');
    expect(otel.of('llm_config.request')).toMatchObject([{ parent: undefined, links: [handler?.id] }]);
    expect(otel.of('llm_config.read')).toEqual([]);
  });

  it('loads and reloads have spans with their generation, and their reads below', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents);
    const chain = new ProviderChain([provider], { name: 'settings' });
    await using config = await otel.inSpan('start', () => loadConfig(chain));
    const [load] = otel.of('llm_config.load');
    expect(load).toMatchObject({
      parent: 'start',
      attributes: {
        'llm_config.provider': 'settings',
        'llm_config.cause': 'load',
        'llm_config.generation': 1,
        'llm_config.outcome': 'ok',
      },
    });
    const [read] = otel.of('llm_config.read');
    expect(read).toMatchObject({ parent: 'llm_config.load', attributes: { 'llm_config.read.type': 'list' } });
    expect(read?.attributes['llm_config.operation']).toBe(load?.attributes['llm_config.operation']);
    for (const request of otel.of('llm_config.request')) expect(request.trace).toBe(load?.trace);
    source.befall = failing('access_denied');
    const error = await failureOf(otel.inSpan('again', () => config.reload()));
    const [reload] = otel.of('llm_config.reload');
    expect(reload).toMatchObject({ parent: 'again', failed: true });
    expect(reload?.attributes['llm_config.operation']).toBe(error.operation);
    expect(reload?.attributes).not.toHaveProperty('llm_config.generation');
  });

  it('a reload after a change is a root, linked to the span that made the change', async () => {
    await using otel = telemetry();
    const source = new MemoryProvider({ a: 1 });
    await using config = await loadConfig(source, { watch: { settleMs: 0 } });
    const changed = new Promise((resolve) => void config.subscribe('', resolve));
    await otel.inSpan('writer', () => source.set('a', 2));
    await changed;
    await until('the reload has ended', () => otel.of('llm_config.reload').length === 1);
    const [writer] = otel.of('writer');
    const [reload] = otel.of('llm_config.reload');
    expect(reload).toMatchObject({ parent: undefined, attributes: { 'llm_config.cause': 'change' } });
    expect(reload?.links).toEqual([writer?.id]);
  });

  it('a span that has ended gets no child', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents);
    let later = (): Promise<unknown> => Promise.resolve();
    await otel.inSpan('handler', async () => {
      const inside = context.active();
      later = () => context.with(inside, () => provider.get('a'));
    });
    await later();
    const [handler] = otel.of('handler');
    const [read] = otel.of('llm_config.read');
    expect(read).toMatchObject({ parent: undefined, links: [handler?.id] });
    expect(read?.trace).not.toBe(handler?.trace);
  });

  it('a span of another process is a parent although it does not record here', async () => {
    await using otel = telemetry();
    const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    await context.with(trace.setSpanContext(ROOT_CONTEXT, remote), () =>
      sheltering(documents).provider.get('a'),
    );
    expect(otel.of('llm_config.read')).toMatchObject([{ trace: remote.traceId, parent: remote.spanId }]);
  });

  it('what is not sampled has no spans, and makes none in other traces', async () => {
    await using otel = telemetry({ sampler: new AlwaysOffSampler() });
    const { provider } = sheltering(documents);
    await otel.inSpan('handler', () => Promise.all([provider.get('a'), provider.list()]));
    expect(otel.spans()).toEqual([]);
  });

  it('without a context manager spans still belong together by their operations', async () => {
    await using otel = telemetry({ manager: false });
    const { provider, source } = sheltering(documents);
    let seen: string | undefined = 'none';
    source.befall = () => void (seen = activeSpan());
    await using _ = await loadConfig(provider);
    const [load] = otel.of('llm_config.load');
    expect(seen).toBeUndefined();
    expect(otel.spans().map(({ name, parent }) => [name, parent])).toContainEqual([
      'llm_config.read',
      'llm_config.load',
    ]);
    for (const span of otel.spans()) expect(span.trace).toBe(load?.trace);
  });

  it('an SDK that throws changes no answer and ends no process', async () => {
    const broken = (): never => {
      throw new Error('mine');
    };
    const errors: unknown[][] = [];
    const silent = { verbose() {}, debug() {}, info() {}, warn() {} };
    diag.setLogger({ ...silent, error: (...parts) => void errors.push(parts) });
    using _ = instrument({ tracerProvider: { getTracer: () => ({ startSpan: broken }) } });
    const { provider } = sheltering(documents);
    expect(await value(provider.get('a'))).toBe('fake');
    await using config = await loadConfig(provider);
    expect(config.generation.number).toBe(1);
    await turn();
    diag.disable();
    expect(errors.length).toBeGreaterThan(2);
    expect(errors[0]?.[0]).toBe('llm-config-manager: telemetry failed');
  });

  it('disposing ends the spans of what still runs', async () => {
    const otel = telemetry();
    const { provider, source } = sheltering(documents);
    source.befall = hang;
    void code(provider.get('a'));
    await turn();
    expect(otel.spans()).toEqual([]);
    await otel[Symbol.asyncDispose]();
    expect(
      otel
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['llm_config.read', 'llm_config.request']);
    await provider.close();
    expect(otel.spans()).toHaveLength(2);
  });
});
