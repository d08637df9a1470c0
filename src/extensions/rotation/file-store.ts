// A secret in an encrypted file that is rotated. The current version and what belongs to its rotation are
// written in one step, so that a promotion is never half done.

import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Entry, Unreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { dig } from '../../internal/dig.ts';
import { join, keyFrom, keyOf, segments } from '../../key.ts';
import type { ListOptions } from '../../provider.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import { leavesOf, promotedRecord, type RotationRecord, recordIn, storedRecord } from './record.ts';
import type { RotatingStore, RotationState, StoreCall, StoredVersion } from './store.ts';

/** What the store needs of an EncryptedFileProvider. */
export interface UpdatingProvider {
  readonly name: string;
  list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]>;
  update(
    change: (document: ConfigTree) => Readonly<Record<Key, ConfigValue | undefined>>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<boolean>;
}

/** A store for `rotate`: one key, or one section, of an encrypted file. Beside it, `rotation.KEY` holds the
 *  next version and the one before. Anyone who can open the file can read both.
 *  @example
 *  const secrets = new EncryptedFileProvider({ path: 'config/secrets.json.jwe' });
 *  const store = fileStore(secrets, 'llm');
 *  @see rotate */
export function fileStore(provider: UpdatingProvider, key: Key): RotatingStore {
  const { list, update } = (provider ?? {}) as Partial<UpdatingProvider>;
  if (typeof list !== 'function' || typeof update !== 'function')
    throw new ConfigError(
      'invalid_option',
      'fileStore: the provider cannot change several values in one step',
      {
        hint: 'Pass an EncryptedFileProvider, without decorators',
      },
    );
  return new FileStore(provider, keyOf(key));
}

/** Names states within the process. A hash without a key would give a short secret away. */
const stateKey = randomBytes(32);

interface Both {
  readonly current: ConfigValue;
  readonly record: RotationRecord | undefined;
}

class FileStore implements RotatingStore {
  readonly name: string;
  readonly key: Key;
  readonly compares = true;
  readonly #provider: UpdatingProvider;
  readonly #record: Key;

  constructor(provider: UpdatingProvider, key: Key) {
    this.name = `${provider.name} ${key}`;
    this.key = key;
    this.#provider = provider;
    this.#record = join('rotation', key);
  }

  async read({ signal }: StoreCall = {}): Promise<RotationState> {
    const [all] = await this.#provider.list('', { maxAgeMs: 0, ...(signal && { signal }) });
    const both = this.#in(all && 'value' in all && isTree(all.value) ? all.value : {});
    const { current, record } = both;
    const { pending, previous, step } = record ?? {};
    return {
      current: {
        value: current,
        version: record?.from ?? 'first',
        ...(record?.at !== undefined && { at: record.at }),
      },
      ...(record &&
        pending !== undefined && {
          pending: { value: pending, version: record.id, from: isFresh(both) ? record.from : 'another' },
        }),
      ...(record &&
        previous !== undefined &&
        step === 'promoted' && { previous: { value: previous, version: record.id } }),
      version: stateOf(both),
    };
  }

  async putPending(pending: ConfigValue, ifVersion: string, options: StoreCall = {}): Promise<void> {
    await this.#update(options, (both) => {
      if (stateOf(both) !== ifVersion) throw this.#changed();
      const { current, record } = both;
      const { at, from = 'first' } = record ?? {};
      const id = randomUUID();
      return {
        current,
        record: { id, step: 'pending', pending, previous: current, from, ...(at !== undefined && { at }) },
      };
    });
  }

  async promote(
    pending: StoredVersion,
    current: StoredVersion,
    { at, ...options }: StoreCall & { readonly at: number },
  ): Promise<void> {
    await this.#update(options, (both) => {
      const { record } = both;
      if (!sameValue(both.current, current.value)) throw this.#changed();
      if (sameValue(pending.value, current.value)) {
        const before: RotationRecord = record ?? { id: randomUUID(), step: 'idle', from: 'first' };
        const version = before.pending !== undefined && isFresh(both) ? before.from : before.id;
        return { current: both.current, record: promotedRecord(before, both.current, { version, at }) };
      }
      if (!record || record.id !== pending.version || record.pending === undefined) throw this.#changed();
      const { pending: value, ...rest } = record;
      return { current: value, record: { ...rest, step: 'promoted', from: record.id, at } };
    });
  }

  async dropPrevious({ version }: StoredVersion, options: StoreCall = {}): Promise<void> {
    await this.#update(options, ({ current, record }) => {
      if (record?.id !== version || record?.step !== 'promoted') return { current, record };
      const { previous, ...rest } = record;
      return { current, record: { ...rest, step: 'idle' } };
    });
  }

  async #update({ signal }: StoreCall, change: (both: Both) => Both): Promise<void> {
    await this.#provider.update(
      (document) => {
        const { current, record } = change(this.#in(document));
        return {
          ...this.#changes(document, this.key, current),
          ...(record && this.#changes(document, this.#record, storedRecord(record))),
        };
      },
      signal ? { signal } : {},
    );
  }

  /** The new leaves at a key, and the old ones that are gone. */
  #changes(
    document: ConfigTree,
    key: Key,
    value: ConfigValue,
  ): Readonly<Record<Key, ConfigValue | undefined>> {
    const path = segments(key);
    const before = leavesOf(dig(document, key) ?? {}, path).map(([at]) => [keyFrom(at), undefined]);
    const after = leavesOf(value, path).map(([at, leaf]) => [keyFrom(at), leaf]);
    return Object.fromEntries([...before, ...after]);
  }

  #in(document: ConfigTree): Both {
    const current = dig(document, this.key);
    if (current === undefined)
      throw this.#error('not_found', 'does not exist', 'Write it into the file first');
    const stored = dig(document, this.#record);
    const record = recordIn(stored);
    if (stored !== undefined && !record)
      throw this.#error('conflict', `has something else at ${this.#record}`, 'Rename that key');
    return { current, record };
  }

  #changed(): ConfigError {
    return this.#error('conflict', 'has changed meanwhile', 'The next step goes on from what is there');
  }

  #error(code: 'conflict' | 'not_found', what: string, hint: string): ConfigError {
    return new ConfigError(code, `${this.name} ${what}`, {
      provider: this.#provider.name,
      key: this.key,
      hint,
    });
  }
}

/** Whether the pending version was made from the current one. */
const isFresh = ({ current, record }: Both): boolean =>
  record?.previous !== undefined && sameValue(record.previous, current);

const stateOf = ({ current, record }: Both): string =>
  createHmac('sha256', stateKey)
    .update(JSON.stringify([current, record ?? null]))
    .digest('hex');
