// What postgres-lock.ts and postgres-users.ts need of a pool of `pg`. Types and shapes only: this module
// imports no client.

import { abortedBy } from '../../errors.ts';
import type { Check } from '../../internal/options.ts';
import { unlessAborted } from '../../shelter/abort.ts';
import { postgresError } from './postgres-errors.ts';

/** The columns of a row by their names. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Runs a statement. */
export interface PostgresQueries {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly PostgresRow[] }>;
}

type Listener = (error: Error) => void;

/** A connection that is taken from a pool. */
export interface PostgresSession extends PostgresQueries {
  /** Puts the connection back, or closes it. */
  release(close?: boolean): void;
  on(event: 'error', listener: Listener): unknown;
  removeListener(event: 'error', listener: Listener): unknown;
}

/** A `Pool` of `pg` 8, or anything of this shape. */
export interface PostgresPool extends PostgresQueries {
  connect(): Promise<PostgresSession>;
}

/** How a client logs in. */
export interface PostgresLogin {
  readonly user: string;
  /** Returns the password. `pg` asks for it when the server asks for it. */
  readonly password: () => string;
}

/** A `Client` of `pg` 8, or anything of this shape. */
export interface PostgresLoginClient extends PostgresQueries {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'error', listener: Listener): unknown;
}

/** What `postgresLock` hands to a target: the session that holds the lock. */
export interface LockedSession {
  /** The pool of the session. A target of another pool does not use the session, which may be one of another
   *  server. */
  readonly pool: PostgresPool;
  readonly session: PostgresSession;
}

/** What statements run on: the session of the lock, if it is one of this pool. */
export function queriesOf(pool: PostgresPool, held: unknown): PostgresQueries {
  const { pool: origin, session } = (held ?? {}) as Partial<LockedSession>;
  return origin === pool && session ? session : pool;
}

export const aPool: Check = (value) => {
  const { connect, query } = (value ?? {}) as Partial<PostgresPool>;
  return typeof connect === 'function' && typeof query === 'function' ? undefined : 'a Pool of pg';
};

/** Waits until the signal is aborted. What was sent may be done nevertheless. `what`: the clause that says
 *  what has failed then. */
export async function until<T>(signal: AbortSignal | undefined, what: string, work: Promise<T>): Promise<T> {
  const asked = work.catch((error: unknown) => {
    throw postgresError(error, what);
  });
  if (!signal?.aborted) return unlessAborted('postgres', asked, signal, 'the step');
  asked.catch(() => undefined);
  throw abortedBy('postgres', 'the step');
}
