// Users of PostgreSQL as targets of a rotation: given to `alternating` or `singleUser`. Statements run on the
// session that holds the lock, if `postgresLock` has the same pool. A new password reaches the server only as
// its SCRAM verifier, so it is in no log of the server.

import { abortedBy, ConfigError } from '../../errors.ts';
import { aBoolean, aFunction, anInteger, type Check, checkOptions } from '../../internal/options.ts';
import type { DatabaseUsers } from './database-users.ts';
import { type PasswordOptions, passwords } from './password.ts';
import { isLoginRefused } from './postgres-errors.ts';
import {
  aPool,
  type PostgresLogin,
  type PostgresLoginClient,
  type PostgresPool,
  queriesOf,
  until,
} from './postgres-pool.ts';
import { scramOf } from './scram.ts';
import type { TargetCall } from './target.ts';

/** Options of `postgresUsers`. */
export interface PostgresUsersOptions extends PasswordOptions {
  /** The role that the users share: it has the rights, and owns what they create, because their sessions
   *  begin as this role. A user that does not exist is created in it. @default none: the users exist already,
   *  and have rights of their own */
  readonly role?: string;
  /** Opens a client for one login, in order to test it. The client asks `password()` when the server asks for
   *  it. @default a client as the pool makes them, for the same server and database */
  readonly client?: (login: PostgresLogin) => PostgresLoginClient;
  /** Ends the sessions that a user still has when it is revoked, as with `force`. The role of the pool must
   *  be allowed to signal them. @default false */
  readonly endSessions?: boolean;
}

/** The users of a PostgreSQL server from version 10 on. `pool` is a `Pool` of `pg`, whose role may create and
 *  alter users. Superusers are never changed, nor is the user of the pool.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const admin = new pg.Pool({ connectionString: process.env.ADMIN_URL });
 *  const target = alternating(postgresUsers(admin, { role: 'app' }), ['app_a', 'app_b']);
 *  @see alternating
 *  @see singleUser
 *  @see postgresLock */
export function postgresUsers(pool: PostgresPool, options: PostgresUsersOptions = {}): DatabaseUsers {
  checkOptions('postgresUsers', { pool: pool ?? null }, { pool: aPool });
  checkOptions('postgresUsers', options, {
    alphabet: plainCharacters,
    length: anInteger(1),
    role: aName,
    client: aFunction,
    endSessions: aBoolean,
  });
  const { role, client = clientsOf(pool), endSessions = false, alphabet, length } = options;
  const password = passwords('postgresUsers', { ...(alphabet && { alphabet }), ...(length && { length }) });
  return new PostgresUsers({ pool, role, client, endSessions, password });
}

interface Parts {
  readonly pool: PostgresPool;
  readonly role: string | undefined;
  readonly client: (login: PostgresLogin) => PostgresLoginClient;
  readonly endSessions: boolean;
  readonly password: () => string;
}

/** A row about a user. */
interface Found {
  readonly login: boolean;
  readonly superuser: boolean;
  readonly own: boolean;
  readonly member: boolean | null;
}

class PostgresUsers implements DatabaseUsers {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  password(): string {
    return this.#parts.password();
  }

  refusal(user: string): string | undefined {
    const expected = aName(user);
    return expected && `is not ${expected}`;
  }

  async set(user: string, password: string, call: TargetCall): Promise<void> {
    const { role } = this.#parts;
    const found = await this.#find(user, call);
    if (!found && role === undefined)
      throw new ConfigError('not_found', `postgres: the user ${user} does not exist`, {
        hint: 'Create the user, or set the option role of postgresUsers to the role to create it in',
      });
    const login = `role ${quotedName(user)} login password ${quotedText(await scramOf(password))}`;
    const run = (statement: string) => this.#run(`the password of ${user} was not set`, statement, [], call);
    await run(found ? `alter ${login}` : `create ${login} in role ${quotedName(role as string)}`);
    if (role === undefined || role === user) return;
    if (found && !found.member) await run(`grant ${quotedName(role)} to ${quotedName(user)}`);
    await run(`alter role ${quotedName(user)} set role = ${quotedText(role)}`);
  }

  async test(user: string, password: string, { signal }: TargetCall): Promise<boolean> {
    let isAsked = false;
    const given = (): string => {
      isAsked = true;
      return password;
    };
    const client = this.#parts.client({ user, password: given });
    client.on('error', () => undefined); // the calls are rejected, too
    const what = `the login of ${user} was not tested`;
    try {
      const connected = client.connect().then(
        () => true,
        (error: unknown) => {
          if (isLoginRefused(error)) return false;
          throw error;
        },
      );
      if (!(await until(signal, what, connected))) return false;
      const { rows } = await until(signal, what, client.query('select session_user, current_user'));
      return this.#isRight(rows[0], user, isAsked);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** A login that says nothing about the password is refused as a mistake of the setup. */
  #isRight(row: Record<string, unknown> | undefined, user: string, isAsked: boolean): boolean {
    if (row?.session_user !== user)
      throw new ConfigError('conflict', `postgres: the login of ${user} became a login of another user`, {
        hint: 'Let the option client of postgresUsers make a client that logs in with what it receives',
      });
    if (!isAsked)
      throw new ConfigError('conflict', `postgres: the server let ${user} log in without a password`, {
        hint: 'Connect in a way for which pg_hba.conf has scram-sha-256, as for the applications',
      });
    const { role = row.current_user } = this.#parts;
    return row.current_user === role;
  }

  async inUse(user: string, call: TargetCall): Promise<number> {
    const count = 'select count(*)::int as count from pg_catalog.pg_stat_activity where usename = $1';
    const [row] = await this.#run(`the sessions of ${user} were not counted`, count, [user], call);
    return (row as { count: number }).count;
  }

  async revoke(user: string, call: TargetCall): Promise<void> {
    const found = await this.#find(user, call);
    const run = (statement: string, values: string[] = []) =>
      this.#run(`${user} was not revoked`, statement, values, call);
    if (found?.login) await run(`alter role ${quotedName(user)} nologin password null`);
    if (this.#parts.endSessions)
      await run('select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where usename = $1', [
        user,
      ]);
  }

  async isRevoked(user: string, call: TargetCall): Promise<boolean> {
    return !(await this.#find(user, call))?.login;
  }

  /** @throws ConfigError `conflict` for a user that is never changed */
  async #find(user: string, call: TargetCall): Promise<Found | undefined> {
    const { role = null } = this.#parts;
    const [found] = (await this.#run(`${user} was not found`, find, [user, role], call)) as Found[];
    if (!found?.superuser && !found?.own) return found;
    const what = found.superuser ? 'a superuser' : 'the user of the pool';
    throw new ConfigError('conflict', `postgres: ${user} is ${what}, which a rotation does not change`, {
      hint: 'Rotate a user that has only the rights of the applications',
    });
  }

  async #run(
    what: string,
    statement: string,
    values: unknown[],
    call: TargetCall,
  ): Promise<readonly unknown[]> {
    const { pool } = this.#parts;
    if (call.signal.aborted) throw abortedBy('postgres', 'the step');
    return (await until(call.signal, what, queriesOf(pool, call.session).query(statement, values))).rows;
  }
}

const find = `select rolcanlogin as login, rolsuper as superuser,
  rolname in (session_user, current_user) as own,
  case when $2::text is not null then exists (select from pg_catalog.pg_auth_members
    join pg_catalog.pg_roles shared on shared.oid = roleid and shared.rolname = $2
    where member = users.oid) end as member
  from pg_catalog.pg_roles users where rolname = $1`;

/** Opens clients as the pool does, for another login. The option `user` of a pool is not replaced but
 *  overwritten in the client, because a `connectionString` wins over it. */
function clientsOf(pool: PostgresPool): (login: PostgresLogin) => PostgresLoginClient {
  const { Client, options } = pool as { Client?: LoginClientClass; options?: object };
  if (typeof Client !== 'function')
    throw new ConfigError(
      'invalid_option',
      'postgresUsers: the pool does not show the class of its clients',
      {
        hint: 'Set the option client: (login) => new pg.Client({ host, database, ...login })',
      },
    );
  return (login) => {
    const client = new Client(options);
    for (const target of [client, client.connectionParameters]) Object.assign(target ?? {}, login);
    return client;
  };
}

type LoginClientClass = new (options?: object) => PostgresLoginClient & { connectionParameters?: object };

/** Statements that change users take no parameters. */
const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** Independent of `standard_conforming_strings`. */
const quotedText = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** PostgreSQL cuts longer names off, so that two of them can become one. */
const maxNameBytes = 63;
const aName: Check = (value) =>
  typeof value === 'string' && /^[^\0]+$/.test(value) && Buffer.byteLength(value) <= maxNameBytes
    ? undefined
    : `a name of at most ${maxNameBytes} bytes`;

/** Clients differ in how they send other characters. */
const plainCharacters: Check = (value) =>
  typeof value === 'string' && /^[!-~]+$/.test(value) ? undefined : 'a text of printable ASCII characters';
