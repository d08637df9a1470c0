// The clients of Redis that the live tests use. They are installed beside this file, so their types are not
// known here.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

// programs that import this file are bundled into another folder
const folder = resolve('test/live/redis');
const fromHere = createRequire(`${folder}/clients.ts`);

// biome-ignore lint/suspicious/noExplicitAny: a client of either package
export type Client = any;

export interface Kind {
  readonly name: string;
  /** A client that is connected. */
  readonly connect: (where: Where) => Promise<Client>;
  readonly close: (client: Client) => unknown;
}

/** `host:port` of a server, of the nodes of a cluster, or of Sentinels. */
export type Where =
  | { readonly single: string }
  | { readonly cluster: string }
  | { readonly sentinel: string };

const nodes = (text: string) =>
  text.split(',').map((one) => ({ host: one.split(':')[0] as string, port: Number(one.split(':')[1]) }));

export function install(): void {
  if (existsSync(`${folder}/node_modules`)) return;
  execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
    cwd: folder,
  });
}

export const module = (name: string): Client => fromHere(name);

export const nodeRedis: Kind = {
  name: 'redis',
  async connect(where) {
    const { createClient, createCluster, createSentinel } = module('redis');
    const socket = { reconnectStrategy: (n: number) => Math.min(500, 50 * 2 ** n) };
    const client =
      'single' in where
        ? createClient({ url: `redis://${where.single}`, socket, disableOfflineQueue: true })
        : 'cluster' in where
          ? createCluster({
              rootNodes: nodes(where.cluster).map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
            })
          : createSentinel({
              name: 'm',
              sentinelRootNodes: nodes(where.sentinel),
              nodeClientOptions: { disableOfflineQueue: true, socket: { connectTimeout: 500 } },
            });
    client.on('error', () => {});
    await client.connect();
    return client;
  },
  close: (client) => client.destroy(),
};

export const ioredis: Kind = {
  name: 'ioredis',
  async connect(where) {
    const { Cluster, Redis } = module('ioredis');
    const options = { enableOfflineQueue: false, maxRetriesPerRequest: 1, lazyConnect: true };
    const retryStrategy = (n: number) => Math.min(500, 50 * 2 ** n);
    const client =
      'single' in where
        ? new Redis(`redis://${where.single}`, { ...options, retryStrategy })
        : 'cluster' in where
          ? new Cluster(nodes(where.cluster), { enableOfflineQueue: false, lazyConnect: true })
          : new Redis({ ...options, retryStrategy, sentinels: nodes(where.sentinel), name: 'm' });
    client.on('error', () => {});
    await client.connect();
    return client;
  },
  close: (client) => client.disconnect(),
};

export const kinds = [nodeRedis, ioredis];
