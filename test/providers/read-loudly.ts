import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';

// Reads one secret through the official client with all loggers at their most verbose level.
const [store, url = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
if (store === 'azure') {
  const provider = new AzureKeyVaultProvider({
    url,
    credential: {
      getToken: async () => ({ token: 'not-a-real-token', expiresOnTimestamp: Date.now() + 3_600_000 }),
    },
    clientOptions: { allowInsecureConnection: true, disableChallengeResourceVerification: true },
  });
  console.log(`${await provider.get('key')}`, provider);
} else {
  const { OAuth2Client } = await import('google-auth-library');
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'not-a-real-token', expiry_date: Date.now() + 3_600_000 });
  const clientOptions = {
    fallback: true,
    protocol: 'http',
    apiEndpoint: hostname,
    port: Number(port),
    authClient,
  };
  const provider = new GcpSecretManagerProvider({ project: 'acme', secrets: { key: 'key' }, clientOptions });
  console.log(`${await provider.get('key')}`, provider);
}
