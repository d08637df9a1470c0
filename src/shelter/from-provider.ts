// A provider as a source, for `sheltered(provider)`: its keys are its documents. Entries travel in
// `Document.entry` and are returned unchanged. The entries of a list stay with the list, since two may
// have the same key (`HTTP_PROXY` and `http_proxy`), and `get` cannot read the key of a tree.

import { unsharedReason } from '../decorators/decorate.ts';
import { type Entry, isUnreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { listFrom } from '../listing.ts';
import type { ComparingProvider, ConfigProvider, VersionedProvider, VersionedRead } from '../provider.ts';
import { getFrom, loadBorder, manyFrom, setIn, versionsFrom } from '../query.ts';
import type { Call, DocumentSource, Outcome, SourceIdentity } from './port.ts';

export function fromProvider(provider: ConfigProvider, identity?: SourceIdentity): DocumentSource {
  checkSingle(provider);
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

/** Refuses a provider whose answers are not those of one store to every caller: one cache and one breaker
 *  cannot serve providers that fail on their own, and a decision about one caller must not be cached for
 *  another. */
function checkSingle(provider: ConfigProvider): void {
  const reason = unsharedReason(provider);
  if (!reason && !provider.layers) return;
  const [what, hint] = {
    composed: [
      'is made of several providers',
      'Shelter the providers of the chain: new ProviderChain([sheltered(a), b])',
    ],
    intercepted: [
      'is intercepted, and a cache would share its decisions',
      'Shelter the provider inside: intercepted(sheltered(p))',
    ],
    guarded: [
      'is guarded, and a cache would share its decisions',
      'Shelter the provider inside: guarded(sheltered(p))',
    ],
    tolerant: ['is made of several providers', 'Shelter the provider inside: optional(sheltered(p))'],
  }[reason ?? 'tolerant'] as [string, string];
  throw new ConfigError('invalid_option', `sheltered: ${provider.name} ${what}`, { hint });
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
