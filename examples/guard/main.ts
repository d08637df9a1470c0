import { execFileSync } from 'node:child_process';
import { isConfigError, loadConfig, MemoryProvider, ProviderChain, secret } from 'llm-config-manager';
import { type Caller, cel, guarded, platformRules, rules, tenants } from 'llm-config-manager/guard';
import { sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';

const backend = new MemoryProvider(
  {
    acme: {
      dev: { model: 'small', apiKey: secret('fake-key-of-dev') },
      prod: { model: 'large', apiKey: secret('fake-key-of-prod') },
    },
  },
  { name: 'store' },
);
const defaults = new MemoryProvider({ acme: { dev: { timeoutMs: 1000 } } }, { name: 'defaults' });
const show = (what: string, answer: unknown): void => console.log(`${what}:`, answer);
const refusal = (error: unknown): string => (isConfigError(error) ? error.message : String(error));

console.log('# rules\n');
// #region rules
const policy = rules({
  roles: { developer: ['ann'], operator: ['ops'], service: ['inference'] },
  allow: [
    {
      roles: ['developer'],
      actions: ['read', 'list', 'write'],
      keys: ['acme.dev.**'],
      hours: '08:00-18:00 Europe/Berlin',
      from: ['10.0.0.0/8'],
      when: cel('caller.training'),
      loads: 'never',
    },
    { roles: ['operator'], keys: ['**'] },
    { roles: ['service'], actions: ['read'], keys: ['acme.dev.**'] },
  ],
  deny: [{ keys: ['**'], actions: ['read'], secret: true, unless: ['operator', 'service'] }],
});
// #endregion rules

// #region guard
const noon = Date.parse('2026-11-30T12:00:00Z');
const store = guarded(sheltered(backend), policy, {
  // a call without a context is one of this process
  identify: (context: { caller: Caller } | undefined) => context?.caller ?? { id: 'inference' },
  validate: z.object({ acme: z.record(z.string(), z.object({ model: z.string(), apiKey: z.string() })) }),
  now: () => noon, // only for this example
});
const chain = new ProviderChain([store, defaults]);
// #endregion guard

// #region caller
const caller = { id: 'ann', ip: '10.1.2.3', training: true };
show('allowed', await chain.value('acme.dev.model', { context: { caller } }));
show('a default below', await chain.value('acme.dev.timeoutMs', { context: { caller } }));
// #endregion caller
for (const key of ['acme.dev.apiKey', 'acme.prod.model'])
  show('refused', await chain.value(key, { context: { caller } }).catch(refusal));
const abroad = { ...caller, ip: '192.0.2.7' };
show('from elsewhere', await chain.value('acme.dev.model', { context: { caller: abroad } }).catch(refusal));
show(
  'no training',
  await chain.value('acme.dev.model', { context: { caller: { ...caller, training: false } } }).catch(refusal),
);

console.log('\n# a list\n');
// #region list
for (const item of await store.list('acme', { context: { caller } }))
  console.log(item.key, 'error' in item ? item.error.code : item.value);
// #endregion list

console.log('\n# writes\n');
// #region write
await store.set('acme.dev.model', 'medium', { context: { caller } });
show('written', (await backend.get('acme.dev.model'))?.value);
show('refused', await store.set('acme.dev.model', 5, { context: { caller } }).catch(refusal));
show('refused', await store.set('acme.prod.model', 'x', { context: { caller } }).catch(refusal));
// #endregion write

console.log('\n# a configuration has one identity\n');
// #region load
const schema = z.object({ model: z.string(), apiKey: z.string(), timeoutMs: z.number() });
const config = await loadConfig(schema, chain, { at: 'acme.dev', context: { caller: { id: 'inference' } } });
console.log(config.value);
const asAnn = loadConfig(schema, chain, { at: 'acme.dev', context: { caller } });
console.log(await asAnn.catch(refusal));
// #endregion load

console.log('\n# counters\n');
const { decisions, denied, failed } = store.stats();
console.log({ decisions, denied, failed });

console.log('\n# a policy from a file\n');
const may = (...args: string[]): void => {
  try {
    console.log(execFileSync('llm-config', ['may', ...args], { encoding: 'utf8' }).trimEnd());
  } catch (error) {
    console.log((error as { stdout: string }).stdout.trimEnd());
  }
};
const at = ['--at', '2026-11-30T12:00:00Z'];
may(
  'ann',
  'read',
  'acme.dev.model',
  '--public',
  '--attribute',
  'ip=10.1.2.3',
  '--attribute',
  'training=true',
  ...at,
);
may('ann', 'read', 'acme.prod.model', '--public', ...at);

console.log('\n# tenants\n');
// #region roles
const teamRules = rules({ ...platformRules, roles: { ...platformRules.roles, 'tenant-admin': ['eve'] } });
// #endregion roles
// #region tenants
const views = tenants(new MemoryProvider({ shared: { model: 'small' } }), {
  levels: ['shared', 'tenants.{id}'],
  policy: teamRules,
  identify: ({ caller }: { caller: Caller }) => caller,
  quotas: { keys: 1, writesPerMinute: 10 },
});
const eve = { context: { caller: { id: 'eve' } } };
const acme = views.get('acme');
await acme.set('model', 'large', eve);
show('acme', (await acme.get('model', eve))?.value);
show('globex', (await views.get('globex').get('model', eve))?.value);
show('too much', await acme.set('size', 7, eve).catch(refusal));
views.suspend('acme');
show('suspended', await acme.get('model', eve).catch(refusal));
// #endregion tenants
await views.close();
await chain.close();
