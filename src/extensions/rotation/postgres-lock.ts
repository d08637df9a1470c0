// The lock of a rotation as an advisory lock of PostgreSQL. Made by applications, used by rotate.ts. The
// server releases it with the session, so that the death of a process, or of its connection, frees it at
// once.

import { createHash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { checkOptions } from '../../internal/options.ts';
import type { RotationLock } from './lock.ts';
import { postgresError } from './postgres-errors.ts';
import {
  aPool,
  type LockedSession,
  type PostgresPool,
  type PostgresSession,
  until,
} from './postgres-pool.ts';

const take = 'select pg_try_advisory_lock($1::bigint) as held';
const free = 'select pg_advisory_unlock($1::bigint)';
/** Also false behind a proxy that gives each statement another connection. */
const look = `select exists (select from pg_catalog.pg_locks
  where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1
    and (classid::bigint << 32) | objid::bigint = $1::bigint) as held`;

/** Runs each step of a rotation under an advisory lock of PostgreSQL. The statements of `postgresUsers` with
 *  the same pool run on the session that holds the lock. So a process that was stalled and has lost the lock
 *  has lost its connection, too, and cannot set an outdated password.
 *
 *  `pool` is a `Pool` of `pg`. Advisory locks belong to a database: all processes connect to the same one,
 *  directly or through a proxy that pools sessions, not transactions.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const admin = new pg.Pool({ connectionString: process.env.ADMIN_URL });
 *  const target = alternating(postgresUsers(admin, { role: 'app' }), ['app_a', 'app_b']);
 *  const rotation = rotate(store, target, { lock: postgresLock(admin), revoke: 'auto' });
 *  @see postgresUsers */
export function postgresLock(pool: PostgresPool): RotationLock {
  checkOptions('postgresLock', { pool: pool ?? null }, { pool: aPool });
  return {
    async run(name, step, { signal } = {}) {
      const session = await connected(pool, signal);
      const lost = new AbortController();
      // without a listener, a connection that ends would end the process
      const onError = (error: unknown): void => lost.abort(postgresError(error, 'the connection has ended'));
      session.on('error', onError);
      const key = keyOf(name);
      const ask = async (statement: string): Promise<boolean> => {
        const { rows } = await until(signal, 'the lock was not taken', session.query(statement, [key]));
        return rows[0]?.held === true;
      };
      const check = async (): Promise<void> => {
        if (!(await ask(look))) throw lostLock(name);
      };
      try {
        if (!(await ask(take))) return undefined;
        await check();
        const held: LockedSession = { pool, session };
        return await step({ signal: lost.signal, session: held, check });
      } finally {
        await release(session, key, signal?.aborted === true || lost.signal.aborted);
        session.removeListener('error', onError);
      }
    },
  };
}

/** A connection of the pool. One that comes after the caller has given up goes back. */
async function connected(pool: PostgresPool, signal: AbortSignal | undefined): Promise<PostgresSession> {
  const connecting = pool.connect();
  try {
    return await until(signal, 'the lock was not taken', connecting);
  } catch (error) {
    void connecting.then(
      (session) => session.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Closing the connection releases the lock, too, once the server has noticed. */
async function release(session: PostgresSession, key: string, isBroken: boolean): Promise<void> {
  const isFree =
    !isBroken &&
    (await session.query(free, [key]).then(
      () => true,
      () => false,
    ));
  session.release(!isFree);
}

/** A number of 64 bits for the name. */
const keyOf = (name: string): string =>
  createHash('sha256').update(`llm-config-manager rotation\0${name}`).digest().readBigInt64BE().toString();

const lostLock = (name: string): ConfigError =>
  new ConfigError('conflict', `postgres: the lock of the rotation ${JSON.stringify(name)} is lost`, {
    hint: 'Connect directly, or through a proxy that pools sessions, not transactions',
  });
