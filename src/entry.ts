import { inspect } from 'node:util';
import type { ConfigError } from './errors.ts';
import type { Origin } from './origin.ts';
import { MASK, show } from './redact.ts';
import { type ConfigValue, frozen, isTree, type Key, withoutBigints } from './value.ts';

/** What a store says about a value besides the value. */
export interface Metadata {
  readonly classification?: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly [name: string]: string | readonly string[] | undefined;
}

/** When a loose name binds: always, or only to a leaf that somebody already knows. */
export type Loose = 'always' | 'known';

/** What travels: one value, or in a list one tree of values, with everything known about it. */
export interface Entry {
  readonly key: Key;
  /** In clear: printing the entry masks a secret, reading this does not. */
  readonly value: ConfigValue;
  /** Whether it is masked when it is printed. */
  readonly secret: boolean;
  /** Who said it. */
  readonly origin: Origin;
  /** As the store counts. */
  readonly version?: string;
  /** When it was last written. Milliseconds since 1970, like every time here. */
  readonly modifiedAt?: number;
  /** When the source was asked. */
  readonly readAt?: number;
  /** When it ends: it is never served after that. */
  readonly expiresAt?: number;
  readonly metadata?: Metadata;
  /** Its key is a name that cannot spell `poolMax`: it is found by its letters. */
  readonly loose?: Loose;
  /** Its strings may be read as the schema wants. */
  readonly text?: boolean;
  /** A leaf's own origin and taint, where the value is a tree. */
  readonly leaf?: (inside: Key) => { readonly origin: Origin; readonly secret: boolean };
}

/** It is there, and it alone cannot be read: a hole. */
export interface Unreadable {
  readonly key: Key;
  readonly origin: Origin;
  /** What whoever reads the key gets. */
  readonly error: ConfigError;
  readonly loose?: Loose;
}

export const isUnreadable = (item: Entry | Unreadable): item is Unreadable => 'error' in item;

class EntryRecord {
  declare readonly key: Key;
  declare readonly value: ConfigValue;
  declare readonly secret: boolean;
  declare readonly origin: Origin;
  declare readonly leaf?: Entry['leaf'];

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
    return `Entry ${inspect({ ...fields, value: this.#hidden ?? this.value }, { ...options, customInspect: true })}`;
  }

  /** What stands in place of a value that is not printed. A tree is told by its size: its leaves may each be secret or not, and some
   *  sources know only one by one. */
  get #hidden(): string | undefined {
    if (this.secret) return MASK;
    if (isTree(this.value)) return `{ ${Object.keys(this.value).length} keys }`;
    return this.leaf?.('').secret || show(this.value, false) === MASK ? MASK : undefined;
  }
}

/** An entry whose value stands behind a getter: what prints properties and asks nobody, as `console.dir` does, does not come by it. */
class HiddenRecord extends EntryRecord {
  readonly #value: ConfigValue;
  static readonly #getter: PropertyDescriptor = {
    get(this: HiddenRecord): ConfigValue {
      return this.#value;
    },
    enumerable: true,
  };

  constructor(fields: Entry) {
    super();
    this.#value = fields.value;
    // in this order: to make a getter of a property that is there already takes ten times as long
    for (const name in fields)
      if (name === 'value') Object.defineProperty(this, name, HiddenRecord.#getter);
      else (this as Record<string, unknown>)[name] = fields[name as keyof Entry];
  }
}

/** An entry that never shows a secret when it is printed, and never changes. */
export function makeEntry(fields: Entry): Entry {
  const hidden = fields.secret || fields.leaf !== undefined || isTree(fields.value);
  const record = hidden ? new HiddenRecord(fields) : Object.assign(new EntryRecord(), fields);
  if (fields.metadata && !Object.isFrozen(fields.metadata))
    Object.assign(record, { metadata: frozen(fields.metadata) });
  return Object.freeze(record) as unknown as Entry;
}

/** A value that is secret whatever its name: `new MemoryProvider({ license: secret('…') })`. Printing it shows nothing. */
export class Secret<T extends ConfigValue = ConfigValue> {
  readonly #value: T;
  /** @internal `secret` makes it. */
  constructor(value: T) {
    this.#value = value;
  }
  /** @internal `reveal` asks for it. */
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

export function secret<T extends ConfigValue>(value: T): Secret<T> {
  return new Secret(value);
}
