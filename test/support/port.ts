import type { ConfigEvent } from '../../src/events.ts';
import type { Interceptor, Operation } from '../../src/interception.ts';
import { layerOf } from '../../src/listing.ts';
import type { CallOptions } from '../../src/operation.ts';
import type {
  Change,
  ListOptions,
  ReadOptions,
  VersionedProvider,
  VersionInfo,
  VersionsOptions,
  WritableProvider,
  WriteOptions,
} from '../../src/provider.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import type { ConfigValue, Key } from '../../src/value.ts';

/** A provider with every method of the port, backed by memory. `given` has the options of each call. */
export function fullPort(values: MemoryValues = {}, name = 'full') {
  const memory = new MemoryProvider(values, { name });
  const given: [method: string, options: CallOptions | undefined][] = [];
  const listeners = new Set<(event: ConfigEvent) => void>();
  const note = (method: string, options: CallOptions | undefined): void => void given.push([method, options]);
  const provider = {
    name,
    async get(key: Key, options?: ReadOptions) {
      note('get', options);
      return memory.get(key, options);
    },
    async list(prefix?: Key, options?: ListOptions) {
      note('list', options);
      return memory.list(prefix, options);
    },
    async getMany(keys: readonly Key[], options?: ReadOptions) {
      note('getMany', options);
      return new Map(await Promise.all(keys.map(async (key) => [key, await memory.get(key)] as const)));
    },
    async layers(prefix?: Key, options?: ListOptions) {
      note('layers', options);
      return [layerOf(name, await memory.list(prefix, options))];
    },
    async set(key: Key, value: ConfigValue, options?: WriteOptions) {
      note('set', options);
      return memory.set(key, value, options);
    },
    async delete(key: Key, options?: WriteOptions) {
      note('delete', options);
      return memory.delete(key, options);
    },
    async versions(_key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]> {
      note('versions', options);
      return [{ version: '2' }, { version: '1' }];
    },
    async refresh(_prefix?: Key, options?: CallOptions) {
      note('refresh', options);
    },
    async health(options?: ReadOptions) {
      note('health', options);
      return { status: 'ok', checkedAt: 0 } as const;
    },
    watch(onChange: (change: Change) => void, options?: CallOptions) {
      note('watch', options);
      return memory.watch(onChange);
    },
    on(listener: (event: ConfigEvent) => void, options?: CallOptions) {
      note('on', options);
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    where: (key: Key) => memory.where(key),
    status: () => ({ ageMs: 5 }),
    close: () => memory.close(),
  } satisfies WritableProvider & VersionedProvider;
  return {
    provider,
    memory,
    given,
    emit: (event: ConfigEvent) => listeners.forEach((one) => void one(event)),
  };
}

/** An interceptor that records the operations. */
export function recording() {
  const seen: Operation[] = [];
  const record: Interceptor = (operation, next) => {
    seen.push(operation);
    return next();
  };
  return { seen, record };
}

/** Collects rejections that no code has handled, until disposed. `settled` waits for those of this turn. */
export function unhandledRejections() {
  const found: unknown[] = [];
  const note = (reason: unknown): void => void found.push(reason);
  process.on('unhandledRejection', note);
  return {
    settled: async (): Promise<readonly unknown[]> => {
      for (let turn = 0; turn < 3; turn++) await new Promise((done) => void setImmediate(done));
      return found;
    },
    [Symbol.dispose]: () => void process.off('unhandledRejection', note),
  };
}
