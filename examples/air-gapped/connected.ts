import { EnvProvider, loadConfig, type StandardSchemaV1 } from 'llm-config-manager';
import { remembered } from 'llm-config-manager/snapshot';
import { VaultProvider } from 'llm-config-manager/vault';

/** The configuration of a device that is connected now and then. */
export async function connected<T extends object>(Schema: StandardSchemaV1<unknown, T>) {
  // #region connected
  const store = remembered(new VaultProvider({ path: 'edge/device-7/' }), {
    app: 'edge',
    keys: { file: '/etc/app/snapshot.key' }, // of llm-config keygen
    maxStaleMs: 7 * 24 * 3_600_000, // a week without a network
    everything: true, // also what nothing has read yet
  });
  const config = await loadConfig(Schema, [new EnvProvider({ prefix: 'APP' }), store], {
    watch: { pollMs: 60_000 },
  });
  // #endregion connected
  return config;
}
