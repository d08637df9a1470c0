// A service with telemetry, run by otel.test.ts: four real clients with their instrumentations, a store that
// goes down, a secret that ends, a second level, a snapshot and a configuration whose reloads fail. Serves metrics at
// LIVE_METRICS_TARGET until its input ends, then prints its spans as JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { RedisInstrumentation } from '@opentelemetry/instrumentation-redis';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
registerInstrumentations({
  tracerProvider,
  instrumentations: [
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new AwsInstrumentation(),
    new RedisInstrumentation(),
  ],
});
const [host, port] = process.env.LIVE_METRICS_TARGET.split(':');
const metricsAt = new PrometheusExporter({ host, port: Number(port) });
const meterProvider = new MeterProvider({ readers: [metricsAt] });

const { instrument } = await import('../../../src/extensions/otel/index.ts');
const { ConfigError, loadConfig, MemoryProvider, ProviderChain } = await import('../../../src/index.ts');
const { AwsSsmProvider } = await import('../../../src/providers/aws/index.ts');
const { token, VaultProvider } = await import('../../../src/providers/vault/index.ts');
const { remembered } = await import('../../../src/extensions/snapshot/index.ts');
const { sheltered } = await import('../../../src/shelter/index.ts');
const { MemorySecondLevel } = await import('../../../src/testing/index.ts');
// require, so that the instrumentation sees it
const { createRequire } = await import('node:module');
const { createClient } = createRequire(import.meta.url)('redis');

instrument({ tracerProvider, meterProvider });

const fake = 'hunter2-fake';
const run = `otel-${process.pid}`;
const path = (name) => ({ key: name, document: name, field: '' });
const source = (name, read, more = {}) => ({
  name,
  batch: 1,
  locate: (key) => [path(key)],
  read: async ([document]) => new Map([[document, await read(document)]]),
  classify: (error) =>
    error instanceof ConfigError ? error : new ConfigError('unavailable', `${name}: down`),
  ...more,
});
const found = (more = {}) => ({ value: fake, secret: true, text: true, ...more });

const account = {
  endpoint: process.env.LIVE_AWS_ENDPOINT,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
};
const ssm = new AwsSsmProvider({ ...account, path: `/${run}` });
const vault = new VaultProvider({
  address: process.env.LIVE_VAULT_ADDR,
  path: `secret/${run}`,
  auth: token(process.env.LIVE_VAULT_TOKEN),
});
const client = createClient({ url: process.env.LIVE_REDIS_URL });
client.on('error', () => {});
await client.connect();
await client.set(`${run}:password`, fake);
const redis = sheltered(
  source('redis', async (name) => found({ value: await client.get(`${run}:${name}`) })),
);
const web = sheltered(
  source('web', async () => {
    await (await fetch(`${process.env.LIVE_AWS_ENDPOINT}/moto-api/`)).text();
    return found();
  }),
);
await ssm.set('password', fake);
await vault.set('password', fake);

let isDown = false;
const resilience = {
  attempts: 2,
  backoff: { initialMs: 1, maxMs: 1 },
  breaker: { failures: 3, resetMs: 600_000 },
};
const broken = sheltered(
  source('broken', () => {
    if (isDown) throw new Error(fake);
    return found();
  }),
  { cache: { ttlMs: 1, staleIfErrorMs: 600_000 }, resilience },
);
const shared = sheltered(
  source('shared', () => found(), {
    identity: () => ({ store: run, view: '' }),
  }),
  { second: new MemorySecondLevel(), limits: { concurrency: 1 }, cache: { ttlMs: 1 } },
);
// fails every second time, so that its requests and its failures both grow as long as the service runs
let asked = 0;
const unsteady = sheltered(
  source('unsteady', () => {
    if (asked++ % 2) throw new Error(fake);
    return found();
  }),
  { cache: false, resilience: { attempts: 1 } },
);
const lease = sheltered(source('lease', () => found({ expiresAt: Date.now() + 600_000 })));
await lease.get('password');
const folder = await mkdtemp(join(tmpdir(), 'otel-'));
const snapshot = remembered(new MemoryProvider({ plan: 'small' }, { name: 'plans' }), {
  keys: () => 'ab'.repeat(32),
  app: 'live',
  file: join(folder, 'live.snapshot'),
});
await snapshot.get('plan');
let refuses = false;
const settings = new ProviderChain([new MemoryProvider({ a: 1 }), ssm], {
  name: 'settings',
  intercept: (_, next) => (refuses ? Promise.reject(new Error(fake)) : next()),
});
const config = await loadConfig(settings);
const quietly = (work) => work.catch(() => undefined);
await broken.get('password');
isDown = refuses = true;

const tracer = tracerProvider.getTracer('service');
const stores = { ssm, vault, redis, web };
for (const [name, provider] of Object.entries(stores))
  await tracer.startActiveSpan(`handle ${name}`, async (span) => {
    await provider.get('password', { maxAgeMs: 0 });
    span.end();
  });

let stopped = false;
process.stdin.resume().on('end', () => void (stopped = true));
process.stdout.write('ready\n');
while (!stopped) {
  await Promise.all(Object.values(stores).map((store) => quietly(store.get('password', { maxAgeMs: 0 }))));
  await Promise.all(['a', 'b', 'c'].map((key) => quietly(shared.get(key))));
  await quietly(broken.get('password'));
  await quietly(broken.get('other'));
  await quietly(unsteady.get('password'));
  await quietly(config.reload());
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const shown = (span) => ({
  name: span.name,
  kind: span.kind,
  id: span.spanContext().spanId,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
  scope: span.instrumentationScope.name,
  attributes: span.attributes,
});
await new Promise((done) =>
  process.stdout.write(`${JSON.stringify(exporter.getFinishedSpans().map(shown))}\n`, done),
);
for (const provider of [ssm, vault, redis, web, broken, unsteady, shared, lease, snapshot])
  await provider.close();
await rm(folder, { recursive: true });
await client.quit();
await metricsAt.shutdown();
