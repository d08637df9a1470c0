import { decorate } from '../decorators/decorate.ts';
import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { anObject, anything, aString, checkOptions } from '../internal/options.ts';
import { append, keyFrom } from '../key.ts';
import type { Origin } from '../origin.ts';
import type { ConfigProvider, Layer } from '../provider.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../value.ts';
import { type FoundKeys, type KeySource, Keys } from './key-sources.ts';
import { isSealed, unseal } from './seal.ts';

export interface UnsealedOptions {
  /** What opens the sealed values; several while keys are being rotated. @default { env: 'LLM_CONFIG_KEY' } */
  readonly keys?: KeySource | readonly KeySource[];
  /** What the file must be for, as it was given to `seal`. @default none */
  readonly context?: string;
  /** Where keys in variables are looked for. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type Item = Entry | Unreadable;
const remembered = 1_000;

/** Opens the sealed values (`sealed:eyJ…`) that a provider answers, and lets everything else pass as it is. What was sealed is
 *  secret; what cannot be opened is a hole in its place, never the sealed text. */
export function unsealed(provider: ConfigProvider, options: UnsealedOptions = {}): ConfigProvider {
  checkOptions('unsealed', options, { keys: anything, context: aString, env: anObject });
  const keys = new Keys(options.keys, 'unsealed', options.env);
  const opened = new Map<string, ConfigValue>();

  /** The keys are looked for once in each operation, and only when something is sealed. */
  const opener = () => {
    let found: Promise<FoundKeys> | undefined;
    return async (text: string, key: Key, origin: Origin): Promise<ConfigValue> => {
      const name = `${key} ${text}`;
      const known = opened.get(name);
      if (known !== undefined) return known;
      const where = `the sealed value of "${key}" (${origin})`;
      const value = await unseal(
        text,
        { key, context: options.context, where },
        () => (found ??= keys.find()),
      ).catch((error: unknown) => {
        throw isConfigError(error) ? error.with({ key, origin, provider: origin.provider }) : error;
      });
      if (opened.size >= remembered) opened.clear();
      opened.set(name, frozen(value));
      return value;
    };
  };
  type Open = ReturnType<typeof opener>;

  const leaf = async (entry: Entry, open: Open): Promise<Entry> => {
    const value = await inLeaf(entry.value, (text) => open(text, entry.key, entry.origin));
    return value === entry.value ? entry : makeEntry({ ...entry, value: frozen(value), secret: true });
  };

  const item = async (from: Item, open: Open): Promise<Item[]> => {
    if (isUnreadable(from)) return [from];
    if (isTree(from.value)) return section(from, from.value, open);
    return [await leaf(from, open).catch((error: unknown) => hole(from.key, from.origin, error, from.loose))];
  };
  const all = async (items: readonly Item[]): Promise<Item[]> => {
    const open = opener();
    return (await Promise.all(items.map((one) => item(one, open)))).flat();
  };

  return decorate(provider, provider.name, {
    async get(key, read) {
      const entry = await provider.get(key, read);
      return entry && leaf(entry, opener());
    },
    list: async (prefix, read) => Object.freeze(await all(await provider.list(prefix, read))),
    ...(provider.getMany && {
      async getMany(wanted, read) {
        const open = opener();
        const answers = await provider.getMany!(wanted, read);
        const one = async (entry: Entry | undefined | ConfigError) =>
          entry === undefined || isConfigError(entry) ? entry : leaf(entry, open).catch(asConfigError);
        return new Map(
          await Promise.all([...answers].map(async ([key, entry]) => [key, await one(entry)] as const)),
        );
      },
    }),
    ...(provider.layers && {
      layers: async (prefix, read) =>
        Promise.all((await provider.layers!(prefix, read)).map((layer) => unsealedLayer(layer, all))),
    }),
  });
}

async function unsealedLayer(layer: Layer, all: (items: readonly Item[]) => Promise<Item[]>): Promise<Layer> {
  try {
    const items = await all([...layer.entries, ...layer.holes]);
    return {
      ...layer,
      entries: items.filter((one): one is Entry => !isUnreadable(one)),
      holes: items.filter(isUnreadable),
    };
  } catch (error) {
    return { ...layer, entries: [], holes: [], error: asConfigError(error) };
  }
}

/** A leaf whose sealed texts, also those in its lists, are opened; the same value where there are none. */
async function inLeaf(
  value: ConfigValue,
  open: (text: string) => Promise<ConfigValue>,
): Promise<ConfigValue> {
  if (isSealed(value)) return open(value);
  if (typeof value !== 'object' || value === null || !holdsSealed(value)) return value;
  if (Array.isArray(value)) return Promise.all(value.map((one: ConfigValue) => inLeaf(one, open)));
  const members = Object.entries(value).map(
    async ([name, inner]) => [name, await inLeaf(inner as ConfigValue, open)] as const,
  );
  return Object.fromEntries(await Promise.all(members));
}

const holdsSealed = (value: ConfigValue): boolean =>
  isSealed(value) || (typeof value === 'object' && value !== null && Object.values(value).some(holdsSealed));

async function section(
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
          [name, await inLeaf(value, (text) => open(text, append(entry.key, inside), origin))],
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
  if (known.transient) throw known; // whoever holds the key is out of reach: that says nothing about the value
  return Object.freeze({ key, origin, error: known, ...(loose && { loose }) });
}

function asConfigError(error: unknown): ConfigError {
  return isConfigError(error)
    ? error
    : new ConfigError('crypto', 'a sealed value could not be opened', { cause: error });
}
