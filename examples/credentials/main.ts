import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isConfigError, MemoryProvider, ProviderChain, secret, withSecret } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { perLogin, pgClient } from './recipes.ts';

// a store, and a service that accepts one key at a time
const store = new MemoryProvider({ llm: { apiKey: secret('fake-key-1') } }, { name: 'store' });
let accepted = 'fake-key-1';
const server = createServer(({ headers }, response) => {
  response.statusCode = headers.authorization === `Bearer ${accepted}` ? 200 : 401;
  response.end();
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const chain = new ProviderChain([sheltered(store)]); // the store is cached for five minutes

console.log('# a key that is rotated\n');
// #region fetch
const ask = () =>
  withSecret(chain, 'llm.apiKey', (key) => fetch(url, { headers: { authorization: `Bearer ${key}` } }));
// #endregion fetch
console.log((await ask()).status);
accepted = 'fake-key-2';
await store.set('llm.apiKey', 'fake-key-2');
const cached = await chain.value('llm.apiKey');
console.log((await ask()).status, cached === 'fake-key-2' ? 'from the cache' : 'after a second read');
accepted = 'revoked';
console.log((await ask()).status, 'once no version is accepted');
server.close();

console.log('\n# a user and a password that change together\n');
const keys = ['database.user', 'database.password'] as const;
const database = { user: 'app_a', password: 'fake-password-1' };
/** Takes the place of the Client of pg, or of another database. */
class Client {
  connectionParameters = { user: '', password: '' };
  async connect(): Promise<string> {
    const { user, password } = this.connectionParameters;
    if (user !== database.user || password !== database.password)
      throw Object.assign(new Error('password authentication failed'), { code: '28P01' });
    return `connected as ${user}`;
  }
}
const logins = new MemoryProvider({ database: { user: 'app_a', password: secret('fake-password-1') } });
const Connecting = pgClient(Client, logins, { user: keys[0], password: keys[1] });
console.log(await withSecret(logins, keys, () => new Connecting().connect()));

const clientOf = perLogin(
  ([user, password]: readonly [string, string]) =>
    Object.assign(new Client(), { connectionParameters: { user, password } }),
  () => console.log('closed'),
);
console.log(await withSecret(logins, keys, (login) => clientOf(login).connect()));
Object.assign(database, { user: 'app_b', password: 'fake-password-2' });
const rotated = withSecret(logins, keys, async (login) => {
  if (login[0] === 'app_a')
    for (const [name, value] of Object.entries(database)) await logins.set(`database.${name}`, value);
  return clientOf(login).connect();
});
console.log(await rotated);

console.log('\n# two secrets that do not change together\n');
// #region torn
const torn = new ProviderChain([
  new MemoryProvider({ user: secret('app') }, { name: 'one' }),
  new MemoryProvider({ password: 'fake-password' }, { name: 'two' }),
]);
await withSecret(torn, ['user', 'password'], () => 'not called').catch((error) => {
  console.log(isConfigError(error) && error.message);
});
// #endregion torn
await chain.close();
