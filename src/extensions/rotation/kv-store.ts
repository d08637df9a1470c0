// A secret of Vault KV version 2 that is rotated. The secret holds only the current version, as applications
// read it; a second one beside it holds the rest. Both are written by check-and-set.

import { randomUUID } from 'node:crypto';
import type { Entry } from '../../entry.ts';
import { ConfigError, isConfigError } from '../../errors.ts';
import { aString, checkOptions } from '../../internal/options.ts';
import { join, keyOf } from '../../key.ts';
import type { DocumentWriteOptions, VersionedRead } from '../../provider.ts';
import { type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import { promotedRecord, type RotationRecord, recordIn, storedRecord } from './record.ts';
import type { RotatingStore, RotationState, StoreCall, StoredVersion } from './store.ts';
import { StoreErrors } from './store-errors.ts';

/** What the store needs of a VaultProvider. A provider that does not compare has no `compares`, so it is
 *  refused by its type. */
export interface DocumentProvider {
  readonly name: string;
  readonly compares: true;
  getDocument(key: Key, options?: VersionedRead): Promise<Entry | undefined>;
  setDocument(key: Key, value: ConfigValue, options?: DocumentWriteOptions): Promise<Entry>;
}

/** The options of `kvStore`. */
export interface KvStoreOptions {
  /** The key of the second secret. Only the orchestrator may read it. @default `rotation.` and the key */
  readonly record?: Key;
}

/** A store for `rotate`: one secret of Vault KV version 2. Beside it, `rotation.KEY` holds the next version
 *  and the one before: only the orchestrator may read that.
 *  @example
 *  const vault = new VaultProvider({ path: 'acme/inference/' });
 *  const store = kvStore(vault, 'llm'); // acme/inference/llm, and acme/inference/rotation/llm
 *  @see rotate */
export function kvStore(provider: DocumentProvider, key: Key, options: KvStoreOptions = {}): RotatingStore {
  checkOptions('kvStore', options, { record: aString });
  const { compares, getDocument, setDocument } = (provider ?? {}) as Partial<DocumentProvider>;
  if (compares !== true || typeof getDocument !== 'function' || typeof setDocument !== 'function')
    throw new ConfigError('invalid_option', 'kvStore: the provider does not compare versions as it writes', {
      hint: 'Pass a VaultProvider, without decorators',
    });
  const spelled = keyOf(key);
  return new KvStore(provider, spelled, keyOf(options.record ?? join('rotation', spelled)));
}

/** What was read: both secrets, and the versions that the next write expects. */
interface Both {
  readonly current: Entry;
  readonly record: RotationRecord | undefined;
  readonly recordVersion: string | undefined;
  /** The pending version became current, and was edited before its promotion was finished. */
  readonly isEdited: boolean;
}

class KvStore implements RotatingStore {
  readonly name: string;
  readonly key: Key;
  readonly compares = true;
  readonly #provider: DocumentProvider;
  readonly #errors: StoreErrors;
  readonly #record: Key;

  constructor(provider: DocumentProvider, key: Key, record: Key) {
    this.name = `${provider.name} ${key}`;
    this.key = key;
    this.#provider = provider;
    this.#errors = new StoreErrors(provider.name, key);
    this.#record = record;
  }

  async read(options: StoreCall = {}): Promise<RotationState> {
    const both = await this.#both(options);
    const { current, record, isEdited } = both;
    const version = current.version as string;
    // a secret that was edited by hand since is as old as that edit; of a promotion that was interrupted, the
    // time is not known yet
    const written = record?.from === version ? (record.at ?? current.modifiedAt) : current.modifiedAt;
    const at = isPromotedIn(both) ? undefined : written;
    const { type } = current.metadata ?? {};
    return {
      current: { value: current.value, version, ...(at !== undefined && { at }) },
      ...(record?.pending !== undefined &&
        !isEdited && { pending: { value: record.pending, version: record.id, from: record.from } }),
      ...(record?.previous !== undefined &&
        (isEdited || record.step === 'promoted') && {
          previous: { value: record.previous, version: record.id },
        }),
      version: versionOf(both),
      ...(type !== undefined && { type }),
    };
  }

  async putPending(pending: ConfigValue, ifVersion: string, options: StoreCall = {}): Promise<void> {
    const both = await this.#both(options);
    if (versionOf(both) !== ifVersion) throw this.#errors.changed();
    const { value: previous, version } = both.current;
    const at = both.record?.from === version ? both.record?.at : both.current.modifiedAt;
    const next: RotationRecord = {
      id: randomUUID(),
      step: 'pending',
      pending,
      previous,
      from: version as string,
      ...(at !== undefined && { at }),
    };
    await this.#write(next, both.recordVersion, options);
  }

  async promote(
    pending: StoredVersion,
    current: StoredVersion,
    { at, ...options }: StoreCall & { readonly at: number },
  ): Promise<void> {
    const both = await this.#both(options);
    const { record, recordVersion } = both;
    const version = both.current.version as string;
    if (version !== current.version) throw this.#errors.changed();
    const { value } = pending;
    if (sameValue(value, current.value)) {
      const before = record ?? { id: randomUUID(), step: 'idle', from: version };
      await this.#write(promotedRecord(before, value, { version, at }), recordVersion, options);
      return;
    }
    if (record?.id !== pending.version || record?.pending === undefined) throw this.#errors.changed();
    // claims the promotion, so that no other process replaces the pending version meanwhile
    const claimed = await this.#write({ ...record, step: 'promoting' }, recordVersion, options);
    const ifVersion = version;
    const written = await this.#provider.setDocument(this.key, value, { ...options, ifVersion });
    const promoted = promotedRecord(record, value, { version: written.version as string, at });
    await this.#write(promoted, claimed, options);
  }

  async dropPrevious({ version }: StoredVersion, options: StoreCall = {}): Promise<void> {
    const { record, recordVersion, isEdited, current } = await this.#both(options);
    if (!record || record.id !== version || !(isEdited || record.step === 'promoted')) return;
    const { previous, pending, ...rest } = record;
    const from = isEdited ? (current.version as string) : record.from;
    const { at, ...others } = rest;
    const time = isEdited ? current.modifiedAt : at;
    const idle: RotationRecord = { ...others, step: 'idle', from, ...(time !== undefined && { at: time }) };
    await this.#write(idle, recordVersion, options);
  }

  async #both(options: StoreCall): Promise<Both> {
    const read = { ...options, maxAgeMs: 0 };
    const [current, stored] = await Promise.all([
      this.#provider.getDocument(this.key, read),
      this.#provider.getDocument(this.#record, read),
    ]);
    if (!current) throw this.#errors.error('not_found', 'does not exist', 'Create the secret first');
    if (current.version === undefined)
      throw this.#errors.error('invalid_option', 'has no versions', 'Use version 2 of the KV engine: kv: 2');
    const record = recordIn(stored?.value);
    if (stored && !record)
      throw this.#errors.error(
        'conflict',
        `has something else at ${this.#record}`,
        'Set the option record to a key of its own',
      );
    const isEdited = await this.#isEdited(current, record, options);
    return { current, record, recordVersion: stored?.version, isEdited };
  }

  async #isEdited(
    { value, version }: Entry,
    record: RotationRecord | undefined,
    options: StoreCall,
  ): Promise<boolean> {
    if (record?.step !== 'promoting' || record.from === version || record.pending === undefined) return false;
    if (sameValue(value, record.pending)) return false;
    // check-and-set writes the version after the one that it expects
    const next = { ...options, version: `${Number(record.from) + 1}`, maxAgeMs: 0 };
    const promoted = await this.#provider.getDocument(this.key, next);
    return promoted !== undefined && sameValue(promoted.value, record.pending);
  }

  async #write(
    record: RotationRecord,
    ifVersion: string | undefined,
    options: StoreCall,
  ): Promise<string | undefined> {
    try {
      const check = ifVersion === undefined ? { ifAbsent: true } : { ifVersion };
      const value = storedRecord(record);
      return (await this.#provider.setDocument(this.#record, value, { ...options, ...check })).version;
    } catch (error) {
      throw isConfigError(error) && error.code === 'conflict' ? this.#errors.changed() : error;
    }
  }
}

/** Whether the current secret is the pending one: only its record is missing. */
const isPromotedIn = ({ current, record }: Both): boolean =>
  record?.pending !== undefined && isTree(current.value) && sameValue(record.pending, current.value);

const versionOf = ({ current, recordVersion }: Both): string =>
  `${current.version} ${recordVersion ?? 'none'}`;
