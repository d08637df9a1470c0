// How the variables of a chain are named: the prefix, the separator and the mapped names of its first
// provider of variables. Found through `where`, which every provider has. Used by `env-example` and `run`.

import type { ProviderChain } from '../chain/chain.ts';
import { append } from '../key.ts';
import type { EnvExampleOptions } from '../local/env-example.ts';
import { VariableNames } from '../local/variable-names.ts';
import type { Key } from '../value.ts';

/** The places of a key that are variables: `env APP_DATABASE_HOST`, `.env APP_DATABASE_HOST`. */
const variablesIn = (places: string): readonly string[] =>
  places.split('\n').flatMap((place) => /^\S+ ([A-Za-z_][\w.:-]*)(?: \(.*\))?$/.exec(place)?.[1] ?? []);

/** The options of `envExample` for the keys of a schema, which are below `at` in the chain. */
export function variableStyle(chain: ProviderChain, keys: readonly Key[], at: Key): EnvExampleOptions {
  const probe = variablesIn(chain.where('zq.qz')).flatMap((name) => {
    const [, start, between] = /^(.*?)ZQ([^A-Z]+)QZ$/.exec(name) ?? [];
    return start === undefined || between === undefined ? [] : [{ start, between }];
  })[0];
  if (!probe) return {};
  const { start, between } = probe;
  const isUsual = between === '_' || between === '__';
  const prefix = start.slice(0, start.length - (isUsual ? 1 : between.length)).replace(/_$/, '');
  const style = { ...(start !== '' && { prefix }), ...(!isUsual && { separator: between }) };
  const names = new VariableNames('llm-config', style);
  const mapped = keys.flatMap((key): [Key, string][] => {
    const whole = append(at, key);
    const usual = names.namesFor(key);
    const [first] = variablesIn(chain.where(whole)).filter((name) => name !== whole);
    return first === undefined || usual.includes(first) ? [] : [[key, first]];
  });
  return mapped.length > 0 ? { ...style, variables: Object.fromEntries(mapped) } : style;
}
