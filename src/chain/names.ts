// The list of a chain's providers, and their names. Each is unique within the chain, its nested chains
// included: layers, events and health have no other mark. A provider that has only a default name is
// numbered.

import { renamed } from '../decorators/renamed.ts';
import { ConfigError } from '../errors.ts';
import { type ConfigProvider, checkProvider } from '../provider.ts';

/** The providers with unique names. `namesOf`: the names that a provider brings, those of a nested chain.
 *  @throws ConfigError `invalid_option` if two providers were given the same name. */
export function uniquelyNamed(
  providers: readonly ConfigProvider[],
  namesOf: (provider: ConfigProvider) => readonly string[],
): readonly ConfigProvider[] {
  const given = providers.flatMap((provider) => (provider.unnamed ? [] : namesOf(provider)));
  const twice = given.find((name, i) => given.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ConfigError('invalid_option', `ProviderChain: two providers are named "${twice}"`, {
      hint: 'Rename one of them',
    });
  const taken = new Set(given);
  return providers.map((provider) => {
    if (!provider.unnamed) return provider;
    let name = provider.name;
    for (let number = 2; taken.has(name); number++) name = `${provider.name} ${number}`;
    taken.add(name);
    return name === provider.name ? provider : renamed(provider, name);
  });
}

/** The error of an argument that is not a list. */
export const notAList = (): ConfigError =>
  new ConfigError('invalid_option', 'ProviderChain: the first argument must be a list of providers', {
    hint: 'Pass a list: new ProviderChain([a, b])',
  });

/** The argument of a chain, if it is a list of providers. */
export function checkedList(providers: readonly ConfigProvider[]): readonly ConfigProvider[] {
  if (!Array.isArray(providers)) throw notAList();
  providers.forEach(
    (provider, i) => void checkProvider('ProviderChain', provider, `item ${i + 1} of the list`),
  );
  return providers;
}
