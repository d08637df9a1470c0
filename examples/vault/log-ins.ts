import {
  appRole,
  aws,
  certificate,
  fromFile,
  jwt,
  kubernetes,
  token,
  tokenFile,
  type VaultAuth,
} from 'llm-config-manager/vault';

const { env } = process;

/** Values for the option `auth`. */
export const logIns: Record<string, () => VaultAuth> = {
  // #region token
  token: () => token(env.MY_VAULT_TOKEN ?? 'fake'), // VAULT_TOKEN and ~/.vault-token need no option
  file: () => tokenFile('/run/vault/token'), // the sink of a Vault agent; a new token is used at once
  // #endregion
  // #region appRole
  appRole: () => appRole({ roleId: env.ROLE_ID ?? 'fake', secretId: fromFile('/run/secrets/secret-id') }),
  wrapped: () => appRole({ roleId: env.ROLE_ID ?? 'fake', wrappedSecretId: env.WRAPPED ?? 'fake' }),
  // #endregion
  // #region kubernetes
  kubernetes: () => kubernetes({ role: 'inference' }), // the pod's own service account
  // #endregion
  // #region jwt
  jwt: () => jwt({ role: 'deploy', jwt: () => env.CI_JOB_JWT ?? 'fake', mount: 'gitlab' }),
  // #endregion
  // #region certificate
  certificate: () => certificate({ name: 'inference' }), // with tls: { cert, key }
  // #endregion
  // #region aws
  aws: () => aws({ role: 'inference', serverId: 'vault.internal', region: 'eu-central-1' }),
  // #endregion
  // #region own
  ldap: () => (call) => call.login('auth/ldap/login/inference', { password: env.LDAP_PASSWORD ?? 'fake' }),
  // #endregion
};
