// How `optional` and `fallback` read. Loaded by tolerance.ts at the first read. Only transient errors are
// tolerated: a denied, disabled, undecryptable or unparsable value always fails. A key that the provider has
// returned before never becomes absent, because a lower provider would then silently replace it.

import { type Entry, isEntry, type Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import { keyOf } from '../key.ts';
import { layersOfSteps } from '../listing.ts';
import type { ConfigProvider, Known, Layer, Listings, ListOptions, ReadOptions } from '../provider.ts';
import { adopted, getFrom, getManyFrom, knownIn, renewIn, toConfigError } from '../query.ts';
import { inTurns, type Steps } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Outage } from './outage.ts';
import { leavesOf, SeenKeys } from './seen-keys.ts';

type Result = Entry | undefined | ConfigError;

/** The reads of a tolerant provider. */
export type TolerantReads = Required<
  Pick<ConfigProvider, 'get' | 'known' | 'renew' | 'getMany' | 'layers' | 'list' | 'health'>
> & { readonly inSteps: Listings };

export function tolerantReads(
  first: ConfigProvider,
  second: ConfigProvider | undefined,
  outage: Outage,
): TolerantReads {
  const seen = new SeenKeys();
  const notice = (message: string): void => outage.emitter.notice(message);

  const read = async (
    spelling: Key,
    options: ReadOptions | undefined,
    ask: (key: Key) => Promise<Entry | undefined>,
  ): Promise<Entry | undefined> => {
    const key = keyOf(spelling);
    let error: ConfigError;
    try {
      const answer = await ask(key);
      const entry = answer === undefined || isEntry(answer) ? answer : await adopted(first, key, answer);
      if (seen.record(key, entry)) outage.end();
      return entry;
    } catch (thrown) {
      error = transientOrThrow(thrown, first.name, key);
    }
    outage.tolerate(error, key, options);
    const substitute = second && (await getFrom(second, key, options));
    if (substitute === undefined && seen.has(key)) throw error;
    return substitute;
  };

  const get: TolerantReads['get'] = (key, options) =>
    read(key, options, (asked) => first.get(asked, options));

  const renew: TolerantReads['renew'] = (key, options) =>
    read(key, options, (asked) => renewIn(first, asked, options));

  const known = (key: Key, peek?: boolean): Known | undefined => {
    const answer = knownIn(first, key, peek);
    if (answer && !peek && seen.record(key, answer.entry)) outage.end();
    return answer;
  };

  const getMany = async (
    spellings: readonly Key[],
    options: ReadOptions = {},
  ): Promise<ReadonlyMap<Key, Result>> => {
    const keys = spellings.map(keyOf);
    const results = new Map<Key, Result>(await getManyFrom(first, keys, options));
    const unreachable = new Map<Key, ConfigError>();
    for (const [key, result] of results) {
      if (result instanceof Error) {
        if (result.transient) unreachable.set(key, result);
        continue;
      }
      if (seen.record(key, result)) outage.end();
    }
    for (const [key, error] of unreachable) outage.tolerate(error, key, options);
    const substitutes =
      second && unreachable.size > 0
        ? await getManyFrom(second, [...unreachable.keys()], options)
        : new Map<Key, Result>();
    for (const [key, error] of unreachable)
      results.set(key, substitutes.get(key) ?? (seen.has(key) ? error : undefined));
    return results;
  };

  function* layers(spelling: Key = '', options?: ListOptions): Steps<readonly Layer[]> {
    const prefix = keyOf(spelling);
    const own = yield* layersOfSteps(first, prefix, options, notice);
    const isDown = own.some((layer) => layer.error?.transient);
    const substitutes = isDown && second ? yield* layersOfSteps(second, prefix, options, notice) : [];
    const substituted = leavesOf(substitutes.flatMap((layer) => layer.entries));
    const names = new Set(own.map((layer) => layer.name));
    const tolerated = own.map((layer): Layer => {
      const { error, ...rest } = layer;
      if (!error?.transient) {
        if (!error && seen.recordLayer(prefix, options, layer) && !isDown) outage.end();
        return layer;
      }
      outage.tolerate(error, undefined, options);
      // a leaf that was seen before becomes a hole, unless `second` has it: no lower layer may replace it
      const lost = seen.lostBelow(
        prefix,
        (name) => own.length === 1 || name === layer.name || !names.has(name),
      );
      const holes = lost
        .filter(([key]) => !substituted.has(key))
        .map(([key, origin]): Unreadable => Object.freeze({ key, origin, error }));
      return { ...rest, entries: [], holes, tolerated: error };
    });
    return [...tolerated, ...substitutes];
  }

  function* list(prefix: Key = '', options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    const all = yield* layers(prefix, options);
    const failed =
      all.find((layer) => layer.error)?.error ??
      all.find((layer) => layer.tolerated && layer.holes.length > 0)?.tolerated;
    if (failed) throw failed;
    return all.flatMap((layer) => [...layer.entries, ...layer.holes]);
  }

  const health = async (options?: ReadOptions): Promise<Health> => {
    const own = await healthOf(first, options);
    outage.see(own);
    if (own.status !== 'down') return own;
    if (!second) return { ...own, status: 'degraded' };
    const other = await healthOf(second, options);
    return {
      ...own,
      status: other.status === 'down' ? 'down' : 'degraded',
      providers: { [first.name]: own, [second.name]: other },
    };
  };

  return {
    get,
    known,
    renew,
    getMany,
    layers: (prefix, options) => inTurns(layers(prefix, options)),
    list: (prefix, options) => inTurns(list(prefix, options)),
    health,
    inSteps: { list, layers },
  };
}

/** The error if it is transient. Any other error is thrown. */
function transientOrThrow(thrown: unknown, provider: string, key?: Key): ConfigError {
  const error = toConfigError(thrown, provider, key);
  if (!error.transient) throw error;
  return error;
}

async function healthOf(provider: ConfigProvider, options?: ReadOptions): Promise<Health> {
  try {
    return (await provider.health?.(options)) ?? { status: 'ok', checkedAt: Date.now() };
  } catch (error) {
    return { status: 'down', reason: transientOrThrow(error, provider.name).message, checkedAt: Date.now() };
  }
}
