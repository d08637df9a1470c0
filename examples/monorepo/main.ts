import assert from 'node:assert/strict';
import { checkConfig, loadConfig } from 'llm-config-manager';
import { Repository } from './config/config.ts';
import * as api from './packages/api/schema.ts';
import * as worker from './packages/worker/schema.ts';

process.chdir(import.meta.dirname); // can be started from anywhere
await using repository = new Repository('.', {
  APP_BASE_DATABASE_HOST: 'db.staging.internal',
  APP_WORKER_CONCURRENCY: '8',
});

console.log('# a view for each package\n');
// #region load
const forApi = await loadConfig(api.Schema, repository.viewOf('api'));
const forWorker = await loadConfig(worker.Schema, repository.viewOf('worker'));
// #endregion
console.log('api   ', JSON.stringify(forApi.value));
console.log('worker', JSON.stringify(forWorker.value));
assert.equal(await repository.viewOf('worker').value('port'), undefined); // only the api has the port

console.log('\n# origins\n');
console.log(`${forApi.explain('database.poolMax')}`);
console.log(`${forApi.explain('database.host')}`);

console.log('\n# all packages checked at once, as in CI\n');
// #region check
for (const [name, { Schema }] of Object.entries({ api, worker })) {
  const check = await checkConfig(Schema, repository.viewOf(name));
  console.log(`${name}: ${check.ok ? 'good' : 'bad'}\n${check}\n`);
  if (!check.ok) process.exitCode = 1;
}
// #endregion
