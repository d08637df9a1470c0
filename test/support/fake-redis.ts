// A server of Redis in this process, with the commands that the scripts of src/extensions/redis call, and
// clients as `redis` and `ioredis` have them. The scripts run in Lua. Its levers are the faults of a server.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { RedisClient } from '../../src/extensions/redis/index.ts';
import { type Clock, systemClock } from '../../src/shelter/clock.ts';
import { type Reply, runLua } from './lua.ts';

type Text = string | Buffer;
type Value = Map<string, Buffer> | Map<string, number> | Buffer;

interface Held {
  value: Value;
  endsAt: number;
}

const writing = new Set(['HSET', 'HDEL', 'DEL', 'PEXPIRE', 'SET', 'ZADD', 'ZREM', 'ZREMRANGEBYSCORE']);
const growing = new Set(['HSET', 'SET', 'ZADD']);

export class FakeRedis {
  readonly data = new Map<string, Held>();
  /** The messages that were published. */
  readonly published: string[] = [];
  /** The scripts that ran. */
  runs = 0;
  /** The server is full, a replica, or allows nothing but reading. */
  refuses: 'OOM' | 'READONLY' | 'NOPERM' | undefined;
  /** The server accepts commands and answers none. */
  frozen = false;
  /** What all scripts fail with. */
  error: string | undefined;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #listeners = new Set<(channel: string, message: string) => void>();
  readonly #connections = new Set<() => void>();
  readonly #loaded = new Set<string>();
  readonly #texts = new Map<string, string>();
  #readOnly = false;
  up = true;

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock;
  }

  /** A client of the package `redis`. */
  nodeRedis(): RedisClient & FakeNodeRedis {
    return new FakeNodeRedis(this);
  }

  /** A client of the package `ioredis`. */
  ioredis(): RedisClient & FakeIoRedis {
    return new FakeIoRedis(this);
  }

  /** Ends all connections. With `down`, none can be made until `start`. */
  disconnect(down = false): void {
    this.up = !down;
    for (const end of [...this.#connections]) end();
  }

  start(): void {
    this.up = true;
  }

  /** Forgets everything, scripts too. */
  flush(): void {
    this.data.clear();
    this.#loaded.clear();
  }

  async run(bySha: boolean, readOnly: boolean, script: string, keys: readonly Text[], args: readonly Text[]) {
    await Promise.resolve();
    if (!this.up) throw new Error('Connection is closed.');
    if (this.frozen) return new Promise<Reply>(() => undefined);
    if (this.error) throw new Error(this.error);
    if (this.refuses === 'NOPERM' && !readOnly) throw new Error('NOPERM this user has no permissions');
    const sha = bySha ? script : createHash('sha1').update(script).digest('hex');
    if (bySha && !this.#loaded.has(sha)) throw new Error('NOSCRIPT No matching script.');
    if (!bySha) this.#texts.set(sha, script);
    this.#loaded.add(sha);
    this.runs++;
    this.#readOnly = readOnly;
    const answer = (name: string, words: readonly Buffer[]): Reply => this.#command(name, words);
    return runLua(answer, this.#texts.get(sha) as string, keys, args);
  }

  /** A connection that receives messages. */
  listen(onMessage: (channel: string, message: string) => void, onEnd: () => void): () => void {
    if (!this.up || this.frozen) throw new Error('Connection is closed.');
    this.#listeners.add(onMessage);
    const end = (): void => {
      this.#listeners.delete(onMessage);
      if (this.#connections.delete(end)) onEnd();
    };
    this.#connections.add(end);
    return end;
  }

  publish(channel: string, message: string): void {
    this.published.push(message);
    for (const one of [...this.#listeners]) queueMicrotask(() => one(channel, message));
  }

  #command(name: string, args: readonly Buffer[]): Reply {
    if (writing.has(name) && this.#readOnly)
      throw new Error('ERR Write commands are not allowed from read-only scripts.');
    if (writing.has(name) && this.refuses === 'READONLY')
      throw new Error("READONLY You can't write against a read only replica.");
    if (growing.has(name) && this.refuses === 'OOM')
      throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
    const key = String(args[0]);
    const now = this.#clock.now();
    const held = this.data.get(key);
    if (held && held.endsAt <= now) this.data.delete(key);
    const texts = args.map(String);
    switch (name) {
      case 'TIME': {
        const us = Math.floor(now * 1_000);
        return [String(Math.floor(us / 1e6)), String(us % 1e6)];
      }
      case 'HMGET':
        return texts.slice(1).map((field) => this.#hash(key)?.get(field) ?? null);
      case 'HGET':
        return this.#hash(key)?.get(texts[1] as string) ?? null;
      case 'HKEYS':
        return [...(this.#hash(key)?.keys() ?? [])];
      case 'HSET': {
        const hash = this.#hash(key) ?? new Map<string, Buffer>();
        if (!this.data.has(key)) this.#set(key, hash);
        for (let i = 1; i < args.length; i += 2) hash.set(texts[i] as string, args[i + 1] as Buffer);
        return (args.length - 1) / 2;
      }
      case 'HDEL': {
        const hash = this.#hash(key);
        return texts.slice(1).filter((field) => hash?.delete(field)).length;
      }
      case 'DEL':
        return Number(this.data.delete(key));
      case 'PTTL': {
        const endsAt = this.data.get(key)?.endsAt;
        return endsAt === undefined ? -2 : Number.isFinite(endsAt) ? Math.ceil(endsAt - now) : -1;
      }
      case 'PEXPIRE': {
        const one = this.data.get(key);
        if (one) one.endsAt = now + Number(texts[1]);
        return Number(one !== undefined);
      }
      case 'PUBLISH':
        this.publish(key, texts[1] as string);
        return this.#listeners.size;
      case 'GET': {
        const value = this.data.get(key)?.value;
        if (value && !Buffer.isBuffer(value)) throw wrongType();
        return value ?? null;
      }
      case 'SET':
        this.#set(key, args[1] as Buffer, texts[2] === 'PX' ? now + Number(texts[3]) : undefined);
        return 'OK';
      case 'ZADD': {
        const set = this.#sorted(key);
        set.set(texts[2] as string, Number(texts[1]));
        return 1;
      }
      case 'ZREMRANGEBYSCORE': {
        const set = this.#sorted(key);
        for (const [member, score] of set) if (score <= Number(texts[2])) set.delete(member);
        return 0;
      }
      case 'ZRANGEBYSCORE': {
        const [, from, to, , , most = 'Infinity'] = texts as [string, string, string];
        return [...this.#sorted(key)]
          .filter(([, score]) => isAbove(score, from) && score <= Number(to.replace('inf', 'Infinity')))
          .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
          .slice(0, Number(most))
          .map(([member]) => member);
      }
      case 'ZREM':
        return Number(this.#sorted(key).delete(texts[1] as string));
      case 'ZSCORE':
        return (
          this.#sorted(key)
            .get(texts[1] as string)
            ?.toString() ?? null
        );
      case 'ZCARD':
        return this.#sorted(key).size;
      default:
        throw new Error(`ERR unknown command '${name}'`);
    }
  }

  #hash(key: string): Map<string, Buffer> | undefined {
    const value = this.data.get(key)?.value;
    if (value !== undefined && !(value instanceof Map)) throw wrongType();
    return value as Map<string, Buffer> | undefined;
  }

  #sorted(key: string): Map<string, number> {
    const value = this.data.get(key)?.value;
    if (value instanceof Map) return value as Map<string, number>;
    const made = new Map<string, number>();
    this.#set(key, made);
    return made;
  }

  #set(key: string, value: Value, endsAt = Number.POSITIVE_INFINITY): void {
    this.data.set(key, { value, endsAt });
  }
}

/** Whether a score is above the start of a range: `-inf`, a number, or `(` and a number that is left out. */
const isAbove = (score: number, from: string): boolean =>
  from.startsWith('(') ? score > Number(from.slice(1)) : score >= Number(from.replace('inf', 'Infinity'));

const wrongType = (): Error => new Error('WRONGTYPE Operation against a key holding the wrong kind of value');

interface Call {
  readonly keys: readonly Text[];
  readonly arguments: readonly Text[];
}

class FakeNodeRedis extends EventEmitter {
  isOpen = false;
  readonly options = { socket: {} };
  readonly #server: FakeRedis;
  #end: (() => void) | undefined;

  constructor(server: FakeRedis) {
    super();
    this.#server = server;
  }

  get isReady(): boolean {
    return this.isOpen && this.#server.up;
  }

  async connect(): Promise<void> {
    if (!this.#server.up) throw new Error('connect ECONNREFUSED');
    this.isOpen = true;
  }

  withTypeMapping(): this {
    return this;
  }

  duplicate(): FakeNodeRedis {
    return new FakeNodeRedis(this.#server);
  }

  unref(): void {}

  async subscribe(wanted: string, listener: (message: string) => void): Promise<void> {
    const hears = (channel: string, message: string): void => {
      if (channel === wanted) listener(message);
    };
    this.#end = this.#server.listen(hears, () => this.emit('end'));
  }

  destroy(): void {
    this.isOpen = false;
    this.#end?.();
  }

  evalSha = (sha: string, call: Call) => this.#run(true, false, sha, call);
  eval = (text: string, call: Call) => this.#run(false, false, text, call);
  evalShaRo = (sha: string, call: Call) => this.#run(true, true, sha, call);
  evalRo = (text: string, call: Call) => this.#run(false, true, text, call);

  #run(bySha: boolean, readOnly: boolean, script: string, { keys, arguments: args }: Call): Promise<Reply> {
    return this.#server.run(bySha, readOnly, script, keys, args);
  }
}

class FakeIoRedis extends EventEmitter {
  readonly #server: FakeRedis;
  #isConnected = false;
  #end: (() => void) | undefined;

  constructor(server: FakeRedis) {
    super();
    this.#server = server;
  }

  get status(): string {
    return !this.#isConnected ? 'wait' : this.#server.up ? 'ready' : 'reconnecting';
  }

  async connect(): Promise<void> {
    if (!this.#server.up) throw new Error('connect ECONNREFUSED');
    this.#isConnected = true;
  }

  duplicate(): FakeIoRedis {
    return new FakeIoRedis(this.#server);
  }

  async subscribe(wanted: string): Promise<void> {
    const hears = (channel: string, message: string): void => {
      if (channel === wanted) this.emit('message', channel, message);
    };
    this.#end = this.#server.listen(hears, () => this.emit('end'));
  }

  disconnect(): void {
    this.#isConnected = false;
    this.#end?.();
  }

  evalshaBuffer = (sha: string, many: number, ...rest: Text[]) => this.#run(true, false, sha, many, rest);
  evalBuffer = (text: string, many: number, ...rest: Text[]) => this.#run(false, false, text, many, rest);
  evalsha = (sha: string, many: number, ...rest: Text[]) => this.#run(true, false, sha, many, rest);
  evalsha_roBuffer = (sha: string, many: number, ...rest: Text[]) => this.#run(true, true, sha, many, rest);
  eval_roBuffer = (text: string, many: number, ...rest: Text[]) => this.#run(false, true, text, many, rest);

  #run(
    bySha: boolean,
    readOnly: boolean,
    script: string,
    many: number,
    rest: readonly Text[],
  ): Promise<Reply> {
    return this.#server.run(bySha, readOnly, script, rest.slice(0, many), rest.slice(many));
  }
}
