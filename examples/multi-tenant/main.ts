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
const store = sheltered(backend); // one log-in, one cache and one breaker for all tenants
// #endregion

const search: Tenant = { org: 'acme', project: 'search', service: 'api', environment: 'production' };

console.log('# the levels of a tenant\n');
console.log(levelsOf(search).join('\n'));

console.log('\n# what one tenant gets, and from which level\n');
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
  console.log(
    `${Object.values(tenant).join('/')}: ${model}, ${maxTokens} tokens, the key of ${apiKey.split('-').at(-1)}`,
  );
}

console.log('\n# nobody sees another\n');
const view = viewOf(store, search);
assert.deepEqual(Object.keys(await view.tree()), ['llm']); // no section of another project, service or environment
await assert.rejects(async () => view.get('..acme.billing.settings.llm.apiKey'), { code: 'invalid_key' });
await assert.rejects(configOf(store, { ...search, org: 'acme.billing' }), { code: 'validation' }); // one segment, and there is none
console.log('a view has its own keys and no others, whatever a tenant calls itself');
const asked = backend.calls.length;
await configOf(store, search);
console.log(`loading a tenant once more asked the store ${backend.calls.length - asked} times`);
await store.close?.();
