import { SecretClient } from '@azure/keyvault-secrets';
import { AzureKeyVaultProvider } from 'llm-config-manager/azure';
import { peer } from './compare.ts';
import { answerLater, listening } from './listening.ts';
import { compareRemote } from './remote.ts';

interface Driver {
  getInstance(): object;
}

// a fake Key Vault that sends a login challenge
const server = await listening((request, response) => {
  const { authorization, host } = request.headers;
  const name = new URL(String(request.url), `http://${host}`).pathname.split('/')[2] as string;
  const challenge =
    'Bearer authorization="https://login.microsoftonline.com/fake", resource="https://vault.azure.net"';
  const id = `http://${host}/secrets/${name}/0123456789abcdef0123456789abcdef`;
  const attributes = { enabled: true, updated: 1_700_000_000 };
  if (authorization) answerLater(response, 200, { value: `value of ${name}`, id, attributes });
  else answerLater(response, 401, {}, { 'www-authenticate': challenge });
});
const url = `http://127.0.0.1:${server.port}`;
const credential = { getToken: async () => ({ token: 'fake', expiresOnTimestamp: Date.now() + 3_600_000 }) };
const clientOptions = { allowInsecureConnection: true, disableChallengeResourceVerification: true };

const sdk = new SecretClient(url, credential, clientOptions);
// unstorage's driver supports only https://….vault.azure.net and the credentials of the machine. It is
// given the SDK client above, so both use the same client.
const { default: keyVault } = await peer<{ default: (options: object) => Driver }>(
  'unstorage/drivers/azure-key-vault',
);
const { createStorage } = await peer<{
  createStorage(options: object): { getItem(key: string): Promise<unknown> };
}>('unstorage');
const driver = keyVault({ vaultName: 'fake' });
Object.assign(driver.getInstance(), { getSecret: (name: string) => sdk.getSecret(name) });
const unstorage = createStorage({ driver });

await compareRemote({
  word: 'secret',
  name: 'AzureKeyVaultProvider',
  asked: server.asked,
  keys: Array.from({ length: 100 }, (_, i) => `key${i}`),
  clients: {
    'the SDK': async (name) => (await sdk.getSecret(name)).value,
    unstorage: (key) => unstorage.getItem(key),
  },
  make: (limits) => new AzureKeyVaultProvider({ url, credential, clientOptions, ...(limits && { limits }) }),
});
server.close();
