import { livingMetrics, logTo, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { Store } from './store.ts';

/** Prints what a logger receives, without the ids and times, which differ between runs. */
const line = (level: string) => (_fields: object, message: string) =>
  console.log(`${level.padEnd(5)} ${message}`);
const logger = {
  debug: line('debug'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
  child: () => undefined, // as pino has it
};

const store = new Store((key) => key === 'llm.apiKey', 'secrets');

console.log('\n# events\n');

// #region events
const secrets = sheltered(store, { resilience: { attempts: 1 } });
const defaults = new MemoryProvider({ llm: { model: 'small' } }, { name: 'defaults' });
await using chain = new ProviderChain([secrets, defaults]);
chain.on(logTo(logger));

await chain.get('llm.apiKey'); // from the store
await chain.get('llm.apiKey'); // from memory
await chain.getMany(['llm.apiKey', 'llm.model']); // a line for each key
store.isDown = true;
await chain.get('llm.region').catch(() => undefined);
// #endregion

console.log('\n# metrics\n');

// #region metrics
console.log(livingMetrics().store?.secrets); // all providers named `secrets`, closed ones included
// #endregion
