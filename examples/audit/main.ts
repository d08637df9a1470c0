import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, MemoryProvider, ProviderChain, secret } from 'llm-config-manager';
import { AuditLog, audited, proveEntry, verifyLogs } from 'llm-config-manager/audit';

const directory = await mkdtemp(join(tmpdir(), 'audit-'));
const { privateKey } = generateKeyPairSync('ed25519');
const store = new MemoryProvider(
  { db: { password: secret('fake-weak') }, llm: { apiKey: secret('fake-key'), model: 'small' } },
  { name: 'store' },
);
const kept: string[] = [];

// #region open
const log = await AuditLog.open({
  directory, // each process writes a log of its own below it
  origin: 'acme.example/inference',
  key: privateKey, // in production: { file: '/etc/app/audit.pem' }, or a KMS
  publish: (checkpoint) => kept.push(checkpoint), // to a place that this process cannot change
});
const chain = new ProviderChain([store], {
  intercept: audited(log, { identify: (context) => (context as { user?: string } | undefined)?.user }),
});
log.listen(chain); // log-ins, rotations, denials, health
// #endregion open

// #region use
await chain.get('db.password', { context: { user: 'u-7' } }); // on disk before the answer
await chain.get('db.password', { context: { user: 'u-7' } }); // a repeat within a minute: counted
await chain.get('llm.model', { context: { user: 'u-7' } }); // not a secret
await using config = await loadConfig(chain); // one entry with both secrets
await log.close(); // writes the counts, publishes the last checkpoint
// #endregion use
void config;

/** The file of the only log. */
async function fileOfLog(): Promise<string> {
  const all = await readdir(directory, { recursive: true });
  return join(directory, all.find((name) => name.endsWith('.jsonl')) ?? '');
}
const file = await fileOfLog();
const text = await readFile(file, 'utf8');
const entries = text.split('\n').filter((line) => line.startsWith('{'));
for (const line of entries) {
  const { type, key, count, secrets } = JSON.parse(line);
  console.log(type, key ?? JSON.stringify(secrets), count ? `${count} more` : '');
}

// #region verify
const verified = await verifyLogs(directory, { keys: [log.verifier], checkpoints: kept });
console.log(verified.ok ? 'verified' : 'not verified');

const proof = await proveEntry(directory, JSON.parse(entries[0] ?? '').id);
console.log(proof.text.split('\n')[0], 'with', proof.inclusion.length, 'hashes');
// #endregion verify

await writeFile(file, text.replace('u-7', 'u-8'));
const changed = await verifyLogs(directory, { keys: [log.verifier] });
console.log(changed.logs[0]?.finding?.message);

// cuts everything after the first checkpoint
await writeFile(file, text.slice(0, text.indexOf('"]\n') + 3));
const cut = await verifyLogs(directory, { keys: [log.verifier] });
console.log('alone:', cut.ok ? 'not noticed' : 'noticed');
const against = await verifyLogs(directory, { keys: [log.verifier], checkpoints: kept });
console.log('with a kept checkpoint:', against.logs[0]?.finding?.message);

await rm(directory, { recursive: true });
