// The port to the users of a database, and the two ways to rotate them: two users that alternate, and a
// single one. Implemented by postgres-users.ts and by applications; the results are targets of rotate.ts.

import { ConfigError } from '../../errors.ts';
import { aString, type Check, checkOptions } from '../../internal/options.ts';
import type { Credential, OverlappingTarget, ReplacingTarget, TargetCall } from './target.ts';

/** The users of a database. Each method may run again after a process has died in the middle of it.
 *  @see postgresUsers */
export interface DatabaseUsers {
  /** Makes a random password. */
  password(): string;
  /** What is wrong with the name of a user, or undefined. Asked when a target is made. */
  refusal?(user: string): string | undefined;
  /** Lets the user log in with this password. */
  set(user: string, password: string, call: TargetCall): Promise<void>;
  /** Logs in. False means that the login is refused. */
  test(user: string, password: string, call: TargetCall): Promise<boolean>;
  /** The number of sessions of the user. */
  inUse(user: string, call: TargetCall): Promise<number>;
  /** Makes the database refuse the user, with any password. */
  revoke(user: string, call: TargetCall): Promise<void>;
  /** Whether the user cannot log in with any password. */
  isRevoked(user: string, call: TargetCall): Promise<boolean>;
}

/** Two users of a database that take turns: while applications go over to one, the other one is accepted. No
 *  other user is ever changed, whatever the store has.
 *
 *  The next user is the first one of the list that is not the current one. So a third one, at the end, is a
 *  user that the two replace: the one of the time before.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const target = alternating(postgresUsers(admin, { role: 'app' }), ['app_a', 'app_b']);
 *  @see singleUser */
export function alternating(users: DatabaseUsers, names: readonly string[]): OverlappingTarget {
  checkOptions('alternating', { users, names: names ?? null }, { users: someUsers, names: differentNames });
  checkNames('alternating', users, names);
  const known = (credential: Credential): { user: string; password: string } => {
    const { user = '', password = '' } = credential;
    if (names.includes(user)) return { user, password };
    throw new ConfigError('conflict', `alternating: the store has a user that is not ${names.join(' or ')}`, {
      hint: 'Put that user at the end of the list, or store one of the list',
    });
  };
  return {
    kind: 'database',
    fields: ['user', 'password'],
    identity: 'user',
    overlap: true,
    next(current) {
      const { user } = known(current);
      return { user: names.find((name) => name !== user) as string, password: users.password() };
    },
    set(credential, call) {
      const { user, password } = known(credential);
      return users.set(user, password, call);
    },
    test(credential, call) {
      const { user, password } = known(credential);
      return users.test(user, password, call);
    },
    inUse: async (old, _, call) => users.inUse(known(old).user, call),
    revoke: async (old, _, call) => users.revoke(known(old).user, call),
    isRevoked: async (old, _, call) => users.isRevoked(known(old).user, call),
  };
}

/** A single user of a database, who gets a new password. Between the new password at the database and the new
 *  one in the store, logins are refused: applications use `withSecret`, which reads the store again. Only the
 *  password is rotated. Sessions go on.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const rotation = rotate(store, singleUser(postgresUsers(admin), 'app'), {
 *    fields: { password: 'password' }, lock: postgresLock(admin), revoke: 'auto',
 *  });
 *  @see alternating has no such gap. */
export function singleUser(users: DatabaseUsers, name: string): ReplacingTarget {
  checkOptions('singleUser', { users, name: name ?? null }, { users: someUsers, name: aString });
  checkNames('singleUser', users, [name]);
  return {
    kind: 'database',
    fields: ['password'],
    overlap: false,
    next: () => ({ password: users.password() }),
    set: ({ password = '' }, call) => users.set(name, password, call),
    test: ({ password = '' }, call) => users.test(name, password, call),
  };
}

const someUsers: Check = (value) =>
  typeof (value as Partial<DatabaseUsers> | null)?.set === 'function'
    ? undefined
    : 'the users of a database, such as postgresUsers(pool, { role })';

const differentNames: Check = (value) =>
  Array.isArray(value) &&
  value.length > 1 &&
  new Set(value).size === value.length &&
  value.every((name) => aString(name) === undefined)
    ? undefined
    : 'a list of two or more different names';

function checkNames(owner: string, users: DatabaseUsers, names: readonly string[]): void {
  for (const name of names) {
    const refusal = users.refusal?.(name);
    if (refusal) throw new ConfigError('invalid_option', `${owner}: ${JSON.stringify(name)} ${refusal}`);
  }
}
