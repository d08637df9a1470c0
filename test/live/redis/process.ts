// One of the processes that share a store over Redis, for redis-processes.test.ts and redis-fleet.test.ts: it
// does what it is sent. May run several engines, each with a client of its own.

import { z } from 'zod';
import { shared } from '../../../src/extensions/redis/index.ts';
import { loadConfig, ProviderChain } from '../../../src/index.ts';
import type { KeyWrapper } from '../../../src/key-wrapper.ts';
import { AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { token, transitKey, VaultProvider } from '../../../src/providers/vault/index.ts';
import { type ShelteredProvider, sheltered, systemClock } from '../../../src/shelter/index.ts';
import { warm } from '../../support/warm-level.ts';
import { kinds, type Where } from './clients.ts';
import { obey } from './obey.ts';

interface Vault {
  readonly address: string;
  readonly token: string;
  readonly mount: string;
}

export interface Setup {
  readonly kind: 'redis' | 'ioredis';
  readonly where: Where;
  readonly engines: number;
  readonly prefix: string;
  /** A key, or the name of one in the Transit engine of Vault. */
  readonly key: string;
  readonly transit?: Vault;
  readonly vault?: Vault;
  readonly ssm?: { readonly endpoint: string; readonly path: string };
  readonly ttlMs?: number;
  readonly pace?: { readonly perSecond: number; readonly forMs: number };
  /** A store in memory that takes so long, and counts. */
  readonly storeMs?: number;
}

export interface Loaded {
  /** The number of keys of each engine. */
  readonly sizes: readonly number[];
  readonly requests: number;
  /** Operations that Redis answered too late. */
  readonly late: number;
  readonly ms: number;
}

const setup = JSON.parse(process.argv[2] as string) as Setup;
const { connect } = kinds.find(({ name }) => name === setup.kind) as (typeof kinds)[number];
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

let aheadMs = 0;
const clock = { ...systemClock, now: () => Date.now() + aheadMs };
const unwrapped = { wraps: 0, unwraps: 0 };
const keyOf = ({ transit, key }: Setup): (() => string) | KeyWrapper => {
  if (!transit) return () => key;
  const { address, mount } = transit;
  const wrapper = transitKey({ key, mount, address, auth: token(transit.token) });
  return {
    kid: wrapper.kid,
    algorithm: wrapper.algorithm,
    wrap: (...given) => {
      unwrapped.wraps++;
      return wrapper.wrap(...given);
    },
    unwrap: (...given) => {
      unwrapped.unwraps++;
      return wrapper.unwrap(...given);
    },
  };
};
const keys = keyOf(setup);
const engines = await Promise.all(
  Array.from({ length: setup.engines }, async () => {
    const client = await connect(setup.where);
    const level = shared(client, { keys, domain: 'live', prefix: setup.prefix, clock });
    await warm(level, 16);
    return level;
  }),
);
const { vault, ssm, ttlMs, pace, storeMs = 0 } = setup;
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
  const shelter = {
    second,
    resilience: { deadlineMs: 30_000 },
    ...(ttlMs && { cache: { ttlMs, jitter: 0 } }),
  };
  if (vault)
    return new VaultProvider({
      address: vault.address,
      auth: token(vault.token),
      mount: vault.mount,
      path: 'app/',
      ...shelter,
    }) as never;
  if (ssm)
    return new AwsSsmProvider({
      path: ssm.path,
      region: 'eu-west-1',
      endpoint: ssm.endpoint,
      credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
      ...shelter,
    } as never) as never;
  return sheltered(memory, {
    second,
    ...(pace && { limits: { concurrency: 16, perSecond: pace.perSecond, shared: second.pace('account') } }),
  } as never) as never;
});
const configs: { readonly value: Readonly<Record<string, { readonly v: string }>> }[] = [];
const sum = (of: (one: ShelteredProvider) => number): number =>
  providers.reduce((all, one) => all + of(one), 0);

obey({
  async load(): Promise<Loaded> {
    const startedAt = Date.now();
    const sizes: number[] = [];
    for (const one of providers) {
      const config = await loadConfig(z.record(z.string(), z.unknown()), new ProviderChain([one]));
      sizes.push(Object.keys(config.value).length);
    }
    const late = sum((one) => one.stats().second?.failures ?? 0);
    return { sizes, requests: sum((one) => one.stats().requests), late, ms: Date.now() - startedAt };
  },
  async read(key: string) {
    const startedAt = Date.now();
    await Promise.all(providers.map((one) => one.get(key)));
    const late = providers.filter((one) => one.stats().second?.failures).length;
    return { asked, late, ms: Date.now() - startedAt };
  },
  /** Loads configurations that follow their source. */
  async watch(names: readonly string[]): Promise<void> {
    const schema = z.object(Object.fromEntries(names.map((name) => [name, z.object({ v: z.string() })])));
    for (const one of providers)
      configs.push(await loadConfig(schema, new ProviderChain([one]), { watch: true }));
  },
  values: async (name: string) => configs.map((config) => config.value[name]?.v),
  async poll(names: readonly string[], maxAgeMs: number): Promise<void> {
    await Promise.all(providers.map((one) => one.getMany(names, { maxAgeMs })));
  },
  counts: async () => ({ requests: sum((one) => one.stats().requests), ...unwrapped }),
  async pass(ms: number): Promise<void> {
    aheadMs += ms;
  },
  async run(): Promise<{ readonly starts: readonly number[] }> {
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
});
