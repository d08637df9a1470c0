// The recipes for `config.use` of examples/clients with the real clients: pg, ioredis, undici. Passwords are
// changed under load. `npm run test:live`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../../scripts/folders.ts';
import {
  type Config,
  type ConfigEvent,
  loadConfig,
  MemoryProvider,
  type MemoryValues,
  type Resource,
} from '../../src/index.ts';
import { redis } from './redis.ts';
import { unique } from './vault-server.ts';

interface Pool {
  query(text: string): Promise<{ readonly rows: readonly { readonly n: number }[] }>;
  end(): Promise<void>;
}
interface Recipes {
  database(config: Config<unknown>): Promise<Resource<Pool>>;
  cache(config: Config<unknown>): Promise<Resource<{ ping(): Promise<string> }>>;
  http(config: Config<unknown>): Promise<Resource<object>>;
}
type Request = (url: string, options: object) => Promise<{ readonly statusCode: number }>;

const folder = fileURLToPath(new URL('examples/clients/', root));
const cleaning: (() => unknown)[] = [];
let recipes: Recipes;
let request: Request;
let boss: Pool;
const postgres = new URL(process.env.LIVE_POSTGRES_URL as string);
const server = { host: postgres.hostname, port: Number(postgres.port), database: postgres.pathname.slice(1) };

beforeAll(async () => {
  if (!existsSync(`${folder}node_modules`))
    execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
      cwd: folder,
    });
  recipes = await import(`${folder}clients.ts`);
  const load = createRequire(`${folder}package.json`);
  ({ request } = load('undici') as { request: Request });
  const { Pool: Boss } = load('pg') as { Pool: new (options: object) => Pool };
  boss = new Boss({ ...server, user: postgres.username, password: postgres.password, max: 1 });
  cleaning.push(() => boss.end());
}, 120_000);
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  for (const clean of cleaning.reverse()) await Promise.resolve(clean()).catch(() => undefined);
});

/** A configuration, and what it has emitted. */
async function loaded(values: MemoryValues) {
  const source = new MemoryProvider(values);
  const notices: string[] = [];
  const on = (event: ConfigEvent) => void (event.type === 'notice' && notices.push(event.message ?? ''));
  const config = (await loadConfig(source, { on })) as unknown as Config<unknown>;
  cleaning.push(() => config.close());
  const change = async (changed: Readonly<Record<string, string | number>>): Promise<void> => {
    for (const [key, value] of Object.entries(changed)) await source.set(key, value);
    await config.reload();
  };
  return { config, change, notices };
}

/** Works with a resource from eight places until `change` has ended. Returns the number of failures. */
async function underLoad(work: () => Promise<unknown>, change: () => Promise<void>): Promise<number> {
  let [failed, done, calls] = [0, false, 0];
  const workers = Array.from({ length: 8 }, async () => {
    while (!done || calls < 100) {
      calls++;
      await work().catch(() => failed++);
    }
  });
  await change();
  done = true;
  await Promise.all(workers);
  return failed;
}

describe('a pool of pg', () => {
  it('follows its section without a failed query, and keeps a login if the next is refused', async () => {
    const app = unique('use').replaceAll('-', '_');
    // two users in turn, as a role has one password, and a pool may connect until it is replaced
    const users = [`${app}_a`, `${app}_b`];
    for (const user of users) {
      await boss.query(`create role ${user} login password 'fake-0'`);
      cleaning.push(() => boss.query(`drop role ${user}`));
    }
    const connections = async () =>
      (await boss.query(`select count(*)::int n from pg_stat_activity where usename like '${app}%'`)).rows[0]
        ?.n;
    const login = { user: users[0] as string, password: 'fake-0', max: 4 };
    const { config, change, notices } = await loaded({ database: { ...server, ...login } });
    const pool = await recipes.database(config);
    const query = () => pool.run((current) => current.query('select 1'));
    const failed = await underLoad(query, async () => {
      for (let i = 1; i <= 5; i++) {
        const before = pool.current;
        const user = users[i % 2] as string;
        await boss.query(`alter role ${user} password 'fake-${i}'`);
        await change({ 'database.user': user, 'database.password': `fake-${i}` });
        await expect.poll(() => pool.current, { timeout: 5_000 }).not.toBe(before);
      }
    });
    expect(failed).toBe(0);
    await expect.poll(connections, { timeout: 5_000 }).toBeLessThanOrEqual(4);

    await change({ 'database.password': 'fake-refused' });
    await expect.poll(() => notices.join(), { timeout: 5_000 }).toContain('database');
    expect(notices.join()).not.toContain('fake-');
    await query();
    await config.close();
    await expect.poll(connections, { timeout: 5_000 }).toBe(0);
  });
});

describe('a client of ioredis', () => {
  it('follows its section without a failed command, and keeps a login if the next is refused', async () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = unique('use');
    const url = new URL(process.env.LIVE_REDIS_URL as string);
    await redis(['ACL', 'SETUSER', app, 'on', '>fake-0', '~*', '+@all']);
    cleaning.push(() => redis(['ACL', 'DELUSER', app]));
    const connections = async () => (await redis(['CLIENT', 'LIST'])).split(`user=${app}`).length - 1;
    const login = { host: url.hostname, port: Number(url.port), username: app, password: 'fake-0' };
    const { config, change, notices } = await loaded({ redis: login });
    const client = await recipes.cache(config);
    const ping = () => client.run((current) => current.ping());
    const failed = await underLoad(ping, async () => {
      for (let i = 1; i <= 5; i++) {
        const before = client.current;
        await redis(['ACL', 'SETUSER', app, 'resetpass', `>fake-${i}`]);
        await change({ 'redis.password': `fake-${i}` });
        await expect.poll(() => client.current, { timeout: 5_000 }).not.toBe(before);
      }
    });
    expect(failed).toBe(0);
    await expect.poll(connections, { timeout: 5_000 }).toBe(1);

    await change({ 'redis.password': 'fake-refused' });
    await expect.poll(() => notices.join(), { timeout: 5_000 }).toContain('redis');
    expect(JSON.stringify([notices, quiet.mock.calls])).not.toContain('fake-');
    expect(await ping()).toBe('PONG');
    await config.close();
    await expect.poll(connections, { timeout: 5_000 }).toBe(0);
  });
});

describe('an agent of undici', () => {
  it('follows its section, and ends the requests that it has begun', async () => {
    const slow = createServer(({ url = '' }, response) => {
      setTimeout(() => response.end(), Number(url.slice(1)));
    });
    await new Promise<void>((done) => slow.listen(0, '127.0.0.1', done));
    cleaning.push(() => slow.closeAllConnections());
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`; // the path: milliseconds
    const { config, change } = await loaded({ http: { connections: 4, headersTimeout: 5_000 } });
    const agent = await recipes.http(config);
    const begun = agent.run((dispatcher) => request(`${url}/400`, { dispatcher }));
    const before = agent.current;
    await change({ 'http.headersTimeout': 100 });
    await expect.poll(() => agent.current, { timeout: 5_000 }).not.toBe(before);
    expect((await begun).statusCode).toBe(200);
    const late = agent.run((dispatcher) => request(`${url}/10000`, { dispatcher }));
    await expect(late).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
  });
});
