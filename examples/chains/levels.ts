import assert from 'node:assert/strict';
import { cascade, environments, MemoryProvider, mounted, ProviderChain, scoped } from 'llm-config-manager';
import { heading, print } from './print.ts';

heading('levels');

// #region scoped
const shared = new MemoryProvider({
  'acme.model': 'small',
  'acme.region': 'eu',
  'acme/inference.model': 'medium', // the same as acme.inference.model
});

const view = scoped(shared, 'acme.inference'); // strips a prefix: acme.inference.model becomes model
assert.equal((await view.get('model'))?.value, 'medium');

const below = mounted(new MemoryProvider({ model: 'large' }), 'llm'); // adds one: model becomes llm.model
assert.equal((await below.get('llm.model'))?.value, 'large');
// #endregion

// #region cascade
const levels = ['acme', 'acme.inference']; // from the most general to the most specific
const cascaded = cascade(levels, (level) => scoped(shared, level));

assert.equal(await cascaded.value('model'), 'medium'); // the most specific wins
assert.equal(await cascaded.value('region'), 'eu');
print(await cascaded.explain('model'));
// #endregion

// #region environments
const files: Record<string, MemoryProvider> = {
  production: new MemoryProvider({ replicas: 3 }, { name: 'production' }),
  staging: new MemoryProvider({ replicas: 2, verbose: true }, { name: 'staging' }),
  base: new MemoryProvider({ replicas: 1, port: 8080 }, { name: 'base' }),
};
const make = (name: string) => files[name] ?? new MemoryProvider({}, { name });

const production = environments('production', make);
assert.deepEqual(await production.tree(), { replicas: 3, port: 8080 }); // no values from staging

const canary = environments('canary', make, { inherit: ['production'] });
assert.deepEqual(await canary.tree(), { replicas: 3, port: 8080 });
// #endregion

// #region owner
await using borrowed = new ProviderChain([scoped(shared, 'acme')], { closeProviders: false });
// #endregion
assert.equal(await borrowed.value('region'), 'eu');
