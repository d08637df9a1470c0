// `unsealed`: a decorator that opens the sealed values of the provider inside it. seal.ts seals and opens
// single values. Opened values are cached by key and text, because opening one may ask a key service.

import { type AnyProvider, decorate } from '../decorators/decorate.ts';
import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { Emitter } from '../internal/listeners.ts';
import { anObject, anything, aString, checkOptions } from '../internal/options.ts';
import { append, keyFrom } from '../key.ts';
import type { Origin } from '../origin.ts';
import type { ConfigProvider, Layer, VersionedProvider } from '../provider.ts';
import { getFrom, knownIn, layersOf, listFrom, manyFrom, renewIn, versionsFrom } from '../query.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../value.ts';
import { type FoundKeys, type KeySource, KeySources } from './key-sources.ts';
import { isSealed, unseal } from './seal.ts';

/** Options of `unsealed`. */
export interface UnsealedOptions {
  /** The keys that open sealed values; several during a rotation. @default { env: 'LLM_CONFIG_KEY' } */
  readonly keys?: KeySource | readonly KeySource[];
  /** The context that was given to `seal`. Values of another context are refused. @default none */
  readonly context?: string;
  /** The variables in which key sources `{ env }` look. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type Item = Entry | Unreadable;
/** Number of opened values after which the cache is emptied. */
const maxCached = 1_000;

/** Opens the sealed values (`sealed:eyJ…`) of a provider, and passes all other values on unchanged.
 *  Opened values are secret. A value that cannot be opened becomes a hole, never the sealed text. The
 *  result cannot write: values written through it would be plain.
 *  @example
 *  const base = unsealed(new BundleProvider('config/base.yaml'), { context: 'acme/production' });
 *  await base.get('llm.token'); // a secret entry with the opened value
 *  @see seal seals a value; `llm-config seal` does so on the command line. */
export function unsealed(provider: VersionedProvider, options?: UnsealedOptions): VersionedProvider;
export function unsealed(provider: ConfigProvider, options?: UnsealedOptions): ConfigProvider;
export function unsealed(provider: ConfigProvider, options: UnsealedOptions = {}): ConfigProvider {
  checkOptions('unsealed', options, { keys: anything, context: aString, env: anObject });
  const keys = new KeySources(options.keys, 'unsealed', options.env);
  const opened = new Map<string, ConfigValue>();
  const emitter = new Emitter(provider.name, 'provider');
  const notice = (message: string): void => emitter.notice(message);

  /** Reads the key sources once per operation, and only when a value is sealed. */
  const opener = () => {
    let found: Promise<FoundKeys> | undefined;
    return async (text: string, key: Key, origin: Origin): Promise<ConfigValue> => {
      const id = `${key} ${text}`;
      const cached = opened.get(id);
      if (cached !== undefined) return cached;
      const where = `the sealed value of "${key}" (${origin})`;
      const value = await unseal(
        text,
        { key, context: options.context, where },
        () => (found ??= keys.find()),
      ).catch((error: unknown) => {
        throw asConfigError(error).with({ key, origin, provider: origin.provider });
      });
      if (opened.size >= maxCached) opened.clear();
      opened.set(id, frozen(value));
      return value;
    };
  };
  type Open = ReturnType<typeof opener>;

  /** The entries without sealed text, by those of the provider inside. */
  const openEntries = new WeakMap<Entry, Entry>();
  const unsealLeaf = async (entry: Entry, open: Open): Promise<Entry> => {
    const known = openEntries.get(entry);
    if (known) return known;
    const value = await unsealText(entry.value, (text) => open(text, entry.key, entry.origin));
    const opened =
      value === entry.value ? entry : makeEntry({ ...entry, value: frozen(value), secret: true });
    openEntries.set(entry, opened);
    return opened;
  };

  const unsealItem = async (item: Item, open: Open): Promise<Item[]> => {
    if (isUnreadable(item)) return [item];
    if (isTree(item.value)) return unsealSection(item, item.value, open);
    return [
      await unsealLeaf(item, open).catch((error: unknown) => hole(item.key, item.origin, error, item.loose)),
    ];
  };
  const unsealAll = async (items: readonly Item[]): Promise<Item[]> => {
    const open = opener();
    return (await Promise.all(items.map((item) => unsealItem(item, open)))).flat();
  };

  const own: Parameters<typeof decorate>[2] = {
    async get(key, read) {
      const entry = await getFrom(provider, key, read);
      return entry && unsealLeaf(entry, opener());
    },
    ...(provider.known && {
      known(key, peek) {
        const sealed = knownIn(provider, key, true);
        const entry = sealed?.entry && openEntries.get(sealed.entry);
        if (!sealed || (sealed.entry && !entry)) return undefined;
        if (!peek) provider.known?.(key);
        return { entry };
      },
    }),
    ...(provider.renew && {
      async renew(key, read) {
        const entry = await renewIn(provider, key, read);
        return entry && unsealLeaf(entry, opener());
      },
    }),
    list: async (prefix, read) =>
      Object.freeze(await unsealAll(await listFrom(provider, prefix ?? '', read, notice))),
    ...(provider.getMany && {
      async getMany(wanted, read) {
        const open = opener();
        const found = await manyFrom(provider, wanted, read ?? {});
        const unsealFound = async (entry: Entry | undefined | ConfigError) =>
          entry === undefined || isConfigError(entry) ? entry : unsealLeaf(entry, open).catch(asConfigError);
        return new Map(
          await Promise.all([...found].map(async ([key, entry]) => [key, await unsealFound(entry)] as const)),
        );
      },
    }),
    ...(provider.layers && {
      layers: async (prefix, read) =>
        Promise.all(
          (await layersOf(provider, prefix ?? '', read, notice)).map((layer) =>
            unsealLayer(layer, unsealAll),
          ),
        ),
    }),
    ...((provider as AnyProvider).versions && {
      versions: (key, more) => versionsFrom(provider, key, more),
    }),
  };
  return decorate(provider, provider.name, own, { emitter });
}

async function unsealLayer(
  layer: Layer,
  unsealAll: (items: readonly Item[]) => Promise<Item[]>,
): Promise<Layer> {
  try {
    const items = await unsealAll([...layer.entries, ...layer.holes]);
    return {
      ...layer,
      entries: items.filter((item): item is Entry => !isUnreadable(item)),
      holes: items.filter(isUnreadable),
    };
  } catch (error) {
    return { ...layer, entries: [], holes: [], error: asConfigError(error) };
  }
}

/** Opens the sealed texts of a leaf, also inside lists. Returns the same value when there are none. */
async function unsealText(
  value: ConfigValue,
  open: (text: string) => Promise<ConfigValue>,
): Promise<ConfigValue> {
  if (isSealed(value)) return open(value);
  if (typeof value !== 'object' || value === null || !holdsSealed(value)) return value;
  if (Array.isArray(value))
    return Promise.all(value.map((element: ConfigValue) => unsealText(element, open)));
  const members = Object.entries(value).map(
    async ([name, inner]) => [name, await unsealText(inner as ConfigValue, open)] as const,
  );
  return Object.fromEntries(await Promise.all(members));
}

const holdsSealed = (value: ConfigValue): boolean =>
  isSealed(value) || (typeof value === 'object' && value !== null && Object.values(value).some(holdsSealed));

/** Opens the sealed texts of a section. Those that cannot be opened are removed and returned as holes. */
async function unsealSection(
  entry: Entry,
  tree: ConfigTree,
  open: (text: string, key: Key, origin: Origin) => Promise<ConfigValue>,
): Promise<Item[]> {
  if (!holdsSealed(tree)) return [entry];
  const inner = entry.leaf ?? (() => ({ origin: entry.origin, secret: entry.secret }));
  const sealed = new Set<Key>();
  const holes: Unreadable[] = [];
  const walk = async (at: ConfigTree, path: readonly string[]): Promise<ConfigTree> => {
    const members = Object.entries(at).map(async ([name, value]) => {
      const here = [...path, name];
      if (isTree(value)) return [[name, await walk(value, here)]] as const;
      if (!holdsSealed(value)) return [[name, value]] as const;
      const inside = keyFrom(here);
      const { origin } = inner(inside);
      sealed.add(inside);
      try {
        return [
          [name, await unsealText(value, (text) => open(text, append(entry.key, inside), origin))],
        ] as const;
      } catch (error) {
        holes.push(hole(append(entry.key, inside), origin, error, entry.loose));
        return [];
      }
    });
    return Object.fromEntries((await Promise.all(members)).flat()) as ConfigTree;
  };
  const value = frozen(await walk(tree, []));
  const taint = (inside: Key) => ({ ...inner(inside), secret: inner(inside).secret || sealed.has(inside) });
  return [makeEntry({ ...entry, value, leaf: taint }), ...holes];
}

function hole(key: Key, origin: Origin, error: unknown, loose: Entry['loose']): Unreadable {
  const known = asConfigError(error);
  // The source of the key is unreachable, which is not a property of the value.
  if (known.transient) throw known;
  return Object.freeze({ key, origin, error: known, ...(loose && { loose }) });
}

function asConfigError(error: unknown): ConfigError {
  return isConfigError(error)
    ? error
    : new ConfigError('crypto', 'a sealed value could not be opened', {
        cause: error,
        hint: 'Check the option keys',
      });
}
