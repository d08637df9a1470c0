import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isConfigError, loadConfig, MemoryProvider, ProviderChain, secret } from 'llm-config-manager';
import { remembered } from 'llm-config-manager/snapshot';
import { faulty } from 'llm-config-manager/testing';
import { z } from 'zod';

const folder = mkdtempSync(path.join(tmpdir(), 'snapshot-'));
const file = path.join(folder, 'inference.snapshot');
const keyFile = path.join(folder, 'snapshot.key');
writeFileSync(keyFile, execFileSync('llm-config', ['keygen']), { mode: 0o600 });

// a store that can be down
let isDown = false;
const values = { database: { host: 'db.internal', password: secret('fake-password') } };
const backend = new MemoryProvider(values, { name: 'vault' });
const vault = faulty(backend, ({ method }) => (isDown && method !== 'close' ? 'unavailable' : 'ok'));
const defaults = new MemoryProvider({ database: { password: 'a default' } }, { name: 'defaults' });

// #region remembered
const start = () =>
  remembered(vault, {
    keys: { file: keyFile }, // not from the store that may be down
    app: 'inference',
    file, // only for this example
    maxStaleMs: 3_600_000,
  });
// #endregion remembered

const schema = z.object({ database: z.object({ host: z.string(), password: z.string() }) });

/** One run of the application, from its start to its end. */
async function run(of: z.ZodType<{ database: { host: string; password: string } }> = schema): Promise<void> {
  // #region load
  const store = start();
  store.on((event) => {
    if (event.type === 'stale' || event.type === 'vanished') console.log(`event: ${event.type}`);
  });
  await using chain = new ProviderChain([store, defaults]);
  await using config = await loadConfig(of, chain);
  // #endregion load
  console.log(config.value.database.host);
  console.log(`${config.explain('database.password')}`.replaceAll(/\d+ s ago/g, '… s ago'));
}
const failure = (error: unknown): string => (isConfigError(error) ? error.message : String(error));

console.log('# a start while the store answers\n');
await run();

console.log('\n# a start while it is down\n');
isDown = true;
await run();

console.log('\n# a schema that gained a key\n');
await run(schema.extend({ model: z.string().default('small') })).catch((error) =>
  console.log(failure(error)),
);

console.log('\n# the file\n');
const llmConfig = (...args: string[]): string =>
  execFileSync('llm-config', ['snapshot', ...args], { encoding: 'utf8' }).replaceAll(/\d+ s ago/g, '… s ago');
console.log(llmConfig('show', file, '--key-file', keyFile).replace(/number \d+/, 'number …'));

console.log('# a store that was wiped\n');
isDown = false;
await backend.delete('database.host');
await backend.delete('database.password');
await run().catch((error) => console.log(failure(error)));
console.log(llmConfig('show', `${file}.before`, 'database.password', '--key-file', keyFile));

rmSync(folder, { recursive: true });
