import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { keyOf, rest, segments, startsWith } from '../../src/key.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { type ConfigValue, isTree, sameValue } from '../../src/value.ts';

type Lookup = { readonly found: Entry } | { readonly error: ConfigError } | 'section' | 'absent';

/** The result for a key in several places. A value takes precedence over unreadable places. Two different
 *  values are a conflict. */
function resolve(key: string, lookups: readonly Lookup[]): Entry | undefined {
  const found = lookups.flatMap((one) => (typeof one === 'object' && 'found' in one ? [one.found] : []));
  const errors = lookups.flatMap((one) => (typeof one === 'object' && 'error' in one ? [one.error] : []));
  const [first] = found;
  if (first) {
    if (lookups.includes('section') || !found.every((entry) => sameValue(entry.value, first.value)))
      throw new ConfigError('conflict', `two places for ${key}`, { key });
    return first;
  }
  if (errors[0]) throw errors[0];
  if (lookups.includes('section')) throw new ConfigError('invalid_key', `${key} is a section`, { key });
  return undefined;
}

/** A source with documents at exact keys, like a secret store. Several documents may be above one key. */
export function documents(
  name: string,
  contents: Readonly<Record<string, ConfigValue | ConfigError>>,
): ConfigProvider {
  const items = Object.entries(contents).map(([key, value]): Entry | Unreadable => {
    const origin = makeOrigin({ provider: name, source: `${name} ${key}` });
    return value instanceof ConfigError
      ? { key, origin, error: value }
      : makeEntry({ key, value, secret: false, origin });
  });
  const at = (item: Entry | Unreadable, key: string): Lookup => {
    if (!startsWith(key, item.key)) return startsWith(item.key, key) ? 'section' : 'absent';
    if (isUnreadable(item)) return { error: item.error };
    let value: ConfigValue | undefined = item.value;
    for (const segment of segments(rest(key, item.key)))
      value = isTree(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
    if (value === undefined) return 'absent';
    return isTree(value) ? 'section' : { found: makeEntry({ ...item, key, value }) };
  };
  return {
    name,
    get: async (spelling) => {
      const key = keyOf(spelling);
      return resolve(
        key,
        items.map((item) => at(item, key)),
      );
    },
    list: async () => items,
  };
}
