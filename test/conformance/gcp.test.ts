import { describeProvider, describeShelter, manualClock, type Subject, type Values } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import type { ConfigValue } from '../../src/entry.ts';
import { segments } from '../../src/key.ts';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { FakeGcp, type Fault } from '../providers/gcp/fake.ts';

const faults: Readonly<Record<string, Fault>> = { denied: 7, unavailable: 14, throttled: 8, hang: 'hang', garbage: 'garbage' };

const without = {
  types: 'a secret that is no JSON document is text',
  null: 'a secret that is no JSON document is text',
  notice: 'Google tells nobody of a change',
  expiry: 'what Google lets end is gone, and is absent',
  closing: 'closing a client cannot fail',
};

const nameOf = (key: string): string => segments(key).join('--');

function subject(values: Values, options: Partial<GcpSecretManagerOptions>): Subject {
  const client = new FakeGcp();
  const put = (key: string, value: ConfigValue): string =>
    client.put(nameOf(key), typeof value === 'string' ? value : JSON.stringify(value));
  for (const [key, value] of Object.entries(values)) put(key, value);
  return {
    provider: new GcpSecretManagerProvider({ project: 'acme', client, limits: { concurrency: 100 }, ...options }),
    change: (key, value) => void (value === undefined ? client.secrets.delete(client.full(nameOf(key))) : put(key, value)),
    rotate: (key, value) => String(Number(put(key, value)) - 1),
    damage: (key) => void client.denied.add(client.full(nameOf(key))),
    fail: (fault) => {
      client.fault = fault && faults[fault];
    },
    requests: () => client.calls.length,
  };
}

describeProvider({
  name: 'GcpSecretManagerProvider',
  runner,
  make: (values) => {
    const clock = manualClock();
    return {
      ...subject(values, { clock, resilience: { breaker: false } }),
      advance: (ms: number) => clock.advance(ms),
      paceMs: 1_000,
    };
  },
  without,
});

// a key that may stand in two documents costs two requests; the probe of a breaker is one
const secrets = Object.fromEntries(['name', 'zone', 'warm', 'none', 'lease'].map((word) => [`service.${word}`, `service--${word}`]));

describeShelter({ name: 'GcpSecretManagerProvider', runner, make: (values, options) => subject(values, { ...options, secrets }), without });
