import { EnvProvider, loadConfig, MemoryProvider, optional, ProviderChain } from 'llm-config-manager';
import { KeyringProvider } from 'llm-config-manager/keyring';
import { z } from 'zod';

process.env.DBUS_SESSION_BUS_ADDRESS = 'unix:path=/nowhere'; // this example does not touch your keyring

// #region first
const ring = new KeyringProvider({ service: 'acme-inference' });
// #endregion

// #region load
const Schema = z.object({ database: z.object({ host: z.string(), password: z.string() }) });
await using chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  optional(ring), // no keyring counts as absent; a locked one fails the load
  new MemoryProvider({ database: { host: 'localhost', password: 'fake' } }),
]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database.host);

// #region write
export async function signIn(password: string): Promise<void> {
  await ring.set('database.password', password);
}
export async function signOut(): Promise<void> {
  await ring.delete('database.password');
}
// #endregion

// #region options
const shared = new KeyringProvider({
  service: 'acme',
  prefix: 'inference/', // reads database.password from the account inference/database.password
  backend: 'keytar',
  resilience: { timeoutMs: 2_000, deadlineMs: 3_000 },
});
// #endregion
console.log(shared.where('database.password'));
await shared.close();
