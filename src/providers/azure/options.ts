import { ConfigError } from '../../errors.ts';
import { anObject, aString, checkOptions, mapOf, oneOf } from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';
import type { AzureClient, AzureCredential } from './client.ts';

export interface AzureKeyVaultOptions extends ShelterOptions {
  /** `https://acme.vault.azure.net`, or the vault's address in another cloud. */
  readonly url: string;
  /** Who asks: any `TokenCredential`. @default `DefaultAzureCredential` of `@azure/identity` */
  readonly credential?: AzureCredential;
  /** Only secrets whose names start with it: `inference--db--pool-max` is then `db.poolMax`. @default '' */
  readonly prefix?: string;
  /** Keys and the secrets they stand in, in place of all names below the prefix: `{ 'llm.apiKey': 'llm-api-key' }`; `name/version`
   *  pins one, `name#field` picks a field of JSON text, `name#` the text itself. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** How the words of a name read back, since Key Vault does not tell cases apart. @default 'camel' */
  readonly keys?: 'camel' | 'snake' | 'kebab';
  /** Handed to Azure's client as they are: `tlsOptions`, `disableChallengeResourceVerification`. @default none */
  readonly clientOptions?: object;
  /** A client of your own. @default one made on first use */
  readonly client?: AzureClient;
  /** How errors and explanations call it. @default 'azure' */
  readonly name?: string;
}

const secretName = /^[0-9A-Za-z-]{1,127}(?:\/[0-9A-Za-z-]+)?$/;
const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** The options, unless something is wrong with them. */
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
    throw new ConfigError('invalid_option', `${owner}: url must be the address of a vault, with https`, {
      hint: 'As in https://acme.vault.azure.net',
    });
  if (options.secrets && options.prefix)
    throw new ConfigError('invalid_option', `${owner}: give either prefix or secrets`);
  for (const [key, said] of Object.entries(options.secrets ?? {}))
    if (!secretName.test(said.split('#')[0] as string))
      throw new ConfigError(
        'invalid_option',
        `${owner}: secrets names no secret for the key ${JSON.stringify(key)}`,
        {
          hint: 'A name has letters, digits and dashes only; write it as name, name/version or name#field',
        },
      );
  return options;
}
