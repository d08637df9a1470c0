// One connection to Redis over the application's client. Used by level.ts, data-keys.ts and pace.ts. Runs
// scripts, and opens connections of its own for messages: a client that receives them may do nothing else.

import { createHash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import {
  type Argument,
  type IoRedis,
  isIoRedis,
  isNodeRedis,
  type NodeRedis,
  type RedisClient,
} from './client.ts';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

export const script = (text: string): Script => ({
  text,
  sha: createHash('sha1').update(text).digest('hex'),
});

/** A connection that receives messages. */
export interface Ear {
  /** Resolves once messages arrive. */
  readonly hears: Promise<unknown>;
  close(): void;
}

export interface Connection {
  /** Whether commands are answered now. Connects a client that was never connected. */
  isReady(): boolean;
  /** Runs a script over keys of one slot. Texts come as Buffers. With `readOnly`, nothing can be written. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    readOnly?: boolean,
  ): Promise<unknown>;
  /** `onEnd`: the connection broke, and messages may be lost from then on. */
  listen(channel: string, onMessage: (message: string) => void, onEnd: () => void): Ear;
}

/** @throws ConfigError `invalid_option` for anything but a client of `redis` or `ioredis`. */
export function connectionOf(client: RedisClient | NodeRedis | IoRedis): Connection {
  if (isNodeRedis(client)) return new NodeRedisConnection(client);
  if (isIoRedis(client)) return new IoRedisConnection(client);
  throw new ConfigError('invalid_option', 'shared: the first argument is not a client of Redis', {
    hint: 'Pass a client of redis 6 (createClient, createSentinel, createCluster) or of ioredis 6',
  });
}

const ignore = (): void => undefined;

/** The start of an error that Redis returned, such as `OOM`. */
export const codeOf = (error: unknown): string => {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? (/^[A-Z]+(?=\s|$)/.exec(message)?.[0] ?? '') : '';
};

/** Redis forgets scripts when it restarts. */
const orWhole = (byName: Promise<unknown>, whole: () => Promise<unknown>): Promise<unknown> =>
  byName.catch((error: unknown) => {
    if (codeOf(error) !== 'NOSCRIPT') throw error;
    return whole();
  });

const anyOf = <T>(all: readonly T[]): T => {
  const one = all[Math.floor(Math.random() * all.length)];
  if (one === undefined) throw new Error('the cluster has no node');
  return one;
};

/** RESP's type of texts, which may be binary. */
const blobs = { 36: Buffer };

class NodeRedisConnection implements Connection {
  readonly #client: NodeRedis;
  #binary: ReturnType<NodeRedis['withTypeMapping']> | undefined;

  constructor(client: NodeRedis) {
    this.#client = client;
    // without a listener, an error ends the process
    client.on('error', ignore);
  }

  isReady(): boolean {
    const client = this.#client;
    if (!client.isOpen) void client.connect().catch(ignore);
    return client.isReady;
  }

  run(
    { sha, text }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    readOnly = false,
  ): Promise<unknown> {
    const client = (this.#binary ??= this.#client.withTypeMapping(blobs));
    const call = { keys, arguments: args };
    return readOnly
      ? orWhole(client.evalShaRo(sha, call), () => client.evalRo(text, call))
      : orWhole(client.evalSha(sha, call), () => client.eval(text, call));
  }

  listen(channel: string, onMessage: (message: string) => void, onEnd: () => void): Ear {
    let own: NodeRedis | undefined;
    let closed = false;
    const close = (): void => {
      closed = true;
      try {
        own?.destroy();
      } catch {
        // it is closed already
      }
    };
    const start = async (): Promise<void> => {
      own = await this.#duplicate();
      own.on('error', onEnd);
      own.on('end', onEnd);
      // of a Sentinel: another primary has the messages from then on
      own.on('topology-change', onEnd);
      await own.connect();
      own.unref?.();
      if (closed) close();
      else await own.subscribe(channel, onMessage);
    };
    return { hears: start(), close };
  }

  async #duplicate(): Promise<NodeRedis> {
    const client = this.#client;
    const node = client.masters ? await client.nodeClient?.(anyOf(client.masters)) : client;
    if (!node?.unref) return client.duplicate();
    const socket = { ...node.options?.socket, reconnectStrategy: false };
    return node.duplicate({ socket, pingInterval: 10_000, clientSideCache: undefined });
  }
}

class IoRedisConnection implements Connection {
  readonly #client: IoRedis;

  constructor(client: IoRedis) {
    this.#client = client;
    client.on('error', ignore);
  }

  isReady(): boolean {
    const client = this.#client;
    if (client.status === 'wait') void client.connect().catch(ignore);
    return client.status === 'ready';
  }

  run(
    { sha, text }: Script,
    keys: readonly string[],
    args: readonly Argument[],
    readOnly = false,
  ): Promise<unknown> {
    const client = this.#client;
    const call = [
      keys.length,
      ...keys,
      ...args.map((one) => (typeof one === 'string' ? one : Buffer.from(one))),
    ];
    return readOnly
      ? orWhole(client.evalsha_roBuffer(sha, ...call), () => client.eval_roBuffer(text, ...call))
      : orWhole(client.evalshaBuffer(sha, ...call), () => client.evalBuffer(text, ...call));
  }

  listen(channel: string, onMessage: (message: string) => void, onEnd: () => void): Ear {
    let own: IoRedis | undefined;
    let closed = false;
    const close = (): void => {
      closed = true;
      own?.disconnect();
    };
    const start = async (): Promise<void> => {
      const node = this.#client.nodes ? anyOf(this.#client.nodes('master')) : this.#client;
      own = node.duplicate({
        lazyConnect: true,
        keyPrefix: '',
        keepAlive: 10_000,
        enableOfflineQueue: true,
        retryStrategy: () => null,
      });
      own.on('error', ignore);
      own.on('end', onEnd);
      own.on('message', (_: string, message: string) => onMessage(message));
      await own.connect();
      own.stream?.unref?.();
      if (closed) close();
      else await own.subscribe(channel);
    };
    return { hears: start(), close };
  }
}
