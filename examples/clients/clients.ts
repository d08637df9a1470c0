// Clients of pg, ioredis and undici that follow a section of the configuration. They need servers, so nothing
// starts here: call a function with a loaded configuration.
import { Redis } from 'ioredis';
import type { Config, Resource } from 'llm-config-manager';
import { Pool } from 'pg';
import { Agent } from 'undici';

/** The value of the configuration, as its schema has it. */
export interface Settings {
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly max: number;
  };
  readonly redis: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
  };
  readonly http: { readonly connections: number; readonly headersTimeout: number };
}

/** `await (await database(config)).run((pool) => pool.query('SELECT 1'))` */
export function database(config: Config<Settings>): Promise<Resource<Pool>> {
  // #region pg
  return config.use(
    'database',
    async (options) => {
      const pool = new Pool(options);
      pool.on('error', (error) => console.error(`an idle connection ended: ${error.message}`));
      try {
        await pool.query('SELECT 1'); // if the new login is refused, the old pool stays in use
        return pool;
      } catch (error) {
        await pool.end();
        throw error;
      }
    },
    (old) => old.end(),
  );
  // #endregion
}

/** `await (await cache(config)).run((redis) => redis.get('key'))` */
export function cache(config: Config<Settings>): Promise<Resource<Redis>> {
  // #region ioredis
  return config.use(
    'redis',
    async (options) => {
      const redis = new Redis({ ...options, lazyConnect: true });
      redis.on('error', (error) => console.error(`redis: ${error.message}`));
      try {
        await redis.connect();
        return redis;
      } catch (error) {
        redis.disconnect();
        throw error;
      }
    },
    (old) => old.quit(),
  );
  // #endregion
}

/** `await (await http(config)).run((dispatcher) => request(url, { dispatcher }))` */
export function http(config: Config<Settings>): Promise<Resource<Agent>> {
  // #region undici
  return config.use(
    'http',
    (options) => new Agent(options),
    (old) => old.close(), // waits for requests without a `run`, too
  );
  // #endregion
}
