import type { Subject, Values } from 'llm-config-manager/testing';
import { kebab, segments } from '../../src/key.ts';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { FakeVault, type Fault, refused } from '../providers/azure/fake.ts';
import { describeCloud } from '../support/cloud.ts';

const faults: Readonly<Record<string, Fault>> = {
  denied: refused(403, 'Forbidden', 'ForbiddenByRbac'),
  unavailable: refused(503, 'ServiceUnavailable'),
  throttled: refused(429, 'Throttled'),
  hang: 'hang',
  garbage: 'garbage',
};

const without = {
  types: 'a secret that is not a JSON document is a string',
  null: 'a secret that is not a JSON document is a string',
  notice: 'Azure does not report changes',
  spelling: 'names in Key Vault are case-insensitive',
  closing: 'closing a client cannot fail',
  compares: 'Key Vault cannot compare, so ifVersion reads before it writes',
};

const nameOf = (key: string): string => segments(key).map(kebab).join('--');

function subject(values: Values, options: Partial<AzureKeyVaultOptions>): Subject {
  const client = new FakeVault();
  const put = (key: string, value: ConfigValue): string | undefined => {
    const before = client.secrets.get(nameOf(key))?.at(-1)?.properties.version;
    client.put(nameOf(key), typeof value === 'string' ? value : JSON.stringify(value));
    return before;
  };
  for (const [key, value] of Object.entries(values)) put(key, value);
  return {
    provider: new AzureKeyVaultProvider({
      url: 'https://acme.vault.azure.net',
      client,
      limits: { concurrency: 100 },
      ...options,
    }),
    change: (key, value) => void (value === undefined ? client.secrets.delete(nameOf(key)) : put(key, value)),
    rotate: (key, value) => put(key, value) as string,
    lend: (key, value, lifeMs) =>
      void client.put(nameOf(key), String(value), {
        expiresOn: new Date((options.clock?.now() ?? 0) + lifeMs),
      }),
    damage: (key) => void client.denied.add(nameOf(key)),
    fail: (fault) => {
      client.fault = fault && faults[fault];
    },
    requests: () => client.calls.length,
  };
}

describeCloud('AzureKeyVaultProvider', subject, without);
