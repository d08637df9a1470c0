import assert from 'node:assert/strict';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { failure, heading } from './print.ts';

heading('merging, holes and conflicts');

// #region merge
const merged = new ProviderChain([
  new MemoryProvider({ database: { host: 'db.internal' }, models: ['large'] }, { name: 'override' }),
  new MemoryProvider(
    { database: { host: 'localhost', port: 5432 }, models: ['small', 'medium'] },
    { name: 'base' },
  ),
]);

assert.deepEqual(await merged.tree(), {
  database: { host: 'db.internal', port: 5432 }, // merged key by key
  models: ['large'], // a list replaces a list
});
assert.equal(await merged.value('database.host'), 'db.internal'); // the same result for a single key
// #endregion

// #region conflict
const clash = new ProviderChain([
  new MemoryProvider({ database: 'postgres://db.internal' }, { name: 'override' }),
  new MemoryProvider({ database: { host: 'localhost' }, port: 8080 }, { name: 'base' }),
]);

assert.deepEqual(await clash.value('port'), 8080); // other keys are not affected by the conflict
await failure(clash.tree());
// #endregion
