import assert from 'node:assert/strict';
import { EnvProvider, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { heading, print } from './print.ts';

heading('loose names');

const base = new MemoryProvider({ database: { poolMax: 5, 'statement-timeout': 100 } }, { name: 'base' });

// #region prefixed
const env = {
  APP_DATABASE_POOL_MAX: '20', // conventional: sets a key that is known
  APP__DATABASE__STATEMENT_TIMEOUT: '250', // exact: two underscores go one level down
  APP__FEATURE__NEW_UI: 'true',
  APP_OTHER_SETTING: 'x', // no key is known that it could mean
};
const prefixed = new ProviderChain([new EnvProvider({ prefix: 'APP', env }), base]);

assert.deepEqual(await prefixed.tree(), {
  database: { poolMax: '20', 'statement-timeout': '250' }, // spelled as in the file
  feature: { newUi: 'true' }, // an exact name of an unknown key: camelCase
});
// #endregion

// #region unprefixed
const plain = { DATABASE_POOL_MAX: '20', PATH: '/usr/bin', HOME: '/home/someone' };
const unprefixed = new ProviderChain([new EnvProvider({ env: plain }), base]);

assert.deepEqual(await unprefixed.tree(), { database: { poolMax: '20', 'statement-timeout': 100 } });
// #endregion

// #region mapped
const platform = { DATABASE_URL: 'postgres://db.internal/app', LIMITS: '{"perMinute": 60}' };
const mapped = new EnvProvider({
  prefix: 'APP',
  env: platform,
  variables: { 'database.url': 'DATABASE_URL' },
  json: { limits: 'LIMITS' },
});

assert.equal((await mapped.get('database.url'))?.value, 'postgres://db.internal/app');
assert.equal((await mapped.get('limits.perMinute'))?.value, 60);
// #endregion

// #region indices
const list = { APP__SERVERS__0__HOST: 'a.internal', APP__SERVERS__1__HOST: 'b.internal' };
const servers = new ProviderChain([new EnvProvider({ prefix: 'APP', env: list })]);

assert.deepEqual(await servers.value('servers'), [{ host: 'a.internal' }, { host: 'b.internal' }]);
// #endregion

// #region explain
print(await prefixed.explain('database.poolMax'));
// #endregion
