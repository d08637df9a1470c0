// One configuration of the service: a chain of environment, Vault, SSM and a file with a default for every
// secret, a loaded configuration that polls, readers that never rest, and subscribers that misbehave. Every
// answer is judged and counted.

import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import {
  BundleProvider,
  type Config,
  EnvProvider,
  isConfigError,
  loadConfig,
  ProviderChain,
} from '../../../src/index.ts';
import { AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { tokenFile, VaultProvider } from '../../../src/providers/vault/index.ts';
import type { CacheOptions } from '../../../src/shelter/options.ts';
import { type Recorder, recorder } from '../proxy.ts';
import { live } from '../vault-server.ts';
import { awsAccount, type Stores } from './stores.ts';
import { Tally } from './tally.ts';
import { allKeys, groupOf, leaseKeys, versionedKeys } from './truth.ts';

/** How the stores of a client are cached. */
export interface Setup {
  readonly name: string;
  readonly cache: CacheOptions;
}

const ttlMs = 1_000;
const longMs = 600_000;
const strict = { ttlMs, absentTtlMs: ttlMs };
const stale = { ...strict, staleWhileRevalidateMs: 5_000, staleIfErrorMs: longMs };

/** From the strictest to the one that survives most. */
export const setups: readonly Setup[] = [
  { name: 'strict', cache: strict },
  { name: 'stale', cache: stale },
  { name: 'hold', cache: { ...stale, absentStaleMs: longMs, vanished: 'hold' } },
];

export const resilience = {
  timeoutMs: 2_000,
  deadlineMs: 4_000,
  backoff: { initialMs: 50, maxMs: 500 },
  breaker: { failures: 5, resetMs: 1_000 },
};
/** Added to every limit on a time: the machine may be busy. */
const slackMs = 15_000;

const leaf = z.string();
const pair = z.object({ x: leaf, y: leaf });
const schema = z.object({
  v: z.object({ a: pair, b: pair, c: pair, d: pair }),
  s: z.object({ a: leaf, b: leaf, c: leaf, d: leaf, e: leaf, f: leaf }),
  f: z.object({ a: leaf, b: leaf }),
  e: z.object({ a: leaf }),
  lease: z.object({ username: leaf, password: leaf }),
});
type Values = z.infer<typeof schema>;

/** The strings of a generation, by key. */
function flat(value: unknown, at = ''): [key: string, value: unknown][] {
  if (typeof value !== 'object' || value === null) return [[at, value]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, at === '' ? name : `${at}.${name}`));
}

export const codeOf = (error: unknown): string => (isConfigError(error) ? error.code : String(error));

export class Client {
  readonly name: string;
  readonly vaultProxy: Recorder;
  readonly ssmProxy: Recorder;
  readonly vault: VaultProvider;
  readonly chain: ProviderChain;
  readonly #stores: Stores;
  readonly #cache: CacheOptions;
  #config: Config<Values> | undefined;
  #tally = new Tally();
  #isReading = true;
  #readers: readonly Promise<void>[] = [];

  private constructor(stores: Stores, { name, cache }: Setup, vaultProxy: Recorder, ssmProxy: Recorder) {
    this.name = name;
    this.#stores = stores;
    this.#cache = cache;
    this.vaultProxy = vaultProxy;
    this.ssmProxy = ssmProxy;
    this.vault = new VaultProvider({
      address: vaultProxy.address,
      path: `${stores.name}/`,
      leases: { lease: stores.lease },
      auth: tokenFile(stores.tokenFile),
      env: {},
      cache,
      resilience,
    });
    const ssm = new AwsSsmProvider({
      ...awsAccount,
      endpoint: ssmProxy.address,
      path: `/${stores.name}`,
      cache,
      resilience,
    });
    const env = new EnvProvider({ prefix: 'APP', env: { APP__E__A: 'e.a@0' } });
    this.chain = new ProviderChain([env, this.vault, ssm, new BundleProvider(stores.file)]);
  }

  /** Loads the configuration and starts the readers. */
  static async open(stores: Stores, setup: Setup, readers: number): Promise<Client> {
    const proxies = [await recorder(live.address), await recorder(live.aws)] as const;
    const client = new Client(stores, setup, ...proxies);
    await client.#start(readers);
    return client;
  }

  async #start(readers: number): Promise<void> {
    const config = await loadConfig(schema, this.chain, { watch: { pollMs: ttlMs } });
    // without a listener, each failed reload and each failing subscriber is a warning of the process
    config.on(() => undefined);
    config.subscribe('', () => {
      throw new Error('a subscriber that throws');
    });
    config.subscribe('', () => new Promise<void>(() => undefined));
    config.subscribe('', () => Promise.reject(new Error('a subscriber that rejects')));
    this.#config = config;
    this.#readers = Array.from({ length: readers }, (_, n) => this.#read(n));
  }

  get config(): Config<Values> {
    if (!this.#config) throw new Error('the client is not open');
    return this.#config;
  }

  /** Whether single reads may not find a default in place of a secret while a store is empty. */
  get holds(): boolean {
    return this.#cache.vanished === 'hold';
  }

  get requests(): { readonly vault: number; readonly ssm: number } {
    return { vault: this.vaultProxy.asked.length, ssm: this.ssmProxy.asked.length };
  }

  /** Counts reads that start from now on in a new tally. */
  count(): Tally {
    this.#tally = new Tally();
    return this.#tally;
  }

  async #read(n: number): Promise<void> {
    // not all at once
    await pause(n);
    for (let turn = n; this.#isReading; turn++) {
      await this.#get(allKeys[(turn * 7) % allKeys.length] as string);
      if (turn % 5 === 0) this.#look();
      if (turn % 10 === 0) await this.#readPair();
      await pause(100);
    }
  }

  async #get(key: string): Promise<void> {
    const tally = this.#tally;
    const startedAt = performance.now();
    const time = Date.now();
    const newest = this.#stores.truth.newest(key);
    try {
      const entry = await this.chain.get(key);
      const value = entry?.value;
      tally.answered('chain.get', key, value, this.#verdict(key, value, newest), this.#mayFall(startedAt));
      if (entry?.expiresAt !== undefined && entry.expiresAt < time)
        tally.isWrong('chain.get', `${key} ended before the read started`);
    } catch (error) {
      // closing ends the reads that are waiting
      if (this.#isReading) tally.failed(key, codeOf(error));
    }
    tally.took(performance.now() - startedAt);
  }

  /** Both values of the lease, in one read. */
  async #readPair(): Promise<void> {
    const tally = this.#tally;
    const startedAt = performance.now();
    const found = await this.chain.getMany(leaseKeys);
    tally.took(performance.now() - startedAt);
    const [username, password] = leaseKeys.map((key) => found.get(key));
    const error = [username, password].find((one) => one instanceof Error);
    if (error) return this.#isReading ? tally.failed('lease.username', codeOf(error)) : undefined;
    const values = [username, password].map((one) => (one as { value?: unknown } | undefined)?.value);
    for (const [i, key] of leaseKeys.entries())
      tally.answered('chain.get', key, values[i], this.#verdict(key, values[i], 0), this.#mayFall(startedAt));
    if (!this.#stores.truth.isPair(values[0], values[1]))
      tally.isWrong('chain.get', 'user name and password are of two leases');
  }

  /** At the current generation, which never may have a default in place of a secret. */
  #look(): void {
    const tally = this.#tally;
    const { value } = this.config;
    tally.looks++;
    for (const [key, one] of flat(value))
      tally.answered('config.value', key, one, this.#stores.truth.judge(key, one, 0));
    if (!this.#stores.truth.isPair(value.lease.username, value.lease.password))
      tally.isWrong('config.value', 'user name and password are of two leases');
  }

  #verdict(key: string, value: unknown, newest: number) {
    const { truth } = this.#stores;
    const verdict = truth.judge(key, value, newest);
    const { ttlMs = 0, staleWhileRevalidateMs = 0, staleIfErrorMs = 0 } = this.#cache;
    const limitMs =
      ttlMs * 1.1 + Math.max(staleWhileRevalidateMs, staleIfErrorMs) + resilience.deadlineMs + slackMs;
    return verdict === 'stale' && truth.ageMs(key, value) > limitMs ? 'wrong' : verdict;
  }

  /** Whether a read that started then may find that a store has nothing: while the store is empty, until the
   *  cache has forgotten it. A client that holds what has vanished finds so only between the first
   *  secret that is back and the last one. */
  #mayFall(startedAt: number): boolean {
    const { empty } = this.#stores;
    if (!empty) return false;
    return (
      performance.now() > (this.holds ? empty.refillFrom : empty.from) &&
      startedAt < empty.to + ttlMs + resilience.deadlineMs + slackMs
    );
  }

  /** Whether single reads and the configuration have the newest version of everything. */
  async isRecovered(): Promise<boolean> {
    const { truth } = this.#stores;
    const isNewest = (key: string, value: unknown): boolean =>
      truth.judge(key, value, truth.newest(key)) === 'right';
    if (!flat(this.config.value).every(([key, value]) => isNewest(key, value))) return false;
    const found = await this.chain.getMany(allKeys);
    return allKeys.every((key) => {
      const one = found.get(key);
      return one !== undefined && !(one instanceof Error) && isNewest(key, one.value);
    });
  }

  /** A few words about what is not recovered, for a failure of a test. */
  async unrecovered(): Promise<string> {
    const { truth } = this.#stores;
    const old = flat(this.config.value).filter(
      ([key, v]) => truth.judge(key, v, truth.newest(key)) !== 'right',
    );
    const found = await this.chain.getMany(versionedKeys);
    const codes = [...found].flatMap(([key, one]) =>
      one instanceof Error ? [`${groupOf(key)} ${codeOf(one)}`] : [],
    );
    return `${this.name}: config.value ${old.map(([key]) => key)}; chain ${[...new Set(codes)]}`;
  }

  async close(): Promise<void> {
    this.#isReading = false;
    await this.#config?.[Symbol.asyncDispose]();
    await this.chain.close();
    await Promise.all(this.#readers);
    await Promise.all([this.vaultProxy.close(), this.ssmProxy.close()]);
  }
}
