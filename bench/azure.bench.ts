import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretClient } from '@azure/keyvault-secrets';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from 'llm-config-manager/azure';
import { compare, peer } from './compare.ts';

interface Storage {
  getItem(key: string): Promise<unknown>;
  getItems(keys: readonly string[]): Promise<unknown>;
}
interface Driver {
  getInstance(): object;
}

// a Key Vault on this machine, 20 ms away, with its log-in challenge; it counts what it is asked
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  const { authorization, host } = request.headers;
  const name = new URL(String(request.url), `http://${host}`).pathname.split('/')[2] as string;
  const challenge = 'Bearer authorization="https://login.microsoftonline.com/fake", resource="https://vault.azure.net"';
  const id = `http://${host}/secrets/${name}/0123456789abcdef0123456789abcdef`;
  const secret = { value: `value of ${name}`, id, attributes: { enabled: true, updated: 1_700_000_000 } };
  setTimeout(() => {
    response.writeHead(authorization ? 200 : 401, {
      'content-type': 'application/json',
      ...(!authorization && { 'www-authenticate': challenge }),
    });
    response.end(JSON.stringify(authorization ? secret : {}));
  }, 20);
});
// room for as many connections as there are readers
await new Promise<void>((done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 }, done));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const credential = { getToken: async () => ({ token: 'fake', expiresOnTimestamp: Date.now() + 3_600_000 }) };
const clientOptions = { allowInsecureConnection: true, disableChallengeResourceVerification: true };

const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
const sdk = new SecretClient(url, credential, clientOptions);
const read = async (name: string): Promise<unknown> => (await sdk.getSecret(name)).value;
// unstorage's driver knows only https://….vault.azure.net and the machine's own log-in, so the client it makes is led to the SDK's
// client above: what is compared is unstorage on top of the same client
const { default: keyVault } = await peer<{ default: (options: object) => Driver }>('unstorage/drivers/azure-key-vault');
const { createStorage } = await peer<{ createStorage(options: object): Storage }>('unstorage');
const driver = keyVault({ vaultName: 'fake' });
Object.assign(driver.getInstance(), { getSecret: (name: string) => sdk.getSecret(name) });
const unstorage = createStorage({ driver });
const opened: AzureKeyVaultProvider[] = [];
const ours = (options: Partial<AzureKeyVaultOptions> = {}): AzureKeyVaultProvider => {
  opened.push(new AzureKeyVaultProvider({ url, credential, clientOptions, ...options }));
  return opened.at(-1) as AzureKeyVaultProvider;
};
const provider = ours();
const wide = ours({ limits: { concurrency: 100 } });
const sixteen = async (): Promise<void> => {
  const left = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) await read(key);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
};
const map = new Map([['key0', await read('key0')]]);
if ((await provider.get('key0'))?.value !== map.get('key0')) throw new Error('the two read different values');
if ((await unstorage.getItem('key0')) === null) throw new Error('unstorage reads nothing');

async function counted(title: string, work: () => Promise<unknown>): Promise<void> {
  const before = calls;
  const startedAt = performance.now();
  await work();
  console.log(`  ${title.padEnd(54)}  ${`${Math.round(performance.now() - startedAt)} ms`.padStart(9)}  ${calls - before} calls`);
}

await compare('one secret, asked for each time', {
  'the SDK': () => read('key0'),
  unstorage: () => unstorage.getItem('key0'),
  AzureKeyVaultProvider: () => provider.get('key0', { maxAgeMs: 0 }),
});
await compare('100 secrets, asked for each time', {
  'the SDK, all at once': () => Promise.all(keys.map(read)),
  'the SDK, 16 at once': sixteen,
  'unstorage, all at once': () => unstorage.getItems(keys),
  'AzureKeyVaultProvider, 100 at once': () => wide.getMany(keys, { maxAgeMs: 0 }),
  'AzureKeyVaultProvider, by default 16 at once': () => provider.getMany(keys, { maxAgeMs: 0 }),
});
// neither the SDK nor unstorage keeps what it read
const hundred = (get: () => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (let i = 0; i < 100; i++) last = await get();
  return last;
};
await compare(
  'one secret, again',
  {
    'a Map behind an async function': hundred(async () => map.get('key0')),
    AzureKeyVaultProvider: hundred(() => provider.get('key0')),
  },
  { batch: 100 },
);

// all have logged in; only the keys are cold
const cold = ours();
const alone = ours();
await Promise.all([cold.get('key0'), alone.get('other')]);
console.log('1,000 readers of one key at once, nothing cached');
const thousand = (get: () => Promise<unknown>): Promise<unknown> => Promise.all(Array.from({ length: 1_000 }, get));
await counted('the SDK', () => thousand(() => read('key1')));
await counted('unstorage', () => thousand(() => unstorage.getItem('key1')));
await counted('AzureKeyVaultProvider', () => thousand(() => cold.get('key1')));
console.log('100 keys, each read by a reader of its own, nothing cached');
await counted('the SDK', () => Promise.all(keys.map(read)));
await counted('unstorage', () => Promise.all(keys.map((key) => unstorage.getItem(key))));
await counted('AzureKeyVaultProvider', () => Promise.all(keys.map((key) => alone.get(key))));
await Promise.all(opened.map((one) => one.close()));
server.closeAllConnections();
server.close();
