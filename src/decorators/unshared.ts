// Refuses a provider whose answers must not be kept for other callers. Called by everything that remembers
// what a provider has answered, such as `sheltered`.

import { ConfigError } from '../errors.ts';
import type { ConfigProvider } from '../provider.ts';
import { unsharedReason } from './decorate.ts';

/** Throws `invalid_option` unless the answers of a provider are those of one store to every caller. One cache
 *  cannot serve providers that fail on their own, and a decision about one caller must not be kept for
 *  another. `owner`: the decorator that remembers. */
export function refuseUnshared(owner: string, provider: ConfigProvider): void {
  const reason = unsharedReason(provider);
  if (!reason && !provider.layers) return;
  const isDecided = reason === 'guarded' || reason === 'intercepted';
  const whats = {
    composed: 'is made of several providers',
    intercepted: 'is intercepted, and a cache would share its decisions',
    guarded: 'is guarded, and a cache would share its decisions',
    remembered: 'is remembered, and its answers from a snapshot would look new',
  };
  const hint =
    reason === 'composed'
      ? `Wrap the providers of the chain: new ProviderChain([${owner}(a), b])`
      : reason === 'remembered'
        ? `Use remembered only once, outside: remembered(${owner === reason ? 'p' : `${owner}(p)`})`
        : `Wrap the provider inside: ${isDecided ? reason : 'optional'}(${owner}(p))`;
  throw new ConfigError('invalid_option', `${owner}: ${provider.name} ${whats[reason ?? 'composed']}`, {
    hint,
  });
}
