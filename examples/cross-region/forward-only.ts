import type { Entry, Interceptor, Key, Layer } from 'llm-config-manager';

/** Whether a region that lags behind has returned `one`, while `other` has been read before. */
function isOlder(one: Entry, other: Entry): boolean {
  if (one.version === other.version) return false;
  const [mine, theirs] = [Number(one.version), Number(other.version)];
  if (Number.isInteger(mine) && Number.isInteger(theirs)) return mine < theirs;
  return (one.modifiedAt ?? 0) < (other.modifiedAt ?? 0); // versions without an order: Secrets Manager, Azure
}

// #region forward-only
/** Makes an interceptor for one provider: it never answers with an older version of a key than before. */
export function forwardOnly(now = Date.now): Interceptor {
  const newest = new Map<Key, Entry>();
  const latest = (entry: Entry): Entry => {
    const before = newest.get(entry.key);
    if (before && isOlder(entry, before) && (before.expiresAt ?? Infinity) > now()) return before;
    newest.set(entry.key, entry);
    return entry;
  };
  const latestIn = (layer: Layer): Layer => ({ ...layer, entries: layer.entries.map(latest) });
  return async (operation, next) => {
    const answer = await next();
    const { type, options } = operation;
    if (type === 'get' && answer && !('version' in options)) return latest(answer as Entry);
    if (type === 'getMany') {
      const results = new Map(answer as Map<Key, Entry | Error | undefined>);
      for (const [key, result] of results)
        if (result && !(result instanceof Error)) results.set(key, latest(result));
      return results;
    }
    if (type === 'list') return (answer as Entry[]).map((item) => ('error' in item ? item : latest(item)));
    return type === 'layers' ? (answer as Layer[]).map(latestIn) : answer;
  };
}
// #endregion forward-only
