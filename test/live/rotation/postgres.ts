// The real PostgreSQL of the live tests of rotations, and its client.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { PostgresLoginClient, PostgresPool } from '../../../src/extensions/rotation/index.ts';

export interface Pool extends PostgresPool {
  end(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}
interface Pg {
  readonly Pool: new (options: object) => Pool;
  readonly Client: new (options: object) => PostgresLoginClient;
}

/** Where `pg` is: beside the recipes of credentials. A bundled program lies elsewhere. */
export const clients = fileURLToPath(new URL('../credentials/', import.meta.url));
const url = new URL(process.env.LIVE_POSTGRES_URL as string);
export const server = { host: url.hostname, port: Number(url.port), database: url.pathname.slice(1) };

export function installed(folder = clients): Pg {
  if (!existsSync(`${folder}node_modules`))
    execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit', '--ignore-scripts'], {
      cwd: folder,
    });
  return createRequire(`${folder}package.json`)('pg') as Pg;
}

/** A pool of the administrator. Idle connections that a test ends are not reported. */
export function administrator(pg: Pg, options: object = {}): Pool {
  const login = { ...server, user: url.username, password: decodeURIComponent(url.password) };
  const pool = new pg.Pool({ ...login, max: 4, connectionTimeoutMillis: 30_000, ...options });
  pool.on('error', () => undefined);
  return pool;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
