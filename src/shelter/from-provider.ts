import { type Entry, isUnreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import type { ConfigProvider, ListOptions, WritableProvider } from '../provider.ts';
import type { Call, DocumentSource, Outcome, Scope } from './port.ts';

/** A provider as a source: its keys are its documents. */
export function fromProvider(provider: ConfigProvider): DocumentSource {
  const ask = (call: Call): { signal: AbortSignal; maxAgeMs: 0 } => ({ signal: call.signal, maxAgeMs: 0 });
  const writable = provider as WritableProvider;
  return {
    name: provider.name,
    batch: provider.getMany ? 100 : 1,
    locate: (key) => [{ key, document: key, field: '' }],
    async read(documents, call) {
      if (provider.getMany && documents.length > 1) {
        const found = await provider.getMany(documents, ask(call));
        return new Map(
          [...found].map(([key, answer]): [string, Outcome] => [
            key,
            isConfigError(answer) ? answer : outcome(answer),
          ]),
        );
      }
      const [key] = documents as [string];
      return new Map([[key, outcome(await provider.get(key, ask(call)))]]);
    },
    async page(scope, _cursor, call) {
      const found = await provider.list(scope.prefix, { ...ask(call), ...within(scope) });
      return {
        found: found.map((item) => ({
          place: { key: item.key, document: item.key, field: '' },
          outcome: isUnreadable(item) ? item.error : outcome(item),
        })),
        next: [],
      };
    },
    ...(provider.layers && {
      layers: async (scope, call) => provider.layers!(scope.prefix, { ...ask(call), ...within(scope) }),
    }),
    ...(provider.on && { on: (listener) => provider.on!(listener) }),
    classify: (error) =>
      isConfigError(error)
        ? error
        : new ConfigError('unavailable', `${provider.name} failed`, {
            provider: provider.name,
            cause: error,
          }),
    ...(writable.set && {
      async write(key: string, value: unknown, options: object, call: Call) {
        const more = { ...options, signal: call.signal };
        if (value === undefined) await writable.delete(key, more);
        else return (await writable.set(key, value as never, more)).version;
        return undefined;
      },
    }),
    ...(provider.health && {
      ping: async (call) => {
        const health = await provider.health?.({ signal: call.signal });
        if (health?.status === 'down')
          throw new ConfigError('unavailable', `${provider.name} is down`, { provider: provider.name });
      },
    }),
    ...(provider.watch && {
      watch: (changed) => {
        const watcher = provider.watch?.((change) => changed(change.keys ?? []));
        return () => watcher?.[Symbol.dispose]();
      },
    }),
    ...(provider.close && { close: () => provider.close!() }),
  };
}

const within = ({ wanted, acquire }: Scope): ListOptions => ({
  ...(wanted && { wanted }),
  ...(acquire && { acquire }),
});

function outcome(entry: Entry | undefined): Outcome {
  if (!entry) return 'absent';
  const { value, secret, text = false, version, modifiedAt, expiresAt, metadata } = entry;
  return {
    value,
    secret,
    text,
    entry,
    ...(version !== undefined && { version }),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(metadata && { metadata }),
  };
}
