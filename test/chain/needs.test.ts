import { type ConfigProvider, optional, ProviderChain, scoped } from 'llm-config-manager';
import { describe, expect, it } from 'vitest';
import type { Need } from '../../src/needs.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';

const needOf = (key: string): Need => ({ kind: 'vault', action: 'read', resource: key });
const store: ConfigProvider = {
  name: 'store',
  get: async () => undefined,
  list: async () => [],
  needs: async ({ keys }) => keys.map(needOf),
};
const chain = new ProviderChain([new ProviderChain([store])]);

describe('needs', () => {
  it.each<[string, ConfigProvider, string]>([
    ['a chain', chain, 'a'],
    ['optional', optional(chain), 'a'],
    ['scoped', scoped(chain, 'app'), 'app.a'],
    ['unsealed', unsealed(chain), 'a'],
  ])('%s reports those of the providers of a chain', async (_, provider, key) => {
    expect(await provider.needs?.({ keys: ['a'], prefixes: [] })).toContainEqual(needOf(key));
  });
});
