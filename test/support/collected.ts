// Run with --expose-gc by the tests of the registry: lets providers and a configuration be collected, and
// prints what the registry has of them.

import {
  type Interceptor,
  loadConfig,
  logTo,
  MemoryProvider,
  optional,
  ProviderChain,
} from '../../src/index.ts';
import { living, livingMetrics } from '../../src/living.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { FakeSource } from './fake-source.ts';

const kinds = (): string[] => [...living()].map(({ kind }) => kind).sort();
const requests = (): number | undefined => livingMetrics().store?.store?.requests;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Uses everything that could keep a provider alive: listeners, watches, a log, a chain, a configuration. */
async function use(): Promise<void> {
  const provider = sheltered(new FakeSource({ a: '1' }));
  const other = sheltered(new FakeSource({ a: '1' }));
  let fails = false;
  const chain = new ProviderChain([optional(provider), new MemoryProvider({ b: 1 })]);
  const heard: unknown[] = [];
  for (const emitter of [provider, other, chain]) emitter.on((event) => heard.push(event, emitter));
  chain.on(logTo({ debug() {}, info() {}, warn() {}, error() {} }));
  provider.watch(() => void heard.push(provider));
  chain.watch(() => void heard.push(chain));
  await Promise.all([chain.get('a'), other.get('a')]);
  await chain.health();
  const intercept: Interceptor = (_, next) => (fails ? Promise.reject(heard) : next());
  const config = await loadConfig(new ProviderChain([new MemoryProvider({ c: 1 })], { intercept }));
  heard.push(config);
  config.on(() => void heard.push(config));
  config.subscribe('', () => void heard.push(config));
  fails = true;
  await config.reload().catch(() => undefined);
}

await use();
const before = { members: kinds(), requests: requests() };
for (let i = 0; i < 100 && kinds().length > 0; i++) {
  (globalThis as unknown as { gc(): void }).gc();
  await turn();
}
const after = {
  members: kinds(),
  requests: requests(),
  failedReloads: livingMetrics().config?.chain?.failedReloads,
};
const { size } = livingMetrics().store?.store ?? {};

process.stdout.write(JSON.stringify({ before, after, sizes: { size } }));
