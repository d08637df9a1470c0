import type { Shared } from 'llm-config-manager/redis';
import { dataKeys, fileLock, kvStore, rotate } from 'llm-config-manager/rotation';
import type { VaultProvider } from 'llm-config-manager/vault';

/** The key of an encrypted file, and of the cache that processes share. */
export function dataKeyRotation(vault: VaultProvider, second: Shared) {
  // #region data-keys
  const file = 'config/secrets.yaml.jwe';
  const target = dataKeys([file], { context: 'acme/inference/production', second });
  const rotation = rotate(kvStore(vault, 'config-key'), target, { lock: fileLock(file), revoke: 'auto' });
  // #endregion data-keys
  return rotation;
}
