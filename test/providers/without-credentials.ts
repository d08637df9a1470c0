import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';

// Prints the error and how long the process waited; the exit code shows that the process ended by itself.
const [store, url = ''] = process.argv.slice(2);
const provider =
  store === 'azure'
    ? new AzureKeyVaultProvider({
        url,
        clientOptions: { allowInsecureConnection: true, disableChallengeResourceVerification: true },
        resilience: { timeoutMs: 15_000, deadlineMs: 15_000 },
      })
    : new GcpSecretManagerProvider({ project: 'acme', clientOptions: { fallback: store === 'rest' } });
// importing the client is slow on a busy machine and must not count as waiting
await (store === 'azure' ? import('@azure/identity') : import('@google-cloud/secret-manager'));
const before = performance.eventLoopUtilization();
try {
  await provider.get('db.password');
} catch (error) {
  const { code, hint } = error as { code: string; hint: string };
  console.log(JSON.stringify({ code, hint, waitedMs: performance.eventLoopUtilization(before).idle }));
  process.exit(7);
}
