// Several processes, in one, that share a store over a server of Redis in this process. Used by the tests of
// src/extensions/redis.
import { randomBytes } from 'node:crypto';
import type { ConfigEvent } from '../../src/events.ts';
import { type Shared, type SharedOptions, shared } from '../../src/extensions/redis/index.ts';
import type { KeyWrapper } from '../../src/key-wrapper.ts';
import type { ShelterOptions } from '../../src/shelter/index.ts';
import { FakeRedis } from './fake-redis.ts';
import { sharedStore } from './shared-store.ts';
import { warm } from './warm-level.ts';

/** A key service that counts its requests. */
export class FakeKeys implements KeyWrapper {
  readonly kid = 'alias/fake';
  readonly algorithm = 'fake-kms';
  readonly wrapped = new Map<string, Uint8Array>();
  wraps = 0;
  unwraps = 0;
  /** What each request waits for. */
  ready: () => Promise<unknown> = async () => {};

  async wrap(key: Uint8Array): Promise<string> {
    this.wraps++;
    await this.ready();
    const text = randomBytes(16).toString('hex');
    this.wrapped.set(text, Uint8Array.from(key));
    return text;
  }

  async unwrap(text: string): Promise<Uint8Array> {
    this.unwraps++;
    await this.ready();
    const key = this.wrapped.get(text);
    if (!key) throw new Error('AccessDenied');
    return key;
  }
}

export function redisFleet(documents: Readonly<Record<string, string>> = {}) {
  const store = sharedStore(documents);
  const { clock } = store;
  const server = new FakeRedis(clock);
  const keys = new FakeKeys();
  const levels: Shared[] = [];
  const notices: string[] = [];
  const level = (
    options: Partial<SharedOptions> = {},
    client: 'nodeRedis' | 'ioredis' = 'nodeRedis',
  ): Shared => {
    const made = shared(server[client](), { keys, domain: 'inference', prefix: 'acme', clock, ...options });
    made.on((event: ConfigEvent) => {
      if (event.type === 'notice') notices.push(event.message);
    });
    levels.push(made);
    return made;
  };
  return {
    ...store,
    server,
    keys,
    notices,
    level,
    /** A process that has its data key. */
    async process(options: Partial<SharedOptions> = {}, source = store.source, shelter: ShelterOptions = {}) {
      const own = level(options);
      await clock.until(warm(own), 1);
      const engine = store.engine(shelter, source, own);
      // the first read imports what no clock counts
      await clock.until(engine.get(`warm${levels.length}`), 1);
      await clock.advance(0);
      source.asked.length = 0;
      return Object.assign(engine, { level: own });
    },
    async [Symbol.asyncDispose]() {
      for (const one of levels) await one.close();
    },
  };
}

/** All bytes that a server holds, and the messages that it passed on. */
export function bytesOf(server: FakeRedis): Buffer {
  const values = [...server.data].flatMap(([key, { value }]) => {
    if (Buffer.isBuffer(value)) return [key, value];
    return [key, ...[...value].flatMap(([field, one]) => [field, Buffer.from(String(one), 'latin1')])];
  });
  const raw = [...server.data.values()].flatMap(({ value }) =>
    Buffer.isBuffer(value) ? [] : [...value.values()].filter((one) => Buffer.isBuffer(one)),
  );
  return Buffer.concat([...values, ...server.published, ...raw].map((one) => Buffer.from(one as string)));
}
