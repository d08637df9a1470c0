// `renew` of a chain. Loaded by chain.ts on first use: only `withSecret` and its like renew a key.

import type { Entry } from '../entry.ts';
import type { ConfigProvider, ReadOptions } from '../provider.ts';
import { getFrom, renewIn, toConfigError } from '../query.ts';
import type { Key } from '../value.ts';
import { isClosed, refuse } from './asking.ts';

/** Renews a key in the first provider that has it. If that one has lost it since, the next ones are read. */
export async function renewFirst(
  providers: readonly ConfigProvider[],
  key: Key,
  options: ReadOptions,
): Promise<Entry | undefined> {
  for (const provider of providers)
    try {
      if (!(await getFrom(provider, key, options))) continue;
      const entry = await renewIn(provider, key, options);
      if (entry) return isClosed(entry, options) ? await refuse(entry) : entry;
    } catch (error) {
      throw toConfigError(error, provider.name, key);
    }
  return undefined;
}
