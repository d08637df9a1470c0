import type { Subject, Values } from 'llm-config-manager/testing';
import { segments } from '../../src/key.ts';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { FakeGcp, type Fault } from '../providers/gcp/fake.ts';
import { describeCloud } from '../support/cloud.ts';

const faults: Readonly<Record<string, Fault>> = {
  denied: 7,
  unavailable: 14,
  throttled: 8,
  hang: 'hang',
  garbage: 'garbage',
};

const without = {
  types: 'a secret that is not a JSON document is a string',
  null: 'a secret that is not a JSON document is a string',
  notice: 'Google does not report changes',
  expiry: 'an expired secret no longer exists',
  closing: 'closing a client cannot fail',
  compares: 'Google cannot compare, so ifVersion reads before it writes',
};

const nameOf = (key: string): string => segments(key).join('--');

function subject(values: Values, options: Partial<GcpSecretManagerOptions>): Subject {
  const client = new FakeGcp();
  const put = (key: string, value: ConfigValue): string =>
    client.put(nameOf(key), typeof value === 'string' ? value : JSON.stringify(value));
  for (const [key, value] of Object.entries(values)) put(key, value);
  return {
    provider: new GcpSecretManagerProvider({
      project: 'acme',
      client,
      limits: { concurrency: 100 },
      ...options,
    }),
    change: (key, value) =>
      void (value === undefined ? client.secrets.delete(client.full(nameOf(key))) : put(key, value)),
    rotate: (key, value) => String(Number(put(key, value)) - 1),
    damage: (key) => void client.denied.add(client.full(nameOf(key))),
    fail: (fault) => {
      client.fault = fault && faults[fault];
    },
    requests: () => client.calls.length,
  };
}

describeCloud('GcpSecretManagerProvider', subject, without);
