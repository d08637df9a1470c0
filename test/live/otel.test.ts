// Telemetry beside the instrumentations of real clients, scraped by a real Prometheus: the documented types
// and labels, every query of the rules, the alerts and the dashboard. `npm run test:live`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { read } from '../../scripts/files.ts';
import { root } from '../../scripts/folders.ts';
import { metricRows, requestDuration } from '../../src/extensions/otel/metric-names.ts';

interface Shown {
  readonly name: string;
  readonly kind: number;
  readonly id: string;
  readonly trace: string;
  readonly parent?: string;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}
type Result = {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
};

const folder = fileURLToPath(new URL('otel/', import.meta.url));
const observability = fileURLToPath(new URL('docs/observability/', root));
const prometheus = process.env.LIVE_PROMETHEUS_URL as string;
const target = process.env.LIVE_METRICS_TARGET as string;
const job = 'job="live"';
/** What the service calls what is not a store, by its kind. */
const named: Readonly<Record<string, string>> = { config: 'settings', snapshot: 'plans' };
/** What the service reads. */
const { LIVE_VAULT_ADDR, LIVE_VAULT_TOKEN, LIVE_AWS_ENDPOINT, LIVE_REDIS_URL } = process.env;
const servers = { LIVE_VAULT_ADDR, LIVE_VAULT_TOKEN, LIVE_AWS_ENDPOINT, LIVE_REDIS_URL };

async function ask<T>(path: string): Promise<T> {
  const { status, data, error } = (await (await fetch(`${prometheus}/api/v1/${path}`)).json()) as {
    status: string;
    data: T;
    error?: string;
  };
  if (status !== 'success') throw new Error(`${path}: ${error}`);
  return data;
}
const query = async (text: string): Promise<readonly Result[]> =>
  (await ask<{ result: readonly Result[] }>(`query?query=${encodeURIComponent(text)}`)).result;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 120; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`timed out waiting until ${what}`);
}

/** Waits until a query has a number. A window of ten seconds is empty now and then on a slow machine. */
const untilData = (text: string): Promise<void> =>
  until(`there is data for ${text}`, async () =>
    (await query(text)).some(({ value }) => Number.isFinite(Number(value[1]))),
  );

let service: ReturnType<typeof spawn>;
let lines: AsyncIterator<string>;
beforeAll(async () => {
  if (!existsSync(`${folder}node_modules`))
    execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
      cwd: folder,
    });
  service = spawn(process.execPath, ['--import', 'tsx', `${folder}service.mjs`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...servers, PATH: process.env.PATH, LIVE_METRICS_TARGET: target },
  });
  lines = createInterface({ input: service.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  await until('two scrapes have seen every counter', async () => {
    const [one] = await query(`min(count_over_time(llm_config_reload_failures_total{${job}}[10s]))`);
    return Number(one?.value[1] ?? 0) >= 8;
  });
}, 120_000);
afterAll(() => void service?.kill());

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly expr: string; readonly record?: string; readonly alert?: string }[];
  }[];
}
const rulesIn = (file: string) =>
  (parse(read(`docs/observability/${file}`)) as Rules).groups.flatMap(({ rules }) => rules);
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}
const { panels } = JSON.parse(read('docs/observability/grafana.json')) as Dashboard;

describe('what Prometheus scrapes', () => {
  const prometheusTypes = {
    counter: 'counter',
    gauge: 'gauge',
    sum: 'gauge',
    histogram: 'histogram',
  } as const;
  const rows = [
    ...metricRows,
    {
      ...requestDuration,
      instrument: 'histogram' as const,
      kind: 'store',
      attribute: 'llm_config.request.type',
    },
  ];

  it.each(rows)(
    '$name has its type, its help and its labels',
    async ({ name, instrument, attribute, description, kind }) => {
      const base = name.replaceAll('.', '_');
      const full = instrument === 'counter' ? `${base}_total` : base;
      const metadata = await ask<Record<string, { type: string; help: string }[]>>(`metadata?metric=${full}`);
      expect(metadata[full]).toMatchObject([{ type: prometheusTypes[instrument], help: description }]);
      const series = await query(instrument === 'histogram' ? `${base}_count{${job}}` : `${full}{${job}}`);
      const expected = ['__name__', 'instance', 'job', 'llm_config_provider', 'otel_scope_name'];
      if (attribute) expected.push(attribute.replaceAll('.', '_'));
      for (const { metric } of series) {
        const { error_type: _, ...labels } = metric;
        const known = attribute === 'error.type' ? metric : labels;
        expect(Object.keys(known).sort()).toEqual(expected.sort());
      }
      expect(new Set(series.map(({ metric }) => metric.llm_config_provider))).toContain(
        name === 'llm_config.request.errors' ? 'broken' : (named[kind] ?? 'shared'),
      );
    },
  );

  it('the numbers are those of the incident', async () => {
    const value = async (text: string): Promise<number> => Number((await query(text))[0]?.value[1]);
    const of = (provider: string): string => `{${job}, llm_config_provider="${provider}"}`;
    expect(await value(`llm_config_breaker_state${of('broken')}`)).toBe(2);
    expect(await value(`llm_config_breaker_state${of('vault')}`)).toBe(0);
    expect(await value(`llm_config_reload_failures_total${of('settings')}`)).toBeGreaterThan(1);
    expect(await value(`llm_config_generation${of('settings')}`)).toBe(1);
    expect(await value(`llm_config_secret_remaining${of('lease')}`)).toBeGreaterThan(300);
    expect(await value(`llm_config_pace_waits_total${of('shared')}`)).toBeGreaterThan(1);
    expect(
      await value(`llm_config_reads_total{${job}, llm_config_provider="broken", llm_config_answer="stale"}`),
    ).toBeGreaterThan(1);
  });

  it('the page of metrics has no value and no key', async () => {
    const text = await (await fetch(`http://${target}/metrics`)).text();
    expect(text).toContain('llm_config_reads_total');
    expect(text).not.toMatch(/hunter2|password/);
  });
});

describe('the queries of docs/observability', () => {
  it.each(panels.flatMap(({ title, targets }) => targets.map(({ expr }, i) => ({ title, expr, i }))))(
    'the panel "$title" ($i) shows data',
    async ({ expr }) => {
      const text = expr.replaceAll('$__rate_interval', '10s').replaceAll('$job', 'live');
      await untilData(text);
    },
  );

  it.each(rulesIn('rules.yaml'))('the rule $record records data', { timeout: 70_000 }, async ({ expr }) => {
    await untilData(expr.replaceAll('[5m]', '[10s]'));
  });

  it('the alerts of this incident fire, and none about rights', async () => {
    const expected = [
      'LlmConfigBreakerOpen',
      'LlmConfigReloadFailing',
      'LlmConfigLeaseEnds',
      'LlmConfigSecretEnds',
      'LlmConfigStaleServed',
      'LlmConfigLowHitRatio',
    ];
    for (const { alert = '', expr } of rulesIn('alerts.yaml')) {
      const text = expr.replace(/\[(?:5m|15m|45m|3d)\]/g, '[10s]');
      if (expected.includes(alert)) await until(`${alert} fires`, async () => (await query(text)).length > 0);
      if (alert === 'LlmConfigDenied') expect(await query(text)).toEqual([]);
    }
    expect(rulesIn('alerts.yaml').map(({ alert }) => alert)).toEqual(
      expect.arrayContaining([...expected, 'LlmConfigDenied']),
    );
  });

  it('promtool accepts the rules and the alerts, and their tests pass', () => {
    const promtool = (...args: string[]): string =>
      execFileSync('promtool', args, { cwd: observability, encoding: 'utf8', stdio: 'pipe' });
    expect(promtool('check', 'rules', 'rules.yaml', 'alerts.yaml')).toContain('SUCCESS');
    expect(promtool('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
  });
});

describe('beside the instrumentations of the clients', () => {
  it('the spans of http, undici, the AWS SDK and redis are below the requests to their stores', async () => {
    (service.stdin as NodeJS.WritableStream).end();
    const text = (await lines.next()).value as string;
    const spans = JSON.parse(text) as readonly Shown[];
    const childrenOf = ({ id }: Shown): readonly Shown[] => spans.filter(({ parent }) => parent === id);
    const scopesBelow = (span: Shown): readonly string[] =>
      childrenOf(span).flatMap((child) => [child.scope, ...scopesBelow(child)]);
    const wanted: Readonly<Record<string, readonly string[]>> = {
      ssm: ['@opentelemetry/instrumentation-aws-sdk', '@opentelemetry/instrumentation-http'],
      vault: ['@opentelemetry/instrumentation-http'],
      redis: ['@opentelemetry/instrumentation-redis'],
      web: ['@opentelemetry/instrumentation-undici'],
    };
    for (const [store, scopes] of Object.entries(wanted)) {
      const handler = spans.find(({ name }) => name === `handle ${store}`) as Shown;
      const [readSpan] = childrenOf(handler);
      expect(readSpan?.name).toBe('llm_config.read');
      const [request] = childrenOf(readSpan as Shown);
      expect(request).toMatchObject({ name: 'llm_config.request', kind: 2, trace: handler.trace });
      const seen = new Set(scopesBelow(request as Shown).map((scope) => scope.replace(/(redis).*/, '$1')));
      expect([...seen]).toEqual(expect.arrayContaining([...scopes]));
    }
    const hosts = new Set(
      spans
        .filter(({ name }) => name === 'llm_config.request')
        .map(({ attributes }) => attributes['server.address']),
    );
    expect([...hosts]).toContain(new URL(LIVE_VAULT_ADDR as string).hostname);
    expect([...hosts]).toContain(new URL(LIVE_AWS_ENDPOINT as string).hostname);
    const own = spans.filter(({ name }) => name.startsWith('llm_config.'));
    expect(JSON.stringify(own)).not.toMatch(/hunter2/);
  });
});
