// Clients of pg, postgres.js and ioredis that log in with a secret, by the recipes of examples/credentials.
// They need servers, so nothing starts here.
import { Redis } from 'ioredis';
import { type ConfigProvider, withSecret } from 'llm-config-manager';
import pg from 'pg';
import postgres from 'postgres';
import { perLogin, pgClient } from '../credentials/recipes.ts';

export async function poolOfPg(chain: ConfigProvider, host: string, database: string) {
  // #region pg
  const Client = pgClient(pg.Client, chain, { user: 'database.user', password: 'database.password' });
  const pool = new pg.Pool({ host, database, Client, maxLifetimeSeconds: 3_600 });
  await withSecret(chain, ['database.user', 'database.password'], () => pool.query('select 1'));
  // #endregion pg
  return pool;
}

export async function clientsOf(chain: ConfigProvider, url: string, host: string) {
  // #region per-login
  const clientOf = perLogin(
    ([username, password]: readonly [string, string]) => postgres(url, { username, password }),
    (sql) => sql.end({ timeout: 5 }),
  );
  await withSecret(chain, ['database.user', 'database.password'], (login) => clientOf(login)`select 1`);

  const redisOf = perLogin(
    ([username, password]: readonly [string, string]) =>
      new Redis({ host, username, password, commandTimeout: 5_000 }),
    (redis) => redis.disconnect(),
  );
  await withSecret(chain, ['redis.user', 'redis.password'], (login) => redisOf(login).get('key'));
  // #endregion per-login
  return { clientOf, redisOf };
}
