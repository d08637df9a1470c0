import { ConfigError, loadConfig, MemoryProvider } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';
import { Store } from './store.ts';

console.log('\n# vanished\n');

let isEmpty = false;
const store = new Store((key) => key === 'llm.apiKey' && !isEmpty, 'secrets');
const defaults = new MemoryProvider({ llm: { apiKey: 'none' } }, { name: 'defaults' });
const schema = z.object({ llm: z.object({ apiKey: z.string() }) });

// #region vanished
await using config = await loadConfig(schema, [sheltered(store), defaults]);
isEmpty = true; // the store was restarted, and has nothing
try {
  await config.reload();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(error.message); // the old generation stays in use
}
await config.reload({ accept: ['llm.apiKey'] }); // if the secret was deleted on purpose
// #endregion
