// #region module

import { generated, kvStore, type Leases, leaseLock, rotate } from 'llm-config-manager/rotation';
import { VaultProvider } from 'llm-config-manager/vault';
import { api } from './api.ts';

const vault = new VaultProvider({ path: 'acme/inference/' });

/** One lease in Redis: `redis` is a client of ioredis. */
export const redisLeases = (redis: {
  set(...args: [string, string, 'PX', number, 'NX']): Promise<'OK' | null>;
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}): Leases => ({
  async acquire(name, owner, ttlMs) {
    const key = `lock:${name}`;
    if ((await redis.set(key, owner, 'PX', ttlMs, 'NX')) === 'OK') return true;
    const extend =
      "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0";
    return (await redis.eval(extend, 1, key, owner, ttlMs)) === 1;
  },
  async release(name, owner) {
    const release = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0";
    await redis.eval(release, 1, `lock:${name}`, owner);
  },
});

export const rotationsWith = (leases: Leases) => ({
  llm: rotate(
    kvStore(vault, 'llm'),
    generated({
      async create({ rotation }) {
        await api.deleteByName(rotation);
        return api.create({ name: rotation });
      },
      test: ({ key = '' }) => api.accepts(key),
      revoke: ({ key = '' }) => api.delete(key),
      inUse: () => 0,
    }),
    { lock: leaseLock(leases), revoke: 'auto' },
  ),
});
// #endregion module
