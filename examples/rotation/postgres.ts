import {
  alternating,
  kvStore,
  type PostgresPool,
  postgresLock,
  postgresUsers,
  rotate,
} from 'llm-config-manager/rotation';
import type { VaultProvider } from 'llm-config-manager/vault';

const day = 86_400_000;

// #region database
/** Two users that take turns. `admin` is a Pool of pg that logs in as `rotator`. */
export const databaseRotation = (vault: VaultProvider, admin: PostgresPool) =>
  rotate(kvStore(vault, 'database'), alternating(postgresUsers(admin, { role: 'app' }), ['app_a', 'app_b']), {
    fields: { user: 'username', password: 'password' },
    everyMs: 30 * day,
    overlapMs: day,
    graceMs: day,
    revoke: 'auto',
    lock: postgresLock(admin),
  });
// #endregion database
