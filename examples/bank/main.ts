import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  intercepted,
  isConfigError,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  secret,
} from 'llm-config-manager';
import { AuditLog, audited, verifyLogs } from 'llm-config-manager/audit';
import { type Caller, cel, guarded, rules } from 'llm-config-manager/guard';
import { sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';

// in production: a VaultProvider
const backend = new MemoryProvider(
  {
    payments: { limit: 10_000, ledger: { password: secret('fake-password-1') } },
    rates: { mortgage: 3.4 },
  },
  { name: 'vault' },
);
const directory = await mkdtemp(join(tmpdir(), 'bank-'));
const { privateKey } = generateKeyPairSync('ed25519');
const published: string[] = [];

// #region policy
const policy = rules({
  roles: { payments: ['svc-payments'], clerk: ['ann', 'ben'], security: ['sue'] },
  allow: {
    service: { roles: ['payments'], actions: ['read'], keys: ['payments.**', 'rates.**'] },
    clerks: { roles: ['clerk'], actions: ['read', 'list'], keys: ['rates.**', 'payments.limit'] },
    fourEyes: {
      roles: ['clerk'],
      actions: ['write'],
      keys: ['payments.limit'],
      when: cel('has(caller.approvedBy) && caller.approvedBy != caller.id'),
      hours: '08:00-18:00 Europe/Berlin',
    },
  },
  deny: { secrets: { keys: ['**'], actions: ['read'], secret: true, unless: ['payments'] } },
});
// #endregion policy

// #region store
interface Context {
  readonly caller: Caller;
}
const identify = (context: unknown): Caller =>
  (context as Context | undefined)?.caller ?? { id: 'svc-payments' }; // a call of this process itself

const log = await AuditLog.open({
  directory,
  origin: 'bank.example/payments',
  key: privateKey, // in production: a key of a KMS
  publish: (checkpoint) => published.push(checkpoint), // in production: storage of another team
});
const now = () => Date.parse('2026-11-30T09:00:00Z'); // only for this example
const decided = guarded(sheltered(backend), policy, {
  identify,
  now,
  validate: z.object({ payments: z.object({ limit: z.number().max(50_000) }) }),
});
const store = intercepted(
  decided,
  audited(log, { identify: (context) => identify(context).id, reads: 'all' }),
);
const chain = new ProviderChain([store]);
// #endregion store

const as = (id: string, more: object = {}) => ({ context: { caller: { id, ...more } } });
const show = async (title: string, done: Promise<unknown>): Promise<void> =>
  console.log(
    `${title}:`,
    await done.then(
      (value) => (typeof value === 'object' ? 'done' : value), // a write returns the entry
      (error) => (isConfigError(error) ? error.message : String(error)),
    ),
  );

// #region use
const Schema = z.object({
  payments: z.object({ limit: z.number(), ledger: z.object({ password: z.string() }) }),
});
await using config = await loadConfig(Schema, chain); // as svc-payments
console.log(config.value);

await show('ann reads the limit', chain.value('payments.limit', as('ann')));
await show('ann reads the password', chain.value('payments.ledger.password', as('ann')));
await show('ann alone writes', store.set('payments.limit', 20_000, as('ann')));
await show('ann approves herself', store.set('payments.limit', 20_000, as('ann', { approvedBy: 'ann' })));
await show('too much', store.set('payments.limit', 90_000, as('ann', { approvedBy: 'ben' })));
await show('ben has approved', store.set('payments.limit', 20_000, as('ann', { approvedBy: 'ben' })));
await config.reload();
console.log('the limit is', config.value.payments.limit);
// #endregion use

console.log('\n# the audit log\n');
await log.close();
// #region verify
const { ok } = await verifyLogs(directory, { keys: [log.verifier], checkpoints: published });
// #endregion verify
for (const name of await readdir(directory, { recursive: true })) {
  if (!name.endsWith('.jsonl')) continue;
  const lines = (await readFile(join(directory, name), 'utf8')).split('\n');
  for (const line of lines.filter((one) => one.startsWith('{'))) {
    const { type, actor, key, outcome, secrets } = JSON.parse(line);
    console.log(`${type} ${actor} ${key ?? Object.values(secrets ?? {}).flat().length} ${outcome}`);
  }
}
console.log(ok ? 'verified' : 'changed');

await chain.close();
await rm(directory, { recursive: true });
