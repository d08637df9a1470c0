import {
  describeProvider,
  describeShelter,
  manualClock,
  type Subject,
  type Values,
} from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { type KeyringOptions, KeyringProvider } from '../../src/providers/keyring/index.ts';
import { FakeKeyring, type Fault } from '../providers/keyring/fake-keyring.ts';

const faults: Readonly<Record<string, Fault>> = {
  denied: { error: 'org.freedesktop.DBus.Error.AccessDenied' },
  unavailable: 'cut',
  throttled: { error: 'org.freedesktop.DBus.Error.LimitsExceeded' },
  hang: 'hang',
  garbage: 'garbage',
};

const without = {
  types: 'an entry that is not a JSON document is text',
  null: 'an entry that is not a JSON document is text',
  notice: 'a keyring does not report changes',
  versions: 'an entry has no versions',
  expiry: 'entries do not expire',
  closing: 'closing a connection cannot fail',
  damage: 'a keyring is unlocked as a whole or not at all',
};

async function subject(values: Values, options: Partial<KeyringOptions>): Promise<Subject> {
  const fake = await FakeKeyring.start();
  const before = process.env.DBUS_SESSION_BUS_ADDRESS;
  process.env.DBUS_SESSION_BUS_ADDRESS = fake.address;
  const put = (key: string, value: unknown): void =>
    fake.put(
      'acme',
      `app/${key}`,
      value === undefined || typeof value === 'string' ? value : JSON.stringify(value),
    );
  for (const [key, value] of Object.entries(values)) put(key, value);
  return {
    provider: new KeyringProvider({ service: 'acme', backend: 'secret-service', prefix: 'app/', ...options }),
    change: put,
    fail: (fault) => {
      fake.fault = (member) =>
        fault && ['SearchItems', 'ReadAlias'].includes(member) ? faults[fault] : undefined;
    },
    requests: () => fake.calls.filter((member) => member === 'SearchItems').length,
    dispose: async () => {
      if (before === undefined) delete process.env.DBUS_SESSION_BUS_ADDRESS;
      else process.env.DBUS_SESSION_BUS_ADDRESS = before;
      await fake[Symbol.asyncDispose]();
    },
  };
}

const resilience = {
  timeoutMs: 1_000,
  deadlineMs: 2_000,
  backoff: { initialMs: 1, maxMs: 2 },
  breaker: { resetMs: 1 },
};
const patienceMs = 20_000; // for a busy machine

describeProvider({
  name: 'KeyringProvider',
  runner,
  patienceMs,
  make: async (values) => {
    const clock = manualClock();
    const paceMs = 20; // the requests are real
    return { ...(await subject(values, { resilience, clock })), advance: clock.advance, paceMs };
  },
  without,
});

describeShelter({ name: 'KeyringProvider', runner, patienceMs, make: subject, without });
