import { WritableVersionedShelteredProvider } from '../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { type AzureKeyVaultOptions, checked } from './options.ts';
import { AzureSource } from './source.ts';

/** Reads and writes the secrets of an Azure Key Vault. Every value is secret. JSON text of an object is a
 *  section, read in one request for all its keys. A secret that is disabled, expired or not yet valid is an
 *  error and never absent. Loads `@azure/keyvault-secrets` and, without a `credential`, `@azure/identity`
 *  on first use.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const azure = new AzureKeyVaultProvider({ url: 'https://acme.vault.azure.net', prefix: 'inference--' });
 *  const poolMax = await azure.get('database.poolMax'); // the secret inference--database--pool-max
 *  await azure.set('llm.apiKey', 'fake-2'); // a new version of inference--llm--api-key
 *  @see GcpSecretManagerProvider spells names in a similar way.
 */
export class AzureKeyVaultProvider extends WritableVersionedShelteredProvider {
  constructor(options: AzureKeyVaultOptions) {
    super(new AzureSource(checked(options)), shelterOptionsOf(options));
  }
}
