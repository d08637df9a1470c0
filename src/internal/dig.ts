import { segments } from '../key.ts';
import { type ConfigValue, isTree, type Key } from '../value.ts';

/** What stands at a key inside a value. Lists are leaves, into which no key leads; names that every object has are not found. */
export function dig(value: ConfigValue, key: Key): ConfigValue | undefined {
  if (key === '') return value;
  let at: ConfigValue | undefined = value;
  for (const name of segments(key)) {
    if (!isTree(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}
