// Nothing that telemetry exports has a value, a text of a client, or a key that was not asked for.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { optional } from '../../../src/decorators/tolerance.ts';
import { secret } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import { logTo } from '../../../src/events.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { MemorySecondLevel } from '../../../src/testing/memory-second-level.ts';
import { code, sheltering } from '../../support/sheltering.ts';
import { telemetry } from './telemetry.ts';

const hidden = 'hunter2-fake';
const secretKey = 'tenant-4711.apiKey';

/** A listener that can be stopped. */
function stoppable<T>(listener: (event: T) => void) {
  let active = listener;
  return { on: (event: T): void => active(event), stop: (): void => void (active = () => undefined) };
}

/** Uses a store and a configuration in every way that leads to a span or a number. */
async function useEverything(lines: string[]): Promise<void> {
  const write = (line: unknown): void => void lines.push(String(line));
  const { stop, on } = stoppable(logTo({ debug: write, info: write, warn: write, error: write }));
  const { provider, source, clock } = sheltering(
    { [secretKey.replace('.', '/')]: hidden, b: hidden },
    { second: new MemorySecondLevel(), resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } } },
    {
      connect: async () => true,
      ping: async () => {},
      ...({ identity: () => ({ store: hidden, view: '' }) } as object),
    },
  );
  const chain = new ProviderChain([optional(provider), new MemoryProvider({ c: secret(hidden) })]);
  chain.on(on);
  await provider.getMany([secretKey, 'b', 'none']);
  await provider.list();
  await provider.set('b', hidden, { context: hidden });
  await provider.health();
  await provider.renew(secretKey);
  await code(provider.get(secretKey, { signal: AbortSignal.abort(new Error(hidden)) }));
  const schema = z.object({ c: z.string().max(hidden.length) });
  await using config = await loadConfig(schema, chain);
  await code(config.reload());
  const broken = (): never => {
    throw Object.assign(new Error(hidden), { body: hidden, code: hidden, cause: new Error(hidden) });
  };
  source.befall = broken;
  for (const classify of [
    broken,
    // a source must not do this: its messages are written to logs, but never into spans and metrics
    () => new ConfigError('unavailable', hidden, { cause: new Error(hidden), hint: hidden }),
  ]) {
    source.classify = classify;
    if (classify !== broken) stop();
    for (const read of [
      () => provider.get('d'),
      () => provider.list('e'),
      () => provider.delete('b'),
      () => config.reload(),
    ])
      await clock.until(code(read()));
  }
  await code(loadConfig(z.object({ c: z.number({ error: ({ input }) => `got ${input}` }) }), chain));
}

describe('secrecy of telemetry', () => {
  it('a line about health shows no password that a provider puts into its reason', async () => {
    const lines: string[] = [];
    const write = (line: unknown): void => void lines.push(String(line));
    const reason = `connect postgres://app:${hidden}@db failed`;
    const health = async () => ({ status: 'down' as const, reason, checkedAt: 0 });
    const chain = new ProviderChain([
      { name: 'own', get: async () => undefined, list: async () => [], health },
    ]);
    chain.on(logTo({ debug: write, info: write, warn: write, error: write }));
    await chain.health();
    expect(lines.join()).toContain('connect postgres://');
    expect(lines.join()).not.toContain('hunter2');
  });

  it.each(['spans', undefined] as const)('no span, metric or line has a value; keys: %s', async (keys) => {
    await using otel = telemetry(keys ? { keys } : {});
    const lines: string[] = [];
    await otel.inSpan('handler', () => useEverything(lines));
    const metrics = JSON.stringify(await otel.metrics());
    const spans = otel.raw().map((span) =>
      inspect(
        {
          ...span,
          attributes: span.attributes,
          events: span.events,
          status: span.status,
          links: span.links,
        },
        { depth: 6, showHidden: true },
      ),
    );
    const names = new Set(otel.spans().map(({ name }) => name));
    expect([...names].sort()).toEqual([
      'handler',
      'llm_config.load',
      'llm_config.read',
      'llm_config.reload',
      'llm_config.request',
      'llm_config.write',
    ]);
    expect(otel.spans().filter(({ failed }) => failed).length).toBeGreaterThan(5);
    expect(lines.length).toBeGreaterThan(5);
    for (const text of [...spans, metrics, ...lines]) expect(text).not.toContain('hunter2');
    expect(metrics).not.toContain('tenant-4711');
    expect(spans.some((text) => text.includes('tenant-4711'))).toBe(keys === 'spans');
    for (const span of otel.raw()) expect([span.events, span.status.message]).toEqual([[], undefined]);
  });
});
