import assert from 'node:assert/strict';
import { MemoryProvider, secret } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { faulty } from 'llm-config-manager/testing';
import { configOf, levelsOf, type Tenant, viewOf } from './tenant.ts';

const llm = (apiKey: string) => ({ settings: { llm: { apiKey: secret(apiKey) } } });
const backend = faulty(
  new MemoryProvider({
    acme: {
      settings: { llm: { model: 'small', maxTokens: 256 } },
      search: {
        ...llm('fake-key-of-search'),
        api: { production: { settings: { llm: { maxTokens: 1024 } } } },
      },
      billing: llm('fake-key-of-billing'),
    },
    globex: { settings: { llm: { model: 'large', maxTokens: 512 } }, chat: llm('fake-key-of-chat') },
  }),
  [],
);
// #region store
const store = sheltered(backend); // one log-in, one cache and one circuit breaker for all tenants
// #endregion

const search: Tenant = { org: 'acme', project: 'search', service: 'api', environment: 'production' };

console.log('# the levels of a tenant\n');
console.log(levelsOf(search).join('\n'));

console.log('\n# the values of one tenant, and their levels\n');
// #region load
await using config = await configOf(store, search);
console.log(config.value.llm); // the key is masked
console.log(`${config.explain('llm.maxTokens')}`);
// #endregion

console.log('\n# the others\n');
const tenants: readonly Tenant[] = [
  { ...search, environment: 'staging' },
  { ...search, project: 'billing' },
  { org: 'globex', project: 'chat', service: 'web', environment: 'production' },
];
for (const tenant of tenants) {
  await using one = await configOf(store, tenant);
  const { model, maxTokens, apiKey } = one.value.llm;
  const owner = apiKey.split('-').at(-1);
  console.log(`${Object.values(tenant).join('/')}: ${model}, ${maxTokens} tokens, the key of ${owner}`);
}

console.log('\n# tenants are isolated\n');
const view = viewOf(store, search);
// no section of another project, service or environment
assert.deepEqual(Object.keys(await view.tree()), ['llm']);
await assert.rejects(async () => view.get('..acme.billing.settings.llm.apiKey'), { code: 'invalid_key' });
// the name becomes one segment, which does not exist
await assert.rejects(configOf(store, { ...search, org: 'acme.billing' }), { code: 'validation' });
console.log('a view has only its own keys, for any name of a tenant');
const asked = backend.calls.length;
await configOf(store, search);
console.log(`requests when a tenant is loaded again: ${backend.calls.length - asked}`);
await store.close?.();
