import { inspect } from 'node:util';
import type { ConfigError } from './errors.ts';
import { frozen } from './internal/freeze.ts';
import type { Key } from './key.ts';
import { MASK, maskUrls, show } from './redact.ts';

/** What a value can be. Dates and instances are made by a schema, not by a source. */
export type ConfigValue = null | boolean | number | bigint | string | readonly ConfigValue[] | ConfigTree;
/** A section: names, each with a value or a further section. */
export interface ConfigTree {
  readonly [name: string]: ConfigValue;
}

/** What a store says about a value besides the value. */
export interface Metadata {
  readonly classification?: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly [name: string]: string | readonly string[] | undefined;
}

/** Who said it, in the source's own spelling; as text `config/base.yaml:12:5` or `vault secret/acme/db#password v3`. */
export interface Origin {
  /** The provider's name. */
  readonly provider: string;
  /** The file, the variable or the place in the store, as the source spells it. */
  readonly source: string;
  readonly version?: string;
  /** From 1; worked out when first read. */
  readonly line?: number;
  readonly column?: number;
  /** As a message prints it. */
  toString(): string;
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

export const isTree = (value: unknown): value is ConfigTree => typeof value === 'object' && value !== null && !Array.isArray(value);

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

/** JSON has none, and would throw. */
const withoutBigints = (value: ConfigValue): unknown =>
  typeof value === 'bigint' ? `${value}` : Array.isArray(value) ? value.map(withoutBigints) : value;

/** An entry that never shows a secret when it is printed, and never changes. */
export function makeEntry(fields: Entry): Entry {
  const hidden = fields.secret || fields.leaf !== undefined || isTree(fields.value);
  const record = hidden ? new HiddenRecord(fields) : Object.assign(new EntryRecord(), fields);
  if (fields.metadata && !Object.isFrozen(fields.metadata)) Object.assign(record, { metadata: frozen(fields.metadata) });
  return Object.freeze(record) as unknown as Entry;
}

export interface OriginFields {
  readonly provider: string;
  readonly source: string;
  readonly version?: string | undefined;
  readonly position?: (() => { readonly line: number; readonly column: number } | undefined) | undefined;
}

class SourceOrigin implements Origin {
  declare readonly version?: string;
  readonly provider: string;
  readonly source: string;
  #position: OriginFields['position'] | { readonly line: number; readonly column: number };

  constructor(fields: OriginFields) {
    this.provider = fields.provider;
    this.source = maskUrls(fields.source);
    if (fields.version !== undefined) this.version = fields.version;
    this.#position = fields.position;
  }

  get #at(): { readonly line: number; readonly column: number } | undefined {
    if (typeof this.#position === 'function') this.#position = this.#position();
    return this.#position;
  }

  get line(): number {
    return this.#at?.line as number;
  }

  get column(): number {
    return this.#at?.column as number;
  }

  toString(): string {
    const at = this.#at;
    const version = this.version === undefined ? '' : /^\d+$/.test(this.version) ? ` v${this.version}` : ` (version ${this.version})`;
    return `${this.source}${at ? `:${at.line}:${at.column}` : ''}${version}`;
  }

  toJSON(): object {
    return { provider: this.provider, source: this.source, version: this.version, line: this.line, column: this.column };
  }

  [inspect.custom](): string {
    return `Origin(${this})`;
  }
}

export function makeOrigin(fields: OriginFields): Origin {
  return Object.freeze(new SourceOrigin(fields));
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
