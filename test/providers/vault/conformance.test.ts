import * as runner from 'vitest';
import { scoped } from '../../../src/decorators/scoped.ts';
import { segments } from '../../../src/key.ts';
import { token, VaultProvider } from '../../../src/providers/vault/index.ts';
import {
  conformance,
  manualClock,
  type ProviderSuite,
  type Subject,
  type Values,
} from '../../../src/testing/index.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { FakeVault, type Fault, type Seen } from './fake.ts';

type Tree = Record<string, unknown>;

const without = {
  closing: 'a token that cannot be revoked expires by itself',
  notice: 'the server does not report that a secret has changed',
};

/** Registers the whole suite, and skips sentences that do not apply to Vault, each with a reason. */
function describeProvider(suite: ProviderSuite, except: Readonly<Record<string, string>> = {}): void {
  runner.describe(suite.name, () => {
    for (const { chapter, title, leftOut, check } of conformance({ ...suite, patienceMs: 20_000 })) {
      const reason = leftOut ?? except[title];
      if (reason === undefined) runner.it(`${chapter}: ${title}`, check);
      else runner.it.skip(`${chapter}: ${title} (left out, because ${reason})`, check);
    }
  });
}

/** Sets or removes a leaf of a tree. */
function put(tree: Tree, path: readonly string[], value: ConfigValue | undefined): void {
  const [name, ...inside] = path as [string, ...string[]];
  if (inside.length > 0) put((tree[name] ??= {}) as Tree, inside, value);
  else if (value === undefined) delete tree[name];
  else tree[name] = value;
}

const faults: Record<string, (seen: Seen) => Fault> = {
  denied: () => ({ status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }),
  unavailable: () => 'cut',
  throttled: () => ({ status: 429, body: { errors: ['request path rate limit quota exceeded'] } }),
  hang: () => 'hang',
};

const resilience = {
  timeoutMs: 2_000,
  deadlineMs: 3_000,
  backoff: { initialMs: 1, maxMs: 2 },
  breaker: { resetMs: 1 },
};

interface Layout {
  readonly mount: string;
  /** The path of the secret that contains a key, and the path of the field inside it. */
  secretOf(path: readonly string[]): readonly [secret: string, field: readonly string[]];
  provider(address: string, options: object): VaultProvider;
}

function subject({ mount, secretOf, provider }: Layout) {
  return async (values: Values): Promise<Subject> => {
    const clock = manualClock();
    const vault = await new FakeVault(() => clock.now()).listen();
    const write = (key: string, value: ConfigValue | undefined): void => {
      const [path, field] = secretOf(segments(key));
      const secret = vault.engines.secrets.get(`${mount}/${path}`) ?? { versions: [], metadata: null };
      const data = structuredClone(secret.versions.at(-1)?.data ?? {});
      put(data, field, value);
      secret.versions.push({ data, at: clock.now() });
      vault.engines.secrets.set(`${mount}/${path}`, secret);
    };
    for (const [key, value] of Object.entries(values)) write(key, structuredClone(value) as ConfigValue);
    const damaged = new Set<string>();
    let fault: string | undefined;
    const storedVersions = () => [...vault.engines.secrets.values()].map(({ versions }) => versions);
    vault.fault = (seen) => {
      if (damaged.has(decodeURIComponent(seen.url.split('?')[0] as string).replace(/^\/v1\//, '')))
        return faults.denied?.(seen);
      if (fault === 'garbage')
        return { status: 200, body: `{"data":${JSON.stringify(storedVersions()).slice(0, -4)}` };
      return fault === undefined ? undefined : faults[fault]?.(seen);
    };
    const made = provider(vault.address, { auth: token('root-token'), env: {}, resilience, clock });
    return {
      provider: secretOf(['probe'])[0] === 'app' && mount === 'secret' ? scoped(made, 'app') : made,
      change: write,
      rotate: (key, value) => {
        const [path] = secretOf(segments(key));
        const before = `${vault.engines.secrets.get(`${mount}/${path}`)?.versions.length}`;
        write(key, value);
        return before;
      },
      fail: (one) => {
        fault = one;
      },
      damage: (key) => {
        const [path] = secretOf(segments(key));
        damaged.add(`${mount}/data/${path}`);
      },
      requests: () => vault.seen.filter(({ url }) => !/auth\/token|sys\//.test(url)).length,
      advance: (ms) => clock.advance(ms),
      paceMs: 20, // the requests are real
      dispose: () => vault.close(),
    };
  };
}

const hole = 'a denied document is a hole in the list, and this provider has one document';

describeProvider(
  {
    name: 'VaultProvider, one secret of KV version 1',
    make: subject({
      mount: 'kv1',
      secretOf: (path) => ['one/secret', path],
      provider: (address, options) =>
        new VaultProvider({ address, mount: 'kv1', path: 'one/secret', ...options }),
    }),
    without: {
      ...without,
      damage: 'one secret is readable as a whole or not at all',
      versions: 'version 1 of the engine keeps none',
    },
  },
  {
    'list rejects, and returns no partial result, when the backend denies access': hole,
    'errors contain no value when the backend denies access': hole,
    'has no versions, because version 1 of the engine keeps none': 'the method is refused',
  },
);

describeProvider({
  name: 'VaultProvider, a folder of KV version 2',
  make: subject({
    mount: 'secret',
    secretOf: (path) => [['app', ...path.slice(0, -1)].join('/'), path.slice(-1)],
    provider: (address, options) => new VaultProvider({ address, path: '/', ...options }),
  }),
  without,
});
