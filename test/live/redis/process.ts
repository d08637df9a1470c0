// One of the processes that share a store over Redis, for redis-processes.test.ts: it does what it is sent.
// Runs several engines, each with a client of its own, because a process takes a second to start.

import { z } from 'zod';
import { shared } from '../../../src/extensions/redis/index.ts';
import { loadConfig, ProviderChain } from '../../../src/index.ts';
import { AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { token, VaultProvider } from '../../../src/providers/vault/index.ts';
import { type ShelteredProvider, sheltered } from '../../../src/shelter/index.ts';
import { warm } from '../../support/warm-level.ts';
import { kinds, type Where } from './clients.ts';

export interface Setup {
  readonly kind: 'redis' | 'ioredis';
  readonly where: Where;
  readonly engines: number;
  readonly prefix: string;
  readonly key: string;
  readonly keys: number;
  readonly vault?: { readonly address: string; readonly token: string; readonly mount: string };
  readonly ssm?: { readonly endpoint: string; readonly path: string };
  readonly pace?: { readonly perSecond: number; readonly forMs: number };
  /** A store in memory that takes so long, and counts. */
  readonly storeMs?: number;
}

const setup = JSON.parse(process.argv[2] as string) as Setup;
const { connect } = kinds.find(({ name }) => name === setup.kind) as (typeof kinds)[number];
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

const schema = z.record(z.string(), z.unknown());
const engines = await Promise.all(
  Array.from({ length: setup.engines }, async () => {
    const client = await connect(setup.where);
    const level = shared(client, { keys: () => setup.key, domain: 'live', prefix: setup.prefix });
    await warm(level, 16);
    return level;
  }),
);
const { vault, ssm, pace, storeMs = 0 } = setup;
let asked = 0;
const memory = {
  name: 'memory',
  batch: 1,
  identity: () => ({ store: 'memory', view: '' }),
  locate: (key: string) => [{ key, document: key, field: '' }],
  async read(documents: readonly string[]) {
    asked++;
    await sleep(storeMs);
    return new Map(documents.map((name) => [name, { value: 'x', secret: true, text: true }]));
  },
  classify: (error: unknown) => error as never,
};
const providers = engines.map((second): ShelteredProvider => {
  const resilience = { deadlineMs: 30_000 };
  if (vault)
    return new VaultProvider({
      address: vault.address,
      auth: token(vault.token),
      mount: vault.mount,
      path: 'app/',
      second,
      resilience,
    }) as never;
  if (ssm)
    return new AwsSsmProvider({
      path: ssm.path,
      second,
      resilience,
      region: 'eu-west-1',
      endpoint: ssm.endpoint,
      credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
    } as never) as never;
  return sheltered(memory, {
    second,
    ...(pace && { limits: { concurrency: 16, perSecond: pace.perSecond, shared: second.pace('account') } }),
  } as never) as never;
});

const requests = () => providers.reduce((sum, one) => sum + one.stats().requests, 0);

const doing = {
  async load() {
    const startedAt = Date.now();
    const sizes: number[] = [];
    for (const one of providers) {
      const config = await loadConfig(schema, new ProviderChain([one]));
      sizes.push(Object.keys(config.value).length);
    }
    return { sizes, requests: requests(), ms: Date.now() - startedAt };
  },
  async read(key: string) {
    const startedAt = Date.now();
    await Promise.all(providers.map((one) => one.get(key)));
    const late = providers.filter((one) => one.stats().second?.failures).length;
    return { asked, late, ms: Date.now() - startedAt };
  },
  async run() {
    const { forMs } = pace as NonNullable<Setup['pace']>;
    const endsAt = Date.now() + forMs;
    const starts: number[] = [];
    memory.read = async (documents) => {
      starts.push(Date.now());
      return new Map(documents.map((name) => [name, { value: 'x', secret: true, text: true }]));
    };
    await Promise.all(
      providers.flatMap((one, i) =>
        Array.from({ length: 5 }, async (_, j) => {
          for (let n = 0; Date.now() < endsAt; n++)
            await one.get(`p${i}w${j}n${n}`, { maxAgeMs: 0 }).catch(() => {});
        }),
      ),
    );
    return { starts };
  },
};

process.on('message', async ([what, ...args]: [keyof typeof doing, ...string[]]) => {
  try {
    process.send?.({ result: await (doing[what] as (...given: string[]) => Promise<unknown>)(...args) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.send?.('ready');
