import assert from 'node:assert/strict';
import { ConfigError, loadConfig, reveal } from 'llm-config-manager';

process.chdir(import.meta.dirname); // can be started from anywhere
// set by the deployment
Object.assign(process.env, { NODE_ENV: 'production', PORT: '8080', DB_PASSWORD: 'not-a-real-password' });
const before = await import('./before.ts');
const { chain, config, database, Schema, server } = await import('./after.ts');

console.log('# the same values\n');
assert.deepEqual(reveal(config.value), before.everything);
const { host, port } = server;
assert.deepEqual({ host, port, poolMax: database.poolMax, password: database.password }, before.settings);
console.log(JSON.stringify(config.value));

console.log('\n# origins\n');
for (const key of ['server.port', 'database.poolMax'] as const) console.log(`${config.explain(key)}`);

console.log('\n# a file with two mistakes\n');
console.log('before', JSON.stringify(before.loaded('staging')));
try {
  await loadConfig(Schema, chain('staging'), { unknown: 'error' });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log('after ', error.message);
}
