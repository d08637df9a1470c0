// `withSecret` and its recipes with the real clients: an OpenBao static role and dynamic leases over a real
// PostgreSQL, a Redis user, and an HTTP service. `npm run test:live`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perLogin, pgClient } from '../../examples/credentials/recipes.ts';
import { MemoryProvider, ProviderChain, withSecret } from '../../src/index.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import { type Recorder, recorder } from './proxy.ts';
import { redis } from './redis.ts';
import { admin, live, mounted, unique } from './vault-server.ts';

interface Pg {
  query(text: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): void;
}
interface Clients {
  readonly pg: {
    readonly Pool: new (options: object) => Pg;
    readonly Client: new (options: object) => object;
  };
  readonly postgres: (url: string, options: object) => PostgresJs;
  readonly Redis: new (
    options: object,
  ) => {
    ping(): Promise<string>;
    disconnect(): void;
    on(event: 'error', listener: () => void): void;
    once(event: 'close', listener: () => void): void;
  };
}
interface PostgresJs {
  (parts: TemplateStringsArray): Promise<readonly { readonly session_user: string }[]>;
  end(options: object): Promise<void>;
}

const folder = fileURLToPath(new URL('credentials/', import.meta.url));
let clients: Clients;
const url = new URL(process.env.LIVE_POSTGRES_URL as string);
const server = { host: url.hostname, port: Number(url.port), database: url.pathname.slice(1) };
const keys = ['database.username', 'database.password'] as const;
const [user, password] = keys;
const cleaning: (() => unknown)[] = [];

let boss: Pg;
let proxy: Recorder;
let mount: string;
const app = unique('app').replaceAll('-', '_');

beforeAll(async () => {
  if (!existsSync(`${folder}node_modules`))
    execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
      cwd: folder,
    });
  const load = createRequire(`${folder}package.json`);
  clients = { pg: load('pg'), postgres: load('postgres'), Redis: load('ioredis').Redis };
  boss = new clients.pg.Pool({ ...server, user: url.username, password: url.password, max: 2 });
  await boss.query(`create role ${app} login password 'fake-first'`);
  cleaning.push(
    () => boss.end(),
    () => boss.query(`drop role ${app}`),
  );
  const database = await mounted('database');
  mount = database.mount;
  cleaning.push(database.unmount);
  await admin('POST', `${mount}/config/live`, {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@${url.host}${url.pathname}?sslmode=disable`,
    username: url.username,
    password: url.password,
    password_authentication: 'scram-sha-256',
    allowed_roles: ['*'],
  });
  await admin('POST', `${mount}/static-roles/${app}`, {
    db_name: 'live',
    username: app,
    rotation_period: '24h',
  });
  proxy = await recorder(live.address);
  cleaning.push(() => proxy.close());
}, 120_000);
afterAll(async () => {
  for (const clean of cleaning.reverse()) await Promise.resolve(clean()).catch(() => undefined);
}, 60_000);

/** Nothing but `withSecret` finds out that the credentials have changed: they are cached for an hour. */
function chainOf(path: string): ProviderChain {
  const vault = new VaultProvider({
    address: proxy.address,
    auth: token(live.token),
    env: {},
    leases: { database: path },
    cache: { ttlMs: 3_600_000 },
  });
  const chain = new ProviderChain([vault, new MemoryProvider({ database: server })]);
  cleaning.push(() => chain.close());
  return chain;
}

function poolOf(chain: ProviderChain): Pg {
  const Client = pgClient(clients.pg.Client, chain, { user, password });
  const pool = new clients.pg.Pool({ ...server, Client, max: 8, maxUses: 20, idleTimeoutMillis: 500 });
  pool.on('error', () => undefined); // a revoked user's idle connection ends
  cleaning.push(() => pool.end());
  return pool;
}

/** Ten clients query until `change` has run `times`, and until there were `least` queries. */
async function drive(
  query: () => Promise<unknown>,
  change: () => Promise<unknown>,
  { times = 8, least = 5_000 } = {},
): Promise<{ queries: number; failed: number }> {
  let [queries, failed, changed] = [0, 0, false];
  const load = Array.from({ length: 10 }, async () => {
    while (!changed || queries < least) {
      queries++;
      await query().catch(() => failed++);
      await new Promise((done) => setTimeout(done, 1));
    }
  });
  for (let i = 0; i < times; i++) {
    await new Promise((done) => setTimeout(done, 250));
    await change();
  }
  changed = true;
  await Promise.all(load);
  return { queries, failed };
}

describe('an OpenBao static role on a real PostgreSQL, rotated eight times under ten clients', () => {
  const rotate = () => admin('POST', `${mount}/rotate-role/${app}`, {});

  it('withSecret fails no query of 5,000, with at most two reads of the store a rotation', async () => {
    const chain = chainOf(`${mount}/static-creds/${app}`);
    const pool = poolOf(chain);
    const before = proxy.count('static-creds');
    const { queries, failed } = await drive(
      () => withSecret(chain, keys, () => pool.query('select 1')),
      rotate,
    );
    expect(queries).toBeGreaterThanOrEqual(5_000);
    expect(failed).toBe(0);
    expect(proxy.count('static-creds') - before).toBeLessThanOrEqual(1 + 8 * 2);
  });

  it('hundreds of queries fail without it', async () => {
    const chain = chainOf(`${mount}/static-creds/${app}`);
    const pool = poolOf(chain);
    const { failed } = await drive(() => pool.query('select 1'), rotate, { least: 0 });
    expect(failed).toBeGreaterThan(100);
  });
});

it('dynamic credentials that are revoked under ten clients fail no query that had not begun', async () => {
  const role = unique('role');
  await admin('POST', `${mount}/roles/${role}`, {
    db_name: 'live',
    creation_statements: [
      `create role "{{name}}" login password '{{password}}' valid until '{{expiration}}'`,
    ],
    revocation_statements: ['alter role "{{name}}" nologin'],
    default_ttl: '1h',
  });
  const chain = chainOf(`${mount}/creds/${role}`);
  const pool = poolOf(chain);
  const { failed } = await drive(
    () => withSecret(chain, keys, () => pool.query('select 1')),
    () => admin('PUT', `sys/leases/revoke-prefix/${mount}/creds/${role}`, {}),
    { times: 4, least: 2_000 },
  );
  expect(failed).toBe(0);
  expect(proxy.count(`creds/${role}`)).toBeLessThanOrEqual(1 + 4 * 2);
  const { rows } = await boss.query(
    `select rolname from pg_roles where rolname like 'v-%${role.slice(0, 6)}%'`,
  );
  for (const { rolname } of rows) await boss.query(`drop role "${rolname}"`);
});

describe('the recipes', () => {
  it('postgres.js: a client for each login', async () => {
    const chain = chainOf(`${mount}/static-creds/${app}`);
    const clientsOf = () =>
      perLogin(
        ([username, password]: readonly [string, string]) =>
          clients.postgres(`postgres://${url.host}${url.pathname}`, { username, password, max: 2 }),
        (sql) => sql.end({ timeout: 5 }),
      );
    const ask = (clientOf: ReturnType<typeof clientsOf>) =>
      withSecret(chain, keys, async (login) => (await clientOf(login)`select session_user`)[0]?.session_user);
    const [one, other] = [clientsOf(), clientsOf()];
    expect(await ask(one)).toBe(app);
    await admin('POST', `${mount}/rotate-role/${app}`, {});
    expect(await ask(other)).toBe(app); // logs in with the cached password first
    for (const clientOf of [one, other])
      await withSecret(chain, keys, (login) => clientOf(login).end({ timeout: 1 }));
  });

  it('ioredis: a client for each login, also after its connection was closed', async () => {
    const { hostname: host, port } = new URL(live.redis);
    const name = unique('user');
    const setPassword = (text: string) =>
      redis(['ACL', 'SETUSER', name, 'on', 'resetpass', `>${text}`, '+ping', '+info']);
    cleaning.push(() => redis(['ACL', 'DELUSER', name]));
    await setPassword('fake-1');
    const store = new MemoryProvider({ redis: { user: name, password: 'fake-1' } });
    const clientOf = perLogin(
      ([username, password]: readonly [string, string]) => {
        const client = new clients.Redis({
          host,
          port: Number(port),
          username,
          password,
          commandTimeout: 20_000,
        });
        client.on('error', () => undefined); // the commands are rejected, too
        return client;
      },
      (client) => client.disconnect(),
    );
    const refusals: string[] = [];
    const logins = ['redis.user', 'redis.password'] as const;
    const ping = () =>
      withSecret(store, logins, async (login) => {
        try {
          return await clientOf(login).ping();
        } catch (error) {
          refusals.push(`${(error as Error).message}`.slice(0, 9));
          await store.set('redis.password', 'fake-2');
          throw error;
        }
      });
    expect(await ping()).toBe('PONG');
    await setPassword('fake-2');
    const closed = withSecret(
      store,
      logins,
      (login) => new Promise<void>((done) => clientOf(login).once('close', done)),
    );
    await redis(['CLIENT', 'KILL', 'USER', name]);
    await closed; // ioredis keeps what it sent before that until a login succeeds
    await expect(ping()).resolves.toBe('PONG');
    expect(refusals).toEqual(['WRONGPASS']);
    await withSecret(store, logins, (login) => clientOf(login).disconnect());
  });

  it('fetch: a response with status 401', async () => {
    const store = new MemoryProvider({ key: 'fake-1' });
    let asked = 0;
    const service = createServer(async ({ headers }, response) => {
      if (++asked === 1) await store.set('key', 'fake-2');
      response.writeHead(headers.authorization === 'Bearer fake-2' ? 200 : 401).end('body');
    });
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
    cleaning.push(() => service.close());
    const at = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const ask = (key: string) => fetch(at, { headers: { authorization: `Bearer ${key}` } });
    expect((await withSecret(store, 'key', ask)).status).toBe(200);
    expect(asked).toBe(2);
  });
});
