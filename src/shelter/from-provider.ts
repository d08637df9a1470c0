// A provider as a source, for `sheltered(provider)`: its keys are its documents. Entries travel in
// `Document.entry` and are returned unchanged. The entries of a list stay with the list, since two may
// have the same key (`HTTP_PROXY` and `http_proxy`), and `get` cannot read the key of a tree.

import { refuseUnshared } from '../decorators/unshared.ts';
import { type Entry, isUnreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { listFrom } from '../listing.ts';
import type { ComparingProvider, ConfigProvider, VersionedProvider, VersionedRead } from '../provider.ts';
import { getFrom, loadBorder, manyFrom, setIn, versionsFrom } from '../query.ts';
import type { Call, DocumentSource, Outcome, SourceIdentity } from './port.ts';

export function fromProvider(provider: ConfigProvider, identity?: SourceIdentity): DocumentSource {
  refuseUnshared('sheltered', provider);
  const { name } = provider;
  const fresh = ({ signal, version }: Call): VersionedRead => ({
    signal,
    maxAgeMs: 0,
    ...(version !== undefined && { version }),
  });
  const { versions, compares } = provider as Partial<VersionedProvider & ComparingProvider>;
  const writable = provider as ComparingProvider;
  const { store, view } = identity ?? {};
  return {
    name,
    batch: provider.getMany ? 100 : 1,
    locate: (key) => [{ key, document: key, field: '' }],
    // what adopts foreign answers is imported outside every deadline
    load: async () => void (await loadBorder()),
    async read(documents, call) {
      if (provider.getMany && documents.length > 1) {
        const found = await manyFrom(provider, documents, fresh(call));
        return new Map(
          [...found].map(([key, result]): [string, Outcome] => [
            key,
            isConfigError(result) ? result : outcomeOf(result),
          ]),
        );
      }
      const [key] = documents as [string];
      return new Map([[key, outcomeOf(await getFrom(provider, key, fresh(call)))]]);
    },
    async page({ prefix, wanted }, _cursor, call) {
      const options = { ...fresh(call), ...(wanted && { wanted }) };
      const found = await listFrom(provider, prefix, options, call.notice);
      return {
        found: found.map((item) => ({
          place: { key: item.key, document: item.key, field: '' },
          outcome: isUnreadable(item) ? item.error : outcomeOf(item),
        })),
        next: [],
      };
    },
    ...(typeof versions === 'function' && {
      async versions(key: string, cursor: string | undefined, call: Call) {
        const limit = Number(cursor ?? 100);
        const found = await versionsFrom(provider, key, { ...fresh(call), limit });
        return { versions: found, ...(found.length >= limit && { next: `${2 * limit}` }) };
      },
    }),
    ...(compares === true && { compares }),
    ...(store !== undefined && view !== undefined && { identity: () => ({ store, view }) }),
    ...(provider.needs && { needs: (wanted) => provider.needs!(wanted) }),
    ...(provider.on && { on: (listener) => provider.on!(listener) }),
    classify: (error) =>
      isConfigError(error)
        ? error
        : new ConfigError('unavailable', `${name}: the provider failed`, { provider: name, cause: error }),
    ...(typeof writable.set === 'function' && {
      async write(key: string, value: unknown, options: object, call: Call) {
        const more = { ...options, signal: call.signal };
        if (value === undefined) await writable.delete(key, more);
        else return (await setIn(writable, key, value as never, more)).version;
        return undefined;
      },
    }),
    ...(provider.health && {
      ping: async (call) => {
        const health = await provider.health?.({ signal: call.signal });
        if (health?.status === 'down')
          throw new ConfigError('unavailable', `${name}: the provider is down`, { provider: name });
      },
    }),
    ...(provider.watch && {
      watch: (changed) => {
        const watcher = provider.watch?.((change) => changed(change.keys ?? []));
        return () => watcher?.[Symbol.dispose]();
      },
    }),
    ...(provider.close && { close: ({ withinMs }) => provider.close!({ withinMs }) }),
  };
}

function outcomeOf(entry: Entry | undefined): Outcome {
  if (!entry) return 'absent';
  const { value, secret, text = false, version, modifiedAt, expiresAt, metadata } = entry;
  return {
    value,
    secret,
    text: text !== false,
    entry,
    ...(version !== undefined && { version }),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(metadata && { metadata }),
  };
}
