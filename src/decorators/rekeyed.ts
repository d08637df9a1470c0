import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { keyOf } from '../key.ts';
import type {
  Change,
  ConfigProvider,
  Layer,
  ListOptions,
  ReadOptions,
  WritableProvider,
} from '../provider.ts';
import type { Key } from '../value.ts';
import { decorate } from './decorate.ts';

/** How the keys that callers use and the keys of the inner provider belong together. */
export interface KeyMap {
  /** The inner key of a leaf; `undefined`: it cannot be in there. `loose`: also where only the letters agree. */
  leaf(key: Key, loose: boolean): Key | undefined;
  /** The inner prefix that holds everything below an outer one. */
  section(prefix: Key): Key | undefined;
  /** The outer key of what the inner provider said. */
  outward(key: Key, loose: boolean): Key | undefined;
}

/** A provider seen under other keys: entries, holes, changes and errors speak the outer key. */
export function rekeyed(inner: ConfigProvider, name: string, move: KeyMap): ConfigProvider {
  const { set, delete: remove } = inner as Partial<WritableProvider>;

  const item = <T extends Entry | Unreadable>(found: T): T[] => {
    const key = move.outward(found.key, found.loose !== undefined);
    if (key === undefined) return [];
    const here = isUnreadable(found)
      ? Object.freeze<Unreadable>({ ...found, key, error: found.error.rekeyed(key) })
      : makeEntry({ ...(found as Entry), key });
    return [here as T];
  };
  const error = (failed: unknown, asked: Key): unknown => {
    if (!isConfigError(failed)) return failed;
    return failed.rekeyed(failed.key === undefined ? asked : (move.outward(failed.key, true) ?? asked));
  };
  const asking = <T>(asked: Key, answer: Promise<T>): Promise<T> =>
    answer.catch((failed: unknown) => Promise.reject(error(failed, asked)));
  /** What the inner provider is made of, seen from here. */
  const nameOf = (own: string): string => (own === inner.name ? name : `${own} in ${name}`);
  const layer = (from: Layer): Layer => ({
    ...from,
    name: nameOf(from.name),
    entries: from.entries.flatMap(item),
    holes: from.holes.flatMap(item),
    ...(from.error && {
      error: from.error.key === undefined ? from.error : (error(from.error, from.error.key) as ConfigError),
    }),
  });
  const inward = (options: ListOptions | undefined): ListOptions | undefined =>
    options?.wanted && {
      ...options,
      wanted: {
        keys: options.wanted.keys.flatMap((key) => move.leaf(key, true) ?? []),
        prefixes: options.wanted.prefixes.flatMap((key) => move.section(key) ?? []),
      },
    };
  /** What is found where only letters agree counts only if it is a loose name itself. */
  const answer = (found: Entry | undefined, key: Key): Entry | undefined =>
    found && (found.loose !== undefined || move.leaf(key, false) !== undefined)
      ? makeEntry({ ...found, key })
      : undefined;
  const place = (key: Key): Key => {
    const at = move.leaf(keyOf(key), false);
    if (at === undefined)
      throw new ConfigError('invalid_key', `${name} has no place for "${key}"`, { key, provider: name });
    return at;
  };

  /** Whoever has given up hears so, also where nobody would be asked. */
  const waited = (options: ReadOptions | undefined): void => {
    if (options?.signal?.aborted)
      throw new ConfigError('aborted', `${name}: the read was aborted by its caller`, { provider: name });
  };

  return decorate(inner, name, {
    async get(key, options) {
      waited(options);
      const asked = keyOf(key);
      const at = move.leaf(asked, true);
      return at === undefined ? undefined : answer(await asking(asked, inner.get(at, options)), asked);
    },
    async list(prefix = '', options) {
      waited(options);
      const asked = keyOf(prefix);
      const at = move.section(asked);
      return at === undefined
        ? []
        : (await asking(asked, inner.list(at, inward(options) ?? options))).flatMap(item);
    },
    ...(inner.getMany && {
      async getMany(keys, options) {
        waited(options);
        const asked = keys.map((key) => [keyOf(key), move.leaf(keyOf(key), true)] as const);
        const found = await inner.getMany!(
          asked.flatMap(([, at]) => at ?? []),
          options,
        );
        return new Map(
          asked.map(([key, at]) => {
            const said = at === undefined ? undefined : found.get(at);
            return [key, isConfigError(said) ? said.rekeyed(key) : answer(said, key)];
          }),
        );
      },
    }),
    ...(inner.layers && {
      async layers(prefix = '', options) {
        waited(options);
        const at = move.section(keyOf(prefix));
        return at === undefined ? [] : (await inner.layers!(at, inward(options) ?? options)).map(layer);
      },
    }),
    ...(inner.where && {
      where: (key) => orNowhere(move.leaf(keyOf(key), true), (at) => inner.where!(at)) ?? '',
    }),
    ...(inner.status && { status: (key) => orNowhere(move.leaf(key, true), (at) => inner.status!(at)) }),
    ...(inner.refresh && {
      refresh: async (prefix = '') => orNowhere(move.section(keyOf(prefix)), (at) => inner.refresh!(at)),
    }),
    ...(inner.watch && {
      watch: (onChange) => inner.watch!((change) => forward(change, move, nameOf(change.provider), onChange)),
    }),
    ...(set && {
      set: async (key, value, options) =>
        makeEntry({
          ...(await asking(keyOf(key), set.call(inner, place(key), value, options))),
          key: keyOf(key),
        }),
    }),
    ...(remove && {
      delete: async (key, options) => asking(keyOf(key), remove.call(inner, place(key), options)),
    }),
  });
}

const orNowhere = <T>(at: Key | undefined, ask: (at: Key) => T): T | undefined =>
  at === undefined ? undefined : ask(at);

function forward(change: Change, move: KeyMap, provider: string, onChange: (change: Change) => void): void {
  const keys = change.keys?.flatMap((key) => move.outward(key, true) ?? []);
  if (keys === undefined) onChange({ ...change, provider });
  else if (keys.length > 0) onChange({ ...change, provider, keys });
}
