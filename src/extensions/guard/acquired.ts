// Listings that create credentials: only in the places that the caller may read. Used by reads.ts.

import type { Unreadable } from '../../entry.ts';
import { startsWith } from '../../key.ts';
import type { Layer, ListOptions } from '../../provider.ts';
import type { Key } from '../../value.ts';

/** Lists without creating anything, and then the places alone of which the caller may read a key. */
export async function acquired(
  prefix: Key,
  options: ListOptions,
  ask: (at: Key, options: ListOptions) => Promise<readonly Layer[]>,
  mayRead: (key: Key) => Promise<boolean>,
): Promise<readonly Layer[]> {
  const wanted = options.wanted?.keys ?? [];
  const isAllowed = async ({ key }: Unreadable): Promise<boolean> => {
    const keys = [key, ...wanted.filter((one) => one !== key && startsWith(one, key))];
    return (await Promise.all(keys.map(mayRead))).includes(true);
  };
  const layers = await ask(prefix, { ...options, acquire: false });
  return Promise.all(
    layers.map(async (layer): Promise<Layer> => {
      const holes: Unreadable[] = [];
      const entries = [...layer.entries];
      for (const hole of layer.holes) {
        if (hole.error.code !== 'on_demand' || !(await isAllowed(hole))) {
          holes.push(hole);
          continue;
        }
        const found = (await ask(hole.key, options)).find(({ name }) => name === layer.name);
        if (found?.error) return found;
        entries.push(...(found?.entries ?? []));
        holes.push(...(found?.holes ?? []));
      }
      return { ...layer, entries, holes };
    }),
  );
}
