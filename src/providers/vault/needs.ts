// The capabilities that reading keys needs, as a policy of Vault spells their paths. Used by `source.ts`. The
// default policy lets every token list its mounts and renew itself.

import { segments } from '../../key.ts';
import { isWanted, type Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import type { Call, Place } from '../../shelter/port.ts';
import type { Key } from '../../value.ts';
import type { Connection } from './connection.ts';
import type { Kv } from './kv.ts';
import type { Leases } from './leases.ts';
import type { ApiPart } from './mounts.ts';

const mountsTimeoutMs = 5_000;

interface Reader {
  readonly connection: Connection;
  readonly kv: Kv;
  readonly leases: Leases;
  /** With its mount and a trailing slash. Undefined if only the places are read. */
  readonly folder?: string;
  readonly places: readonly Place[];
}

export async function vaultNeeds(
  { connection, kv, leases, folder, places }: Reader,
  locate: (key: Key) => readonly Place[],
  wanted: Wanted,
): Promise<readonly Need[]> {
  const { address, namespace } = connection.target ?? {};
  const at = address === undefined ? {} : { at: namespace ? `${address} in ${namespace}` : address };
  const need = (action: string, resource: string): Need => ({ kind: 'vault', ...at, action, resource });
  const api = async (path: string, part: ApiPart): Promise<string> => {
    const signal = AbortSignal.timeout(mountsTimeoutMs);
    const call: Call = { signal, id: '', notice: () => undefined };
    // without the list of mounts, the engine is most likely version 2
    return kv.policyPath(path, part, call).catch(() => path.replace('/', `/${part}/`));
  };

  const { keys, prefixes } = wanted;
  const needs: Need[] = [];
  const own = places.filter(({ key }) => isWanted(key, wanted));
  const located = folder === undefined ? [] : [...keys, ...prefixes].filter(Boolean).flatMap(locate);
  for (const document of new Set([...own, ...located].map((place) => place.document))) {
    if (!leases.has(document)) {
      needs.push(need('read', await api(document, 'data')));
      continue;
    }
    const { path, capability } = leases.permission(document);
    needs.push(need(capability, path));
    for (const step of ['renew', 'revoke']) needs.push(need('update', `sys/leases/${step}`));
  }
  if (folder === undefined) return needs;
  const folderAt = (path: readonly string[]): string => folder + path.map((name) => `${name}/`).join('');
  for (const prefix of prefixes) {
    const below = folderAt(segments(prefix));
    const [data, metadata] = [await api(below, 'data'), await api(below, 'metadata')];
    needs.push(need('read', `${data}*`), need('list', `${metadata}*`));
    if (prefix === '') continue;
    needs.push(need('read', data.replace(/\/$/, '')));
    // in version 1 that line also decides about the folder of this name
    if (metadata === data) needs.push(need('list', metadata));
  }
  if (prefixes.length === 0) return needs; // each key is read by its name
  // a list begins at the folder, and opens each folder on the way to a key
  const opened = [...keys, ...prefixes].flatMap((key) => segments(key).map((_, n, path) => path.slice(0, n)));
  for (const path of new Set(opened.map(folderAt))) needs.push(need('list', await api(path, 'metadata')));
  return needs;
}
