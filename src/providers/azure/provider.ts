import { ConfigError } from '../../errors.ts';
import { anObject, aString, checkOptions, mapOf, oneOf } from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks, shelterOptionsOf } from '../../shelter/options.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { AzureSource } from './source.ts';

/** What of Azure's client is used, so that tests and applications can bring their own. */
export interface AzureClient {
  getSecret(name: string, options?: object): Promise<unknown>;
  listPropertiesOfSecrets(options?: object): { byPage(settings?: object): AsyncIterator<unknown> };
  setSecret?(name: string, value: string, options?: object): Promise<unknown>;
  beginDeleteSecret?(name: string, options?: object): Promise<unknown>;
}

/** Any TokenCredential. */
export interface AzureCredential {
  getToken(scopes: string | string[], options?: object): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

export interface AzureKeyVaultOptions extends ShelterOptions {
  /** `https://acme.vault.azure.net`, or the vault's address in another cloud. */
  readonly url: string;
  /** @default DefaultAzureCredential of `@azure/identity` */
  readonly credential?: AzureCredential;
  /** Only secrets whose names start with it: `inference--db--pool-max` is then `db.poolMax`. @default '' */
  readonly prefix?: string;
  /** Keys and the secrets they stand in, in place of all names below the prefix: `{ 'llm.apiKey': 'llm-api-key' }`; `name/version`
   *  pins one, `name#field` picks a field of JSON text, `name#` the text itself. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** How the words of a name read back, since Key Vault does not tell cases apart. @default 'camel' */
  readonly keys?: 'camel' | 'snake' | 'kebab';
  /** Handed to Azure's client as they are: `tlsOptions`, `disableChallengeResourceVerification`. @default none */
  readonly clientOptions?: object;
  /** A client of your own. @default one made on first use */
  readonly client?: AzureClient;
  /** @default 'azure' */
  readonly name?: string;
}

/** Azure Key Vault secrets. */
export class AzureKeyVaultProvider extends WritableShelteredProvider {
  constructor(options: AzureKeyVaultOptions) {
    checkOptions('AzureKeyVaultProvider', options, {
      url: aString,
      credential: anObject,
      prefix: aString,
      secrets: mapOf(aString),
      keys: oneOf('camel', 'snake', 'kebab'),
      clientOptions: anObject,
      client: anObject,
      name: aString,
      ...shelterOptionChecks,
    });
    if (!URL.canParse(options.url ?? '') || !/^https?:$/.test(new URL(options.url).protocol))
      throw new ConfigError('invalid_option', 'AzureKeyVaultProvider: url must be the address of a vault', {
        hint: 'As in https://acme.vault.azure.net',
      });
    if (options.secrets && options.prefix) throw new ConfigError('invalid_option', 'AzureKeyVaultProvider: give either prefix or secrets');
    super(new AzureSource(options), shelterOptionsOf(options));
  }
}
