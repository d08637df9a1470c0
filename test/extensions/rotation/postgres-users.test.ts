import { describe, expect, it } from 'vitest';
import {
  alternating,
  type PostgresPool,
  postgresLock,
  postgresUsers,
  rotate,
  singleUser,
} from '../../../src/extensions/rotation/index.ts';
import { scramOf } from '../../../src/extensions/rotation/scram.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { FakePostgres, failure } from './fake-postgres.ts';
import { documentsBackend, Points } from './stores.ts';

const call = { signal: new AbortController().signal };
const first = { user: 'app_a', password: 'fake-first', host: 'db.internal' };

async function world() {
  const postgres = new FakePostgres();
  const users = postgresUsers(postgres.pool, { role: 'app' });
  await users.set('app_a', 'fake-first', call);
  return { postgres, users, target: alternating(users, ['app_a', 'app_b']) };
}

it('the verifier of a password is that of RFC 7677', async () => {
  expect(await scramOf('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:' +
      'wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

describe('alternating(postgresUsers(pool))', () => {
  it('goes back and forth between two users, and revokes the old one once it is unused', async () => {
    const { postgres, target } = await world();
    const clock = manualClock();
    const backend = documentsBackend(first, clock.now);
    const rotation = rotate(backend.open(new Points()), target, {
      lock: postgresLock(postgres.pool),
      revoke: 'auto',
      everyMs: 1_000_000,
      overlapMs: 1_000,
      graceMs: 1_000,
      clock,
    });
    const user = () => (backend.current() as typeof first).user;
    for (const [current, old] of [
      ['app_b', 'app_a'],
      ['app_a', 'app_b'],
    ] as const) {
      expect(await rotation.step({ begin: true })).toBe('overlap');
      expect(user()).toBe(current);
      expect(postgres.users.get(old)?.login).toBe(true);
      await clock.advance(1_000);
      postgres.active = [old, old, current];
      expect(await rotation.step()).toBe('in use: 2');
      postgres.active = [current];
      expect(await rotation.step()).toBe('done');
      expect(postgres.users.get(old)?.login).toBe(false);
      expect(await rotation.status()).toMatchObject({ isAccepted: true });
    }
    expect(backend.current()).toMatchObject({ host: 'db.internal' });
    expect(postgres.locks.size).toBe(0);
  });

  it('creates an absent user in the role, which its sessions begin as', async () => {
    const { postgres, target } = await world();
    const next = await target.next(first, { ...call, rotation: 'r' });
    expect(next).toEqual({ user: 'app_b', password: expect.stringMatching(/^\w{32}$/) });
    await target.set?.(next, call);
    expect(postgres.users.get('app_b')).toMatchObject({ roles: new Set(['app']), role: 'app' });
    expect(await target.test(next, call)).toBe(true);
    expect(await target.test({ ...next, password: 'fake-other' }, call)).toBe(false);
    expect(postgres.statements.join('\n')).not.toContain(next.password);
  });

  it('a user that was taken out of the role is refused, and set repairs it', async () => {
    const { postgres, target } = await world();
    postgres.add('app_a', { verifier: await scramOf('fake-first') });
    expect(await target.test(first, call)).toBe(false);
    await target.set?.(first, call);
    expect(await target.test(first, call)).toBe(true);
    expect(postgres.statements).toContain('grant "app" to "app_a"');
  });

  it('changes no user that is not in its list', async () => {
    const { target, postgres } = await world();
    postgres.add('other');
    const before = postgres.statements.length;
    const other = { user: 'other', password: 'fake' };
    for (const use of [
      async () => target.next(other, { ...call, rotation: 'r' }),
      async () => target.set?.(other, call),
      async () => target.test(other, call),
      async () => target.overlap && target.inUse(other, first, call),
      async () => target.overlap && target.revoke(other, first, call),
      async () => target.overlap && target.isRevoked?.(other, first, call),
    ])
      await expect(use()).rejects.toMatchObject({
        code: 'conflict',
        message:
          'alternating: the store has a user that is not app_a or app_b. ' +
          'Put that user at the end of the list, or store one of the list',
      });
    expect(postgres.statements.length).toBe(before);
  });

  it('replaces a third user at the end of the list by the first', async () => {
    const { users } = await world();
    const target = alternating(users, ['app_a', 'app_b', 'app']);
    const next = await target.next({ user: 'app', password: 'fake' }, { ...call, rotation: 'r' });
    expect(next.user).toBe('app_a');
  });

  it('refuses lists in which users cannot alternate, and names that PostgreSQL would cut off', () => {
    const users = postgresUsers(new FakePostgres().pool);
    for (const names of [undefined, [], ['a'], ['a', 'a'], ['a', ''], ['a', 'b'.repeat(64)], ['a', 'b\0']])
      expect(() => alternating(users, names as never)).toThrow(/^alternating: /);
    expect(() => alternating({} as never, ['a', 'b'])).toThrow('postgresUsers(pool, { role })');
    expect(() => singleUser(users, undefined as never)).toThrow('the option name must be');
  });
});

describe('postgresUsers', () => {
  it('ends the sessions of a revoked user only with endSessions', async () => {
    const { postgres, users } = await world();
    postgres.active = ['app_a', 'app_b'];
    await users.revoke('app_a', call);
    expect(postgres.active).toEqual(['app_a', 'app_b']);
    await postgresUsers(postgres.pool, { endSessions: true }).revoke('app_a', call);
    expect(postgres.active).toEqual(['app_b']);
    expect(await users.isRevoked('app_a', call)).toBe(true);
    expect(await users.isRevoked('absent', call)).toBe(true);
  });

  it('does not change superusers and the user of the pool', async () => {
    const { postgres, users } = await world();
    postgres.add('boss', { superuser: true });
    await expect(users.set('boss', 'fake', call)).rejects.toThrow('boss is a superuser');
    postgres.add('admin');
    await expect(users.revoke('admin', call)).rejects.toThrow('admin is the user of the pool');
    expect(postgres.users.get('admin')?.login).toBe(true);
  });

  it('an absent user without a role is a mistake of the setup', async () => {
    const users = postgresUsers(new FakePostgres().pool);
    await expect(users.set('app_a', 'fake', call)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('the user app_a does not exist'),
    });
  });

  it('a login that says nothing about the password is an error', async () => {
    const { postgres } = await world();
    const trusting = postgresUsers(postgres.pool, {
      client: (login) => ({ ...postgres.client(login), connect: async () => undefined }),
    });
    await expect(trusting.test('app_a', 'fake', call)).rejects.toThrow('log in without a password');
    const other = postgresUsers(postgres.pool, {
      client: ({ password }) => postgres.client({ user: 'app_b', password }),
    });
    postgres.add('app_b', { verifier: await scramOf('fake') });
    await expect(other.test('app_a', 'fake', call)).rejects.toThrow('became a login of another user');
  });

  it('reports a server that fails, without its text', async () => {
    const { postgres, users } = await world();
    for (const [state, code] of [
      ['42501', 'access_denied'],
      ['42704', 'not_found'],
      ['42601', 'conflict'],
      ['28000', 'unauthenticated'],
      ['53300', 'unavailable'],
      ['ECONNREFUSED', 'unavailable'],
    ] as const) {
      postgres.fails = { at: 'alter role', error: failure(state) };
      const error = await users.set('app_a', 'fake', call).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code,
        message: expect.stringContaining('the password of app_a was not set'),
      });
      expect(String(error)).not.toContain('fake-password');
    }
    const down = postgresUsers(postgres.pool, {
      client: (login) => ({ ...postgres.client(login), connect: () => Promise.reject(failure('57P03')) }),
    });
    await expect(down.test('app_a', 'fake', call)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ends its wait when the step is aborted', async () => {
    const { postgres } = await world();
    const stop = new AbortController();
    const hanging = postgresUsers(postgres.pool, {
      client: (login) => ({ ...postgres.client(login), connect: () => new Promise(() => undefined) }),
    });
    const tested = hanging.test('app_a', 'fake', { signal: stop.signal });
    stop.abort();
    await expect(tested).rejects.toMatchObject({ code: 'aborted' });
    await expect(hanging.inUse('app_a', { signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('runs on the session of the lock, if that is one of its pool', async () => {
    const { postgres, users } = await world();
    const other = new FakePostgres();
    await postgresLock(postgres.pool).run('name', async ({ session }) => {
      await users.set('app_a', 'fake', { ...call, session });
      await postgresUsers(other.pool, { role: 'app' }).set('app_a', 'fake', { ...call, session });
    });
    expect(postgres.ranOn.slice(-3)).toEqual(Array(3).fill(postgres.sessions[0]?.id));
    expect(new Set(other.ranOn)).toEqual(new Set(['pool']));
  });

  it('quotes names and refuses options that make no sense', async () => {
    const postgres = new FakePostgres();
    const odd = `o'dd "user" \\`;
    const users = postgresUsers(postgres.pool, { role: `r'o\\le` });
    await users.set(odd, 'fake', call);
    expect(postgres.statements[1]).toContain('create role "o\'dd ""user"" \\" login password E\'SCRAM');
    expect(postgres.statements[2]).toBe(`alter role "o'dd ""user"" \\" set role = E'r''o\\\\le'`);
    for (const options of [
      { alphabet: 'äöü' },
      { alphabet: 'ab', length: 8 },
      { role: 'r'.repeat(64) },
      { role: '' },
      { length: 0 },
      { typo: 1 },
    ])
      expect(() => postgresUsers(postgres.pool, options as never)).toThrow(/^postgresUsers: /);
    expect(() => postgresUsers({} as never)).toThrow('must be a Pool of pg');
    const bare: PostgresPool = { query: postgres.pool.query, connect: postgres.pool.connect };
    expect(() => postgresUsers(bare)).toThrow('Set the option client');
    expect(postgresUsers(postgres.pool, { alphabet: 'ab', length: 100 }).password()).toMatch(/^[ab]{100}$/);
  });
});

it('a single user keeps its name, and its secret need not have it', async () => {
  const { postgres, users } = await world();
  const clock = manualClock();
  const backend = documentsBackend({ pw: 'fake-first' }, clock.now);
  const rotation = rotate(backend.open(new Points()), singleUser(users, 'app_a'), {
    lock: postgresLock(postgres.pool),
    revoke: 'auto',
    fields: { password: 'pw' },
    clock,
  });
  expect(await rotation.step({ begin: true })).toBe('done');
  const { pw } = backend.current() as { pw: string };
  expect(pw).not.toBe('fake-first');
  expect(await users.test('app_a', pw, call)).toBe(true);
  expect(await users.test('app_a', 'fake-first', call)).toBe(false);
});
