// PostgreSQL as far as rotations use it, in memory: users, a role, sessions and advisory locks. It checks
// logins against the SCRAM verifiers that it receives.

import { randomUUID } from 'node:crypto';
import type {
  PostgresLogin,
  PostgresLoginClient,
  PostgresPool,
  PostgresSession,
} from '../../../src/extensions/rotation/index.ts';
import { scramOf } from '../../../src/extensions/rotation/scram.ts';

interface User {
  login: boolean;
  verifier?: string;
  superuser: boolean;
  roles: Set<string>;
  role?: string;
}
interface Session extends PostgresSession {
  readonly id: string;
  readonly fail: (error: Error) => void;
}
type Rows = { rows: Record<string, unknown>[] };

export const failure = (code: string): Error =>
  Object.assign(new Error('fake-password in the text'), { code });

const unquoted = (name: string): string => name.slice(1, -1).replaceAll('""', '"');
const name = '("(?:[^"]|"")+")';
const text = "E'((?:[^']|'')*)'";

export class FakePostgres {
  readonly users = new Map<string, User>();
  readonly locks = new Map<string, string>();
  readonly statements: string[] = [];
  readonly sessions: Session[] = [];
  /** The users of open sessions. */
  active: string[] = [];
  /** Thrown by the next statement that contains the text. */
  fails: { readonly at: string; readonly error: Error } | undefined;
  /** Who each statement ran for: a session, or the pool. */
  readonly ranOn: string[] = [];
  readonly #changes: [RegExp, (...parts: string[]) => void][] = [
    [new RegExp(`^create role ${name} login password ${text} in role ${name}$`), this.#create.bind(this)],
    [new RegExp(`^alter role ${name} login password ${text}$`), this.#login.bind(this)],
    [new RegExp(`^alter role ${name} set role = ${text}$`), (user, role) => (this.#of(user).role = role)],
    [new RegExp(`^alter role ${name} nologin password null$`), this.#nologin.bind(this)],
    [new RegExp(`^grant ${name} to ${name}$`), (role, user) => this.#of(user).roles.add(unquoted(role))],
  ];

  readonly pool: PostgresPool & { Client: unknown; options: object } = {
    query: (statement, values) => this.#run('pool', statement, values),
    connect: async () => this.#session(),
    options: { user: 'admin', host: 'fake' },
    Client: undefined,
  };

  constructor() {
    this.add('admin', { superuser: true });
    const open = this.client;
    this.pool.Client = class {
      readonly connectionParameters = {};
      constructor(options: object) {
        Object.assign(this, options);
      }
      connect = () => this.#opened().connect();
      query = (statement: string) => this.#opened().query(statement);
      end = async () => undefined;
      on = () => this;
      #client: PostgresLoginClient | undefined;
      #opened = () => (this.#client ??= open(this.connectionParameters as PostgresLogin));
    };
  }

  add(user: string, more: Partial<User> = {}): User {
    const added = { login: true, superuser: false, roles: new Set<string>(), ...more };
    this.users.set(user, added);
    return added;
  }

  /** A client that logs in. */
  readonly client = ({ user, password }: PostgresLogin): PostgresLoginClient => ({
    connect: async () => {
      const { login = false, verifier = '' } = this.users.get(user) ?? {};
      const given = password();
      if (!login && verifier !== '') throw failure('28000');
      const [, salt = ''] = /:([^$]+)\$/.exec(verifier) ?? [];
      if ((await scramOf(given, Buffer.from(salt, 'base64'))) !== verifier) throw failure('28P01');
    },
    query: async () => ({
      rows: [{ session_user: user, current_user: this.users.get(user)?.role ?? user }],
    }),
    end: async () => undefined,
    on: () => undefined,
  });

  #session(): Session {
    const id = randomUUID();
    const listeners = new Set<(error: Error) => void>();
    const end = (): void => {
      for (const [key, holder] of this.locks) if (holder === id) this.locks.delete(key);
    };
    let isEnded = false;
    const session: Session = {
      id,
      query: async (statement, values) => {
        if (isEnded) throw new Error('Client was closed and is not queryable');
        return this.#run(id, statement, values);
      },
      release: (close) => {
        if (close) end();
        this.statements.push(close ? 'close' : 'release');
      },
      on: (_, listener) => listeners.add(listener),
      removeListener: (_, listener) => listeners.delete(listener),
      fail: (error) => {
        isEnded = true;
        end();
        for (const listener of listeners) listener(error);
      },
    };
    this.sessions.push(session);
    return session;
  }

  async #run(on: string, statement: string, values: unknown[] = []): Promise<Rows> {
    this.statements.push(statement);
    this.ranOn.push(on);
    if (this.fails && statement.includes(this.fails.at)) throw this.fails.error;
    const [first] = values as string[];
    for (const [pattern, change] of this.#changes) {
      const found = pattern.exec(statement);
      if (found) {
        change(...found.slice(1));
        return { rows: [] };
      }
    }
    return { rows: this.#answer(on, statement, first as string, values[1]) };
  }

  #answer(on: string, statement: string, first: string, role: unknown): Rows['rows'] {
    if (statement.includes('pg_try_advisory_lock')) {
      const held = !this.locks.has(first);
      if (held) this.locks.set(first, on);
      return [{ held }];
    }
    if (statement.includes('pg_locks')) return [{ held: this.locks.get(first) === on }];
    if (statement.includes('pg_advisory_unlock')) return [{ free: this.locks.delete(first) }];
    if (statement.includes('count(*)'))
      return [{ count: this.active.filter((user) => user === first).length }];
    if (statement.includes('pg_terminate_backend')) {
      this.active = this.active.filter((user) => user !== first);
      return [];
    }
    const user = this.users.get(first);
    if (!user) return [];
    const { login, superuser } = user;
    return [{ login, superuser, own: first === 'admin', member: user.roles.has(role as string) }];
  }

  #of(user: string): User {
    return this.users.get(unquoted(user)) as User;
  }
  #create(user = '', verifier = '', role = ''): void {
    this.add(unquoted(user), { verifier, roles: new Set([unquoted(role)]) });
  }
  #login(user = '', verifier = ''): void {
    Object.assign(this.#of(user), { login: true, verifier });
  }
  #nologin(user = ''): void {
    Object.assign(this.#of(user), { login: false, verifier: '' });
  }
}
