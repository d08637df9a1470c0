// Entries and holes: what providers return. `makeEntry` makes entries that print no secret; the plain objects
// of a foreign provider become such entries in border.ts. The value of an entry that is marked secret, or
// that holds a section, is behind a getter, because `console.dir` ignores `util.inspect.custom`.

import { inspect } from 'node:util';
import { ConfigError } from './errors.ts';
import { isOrigin, type Origin } from './origin.ts';
import { MASK, show } from './redact.ts';
import { type ConfigValue, frozen, isTree, type Key, withoutBigints } from './value.ts';

/** What a store keeps beside a value: its type, its tags, fields of its own choice. */
export interface Metadata {
  readonly classification?: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly [name: string]: string | readonly string[] | undefined;
}

/** How a loose name binds to keys. `always`: segment by segment, and it also makes a new key. `known`: only
 *  to a key that the schema reads or another source has. `words`: the same, and an underscore divides words
 *  or segments: `server_host` is `server.host` or `serverHost`. */
export type Loose = 'always' | 'known' | 'words';

/** One value and everything known about it. In a list, the value may be a tree. */
export interface Entry {
  readonly key: Key;
  /** In clear. Printing the entry masks a secret; reading this property does not. */
  readonly value: ConfigValue;
  /** Whether printing masks the value. */
  readonly secret: boolean;
  /** Where the value came from. */
  readonly origin: Origin;
  /** The store's own version of the value. */
  readonly version?: string;
  /** When the value was last written. Milliseconds since 1970, like every time here. */
  readonly modifiedAt?: number;
  /** When the source was read. */
  readonly readAt?: number;
  /** When the value expires. It is never served after that. */
  readonly expiresAt?: number;
  readonly metadata?: Metadata;
  /** Set when the key is a name that cannot spell `poolMax`, such as `POOL_MAX`. The merge finds its key
   *  by its letters. */
  readonly loose?: Loose;
  /** Identifies what the source reads and replaces as a whole: a secret with all its fields, a file, the
   *  environment. Entries of one document have equal texts. Opaque. @default the provider's name */
  readonly document?: string;
  /** Whether strings may be read as numbers, booleans and lists when the schema wants those. `wide`: also
   *  `1`, `0`, `yes`, `no`, `on`, `off` as booleans, in any case. */
  readonly text?: boolean | 'wide';
  /** What opened the value, if it was sealed: the name of the key. */
  readonly openedWith?: string;
  /** The origin and secrecy of one leaf, where the value is a tree. Where `loose` is `words`, those at a key
   *  to which the name is bound. */
  readonly leaf?: (inside: Key) => Pick<Entry, 'origin' | 'secret' | 'openedWith'>;
}

/** A hole: the source has a value here, and this value alone cannot be read. */
export interface Unreadable {
  readonly key: Key;
  readonly origin: Origin;
  /** The error that reading the key throws. */
  readonly error: ConfigError;
  readonly loose?: Loose;
}

export const isUnreadable = (item: Entry | Unreadable): item is Unreadable =>
  (item as Partial<Unreadable>).error !== undefined;

class EntryRecord {
  declare readonly key: Key;
  declare readonly value: ConfigValue;
  declare readonly secret: boolean;
  declare readonly origin: Origin;
  declare readonly leaf?: Entry['leaf'];

  static isOne(value: object): boolean {
    return #hidden in value;
  }

  /** The default of an entry that has no document of its own. */
  get document(): string {
    return this.origin.provider;
  }
  set document(value) {
    Object.defineProperty(this, 'document', { value, enumerable: true });
  }

  toJSON(): object {
    const { leaf, ...fields } = this;
    const value = this.#hidden ?? withoutBigints(this.value);
    return { ...fields, value, origin: `${this.origin}` };
  }

  toString(): string {
    return `${this.key} = ${this.#hidden ?? show(this.value, false)} (${this.origin})`;
  }

  [inspect.custom](_depth: number, options: object): string {
    const { leaf, ...fields } = this;
    const shown = { ...fields, value: this.#hidden ?? this.value };
    return `Entry ${inspect(shown, { ...options, customInspect: true })}`;
  }

  /** The text that is printed in place of a hidden value. For a tree: its size, since each leaf may be
   *  secret, and some sources learn that only leaf by leaf. */
  get #hidden(): string | undefined {
    if (this.secret) return MASK;
    if (isTree(this.value)) return `{ ${Object.keys(this.value).length} keys }`;
    return this.leaf?.('').secret || show(this.value, false) === MASK ? MASK : undefined;
  }
}

/** An entry whose value is behind a getter, out of reach of code that prints properties, such as
 *  `console.dir`. */
export class HiddenRecord extends EntryRecord {
  readonly #value: ConfigValue;
  static readonly getters: Readonly<Record<string, PropertyDescriptor>> = {
    value: {
      get(this: HiddenRecord): ConfigValue {
        return this.#value;
      },
      enumerable: true,
    },
  };

  constructor(fields: Entry, getters = HiddenRecord.getters) {
    super();
    this.#value = fields.value;
    // in the order of `fields`: turning an existing property into a getter takes ten times as long
    for (const name in fields) {
      const getter = getters[name];
      if (getter) Object.defineProperty(this, name, getter);
      else (this as Record<string, unknown>)[name] = fields[name as keyof Entry];
    }
  }
}

/** Makes a frozen entry. Printing it masks the value if the value is secret. Providers return these.
 *  @example
 *  const origin = makeOrigin({ provider: 'argv', source: '--port' });
 *  makeEntry({ key: 'server.port', value: '8080', secret: false, text: true, origin });
 *  @see reveal reads a value that printing masks. */
export function makeEntry(fields: Entry): Entry {
  const fixed = isFixed(fields.value) && isFixed(fields.metadata) ? fields : withFixedParts(fields);
  const hidden = fixed.secret || fixed.leaf !== undefined || isTree(fixed.value);
  const record = hidden ? new HiddenRecord(fixed) : Object.assign(new EntryRecord(), fixed);
  return Object.freeze(record) as unknown as Entry;
}

const isFixed = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || Object.isFrozen(value);

/** Copies what a caller could still change. */
function withFixedParts(fields: Entry): Entry {
  const { value, metadata } = fields;
  const fixed = { ...fields, value: isFixed(value) ? value : frozen(value) };
  return metadata ? { ...fixed, metadata: frozen(metadata) } : fixed;
}

/** Whether `makeEntry` of this copy of the library has made an entry. */
export const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && EntryRecord.isOne(value);

/** Rules out keys that a merge may not be able to parse. 63 characters have at most 32 segments. */
const isSoundKey = (key: unknown): boolean =>
  typeof key === 'string' && key.length <= 63 && !/proto|constructor|"/.test(key);

/** Whether an item of a list is an entry of ours, or a hole whose parts are ours. */
export const isOurs = (item: unknown): item is Entry | Unreadable => {
  if (typeof item !== 'object' || item === null) return false;
  const { origin, error } = item as Partial<Unreadable>;
  return error === undefined
    ? isEntry(item)
    : error instanceof ConfigError && isOrigin(origin) && Object.isFrozen(item) && !isEntry(item);
};

/** Whether an item of a list is ours and needs no further check. */
export const isSound = (item: unknown): item is Entry | Unreadable => isOurs(item) && isSoundKey(item.key);

/** A value that is secret whatever its name is. Printing it shows `[redacted]`.
 *  @see secret makes one. */
export class Secret<T extends ConfigValue = ConfigValue> {
  readonly #value: T;
  /** @internal Use `secret`. */
  constructor(value: T) {
    this.#value = value;
  }
  /** @internal Use `reveal`. */
  static reveal<T extends ConfigValue>(secret: Secret<T>): T {
    return secret.#value;
  }
  toString(): string {
    return MASK;
  }
  toJSON(): string {
    return MASK;
  }
  [inspect.custom](): string {
    return MASK;
  }
}

/** Marks a value as secret, for the values of a `MemoryProvider` and for `set`. A mark inside a list
 *  counts for the whole list.
 *  @example
 *  const provider = new MemoryProvider({ license: secret('L-123'), region: 'eu' });
 *  @see reveal reads the value back.
 *  @see taint marks values by their names. */
export function secret<T extends ConfigValue>(value: T): Secret<T> {
  return new Secret(value);
}
