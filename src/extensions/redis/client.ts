// The clients that an application may pass, of `redis` 6 and `ioredis` 6: single, Sentinel, cluster. Used by
// connection.ts, which makes one thing of them. Their own types are too different to be named here, so a
// client is recognized by what it has.

/** A client of the package `redis`: from `createClient`, `createSentinel` or `createCluster`. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly connect: (...args: never[]) => unknown;
  readonly evalSha: (...args: never[]) => unknown;
  readonly withTypeMapping: (...args: never[]) => unknown;
}

/** A client of the package `ioredis`: a `Redis` or a `Cluster`. */
export interface IoRedisClient {
  readonly status: string;
  readonly connect: (...args: never[]) => unknown;
  readonly evalsha: (...args: never[]) => unknown;
}

/** A client of Redis or Valkey that the application makes and closes. */
export type RedisClient = NodeRedisClient | IoRedisClient;

export type Argument = string | Uint8Array;

interface Events {
  on(event: string, listener: (...args: never[]) => void): unknown;
}

interface ScriptCall {
  readonly keys: readonly string[];
  readonly arguments: readonly Argument[];
}

type RunScript = (script: string, call: ScriptCall) => Promise<unknown>;

/** What is used of a client of `redis`. */
export interface NodeRedis extends Events {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  destroy(): void;
  withTypeMapping(mapping: Readonly<Record<number, unknown>>): {
    readonly evalSha: RunScript;
    readonly eval: RunScript;
    readonly evalShaRo: RunScript;
    readonly evalRo: RunScript;
  };
  duplicate(options?: object): NodeRedis;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  readonly options?: { readonly socket?: object };
  /** Of a single client. */
  unref?(): void;
  /** Of a cluster. */
  readonly masters?: readonly object[];
  nodeClient?(node: object): Promise<NodeRedis>;
}

/** What is used of a client of `ioredis`. Its types do not know the commands that return Buffers. */
export interface IoRedis extends Events {
  readonly status: string;
  connect(): Promise<unknown>;
  disconnect(): void;
  duplicate(options: object): IoRedis;
  subscribe(channel: string): Promise<unknown>;
  readonly stream?: { unref?(): void };
  /** Of a cluster. */
  nodes?(role: 'master'): readonly IoRedis[];
  evalshaBuffer(...args: readonly unknown[]): Promise<unknown>;
  evalBuffer(...args: readonly unknown[]): Promise<unknown>;
  evalsha_roBuffer(...args: readonly unknown[]): Promise<unknown>;
  eval_roBuffer(...args: readonly unknown[]): Promise<unknown>;
}

const has = (client: unknown, ...names: readonly string[]): boolean =>
  typeof client === 'object' &&
  client !== null &&
  names.every((name) => typeof (client as Readonly<Record<string, unknown>>)[name] === 'function');

export const isNodeRedis = (client: unknown): client is NodeRedis =>
  has(client, 'evalSha', 'withTypeMapping', 'connect', 'on');

export const isIoRedis = (client: unknown): client is IoRedis =>
  has(client, 'evalshaBuffer', 'connect', 'on');
