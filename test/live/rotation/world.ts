// A rotation of two users of a real PostgreSQL, whose secret is in Secrets Manager or in KV version 2. Made
// by the live tests, and again by each process that they start.
import {
  alternating,
  kvStore,
  leaseLock,
  type PostgresPool,
  type PostgresQueries,
  type PostgresSession,
  postgresLock,
  postgresUsers,
  type RotateOptions,
  type RotatingStore,
  type Rotation,
  type RotationLock,
  rotate,
  secretsManagerStore,
} from '../../../src/extensions/rotation/index.ts';
import { AwsSecretsManagerProvider } from '../../../src/providers/aws/index.ts';
import { token, VaultProvider } from '../../../src/providers/vault/index.ts';
import { administrator, installed, type Pool } from './postgres.ts';

export const kinds = ['Secrets Manager', 'KV version 2'] as const;

export interface Setup {
  readonly kind: (typeof kinds)[number];
  /** What the secret's name begins with: in Secrets Manager, or below the mount `secret`. */
  readonly path: string;
  /** Where `pg` is. */
  readonly clients: string;
  readonly role: string;
  readonly users: readonly [string, string];
  /** @default the session of PostgreSQL */
  readonly lock?: 'lease' | 'none';
  /** Where PostgreSQL is reached. @default the server */
  readonly at?: { readonly host: string; readonly port: number };
}

export interface World {
  readonly admin: Pool;
  readonly store: RotatingStore;
  readonly provider: AwsSecretsManagerProvider | VaultProvider;
  readonly rotation: Rotation;
  close(): Promise<void>;
}

export const account = {
  endpoint: process.env.LIVE_AWS_ENDPOINT as string,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
};

/** The name of the sessions of a process. */
export const applicationOf = ({ path }: Setup, pid: number | undefined): string => `${path} ${pid}`;

/** Called before each change of the store and of the database: its name. */
export type BeforeChange = (change: string) => unknown;

export function made(
  setup: Setup,
  before: BeforeChange = () => undefined,
  options: Partial<RotateOptions> = {},
): World {
  const provider = providerOf(setup);
  const store =
    provider instanceof VaultProvider
      ? kvStore(watched(provider, ['setDocument'], before), 'database')
      : secretsManagerStore(watched(provider, ['setStaged', 'moveStage'], before), 'database');
  const admin = administrator(installed(setup.clients), {
    ...setup.at,
    application_name: applicationOf(setup, process.pid),
  });
  const pool = watchedPool(admin, before);
  const target = alternating(postgresUsers(pool, { role: setup.role }), setup.users);
  const rotation = rotate(store, target, {
    fields: { user: 'username', password: 'password' },
    everyMs: 3_600_000,
    overlapMs: 0,
    graceMs: 3_600_000,
    revoke: 'auto',
    lock: lockOf(setup, pool, admin),
    on: () => undefined,
    ...options,
  });
  return {
    admin,
    store,
    provider,
    rotation,
    async close() {
      await provider.close();
      await admin.end();
    },
  };
}

export function providerOf({ kind, path }: Setup): AwsSecretsManagerProvider | VaultProvider {
  const cache = { ttlMs: 500 };
  if (kind === 'Secrets Manager')
    return new AwsSecretsManagerProvider({ path: `${path}/`, ...account, cache });
  return new VaultProvider({
    address: process.env.LIVE_VAULT_ADDR as string,
    auth: token(process.env.LIVE_VAULT_TOKEN as string),
    env: {},
    path: `${path}/`,
    kv: 2,
    cache,
  });
}

const noLock: RotationLock = { run: (_, step) => step({}) };

function lockOf({ lock }: Setup, pool: PostgresPool, admin: Pool): RotationLock {
  if (lock === 'none') return noLock;
  return lock === 'lease' ? leaseLock(leasesIn(admin), { ttlMs: 1_000 }) : postgresLock(pool);
}

/** Leases as rows, by the clock of the server. The table is made by the test. */
function leasesIn(admin: Pool): Parameters<typeof leaseLock>[0] {
  const take = `insert into rotation_leases as held values ($1, $2, now() + $3 * interval '1 ms')
    on conflict (name) do update set owner = excluded.owner, until = excluded.until
    where held.owner = excluded.owner or held.until < now() returning owner`;
  return {
    acquire: async (name, owner, ttlMs) => (await admin.query(take, [name, owner, ttlMs])).rows.length > 0,
    release: async (name, owner) => {
      await admin.query('delete from rotation_leases where name = $1 and owner = $2', [name, owner]);
    },
  };
}

/** The same object, which calls `before` first. */
function watched<T extends object>(object: T, methods: readonly string[], before: BeforeChange): T {
  return new Proxy(object, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (!methods.includes(name as string)) return value.bind(target);
      return async (...parameters: unknown[]) => {
        await before(name as string);
        return value.apply(target, parameters);
      };
    },
  });
}

function watchedPool(admin: Pool, before: BeforeChange): PostgresPool {
  const query = (of: PostgresQueries) => async (text: string, values?: unknown[]) => {
    if (/^(create|alter|grant) /.test(text)) await before(text.split(' login ')[0] as string);
    return of.query(text, values);
  };
  const methods: Partial<Record<string | symbol, unknown>> = {
    query: query(admin),
    connect: async () => {
      const session = await admin.connect();
      const watchedSession: PostgresSession = {
        query: query(session),
        release: (close) => session.release(close),
        on: (event, listener) => session.on(event, listener),
        removeListener: (event, listener) => session.removeListener(event, listener),
      };
      return watchedSession;
    },
  };
  return new Proxy(admin, { get: (target, name) => methods[name] ?? Reflect.get(target, name) });
}
