// Options of the Azure Key Vault provider and their checks. Used by `provider.ts`. The comments become the
// table in docs/providers/azure.md. A secret name is checked here, because it becomes a part of a URL.

import { ConfigError } from '../../errors.ts';
import { anObject, aString, checkOptions, mapOf, oneOf } from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';
import type { AzureClient, AzureCredential } from './client.ts';

/** Options of an `AzureKeyVaultProvider`. */
export interface AzureKeyVaultOptions extends ShelterOptions {
  /** The URL of the vault: `https://acme.vault.azure.net`, or its address in a sovereign cloud. */
  readonly url: string;
  /** The credential, a `TokenCredential`. @default `DefaultAzureCredential` of `@azure/identity` */
  readonly credential?: AzureCredential;
  /** Reads only secrets with names that start with it: with `inference--`, `inference--db--pool-max` is
   *  `db.poolMax`. @default '' */
  readonly prefix?: string;
  /** Keys and their secrets, in place of all names below the prefix: `{ 'llm.apiKey': 'llm-api-key' }`.
   *  `name/version` selects a version, `name#field` a field of JSON text, `name#` the whole text.
   *  Exclusive with `prefix`. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** How the words of a name become a key, because Key Vault ignores case: `pool-max` is `poolMax`,
   *  `pool_max` or `pool-max`. @default 'camel' */
  readonly keys?: 'camel' | 'snake' | 'kebab';
  /** Passed to Azure's client unchanged: `tlsOptions`, `disableChallengeResourceVerification`.
   *  @default none */
  readonly clientOptions?: object;
  /** A client of your own. @default a client that is created on first use */
  readonly client?: AzureClient;
  /** The provider's name in errors and explanations. @default 'azure' */
  readonly name?: string;
}

const secretName = /^[0-9A-Za-z-]{1,127}(?:\/[0-9A-Za-z-]+)?$/;
const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** Returns the options. Throws `invalid_option` for an invalid one. */
export function checked(options: AzureKeyVaultOptions): AzureKeyVaultOptions {
  const owner = 'AzureKeyVaultProvider';
  checkOptions(owner, options, {
    url: aString,
    credential: anObject,
    prefix: (value) =>
      typeof value === 'string' && /^[0-9A-Za-z-]{0,126}$/.test(value)
        ? undefined
        : 'letters, digits and dashes',
    secrets: mapOf(aString),
    keys: oneOf('camel', 'snake', 'kebab'),
    clientOptions: anObject,
    client: anObject,
    name: aString,
    ...shelterOptionChecks,
  });
  const url = URL.canParse(options.url ?? '') ? new URL(options.url) : undefined;
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback.test(url.hostname)))
    throw new ConfigError('invalid_option', `${owner}: url must be the https address of a vault`, {
      hint: 'Write it as https://acme.vault.azure.net',
    });
  if (options.secrets && options.prefix)
    throw new ConfigError('invalid_option', `${owner}: prefix and secrets cannot be combined`, {
      hint: 'Remove one of them',
    });
  for (const [key, place] of Object.entries(options.secrets ?? {}))
    if (!secretName.test(place.split('#')[0] as string))
      throw new ConfigError(
        'invalid_option',
        `${owner}: the option secrets has an invalid secret name for the key ${JSON.stringify(key)}`,
        { hint: 'Use letters, digits and dashes only, as in name, name/version or name#field' },
      );
  return options;
}
