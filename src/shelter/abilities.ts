// What a sheltered provider can do, by what its source can: the classes that every remote provider extends,
// and `sheltered`, which chooses one. A provider has no method that its source lacks.

import type { Entry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { type Check, checkOptions } from '../internal/options.ts';
import { keyOf } from '../key.ts';
import type {
  ComparingProvider,
  ConfigProvider,
  DocumentWriteOptions,
  VersionedProvider,
  VersionedWrite,
  VersionInfo,
  VersionsOptions,
  WritableProvider,
} from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import { fromProvider } from './from-provider.ts';
import { type ShelterOptions, shelterOptionChecks } from './options.ts';
import type { DocumentSource, SourceIdentity } from './port.ts';
import { ShelteredProvider } from './sheltered.ts';

/** A ShelteredProvider of a store that can be written. */
export class WritableShelteredProvider extends ShelteredProvider implements WritableProvider {
  /** Whether the store compares versions in the same step as it writes.
   *  @see ComparingProvider */
  declare readonly compares?: true;

  constructor(source: DocumentSource, options?: ShelterOptions) {
    super(source, options);
    if (source.compares) this.compares = true;
  }

  /** Reads the document, puts the value in, and replaces it. A document that another writer replaced
   *  meanwhile is read again, unless `ifVersion` is given. */
  async set(key: Key, value: ConfigValue, options: VersionedWrite = {}): Promise<Entry> {
    const spelled = keyOf(key);
    return this.runWrite('set', spelled, options, (keys, inner) => keys.set(spelled, value, inner));
  }

  /** Replaces the whole document that a key names, with all its fields. */
  async setDocument(key: Key, value: ConfigValue, options: DocumentWriteOptions = {}): Promise<Entry> {
    const spelled = keyOf(key);
    return this.runWrite('set', spelled, options, (keys, inner) => keys.setDocument(spelled, value, inner));
  }

  async delete(key: Key, options: VersionedWrite = {}): Promise<boolean> {
    const spelled = keyOf(key);
    return this.runWrite('delete', spelled, options, (keys, inner) => keys.delete(spelled, inner));
  }
}

/** A ShelteredProvider of a store that keeps earlier versions. */
export class VersionedShelteredProvider extends ShelteredProvider implements VersionedProvider {
  /** The versions of the document that holds a key, the newest first. Always asks the store. */
  versions(key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]> {
    return this.runVersions(key, options);
  }
}

/** A ShelteredProvider of a store that can be written, and keeps earlier versions. */
export class WritableVersionedShelteredProvider
  extends WritableShelteredProvider
  implements VersionedProvider
{
  /** The versions of the document that holds a key, the newest first. Always asks the store. */
  versions(key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]> {
    return this.runVersions(key, options);
  }
}

type Writable = WritableProvider | (DocumentSource & Required<Pick<DocumentSource, 'write'>>);
type Versioned = VersionedProvider | (DocumentSource & Required<Pick<DocumentSource, 'versions'>>);

/** A ShelteredProvider with the abilities of what it shelters. */
export type Sheltered<S> = ([S] extends [Writable] ? WritableShelteredProvider : ShelteredProvider) &
  ([S] extends [Versioned] ? Pick<VersionedProvider, 'versions'> : unknown) &
  ([S] extends [Writable & { readonly compares: true }] ? Pick<ComparingProvider, 'compares'> : unknown);

/** The options of `sheltered`. */
export interface ShelteredOptions extends ShelterOptions {
  /** For a provider: what makes its values the same values in another process. A source has a method for it.
   *  @default none */
  readonly identity?: SourceIdentity;
}

/** Puts a cache, single flight, batching, pacing, retries, a breaker and deadlines around a source. Also
 *  takes a single provider, whose keys are then its documents.
 *  @throws ConfigError `invalid_option` for a chain and for anything made of one: shelter its providers
 *  instead.
 *  @example
 *  const store = sheltered(source, { cache: { ttlMs: 60_000 } });
 *  const chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), optional(store)]);
 *  await chain.value('llm.model'); */
export function sheltered<S extends ConfigProvider | DocumentSource>(
  inner: S,
  options: ShelteredOptions = {},
): Sheltered<S> {
  checkOptions(inner.name, options, { ...shelterOptionChecks, identity: anIdentity });
  const { identity, ...shelter } = options;
  const isSource = 'locate' in inner;
  if (isSource && identity !== undefined)
    throw new ConfigError('invalid_option', 'sheltered: identity is for providers only', {
      hint: 'Give the source a method identity',
    });
  const source: DocumentSource = isSource ? inner : fromProvider(inner, identity);
  const { write, versions } = source;
  const Provider = versions
    ? write
      ? WritableVersionedShelteredProvider
      : VersionedShelteredProvider
    : write
      ? WritableShelteredProvider
      : ShelteredProvider;
  return new Provider(source, shelter) as ShelteredProvider as Sheltered<S>;
}

const anIdentity: Check = (value) => {
  const { store, view } = (value ?? {}) as Partial<SourceIdentity>;
  const ok = typeof store === 'string' && store !== '' && typeof view === 'string';
  return ok ? undefined : 'an object with the strings store and view';
};
