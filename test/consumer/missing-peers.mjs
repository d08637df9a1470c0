import { AwsSecretsManagerProvider, AwsSsmProvider } from 'llm-config-manager/aws';
import { AzureKeyVaultProvider } from 'llm-config-manager/azure';
import { GcpSecretManagerProvider } from 'llm-config-manager/gcp';
import { VaultProvider } from 'llm-config-manager/vault';

async function main() {
  const providers = [
    new AwsSsmProvider({ path: '/app/', region: 'eu-central-1' }),
    new AwsSecretsManagerProvider({ path: 'app/', region: 'eu-central-1' }),
    new AzureKeyVaultProvider({ url: 'https://app.vault.azure.net' }),
    new GcpSecretManagerProvider({ project: 'app' }),
    new VaultProvider({ path: 'app/', address: 'https://localhost', env: { VAULT_TOKEN: 'fake-token' } }),
  ];
  for (const provider of providers) {
    await provider.get('database.password').catch((error) => console.log(`${error.code}: ${error.hint}`));
    await provider.close();
  }
}

main();
