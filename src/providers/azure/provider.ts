import { shelterOptionsOf } from '../../shelter/options.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { type AzureKeyVaultOptions, checked } from './options.ts';
import { AzureSource } from './source.ts';

/** Azure Key Vault secrets. */
export class AzureKeyVaultProvider extends WritableShelteredProvider {
  constructor(options: AzureKeyVaultOptions) {
    super(new AzureSource(checked(options)), shelterOptionsOf(options));
  }
}
