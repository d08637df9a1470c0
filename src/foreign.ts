// The parts of what a foreign provider answers: entries, holes, errors and origins of ours, made from plain
// objects or from those of another copy of this library. Used by border.ts. Messages name kinds, never
// values.

import { type Entry, type Loose, type Metadata, makeEntry, type Unreadable } from './entry.ts';
import { ConfigError, type ErrorCode, isConfigError, ownError } from './errors.ts';
import { append, segments } from './key.ts';
import { isOrigin, makeOrigin, type Origin, type OriginFields } from './origin.ts';
import { plainValue, UnsupportedValue } from './plain-value.ts';
import { taint } from './redact.ts';
import { type ConfigValue, inside, isTree, type Key } from './value.ts';

/** Whose answers are adopted, and where notices go about what is left out. */
export interface Side {
  /** Begins the messages. */
  readonly name: string;
  /** The provider in errors and origins. @default `name` */
  readonly provider?: string;
  readonly notice?: ((message: string) => void) | undefined;
}

const isSecret = taint();

export const isLoose = (value: unknown): value is Loose =>
  value === 'always' || value === 'known' || value === 'words';

export function entryFrom(given: Partial<Entry>, key: Key, side: Side): Entry {
  const { value, marked } = plainValue(given.value);
  const { secret, loose, text, version, document, metadata, expiresAt, leaf } = given;
  const origin = originFrom(given.origin, missingOrigin(side, key));
  const hasLeaves = isTree(value);
  const entry: { -readonly [K in keyof Entry]: Entry[K] } = {
    key,
    value,
    secret: marked || (typeof secret === 'boolean' ? secret : !hasLeaves && isSecret(key, value)),
    origin,
  };
  if (isLoose(loose)) entry.loose = loose;
  if (text === true || text === 'wide') entry.text = text;
  if (typeof document === 'string' && document !== origin.provider) entry.document = document;
  if (typeof version === 'string' || typeof version === 'number') entry.version = String(version);
  for (const name of ['modifiedAt', 'readAt'] as const) {
    const ms = time(given[name]);
    if (ms !== undefined) entry[name] = ms;
  }
  // an end that is not a time is past, but null and Infinity mean that there is none
  if ((expiresAt ?? Number.POSITIVE_INFINITY) !== Number.POSITIVE_INFINITY)
    entry.expiresAt = time(expiresAt) ?? 0;
  if (typeof metadata === 'object' && metadata !== null) entry.metadata = plainMetadata(metadata);
  const isFunction = typeof leaf === 'function';
  if (hasLeaves ? isFunction || typeof secret !== 'boolean' : isFunction && loose === 'words')
    entry.leaf = leafFrom(leaf, entry, side);
  return makeEntry(entry);
}

/** A time in milliseconds, if it is one. */
export const time = (given: unknown): number | undefined => {
  const ms = given instanceof Date ? given.getTime() : given;
  return typeof ms === 'number' && Number.isFinite(ms) ? ms : undefined;
};

function plainMetadata(given: object): Metadata {
  const isText = (value: unknown): value is string => typeof value === 'string';
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): [string, string | readonly string[]][] => {
      if (isText(value)) return [[name, value]];
      return Array.isArray(value) && value.every(isText) ? [[name, [...value]]] : [];
    }),
  );
}

/** The origin and secrecy of each leaf of a tree. What the provider does not say, name and shape decide; an
 *  answer that cannot be read counts as secret. */
function leafFrom(leaf: unknown, tree: Entry, side: Side): NonNullable<Entry['leaf']> {
  return (path): { readonly origin: Origin; readonly secret: boolean } => {
    const key = append(tree.key, path);
    const missing = missingOrigin(side, key);
    try {
      const given: unknown = typeof leaf === 'function' ? leaf(path) : undefined;
      const { origin, secret } = (given ?? {}) as Partial<Pick<Entry, 'origin' | 'secret'>>;
      const value = segments(path).reduce<unknown>(inside, tree.value) as ConfigValue | undefined;
      return {
        origin: origin === undefined ? tree.origin : originFrom(origin, missing),
        secret: tree.secret || (typeof secret === 'boolean' ? secret : isSecret(key, value ?? null)),
      };
    } catch {
      return { origin: tree.origin, secret: true };
    }
  };
}

export function holeAt(key: Key, given: object, error: ConfigError, side: Side): Unreadable {
  const missing = missingOrigin(side, key);
  try {
    const { origin, loose } = given as Partial<Unreadable>;
    return Object.freeze({
      key,
      origin: originFrom(origin, missing),
      error,
      ...(isLoose(loose) && { loose }),
    });
  } catch {
    return Object.freeze({ key, origin: makeOrigin(missing), error });
  }
}

export function holeError(error: unknown, side: Side, key: Key): ConfigError {
  return isConfigError(error)
    ? adoptError(error, side, key)
    : new ConfigError('io', `${side.name}: "${key}" cannot be read`, {
        provider: providerOf(side),
        key,
        cause: error,
      });
}

/** An error of ours. Another copy's ConfigError keeps what it says; any other error becomes `io`, which no
 *  decorator tolerates. */
export function adoptError(error: unknown, side: Side, key?: Key): ConfigError {
  const details = { provider: providerOf(side), ...(key !== undefined && { key }) };
  return isConfigError(error)
    ? ownError(error).with(details)
    : new ConfigError('io', `${side.name}: the provider threw an error that is not a ConfigError`, {
        ...details,
        cause: error,
      });
}

/** An origin from a plain object, or from another copy of this library. */
function originFrom(given: unknown, missing: Pick<OriginFields, 'provider' | 'source'>): Origin {
  if (isOrigin(given)) return given;
  const { provider, source, version, line, column } = (given ?? {}) as Partial<Origin>;
  const position = typeof line === 'number' && typeof column === 'number' ? { line, column } : undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return makeOrigin({
    provider: text(provider) ?? missing.provider,
    source: text(source) ?? missing.source,
    version: text(version),
    ...(position && { position: () => position }),
  });
}

/** Runs code that reads a foreign object, whose getters may throw. */
export function readSafely<T>(side: Side, key: Key, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unsupported(error, side, key);
  }
}

export function unsupported(error: unknown, side: Side, key: Key): ConfigError {
  if (error instanceof UnsupportedValue)
    return faulty(side, key, `the value of "${key}" is ${error.message}`);
  if (isConfigError(error)) return faulty(side, key, `the value of "${key}" has a name that is not a key`);
  return new ConfigError('io', `${side.name}: the entry for "${key}" cannot be read`, {
    provider: providerOf(side),
    key,
    cause: error,
  });
}

export function faulty(
  side: Side,
  key: Key | undefined,
  what: string,
  hint?: string,
  code: ErrorCode = 'io',
): ConfigError {
  return new ConfigError(code, `${side.name}: ${what}`, {
    provider: providerOf(side),
    ...(key !== undefined && { key }),
    ...(hint && { hint }),
  });
}

const providerOf = ({ name, provider }: Side): string => provider ?? name;

const missingOrigin = (side: Side, key: Key): { readonly provider: string; readonly source: string } => {
  const provider = providerOf(side);
  return { provider, source: key === '' ? provider : `${provider} ${key}` };
};

/** A value in a word. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
