import {
  describeProvider,
  describeShelter,
  type Given,
  type ManualClock,
  manualClock,
  type Subject,
  type Values,
} from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { segments } from '../../src/key.ts';
import {
  type AwsClientOptions,
  AwsSecretsManagerProvider,
  AwsSsmProvider,
} from '../../src/providers/aws/index.ts';
import type { ShelterOptions } from '../../src/shelter/options.ts';
import type { ConfigValue } from '../../src/value.ts';
import { AwsServer, account, type Fault } from '../providers/aws/server.ts';

const resilience = {
  timeoutMs: 1_000,
  deadlineMs: 2_000,
  backoff: { initialMs: 1, maxMs: 2 },
  breaker: { failures: 20, resetMs: 1 },
};
const patienceMs = 20_000; // a slow machine does not fail the tests
const limits = { concurrency: 16, perSecond: 100_000 };

const faults: Readonly<Record<string, Fault>> = {
  denied: { name: 'AccessDeniedException' },
  unavailable: { name: 'InternalServerError', status: 500 },
  throttled: { name: 'ThrottlingException' },
  hang: { hang: true },
  garbage: { body: '{"Parameters": [{"Name": "/acme/x", "Value": ' },
};

const without = {
  notice: 'AWS does not report changes',
  expiry: 'values do not expire',
  closing: 'closing a client cannot fail',
  compares: 'AWS cannot compare, so ifVersion reads before it writes',
};

async function subject(
  provider: (options: AwsClientOptions & ShelterOptions) => Subject['provider'],
  put: (server: AwsServer, key: string, value: ConfigValue | undefined) => void,
  values: Values,
  given: Partial<Given>,
): Promise<Subject & { readonly server: AwsServer }> {
  const server = await AwsServer.start();
  const clock = (given.clock ?? manualClock()) as ManualClock;
  for (const [key, value] of Object.entries(values)) put(server, key, value);
  return {
    server,
    provider: provider({ endpoint: server.endpoint, ...account, resilience, limits, ...given, clock }),
    change: (key, value) => put(server, key, value),
    fail: (fault) => {
      server.faults = fault ? [faults[fault] as Fault] : [];
    },
    requests: () => server.calls.length,
    advance: (ms) => clock.advance(ms),
    paceMs: 20, // the requests take real time
    dispose: () => server[Symbol.asyncDispose](),
  };
}

const nameOf = (root: string, key: string): string => `${root}/${segments(key).join('/')}`;

async function ssm(values: Values, given: Partial<Given> = {}): Promise<Subject> {
  const put = (server: AwsServer, key: string, value: ConfigValue | undefined): void => {
    const name = nameOf('/acme', key);
    if (value === undefined) server.parameters.delete(name);
    else
      server.putParameter(
        name,
        Array.isArray(value) ? value.join(',') : String(value),
        Array.isArray(value) ? 'StringList' : 'SecureString',
      );
  };
  const made = await subject(
    (options) => new AwsSsmProvider({ path: '/acme', ...options }),
    put,
    values,
    given,
  );
  return {
    ...made,
    damage: (key: string) => void made.server.refused.set(nameOf('/acme', key), 'InvalidKeyId'),
    rotate: (key: string, value: ConfigValue) => {
      const before = String(made.server.parameters.get(nameOf('/acme', key))?.values.length);
      put(made.server, key, value);
      return before;
    },
  };
}

async function secretsManager(values: Values): Promise<Subject> {
  const textOf = (value: ConfigValue): string => (typeof value === 'string' ? value : JSON.stringify(value));
  // each leaf is a field of a JSON document, which keeps its type
  const put = (server: AwsServer, key: string, value: ConfigValue | undefined): void => {
    const [document, ...path] = segments(key);
    const name = `acme/${document}`;
    const current = server.secrets.get(name)?.find((version) => version.stages.includes('AWSCURRENT'))?.value;
    const tree = current?.startsWith('{') ? JSON.parse(current) : {};
    if (path.length === 0) {
      if (value === undefined) server.secrets.delete(name);
      else server.putSecret(name, textOf(value));
      return;
    }
    const last = path.pop() as string;
    const section = path.reduce<Record<string, unknown>>(
      (at, one) => (at[one] ??= {}) as Record<string, unknown>,
      tree,
    );
    if (value === undefined) delete section[last];
    else section[last] = value;
    server.putSecret(name, JSON.stringify(tree));
  };
  const made = await subject(
    (options) => new AwsSecretsManagerProvider({ path: 'acme/', ...options }),
    put,
    values,
    {},
  );
  return {
    ...made,
    damage: (key: string) => void made.server.refused.set(`acme/${segments(key)[0]}`, 'DecryptionFailure'),
    rotate: (key: string, value: ConfigValue) => {
      const name = `acme/${segments(key)[0]}`;
      const before = made.server.secrets.get(name)?.find((version) => version.stages.includes('AWSCURRENT'))
        ?.id as string;
      put(made.server, key, value);
      return before;
    },
  };
}

describeProvider({
  name: 'AwsSsmProvider',
  runner,
  patienceMs,
  make: (values) => ssm(values),
  without: {
    ...without,
    types: 'a parameter is a string or a list of strings',
    null: 'a parameter is a string',
    empty: 'SSM refuses an empty parameter',
  },
});

describeProvider({
  name: 'AwsSecretsManagerProvider',
  runner,
  patienceMs,
  make: (values) => secretsManager(values),
  without: {
    ...without,
    types: 'a secret that is not a JSON document is a string',
    null: 'a secret that is not a JSON document is a string',
  },
});

describeShelter({
  name: 'AwsSsmProvider',
  runner,
  patienceMs,
  make: ssm,
  without: { expiry: without.expiry },
});
