import assert from 'node:assert/strict';
import { reveal } from 'llm-config-manager';
import * as after from './after.ts';
import * as before from './before.ts';

process.chdir(import.meta.dirname); // so that it can be started from anywhere
const deployed = { env: { LOG_LEVEL: 'warn', DB_PASSWORD: 'not-a-real-password' }, args: ['--port', '8080'] };

console.log('# the same values\n');
const old = before.load('config/production.json', deployed);
const config = await after.load('config/production.json', deployed);
assert.deepEqual(reveal(config.value), old.getProperties());
assert.equal(config.get('database.timeoutMs'), old.get('database.timeoutMs'));
console.log(config);

console.log('\n# where from\n');
console.log(`${config.explain('port')}`);
console.log(`${config.explain('database.password')}`);

console.log('\n# a misspelt key, and no password\n');
try {
  before.load('config/misspelt.json', { env: {}, args: [] });
} catch (error) {
  console.log(`before: ${(error as Error).message}`);
}
await after
  .load('config/misspelt.json', { env: {}, args: [] })
  .catch((error: Error) => console.log(`after:  ${error.message}`));

console.log('\n# "2s" where milliseconds are wanted\n');
console.log(`before: ${before.load('config/seconds.json', deployed).get('database.timeoutMs')}`);
await after
  .load('config/seconds.json', deployed)
  .catch((error: Error) => console.log(`after:  ${error.message}`));
