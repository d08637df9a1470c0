import { trace } from '@opentelemetry/api';
import { loadConfig, ProviderChain } from 'llm-config-manager';
import { instrument } from 'llm-config-manager/otel';
import { sheltered } from 'llm-config-manager/shelter';
import { printMetrics, printTraces } from './sdk.ts';
import { store } from './store.ts';

// #region instrument
instrument({ keys: 'spans' }); // once, after the SDK has started
// #endregion

const secrets = sheltered(store, { resilience: { backoff: { initialMs: 1, maxMs: 1 } } });
await using chain = new ProviderChain([secrets], { name: 'settings' });

/** A request to the application. */
const handle = (name: string, key: string) =>
  trace.getTracer('app').startActiveSpan(name, async (span) => {
    const entry = await chain.get(key);
    span.end();
    return entry;
  });

console.log('# two handlers need one key, and the first attempt fails\n');
store.failures = 1;
await Promise.all([handle('GET /chat', 'llm.apiKey'), handle('GET /models', 'llm.apiKey')]);
printTraces();

console.log('\n# the value is in memory\n');
await handle('GET /chat', 'llm.apiKey');
printTraces();

console.log('\n# a load and a reload that fails\n');
await using config = await loadConfig(chain);
store.failures = 10;
await config.reload().catch(() => undefined);
printTraces();

console.log('\n# metrics\n');
await printMetrics();
