import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { metricRows, requestDuration } from '../../../src/extensions/otel/metric-names.ts';
import { livingMetrics } from '../../../src/living.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { MemorySecondLevel } from '../../../src/testing/memory-second-level.ts';
import { down } from '../../support/fake-source.ts';
import { code, sheltering } from '../../support/sheltering.ts';
import { until } from '../../support/until.ts';
import { telemetry, turn } from './telemetry.ts';

let made = 0;
/** A name that no other test uses: the registry is that of the process. */
const unique = (): string => `metrics-${++made}`;
const documents = { a: 'fake', b: 'fake', c: 'fake' };

/** The points of the metrics of one provider: `reads{hit}` → 3. */
async function pointsOf(
  otel: ReturnType<typeof telemetry>,
  provider: string,
): Promise<Record<string, unknown>> {
  const points = (await otel.metrics()).flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map((point) => ({ name: descriptor.name.replace('llm_config.', ''), ...point })),
  );
  return Object.fromEntries(
    points
      .filter(({ attributes }) => attributes['llm_config.provider'] === provider)
      .map(({ name, attributes: { 'llm_config.provider': _, ...rest }, value }) => {
        const values = Object.values(rest).join();
        return [values ? `${name}{${values}}` : name, value];
      }),
  );
}

describe('metrics', () => {
  it('metrics have what the providers have counted, also before they were instrumented', async () => {
    const name = unique();
    const { provider, source, clock } = sheltering(
      documents,
      { limits: { concurrency: 1 }, resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } } },
      { name, batch: 1 },
    );
    await provider.getMany(['a', 'b', 'none']);
    await using otel = telemetry();
    await provider.get('a');
    await provider.get('none');
    await Promise.all([provider.get('c'), provider.get('c')]);
    source.befall = down;
    await clock.until(code(provider.get('missing')));
    expect(await pointsOf(otel, name)).toMatchObject({
      'reads{hit}': 1,
      'reads{miss}': 5,
      'reads{joined}': 1,
      'reads{stale}': 0,
      'reads{absent}': 1,
      requests: 6,
      'request.errors{unavailable}': 2,
      retries: 1,
      'pace.waits': 2,
      'breaker.state': 0,
      'cache.documents': 4,
      'request.duration{read}': expect.objectContaining({ count: 1 }),
      'request.duration{read,unavailable}': expect.objectContaining({ count: 2 }),
    });
  });

  it('metrics of providers of one name are summed, and closing one lowers no counter', async () => {
    const name = unique();
    await using otel = telemetry();
    const [one, two] = [sheltering(documents, {}, { name }), sheltering(documents, {}, { name })];
    for (const { provider } of [one, two]) await provider.getMany(['a', 'b']);
    const counted = { 'reads{miss}': 4, requests: 2 };
    expect(await pointsOf(otel, name)).toMatchObject({ ...counted, 'cache.documents': 4 });
    await one.provider.close();
    expect(await pointsOf(otel, name)).toMatchObject({ ...counted, 'cache.documents': 2 });
    await two.provider.close();
    expect(await pointsOf(otel, name)).toMatchObject({ ...counted, 'cache.documents': 0 });
  });

  it('a gauge of a closed provider is 0, and not what it was', async () => {
    const name = unique();
    await using otel = telemetry();
    const { provider, source, clock } = sheltering(
      documents,
      { resilience: { attempts: 1, breaker: { failures: 1 } } },
      { name },
    );
    source.put('a', 'fake', { expiresAt: clock.now() + 90_000 });
    await provider.get('a');
    source.befall = down;
    await code(provider.get('b'));
    expect(await pointsOf(otel, name)).toMatchObject({ 'breaker.state': 2, 'secret.remaining': 90 });
    await provider.close();
    expect(await pointsOf(otel, name)).toMatchObject({ 'breaker.state': 0, 'secret.remaining': 0 });
  });

  it('what a collected provider has counted stays in the sum', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const name = unique();
    await using otel = telemetry();
    await (async () => sheltering(documents, {}, { name }).provider.get('a'))();
    const isThere = () => livingMetrics().store?.[name]?.size !== undefined;
    expect(isThere()).toBe(true);
    await until('it is collected', async () => {
      collect();
      await turn();
      return !isThere();
    });
    expect(await pointsOf(otel, name)).toMatchObject({ 'reads{miss}': 1, requests: 1 });
  });

  it('metrics have the state of a breaker, the end of a secret and the second level', async () => {
    const name = unique();
    await using otel = telemetry();
    const { provider, source, clock } = sheltering(
      documents,
      { second: new MemorySecondLevel(), resilience: { attempts: 1, breaker: { failures: 1 } } },
      { name, ...({ identity: () => ({ store: name, view: '' }) } as object) },
    );
    source.put('a', 'fake', { expiresAt: clock.now() + 90_000 });
    await provider.get('a');
    source.befall = down;
    await code(provider.get('b'));
    expect(await pointsOf(otel, name)).toMatchObject({
      'breaker.state': 2,
      'secret.remaining': 90,
      'second.answers{hit}': 0,
      'second.answers{miss}': 2,
      'second.answers{refused}': 0,
      'second.answers{failure}': 0,
      'second.answers{skipped}': 0,
    });
  });

  it('metrics have the generation of a configuration, its age and the failed reloads', async () => {
    const name = unique();
    await using otel = telemetry();
    let fails = false;
    const chain = new ProviderChain([new MemoryProvider({ a: 1 })], {
      name,
      intercept: (_, next) => (fails ? down() : next()),
    });
    await using config = await loadConfig(chain);
    fails = true;
    await code(config.reload());
    const points = await pointsOf(otel, name);
    expect(points).toEqual({ generation: 1, 'generation.age': expect.any(Number), 'reload.failures': 1 });
    expect(points['generation.age']).toBeLessThan(60);
  });

  it('the attributes of metrics are names, kinds and codes, never keys', async () => {
    const name = unique();
    await using otel = telemetry({ keys: 'spans' });
    const { provider, source } = sheltering({ secretKey: 'fake' }, { resilience: { attempts: 1 } }, { name });
    await provider.get('secretKey');
    await provider.set('secretKey', 'other');
    source.befall = down;
    await code(provider.get('otherKey'));
    const all = await otel.metrics();
    expect(JSON.stringify(all)).not.toMatch(/secretKey|otherKey/);
    const attributes = new Set(
      all.flatMap(({ dataPoints }) => dataPoints.flatMap((point) => Object.keys(point.attributes))),
    );
    expect([...attributes].sort()).toEqual([
      'error.type',
      'llm_config.answer',
      'llm_config.provider',
      'llm_config.request.type',
    ]);
  });

  it('each row of the table is a metric of its instrument and unit', async () => {
    await using otel = telemetry();
    const { provider } = sheltering(documents, {}, { name: unique() });
    await provider.get('a');
    const all = await otel.metrics();
    const types = { counter: DataPointType.SUM, sum: DataPointType.SUM, gauge: DataPointType.GAUGE };
    for (const row of metricRows) {
      const found = all.find(({ descriptor }) => descriptor.name === row.name);
      if (!found) continue;
      expect({ name: row.name, unit: found.descriptor.unit, type: found.dataPointType }).toEqual({
        name: row.name,
        unit: row.unit,
        type: types[row.instrument],
      });
      if (found.dataPointType === DataPointType.SUM)
        expect(found.isMonotonic).toBe(row.instrument === 'counter');
    }
    const durations = all.find(({ descriptor }) => descriptor.name === requestDuration.name);
    expect(durations?.dataPointType).toBe(DataPointType.HISTOGRAM);
    expect(durations?.dataPoints[0]?.value).toMatchObject({
      buckets: { boundaries: requestDuration.boundaries },
    });
  });

  it('every number of the registry is in a row of the table', async () => {
    const name = unique();
    const { provider, source, clock } = sheltering(
      documents,
      { second: new MemorySecondLevel(), resilience: { attempts: 1 } },
      { name, ...({ identity: () => ({ store: name, view: '' }) } as object) },
    );
    source.put('a', 'fake', { expiresAt: clock.now() + 90_000 });
    await provider.get('a');
    source.befall = down;
    await code(provider.get('b'));
    await using config = await loadConfig(new ProviderChain([new MemoryProvider({ a: 1 })], { name }));
    expect(config.value).toEqual({ a: 1 });
    const shown = (kind: string) =>
      metricRows.filter((row) => row.kind === kind).flatMap(({ numbers }) => Object.keys(numbers));
    for (const kind of ['store', 'config']) {
      const numbers = Object.keys(livingMetrics()[kind]?.[name] ?? {});
      expect(numbers.length).toBeGreaterThan(2);
      // `errors` is the sum of the errors by code
      expect(
        numbers.filter(
          (number) =>
            !shown(kind).some((one) => (one.endsWith('.') ? number.startsWith(one) : number === one)),
        ),
      ).toEqual(kind === 'store' ? ['errors'] : []);
    }
  });
});
