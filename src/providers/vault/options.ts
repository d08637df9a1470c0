// Options of VaultProvider and transitKey, with their checks. The comments of the options become the tables
// in docs/providers/vault.md.

import { ConfigError } from '../../errors.ts';
import {
  aBoolean,
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
import type { VaultAuth } from './auth/login.ts';
import type { VaultClient } from './client.ts';
import { aTls, type TlsOptions } from './tls.ts';

/** How to reach the server and how to log in. The defaults are those of the `vault` command. */
export interface VaultConnectionOptions {
  /** `https://…`, `http://…` on loopback, or `unix:///…` for an agent.
   *  @default `VAULT_ADDR`, else `https://127.0.0.1:8200` */
  readonly address?: string;
  /** Namespace of Vault Enterprise, HCP or OpenBao. All paths are relative to it. @default VAULT_NAMESPACE */
  readonly namespace?: string;
  /** `token`, `tokenFile`, `appRole`, `kubernetes`, `jwt`, `certificate`, `aws`, or your own function.
   *  @default VAULT_TOKEN, else the file `.vault-token` in the home folder; none for the socket of an agent
   *  and for an injected client */
  readonly auth?: VaultAuth;
  /** Certificate authorities to trust, and a client certificate.
   *  @default VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_TLS_SERVER_NAME */
  readonly tls?: TlsOptions;
  /** Allows plain http to other machines. Anyone on the network path can then read tokens and secrets.
   *  @default false */
  readonly allowInsecure?: boolean;
  /** A node-vault client to use with its own transport. `address`, `namespace` and `tls` are then refused,
   *  and environment variables are ignored. @default one created on first use */
  readonly client?: VaultClient;
  /** Where to read the variables above. A name with `BAO_` takes precedence over the same name with `VAULT_`.
   *  @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const aClient: Check = (value) =>
  typeof (value as VaultClient | null)?.request === 'function' ? undefined : 'a node-vault client';

const logins = 'token, tokenFile, appRole, kubernetes, jwt, certificate or aws';

const aLogin: Check = (value) =>
  typeof value === 'function' ? undefined : `a function that logs in, made by ${logins}, as in token('…')`;

/** `token` is a function and no option. Its value is never quoted. */
export function refuseToken(owner: string, options: object): void {
  if (options !== null && typeof options === 'object' && Object.hasOwn(options, 'token'))
    throw new ConfigError('invalid_option', `${owner}: unknown option "token"`, {
      hint: `Set auth to the result of ${logins}: auth: token('…')`,
    });
}

export const connectionChecks: Readonly<Record<keyof VaultConnectionOptions, Check>> = {
  address: aString,
  namespace: aString,
  auth: aLogin,
  tls: aTls,
  allowInsecure: aBoolean,
  client: aClient,
  env: anObject,
};

/** A request that creates credentials. */
export interface LeaseRequest {
  /** The full path with its mount: `pki/issue/web`. */
  readonly path: string;
  /** Whether to read from the path or to write to it. @default 'GET' */
  readonly method?: 'GET' | 'POST';
  /** The request body, such as the parameters of a role. @default none */
  readonly data?: ConfigTree;
}

/** Options of a `VaultProvider`. One of `path`, `secrets` and `leases` is required. */
export interface VaultOptions extends VaultConnectionOptions, ShelterOptions {
  /** A path inside the mount. With a trailing slash, everything below the path (`/` is the whole mount);
   *  without one, a single secret. @default none */
  readonly path?: string;
  /** Mount of the key-value engine for `path`. @default 'secret' */
  readonly mount?: string;
  /** Version of the key-value engine. `auto` asks the server. A number saves that request; the first segment
   *  of each path in `secrets` is then its mount. @default 'auto' */
  readonly kv?: 'auto' | 1 | 2;
  /** Instead of `path`: keys, each with the full path of a secret or of one field, as in
   *  `{ 'db.password': 'secret/acme/db#password' }`. A trailing `#` returns the value as text, not parsed.
   *  @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Keys, each with a path that creates credentials when read. @default none */
  readonly leases?: Readonly<Record<string, string | LeaseRequest>>;
  /** Maximum number of names that a listing may find. @default 100_000 */
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
