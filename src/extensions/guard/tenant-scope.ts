// The part of a store that belongs to one tenant, and nothing of any other: also where the names of two
// tenants have the same letters, and in changes and events. Used by tenant-views.ts.

import { decorate, methodsOf } from '../../decorators/decorate.ts';
import { scoped } from '../../decorators/scoped.ts';
import { ConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import { rest, startsWith } from '../../key.ts';
import type { CallOptions } from '../../operation.ts';
import type { Change, ConfigProvider, Layer } from '../../provider.ts';
import type { Key } from '../../value.ts';

const reads = ['get', 'getMany', 'list', 'layers', 'renew'] as const;
const others = ['set', 'delete', 'versions'] as const;

export function tenantScope(store: ConfigProvider, prefix: Key): ConfigProvider {
  const inner = scoped(store, prefix);
  const port = inner as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  const checkedRead =
    (method: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const answer = await port[method]?.(...args);
      for (const item of itemsOf(answer)) if (item?.loose !== undefined) throw looseName(inner.name);
      return answer;
    };
  const below = (keys: readonly Key[]): readonly Key[] =>
    keys.flatMap((key) => (key !== prefix && startsWith(key, prefix) ? [rest(key, prefix)] : []));
  const own = {
    ...Object.fromEntries(methodsOf(inner, reads).map((method) => [method, checkedRead(method)])),
    ...Object.fromEntries(methodsOf(inner, others).map((method) => [method, port[method]])),
    ...(store.watch && {
      watch: (onChange: (change: Change) => void, options?: CallOptions) =>
        store.watch!((change) => {
          const keys = change.keys && below(change.keys);
          if (keys === undefined) onChange({ ...change, provider: inner.name });
          else if (keys.length > 0) onChange({ ...change, provider: inner.name, keys });
        }, options),
    }),
    ...(store.on && {
      on: (listener: (event: ConfigEvent) => void, options?: CallOptions) =>
        store.on!((event) => {
          const own = eventBelow(event, below);
          if (own) listener({ ...own, provider: inner.name });
        }, options),
    }),
    status: undefined,
    // the store is not the tenant's to close
    close: async () => undefined,
  } as unknown as Parameters<typeof decorate>[2];
  return decorate(inner, inner.name, own);
}

/** An event of the tenant's keys. Others, and texts, may be about anyone. */
function eventBelow(
  event: ConfigEvent,
  below: (keys: readonly Key[]) => readonly Key[],
): ConfigEvent | undefined {
  const { key, keys, message, ...others } = event as ConfigEvent & {
    readonly keys?: readonly Key[];
    readonly message?: string;
  };
  const [own] = key === undefined ? [] : below([key]);
  const ownKeys = keys && below(keys);
  if ((own === undefined && !ownKeys?.length) || message !== undefined) return undefined;
  return Object.freeze({
    ...others,
    ...(own !== undefined && { key: own }),
    ...(ownKeys && { keys: ownKeys }),
  }) as unknown as ConfigEvent;
}

interface Item {
  readonly loose?: unknown;
}

/** The entries and holes of an answer. */
function itemsOf(answer: unknown): readonly (Item | undefined)[] {
  if (answer instanceof Map) return [...answer.values()] as Item[];
  if (!Array.isArray(answer)) return [answer as Item | undefined];
  return (answer as readonly (Partial<Layer> & Item)[]).flatMap((one): readonly Item[] =>
    one.entries ? [...one.entries, ...(one.holes ?? [])] : [one],
  );
}

const looseName = (provider: string): ConfigError =>
  new ConfigError('invalid_option', `${provider}: the names of its source do not keep tenants apart`, {
    provider,
    hint: 'Use a store with exact names, not environment variables',
  });
