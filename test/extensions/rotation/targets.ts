// Targets in memory: a database with two users, a database with one, and a system that makes keys.

import type { RotationTarget } from '../../../src/extensions/rotation/index.ts';
import { generated } from '../../../src/extensions/rotation/index.ts';
import type { ConfigTree } from '../../../src/value.ts';
import type { Points } from './stores.ts';

export interface TargetWorld {
  readonly first: ConfigTree;
  /** Whether the target accepts what a secret says. */
  readonly accepts: (secret: unknown) => boolean;
  /** How many credentials the target accepts. */
  readonly live: () => number;
  /** The target forgets what a secret says, as after a restore. */
  readonly forget: (secret: unknown) => void;
  /** How many still use the old credential. */
  inUse: number;
  readonly open: (points: Points) => RotationTarget;
}

let passwords = 0;
type Login = { readonly user: string; readonly password: string };

function logins() {
  const users = new Map<string, string>([['app_a', 'fake-first']]);
  const accepts = ({ user, password }: Login): boolean => users.get(user) === password;
  const world = {
    first: { user: 'app_a', password: 'fake-first', host: 'db.internal' },
    accepts: (secret: unknown) => accepts(secret as Login),
    live: () => users.size,
    forget: ({ user }: Login) => void users.delete(user),
    inUse: 0,
  };
  const target = (points: Points) => ({
    kind: 'database',
    fields: ['user', 'password'],
    set: ({ user, password }: Login) => points.around(() => void users.set(user, password)),
    test: (credential: Login) => points.around(() => accepts(credential)),
  });
  return { users, world, target };
}

/** Two users under one role. */
export function twoUsers(): TargetWorld {
  const { users, world, target } = logins();
  const open = (points: Points) => ({
    ...target(points),
    overlap: true as const,
    identity: 'user',
    next: ({ user }: Login) => ({
      user: user === 'app_a' ? 'app_b' : 'app_a',
      password: `fake-${++passwords}`,
    }),
    inUse: () => points.around(() => opened.inUse),
    revoke: ({ user }: Login) => points.around(() => void users.delete(user)),
  });
  const opened = { ...world, open: open as never } as TargetWorld;
  return opened;
}

/** One user, whose password changes under the application. */
export function oneUser(): TargetWorld {
  const { world, target } = logins();
  const open = (points: Points) => ({
    ...target(points),
    overlap: false as const,
    next: ({ user }: Login) => ({ user, password: `fake-${++passwords}` }),
  });
  return { ...world, open: open as never } as TargetWorld;
}

/** A system that shows a new key once. */
export function apiKeys(): TargetWorld {
  const keys = new Map<string, string>([['fake-first', 'by hand']]);
  const opened: TargetWorld = {
    first: { key: 'fake-first', organisation: 'acme' },
    accepts: (secret) => keys.has((secret as { key: string }).key),
    live: () => keys.size,
    forget: (secret) => void keys.delete((secret as { key: string }).key),
    inUse: 0,
    open: (points) =>
      generated({
        create: ({ rotation }) =>
          points.around(() => {
            for (const [key, name] of keys) if (name === rotation) keys.delete(key);
            const key = `fake-${++passwords}`;
            keys.set(key, rotation);
            return key;
          }),
        test: ({ key }) => points.around(() => keys.has(key as string)),
        inUse: () => points.around(() => opened.inUse),
        revoke: ({ key }) => points.around(() => void keys.delete(key as string)),
      }),
  };
  return opened;
}

export const targets: readonly [string, () => TargetWorld][] = [
  ['two users', twoUsers],
  ['one user', oneUser],
  ['generated keys', apiKeys],
];
