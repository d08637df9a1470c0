import { loadConfig, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { Registry } from 'prom-client';
import { register } from './collector.ts';

// #region register
const registry = new Registry();
register(registry); // GET /metrics answers `await registry.metrics()`
// #endregion

const store = new MemoryProvider({ llm: { apiKey: 'fake-key' } }, { name: 'secrets' });
const secrets = sheltered(store);
await using chain = new ProviderChain([secrets], { name: 'settings' });
await using _config = await loadConfig(chain);
await chain.get('llm.apiKey');
await chain.get('llm.apiKey');

const text = await registry.metrics();
console.log(
  text
    .split('\n')
    .filter((line) => /^llm_config_\S+ [^0]/.test(line) && !line.includes('_age'))
    .join('\n'),
);
