import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isConfigError, MemoryProvider } from 'llm-config-manager';
import { AuditLog } from 'llm-config-manager/audit';
import { rules } from 'llm-config-manager/guard';
import { MemorySecondLevel } from 'llm-config-manager/testing';
import { compose } from './compose.ts';
import { Store } from './store.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'composition-'));
const key = path.join(folder, 'snapshot.key');
await writeFile(key, execFileSync('llm-config', ['keygen']), { mode: 0o600 });
const log = await AuditLog.open({
  directory: path.join(folder, 'audit'),
  origin: 'acme.example/inference',
  key: generateKeyPairSync('ed25519').privateKey, // in production: { file: '/etc/app/audit.pem' }, or a KMS
});

const source = new Store({ 'llm.apiKey': 'fake-key-of-the-store' });
const second = new MemorySecondLevel(); // in production: shared(client, { … }) of llm-config-manager/redis
const policy = rules({
  roles: { service: ['inference'] },
  allow: [{ roles: ['service'], actions: ['read'], keys: ['llm.**'] }],
});
const defaults = new MemoryProvider(
  { 'llm.apiKey': 'a default', 'llm.model': 'small' },
  { name: 'defaults' },
);

/** One process, from its start to its end. `ask` is what it reads, and for whom. */
async function run(title: string, file: string, ask: readonly [key: string, caller: string][]) {
  console.log(`\n# ${title}\n`);
  const parts = { source, policy, log, defaults, key, snapshot: path.join(folder, file) };
  await using chain = compose({ ...parts, shelter: { second, resilience: { attempts: 1 } } });
  for (const [name, id] of ask) {
    const answer = await chain.get(name, { context: { caller: { id } } }).then(
      (entry) => `${entry}`,
      (error) => (isConfigError(error) ? error.code : String(error)),
    );
    console.log(`${id}: ${answer.replaceAll(folder, '…')}`);
  }
  console.log(`requests to the store so far: ${source.requests}`);
}

await run('the first process', 'a', [
  ['llm.apiKey', 'inference'],
  ['llm.apiKey', 'ann'],
  ['llm.model', 'ann'],
]);
source.isDown = true;
await run('another process, while the store is down', 'b', [['llm.apiKey', 'inference']]);
second.fault = 'reject';
await run('a restart, while the store and the second level are down', 'a', [
  ['llm.apiKey', 'inference'],
  ['llm.apiKey', 'ann'],
]);
await run('the same on a new machine: it has no snapshot', 'c', [['llm.apiKey', 'inference']]);

console.log('\n# the audit log\n');
await log.close();
for (const name of await readdir(path.join(folder, 'audit'), { recursive: true })) {
  if (!name.endsWith('.jsonl')) continue;
  const lines = (await readFile(path.join(folder, 'audit', name), 'utf8')).split('\n');
  for (const line of lines.filter((one) => one.startsWith('{'))) {
    const { type, actor, key: about, outcome } = JSON.parse(line);
    console.log([type, actor.replace(/:\d+/, ''), about, outcome].filter(Boolean).join(' '));
  }
}
await rm(folder, { recursive: true });
