// The version of a credential before the present one. Used by `withSecret`, while a replica does not know the
// newest one yet. It is read from the provider that has the credential, through the interceptors of its
// chains, as `get` is.

import { innermost } from '../decorators/decorate.ts';
import type { Entry } from '../entry.ts';
import type { ConfigProvider, ReadOptions, VersionedProvider, VersionInfo } from '../provider.ts';
import { getFrom, versionsFrom } from '../query.ts';
import type { Key } from '../value.ts';
import { isClosed } from './asking.ts';
import { ProviderChain } from './chain.ts';

/** The entries of one document as they were one version before. Undefined if the store keeps no versions. */
export async function versionBefore(
  chain: ProviderChain,
  entries: readonly Entry[],
  options: ReadOptions,
): Promise<readonly Entry[] | undefined> {
  let finding: Promise<string | undefined> | undefined;
  const readIn = async (
    provider: ConfigProvider,
    key: Key,
    entry: Entry,
    inner: ReadOptions,
  ): Promise<Entry | undefined> => {
    if (provider instanceof ProviderChain)
      return provider.lookUp(key, inner, async (providers, innermost) => {
        const holder = providers.find((one) => isFrom(entry, one));
        return holder && readIn(holder, key, entry, innermost);
      });
    if (entry.version === undefined || !('versions' in provider)) return undefined;
    finding ??= versionsFrom(provider, key, inner).then((all) => olderThan(entry.version, all));
    const version = await finding;
    if (version === undefined) return undefined;
    const found = await getFrom(provider as VersionedProvider, key, { ...inner, version } as ReadOptions);
    return isClosed(found, inner) ? undefined : found;
  };
  const found: Entry[] = [];
  for (const entry of entries) {
    const older = await readIn(chain, entry.key, entry, options);
    if (!older) return undefined;
    found.push(older);
  }
  return found;
}

/** Whether an entry is this provider's own answer. `fallback` has several, and a name of its own. */
const isFrom = ({ origin }: Entry, provider: ConfigProvider): boolean =>
  provider instanceof ProviderChain
    ? provider.providers.some(({ name }) => name === origin.provider)
    : provider.name === origin.provider || innermost(provider).name === origin.provider;

const unreadable = new Set(['disabled', 'deleted', 'destroyed']);

/** The version that the store calls the previous one, else the one that follows in the list. */
function olderThan(version: string | undefined, all: readonly VersionInfo[]): string | undefined {
  const labelled = all.find(({ stages }) => stages?.includes('AWSPREVIOUS'));
  const at = all.findIndex((one) => one.version === version);
  const older = labelled ?? (at < 0 ? undefined : all[at + 1]);
  return older?.stages?.some((stage) => unreadable.has(stage)) ? undefined : older?.version;
}
