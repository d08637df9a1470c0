import assert from 'node:assert/strict';
import { reveal } from 'llm-config-manager';
import * as after from './after.ts';
import * as before from './before.ts';

process.chdir(import.meta.dirname); // can be started from anywhere
const deployed = { env: { LOG_LEVEL: 'warn', DB_PASSWORD: 'not-a-real-password' }, args: ['--port', '8080'] };

console.log('# the same values\n');
const old = before.load('config/production.json', deployed);
const config = await after.load('config/production.json', deployed);
assert.deepEqual(reveal(config.value), old.getProperties());
assert.equal(config.get('database.timeoutMs'), old.get('database.timeoutMs'));
console.log(config);

console.log('\n# origins\n');
console.log(`${config.explain('port')}`);
console.log(`${config.explain('database.password')}`);

console.log('\n# a misspelled key and a missing password\n');
try {
  before.load('config/misspelled.json', { env: {}, args: [] });
} catch (error) {
  console.log(`before: ${(error as Error).message}`);
}
const report = (error: Error): void => console.log(`after:  ${error.message}`);
await after.load('config/misspelled.json', { env: {}, args: [] }).catch(report);

console.log('\n# "2s" instead of milliseconds\n');
console.log(`before: ${before.load('config/seconds.json', deployed).get('database.timeoutMs')}`);
await after.load('config/seconds.json', deployed).catch(report);
