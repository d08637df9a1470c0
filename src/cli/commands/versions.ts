// `versions`: lists the versions of the document that holds a key, as the provider that sets the key reports
// them. Reads no value of an earlier version.

import type { ProviderChain } from '../../chain/chain.ts';
import { answersTo } from '../../decorators/decorate.ts';
import { ConfigError } from '../../errors.ts';
import { append, keyOf } from '../../key.ts';
import type { ConfigProvider, VersionedProvider, VersionInfo } from '../../provider.ts';
import { versionsFrom } from '../../query.ts';
import type { Key } from '../../value.ts';
import type { Command } from '../command.ts';
import { withChain } from '../module.ts';
import { tableOf } from '../table.ts';

export const versions: Command = {
  name: 'versions',
  arguments: ['[MODULE]', 'KEY'],
  summary: 'list the versions that a store keeps of a key, the newest first',
  flags: {
    provider: {
      type: 'string',
      value: 'NAME',
      summary: 'the provider to ask, in place of the one that sets the key',
    },
  },
  examples: [
    'llm-config versions database.password',
    'llm-config versions dist/config.js database.password --provider vault',
  ],
  async run(args, io) {
    const [name] = args.positionals as [string];
    return withChain(args, io, async ({ chain, options }) => {
      const key = append(options.at ?? '', keyOf(name));
      const provider = args.text('provider') ?? (await setterOf(chain, key));
      if (provider === undefined)
        return { text: `no provider has ${key}`, json: { key, versions: [] }, exit: 1 };
      const found = await versionsFrom(versionedNamed(chain, provider), key);
      if (found.length === 0)
        return { text: `${provider} has no ${key}`, json: { key, provider, versions: [] }, exit: 1 };
      return { text: table(found), json: { key, provider, versions: found } };
    });
  },
};

/** The provider that sets a key; also one whose current version cannot be read. */
async function setterOf(chain: ProviderChain, key: Key): Promise<string | undefined> {
  const { winner, error, layers } = await chain.explain(key);
  const setter = winner ?? layers.find(({ outcome }) => outcome === 'unreadable');
  if (!setter && error) throw error;
  return setter?.provider;
}

function versionedNamed(chain: ProviderChain, name: string): VersionedProvider {
  const { providers } = chain;
  const found =
    providers.find((provider) => provider.name === name) ??
    providers.find((provider) => answersTo(provider, name));
  const isVersioned = (provider: ConfigProvider): boolean =>
    typeof (provider as Partial<VersionedProvider>).versions === 'function';
  if (found && isVersioned(found)) return found as VersionedProvider;
  const others = providers.filter(isVersioned).map((provider) => provider.name);
  throw new ConfigError(
    'invalid_option',
    found ? `${name} has no versions` : `no provider of the chain is named ${JSON.stringify(name)}`,
    {
      hint:
        others.length > 0
          ? `Set --provider to one that has versions: ${others.join(', ')}`
          : 'No provider of the chain has versions',
    },
  );
}

function table(versions: readonly VersionInfo[]): string {
  const rows = versions.map(({ version, modifiedAt, stages = [], author = '', reason = '' }) => [
    version,
    timeOf(modifiedAt),
    stages.join(', '),
    author,
    reason,
  ]);
  const head = ['version', 'written', 'stages', 'author', 'reason'];
  const shown = head.map((_, i) => i === 0 || rows.some((row) => row[i] !== ''));
  return tableOf([head, ...rows].map((row) => row.filter((_, i) => shown[i])));
}

function timeOf(ms: number | undefined): string {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
