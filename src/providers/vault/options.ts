import {
  aBoolean,
  aFunction,
  anInteger,
  anObject,
  aString,
  type Check,
  checkOptions,
  either,
  mapOf,
  oneOf,
} from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';
import type { ConfigTree } from '../../value.ts';
import { aTls, type TlsOptions } from './address.ts';
import type { VaultClient } from './client.ts';
import type { VaultAuth } from './tokens.ts';

/** Where the server is, and who we are. What is left out is read as the `vault` command reads it. */
export interface VaultConnectionOptions {
  /** `https://…`, `http://…` on loopback, or `unix:///…` (an agent). @default `VAULT_ADDR`, else `https://127.0.0.1:8200` */
  readonly address?: string;
  /** The namespace of Vault Enterprise, HCP or OpenBao, to which all paths are relative. @default VAULT_NAMESPACE */
  readonly namespace?: string;
  /** `token`, `tokenFile`, `appRole`, `kubernetes`, `jwt`, `certificate`, `aws`, or a function of your own.
   *  @default VAULT_TOKEN, else the file `.vault-token` in the home folder; none for an agent's socket and an injected client */
  readonly auth?: VaultAuth;
  /** Whom to trust, and a client certificate of one's own. @default VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_TLS_SERVER_NAME */
  readonly tls?: TlsOptions;
  /** Allows plain http to other machines: whoever stands between reads tokens and secrets. @default false */
  readonly allowInsecure?: boolean;
  /** A node-vault client to use as it is, its own transport included; then address, namespace, tls and the environment say nothing.
   *  @default one made on first use */
  readonly client?: VaultClient;
  /** Where the variables above are looked for; a name with `BAO_` comes before the same with `VAULT_`. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const aClient: Check = (value) =>
  typeof (value as VaultClient | null)?.request === 'function' ? undefined : 'a node-vault client';

export const connectionChecks: Readonly<Record<keyof VaultConnectionOptions, Check>> = {
  address: aString,
  namespace: aString,
  auth: aFunction,
  tls: aTls,
  allowInsecure: aBoolean,
  client: aClient,
  env: anObject,
};

/** How credentials are made: a path that is read, or written to. */
export interface LeaseRequest {
  /** In full, with its mount: `pki/issue/web`. */
  readonly path: string;
  /** Whether the path is read or written to. @default 'GET' */
  readonly method?: 'GET' | 'POST';
  /** What is sent, as a role's parameters. @default none */
  readonly data?: ConfigTree;
}

export interface VaultOptions extends VaultConnectionOptions, ShelterOptions {
  /** Inside the mount: with a slash at the end everything below it (`/` is everything there is), without one that secret.
   *  @default none */
  readonly path?: string;
  /** Where the key-value engine of `path` is mounted. @default 'secret' */
  readonly mount?: string;
  /** The version of the key-value engine. `auto` asks the server; a number spares that, and under `secrets` takes the first segment
   *  of each path for its mount. @default 'auto' */
  readonly kv?: 'auto' | 1 | 2;
  /** In place of `path`: keys, each with its secret or the field of one, in full: `{ 'db.password': 'secret/acme/db#password' }`.
   *  `#` once more at the end is the text itself. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Keys, each with a path that makes credentials when it is read. @default none */
  readonly leases?: Readonly<Record<string, string | LeaseRequest>>;
  /** How many names a walk may find. @default 100_000 */
  readonly maxKeys?: number;
}

const aLease: Check = (value) => {
  if (typeof value === 'string' && value !== '') return undefined;
  if (typeof value !== 'object' || value === null) return 'a path or an object with a path';
  checkOptions('vault: leases', value, { path: aString, method: oneOf('GET', 'POST'), data: anObject });
  return (value as { path?: unknown }).path === undefined ? 'a path or an object with a path' : undefined;
};

export const vaultChecks: Readonly<Record<keyof VaultOptions, Check>> = {
  ...connectionChecks,
  ...shelterOptionChecks,
  path: aString,
  mount: aString,
  kv: either(oneOf('auto'), anInteger(1, 2)),
  secrets: mapOf(aString),
  leases: mapOf(aLease),
  maxKeys: anInteger(1),
};
