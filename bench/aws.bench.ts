import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AwsSsmProvider } from 'llm-config-manager/aws';
import { compare, peer } from './compare.ts';

interface Powertools {
  get(name: string, options?: { maxAge?: number; forceFetch?: boolean }): Promise<unknown>;
  getParametersByName(names: Record<string, object>, options?: { maxAge?: number }): Promise<Record<string, unknown>>;
  clearCache(): void;
}

// SSM on this machine, 20 ms away; it counts what it is asked
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const { Name, Names } = JSON.parse(text) as { Name?: string; Names?: string[] };
    const one = (name: string) => ({ Name: name, Type: 'String', Value: `value of ${name}`, Version: 1 });
    const answer = Name ? { Parameter: one(Name) } : { Parameters: (Names ?? []).map(one), InvalidParameters: [] };
    setTimeout(() => {
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify(answer));
    }, 20);
  });
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const account = {
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
};

const names = Array.from({ length: 100 }, (_, i) => `/app/key${i}`);
const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
const sdk = new SSMClient(account);
const { SSMProvider } = await peer<{ SSMProvider: new (config: object) => Powertools }>('@aws-lambda-powertools/parameters/ssm');
const powertools = new SSMProvider({ clientConfig: account });
// without SSM's quota, which this server does not have
const ours = (): AwsSsmProvider => new AwsSsmProvider({ ...account, path: '/app', limits: { perSecond: 1e6 } });
const provider = ours();
const read = async (Name: string): Promise<unknown> => (await sdk.send(new GetParameterCommand({ Name }))).Parameter?.Value;
const tens = Array.from({ length: 10 }, (_, i) => names.slice(10 * i, 10 * i + 10));
const named = Object.fromEntries(names.map((name) => [name, {}]));
const map = new Map([['key0', 'value of /app/key0']]);

async function counted(title: string, work: () => Promise<unknown>): Promise<void> {
  const before = calls;
  const startedAt = performance.now();
  await work();
  console.log(`  ${title.padEnd(54)}  ${`${Math.round(performance.now() - startedAt)} ms`.padStart(9)}  ${calls - before} calls`);
}

await compare('one parameter, asked for each time', {
  'the SDK': () => read('/app/key0'),
  Powertools: () => powertools.get('/app/key0', { forceFetch: true }),
  AwsSsmProvider: () => provider.get('key0', { maxAgeMs: 0 }),
});
await compare('100 parameters, asked for each time', {
  'the SDK, in tens, all at once': () => Promise.all(tens.map((Names) => sdk.send(new GetParametersCommand({ Names })))),
  'the SDK, in tens, one after the other': async () => {
    for (const Names of tens) await sdk.send(new GetParametersCommand({ Names }));
  },
  Powertools: () => {
    powertools.clearCache();
    return powertools.getParametersByName(named);
  },
  AwsSsmProvider: () => provider.getMany(keys, { maxAgeMs: 0 }),
});
await powertools.get('/app/key0', { maxAge: 600 });
const hundred = (get: () => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (let i = 0; i < 100; i++) last = await get();
  return last;
};
await compare(
  'one parameter, again',
  {
    'a Map behind an async function': hundred(async () => map.get('key0')),
    Powertools: hundred(() => powertools.get('/app/key0', { maxAge: 600 })),
    AwsSsmProvider: hundred(() => provider.get('key0')),
  },
  { batch: 100 },
);

console.log('1,000 readers of one key at once, nothing cached');
const thousand = (get: () => Promise<unknown>): Promise<unknown> => Promise.all(Array.from({ length: 1_000 }, get));
await counted('the SDK', () => thousand(() => read('/app/key1')));
powertools.clearCache();
await counted('Powertools', () => thousand(() => powertools.get('/app/key1')));
const cold = ours();
await counted('AwsSsmProvider', () => thousand(() => cold.get('key1')));
console.log('100 keys, each read by a reader of its own, nothing cached');
await counted('the SDK', () => Promise.all(names.map(read)));
powertools.clearCache();
await counted('Powertools', () => Promise.all(names.map((name) => powertools.get(name))));
const alone = ours();
await counted('AwsSsmProvider', () => Promise.all(keys.map((key) => alone.get(key))));
await Promise.all([provider, cold, alone].map((one) => one.close()));
sdk.destroy();
server.closeAllConnections();
server.close();
