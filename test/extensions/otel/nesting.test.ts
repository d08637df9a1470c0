import { type ContextManager, context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AsyncHooksContextManager,
  AsyncLocalStorageContextManager as AsyncLocalStorageContextManager1,
} from 'context-async-hooks-1';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { sheltering } from '../../support/sheltering.ts';
import { activeSpan, telemetry, turn } from './telemetry.ts';

const documents = { a: 'fake', b: 'fake' };

afterEach(() => context.disable());

/** Reads once, and returns the active span in the code of the source: at once and after a turn. */
async function seenBySource(manager: ContextManager | false) {
  await using otel = telemetry({ manager });
  const { provider, source } = sheltering(documents);
  const seen: (string | undefined)[] = [];
  source.befall = async () => {
    seen.push(activeSpan());
    await turn();
    seen.push(activeSpan());
    await otel.inSpan('client', async () => {});
  };
  await otel.inSpan('handler', async () => {
    const before = activeSpan();
    await provider.get('a');
    expect(activeSpan()).toBe(before);
  });
  return { otel, seen, request: otel.of('llm_config.request')[0], client: otel.of('client')[0] };
}

describe('nesting', () => {
  it.each([
    ['1.x', new AsyncLocalStorageContextManager1()],
    ['2.x', new AsyncLocalStorageContextManager()],
  ])('spans of a client are below the request, with the context manager %s', async (_, manager) => {
    const { seen, request, client } = await seenBySource(manager);
    expect(seen).toEqual([request?.id, request?.id]);
    expect(client?.parent).toBe('llm_config.request');
    expect(client?.trace).toBe(request?.trace);
  });

  it('without the storage of the context manager, only the spans of clients differ', async () => {
    const { seen, request, client } = await seenBySource(new AsyncHooksContextManager());
    expect(request?.parent).toBe('llm_config.read');
    expect(seen[0]).not.toBe(request?.id);
    expect(client?.parent).toBe('handler');
  });

  it('the context manager still has its storage in the private field', () => {
    const manager = new AsyncLocalStorageContextManager();
    expect(Object.keys(manager)).toContain('_asyncLocalStorage');
    context.setGlobalContextManager(manager);
    const api = context as unknown as { _getContextManager(): unknown };
    expect(api._getContextManager()).toBe(manager);
  });

  it('a context manager that is registered later is used, and so is the next one', async () => {
    await using otel = telemetry({ manager: false });
    const { provider, source } = sheltering(documents);
    const seen: (string | undefined)[] = [];
    source.befall = () => void seen.push(activeSpan());
    for (const key of ['a', 'b']) {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      await provider.get(key);
      context.disable();
    }
    expect(seen).toEqual(otel.of('llm_config.request').map(({ id }) => id));
    expect(seen).toHaveLength(2);
  });

  it('the reads of a load and what a write does are below them', async () => {
    await using otel = telemetry();
    const { provider, source } = sheltering(documents);
    const seen: (string | undefined)[] = [];
    source.befall = () => void seen.push(activeSpan());
    await using _ = await loadConfig(provider);
    await provider.set('a', 'other');
    const requests = otel.of('llm_config.request');
    expect(seen).toEqual(requests.map(({ id }) => id));
    expect(new Set(requests.map(({ trace }) => trace)).size).toBe(2);
  });

  it('after it is disposed, nothing is active in a source', async () => {
    const otel = telemetry();
    const manager = context;
    otel.instrumentation[Symbol.dispose]();
    const { provider, source } = sheltering(documents);
    const seen: (string | undefined)[] = [];
    source.befall = () => void seen.push(activeSpan());
    await provider.get('a');
    expect(manager.active()).toBeDefined();
    expect(seen).toEqual([undefined]);
    expect(otel.spans()).toEqual([]);
    await otel[Symbol.asyncDispose]();
  });
});
