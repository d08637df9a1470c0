// The parameters of a call: those of the endpoint, over them the preset of its task, over them those of the
// call. Each is a whole value: lists and objects are not merged. Used by endpoints/endpoint.ts.

import type { EndpointData } from '../data.ts';
import { parameterOf, spellingOf } from './spellings.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** Combines parameters in the spelling of the endpoint's client. `null` removes a parameter; a null of the
 *  endpoint itself removes it from all, because its model does not take it. */
export function combined(
  { provider, spelling, parameters = {} }: EndpointData,
  layers: readonly Parameters[],
): Parameters {
  const names = spellingOf(provider, spelling);
  const spelled = (parameter: string): string | undefined =>
    names && Object.hasOwn(names, parameter) ? names[parameter] : undefined;
  const found = new Map<string, { readonly name: string; readonly value: unknown }>();
  const refused = new Set<string>();
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = parameterOf(name, names);
    if (value === null) refused.add(parameter);
    else found.set(parameter, { name, value });
  }
  // what the endpoint has is spelled as its client wants it
  const own = new Map(Object.keys(parameters).map((name) => [parameterOf(name, names), name]));
  for (const layer of layers)
    for (const [given, value] of Object.entries(layer)) {
      if (value === undefined) continue;
      const parameter = parameterOf(given, names);
      if (value === null || refused.has(parameter)) found.delete(parameter);
      else found.set(parameter, { name: own.get(parameter) ?? spelled(parameter) ?? given, value });
    }
  return Object.fromEntries(Array.from(found.values(), ({ name, value }) => [name, value]));
}
