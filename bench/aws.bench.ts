import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AwsSsmProvider } from 'llm-config-manager/aws';
import { compare, hundred, once, peer } from './compare.ts';
import { answerLater, listening } from './listening.ts';

interface Powertools {
  get(name: string, options?: { maxAge?: number; forceFetch?: boolean }): Promise<unknown>;
  getParametersByName(
    names: Record<string, object>,
    options?: { maxAge?: number },
  ): Promise<Record<string, unknown>>;
  clearCache(): void;
}

const server = await listening((request, response) => {
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const { Name, Names } = JSON.parse(text) as { Name?: string; Names?: string[] };
    const one = (name: string) => ({ Name: name, Type: 'String', Value: `value of ${name}`, Version: 1 });
    const answer = Name
      ? { Parameter: one(Name) }
      : { Parameters: (Names ?? []).map(one), InvalidParameters: [] };
    answerLater(response, 200, answer, { 'content-type': 'application/x-amz-json-1.1' });
  });
});
const account = {
  endpoint: `http://127.0.0.1:${server.port}`,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
};

const names = Array.from({ length: 100 }, (_, i) => `/app/key${i}`);
const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
const sdk = new SSMClient(account);
const { SSMProvider } = await peer<{ SSMProvider: new (config: object) => Powertools }>(
  '@aws-lambda-powertools/parameters/ssm',
);
const powertools = new SSMProvider({ clientConfig: account });
// no rate limit, because this server has no quota like SSM's
const ours = (): AwsSsmProvider =>
  new AwsSsmProvider({ ...account, path: '/app', limits: { perSecond: 1e6 } });
const provider = ours();
const read = async (Name: string): Promise<unknown> =>
  (await sdk.send(new GetParameterCommand({ Name }))).Parameter?.Value;
const tens = Array.from({ length: 10 }, (_, i) => names.slice(10 * i, 10 * i + 10));
const named = Object.fromEntries(names.map((name) => [name, {}]));
const map = new Map([['key0', 'value of /app/key0']]);

await compare(
  'one parameter, asked for each time',
  {
    'the SDK': () => read('/app/key0'),
    Powertools: () => powertools.get('/app/key0', { forceFetch: true }),
    AwsSsmProvider: () => provider.get('key0', { maxAgeMs: 0 }),
  },
  { clock: 'wall' },
);
await compare(
  '100 parameters, asked for each time',
  {
    'the SDK, in tens, all at once': () =>
      Promise.all(tens.map((Names) => sdk.send(new GetParametersCommand({ Names })))),
    'the SDK, in tens, one after the other': async () => {
      for (const Names of tens) await sdk.send(new GetParametersCommand({ Names }));
    },
    Powertools: () => {
      powertools.clearCache();
      return powertools.getParametersByName(named);
    },
    AwsSsmProvider: () => provider.getMany(keys, { maxAgeMs: 0 }),
  },
  { clock: 'wall' },
);
await powertools.get('/app/key0', { maxAge: 600 });
await compare(
  'one parameter, again',
  {
    'a Map behind an async function': hundred(async () => map.get('key0')),
    Powertools: hundred(() => powertools.get('/app/key0', { maxAge: 600 })),
    AwsSsmProvider: hundred(() => provider.get('key0')),
  },
  { batch: 100 },
);

const thousand = (get: () => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: 1_000 }, get));
const [cold, alone] = [ours(), ours()];
powertools.clearCache();
await once(
  '1,000 readers of one parameter at once, nothing cached',
  {
    'the SDK': () => thousand(() => read('/app/key1')),
    Powertools: () => thousand(() => powertools.get('/app/key1')),
    AwsSsmProvider: () => thousand(() => cold.get('key1')),
  },
  server.asked,
);
powertools.clearCache();
await once(
  '100 parameters, each read by a reader of its own, nothing cached',
  {
    'the SDK': () => Promise.all(names.map(read)),
    Powertools: () => Promise.all(names.map((name) => powertools.get(name))),
    AwsSsmProvider: () => Promise.all(keys.map((key) => alone.get(key))),
  },
  server.asked,
);
await Promise.all([provider, cold, alone].map((one) => one.close()));
sdk.destroy();
server.close();
