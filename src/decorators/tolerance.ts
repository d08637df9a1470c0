// `optional` and `fallback`: what a chain may do while a provider is unreachable. Reading is in
// tolerant-reads.ts, which the first read loads; what needs no decision is forwarded here.

import { disposeAll } from '../internal/listeners.ts';
import { type ConfigProvider, checkProvider, type Decorated, type WritableProvider } from '../provider.ts';
import { callEach, setIn, versionsFrom } from '../query.ts';
import { type AnyProvider, decorate, loadedOnCall, methodsOf } from './decorate.ts';
import { Outage } from './outage.ts';
import { loadTolerantReads } from './reading.ts';

/** Treats an unreachable provider as absent, so that the chain reads the next one. Other failures are
 *  thrown, and so is an outage for a key that this provider has returned before. Emits `tolerated` once
 *  per outage.
 *  @example
 *  const chain = new ProviderChain([optional(store), defaults]);
 *  await chain.value('llm.model'); // => 'small', while the store is down
 *  @see fallback reads a second provider instead. */
export function optional<P extends ConfigProvider>(provider: P): Decorated<P> {
  checkProvider('optional', provider);
  return tolerant(provider, undefined);
}

/** Reads `second` while `first` is unreachable, and only then. A key that `first` has returned before
 *  never becomes absent: if `second` does not have it, the outage is thrown. Writes go to `first`, and
 *  `versions` are those of `first`. Emits `tolerated` once per outage.
 *  @example
 *  const chain = new ProviderChain([fallback(store, new BundleProvider('snapshot.json')), env]);
 *  @see optional continues with the next provider of the chain. */
export function fallback<P extends ConfigProvider>(first: P, second: ConfigProvider): Decorated<P> {
  checkProvider('fallback', first);
  checkProvider('fallback', second, 'the second argument');
  return tolerant(first, second);
}

function tolerant<P extends ConfigProvider>(first: P, second: ConfigProvider | undefined): Decorated<P> {
  const outage = new Outage(first);
  const parts = [first, ...(second ? [second] : [])];
  const name = second ? `${first.name} or ${second.name}` : first.name;
  const writable = first as AnyProvider;
  const abilities: Parameters<typeof decorate>[2] = {
    ...loadedOnCall(
      ['get', 'getMany', 'list', 'layers', 'health', ...methodsOf(first, ['known', 'renew'])],
      loadTolerantReads,
      ({ tolerantReads }) => tolerantReads(first, second, outage),
    ),
    refresh: (prefix, more) => callEach(`${name}: refresh`, parts, (part) => part.refresh?.(prefix, more)),
    ...(parts.some((part) => part.watch) && {
      watch: (onChange, more) => disposeAll(parts.map((part) => part.watch?.(onChange, more))),
    }),
    ...(writable.set && {
      set: (key, value, more) => setIn(first as ConfigProvider as WritableProvider, key, value, more),
    }),
    ...(writable.delete && { delete: (key, more) => writable.delete?.(key, more) as Promise<boolean> }),
    ...(writable.versions && { versions: (key, more) => versionsFrom(first, key, more) }),
    ...(second && { local: parts.every((part) => part.local === true) }),
    close: (more) => callEach(`${name}: close`, parts, (part) => part.close?.(more)),
  };
  return decorate(first, name, abilities, { parts, emitter: outage.emitter }) as never;
}
