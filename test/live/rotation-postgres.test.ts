// Targets and lock of rotations on a real PostgreSQL: what is created, quoted, tested, counted and revoked.
// `npm run test:live`.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseRotation } from '../../examples/rotation/postgres.ts';
import {
  alternating,
  type LockedSession,
  postgresLock,
  postgresUsers,
  singleUser,
} from '../../src/extensions/rotation/index.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import { administrator, installed, type Pool, quoted, server } from './rotation/postgres.ts';
import { live, unique, admin as vault } from './vault-server.ts';

const pg = installed();
const role = unique('app');
const [a, b] = [`${role} "a"`, `${role}\\'b;ü`] as const;
const call = { signal: new AbortController().signal };
const none = { user: '', password: '' };
let admin: Pool;

beforeAll(async () => {
  admin = administrator(pg);
  await admin.query(`create role ${quoted(role)}`);
  await admin.query(`create schema ${quoted(role)} authorization ${quoted(role)}`);
});
afterAll(async () => {
  await admin.query(`drop owned by ${quoted(role)}`);
  for (const name of [a, b, role]) await admin.query(`drop role if exists ${quoted(name)}`);
  await admin.end();
});

describe('postgresUsers', () => {
  const every = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
  const users = () => postgresUsers(admin, { role, alphabet: every, length: 94 });
  const target = () => alternating(users(), [a, b]);
  const statements: string[] = [];

  it('creates an absent user in the role, and accepts its password and no other', async () => {
    const next = await target().next({ ...none, user: b }, { ...call, rotation: 'first' });
    expect(next.user).toBe(a);
    expect(await target().test(next, call)).toBe(false);
    await target().set?.(next, call);
    expect(await target().test(next, call)).toBe(true);
    expect(await target().test({ ...next, password: 'fake-other' }, call)).toBe(false);
    const again = { ...next, password: users().password() };
    await target().set?.(again, call);
    expect(await target().test(next, call)).toBe(false);
    expect(await target().test(again, call)).toBe(true);
  });

  it('lets what a user creates belong to the role', async () => {
    const credential = { user: b, password: users().password() };
    await target().set?.(credential, call);
    const client = new pg.Client({ ...server, ...credential });
    await client.connect();
    await client.query(`create table ${quoted(role)}.made ()`);
    await client.end();
    const { rows } = await admin.query('select tableowner from pg_tables where schemaname = $1', [role]);
    expect(rows).toEqual([{ tableowner: role }]);
  });

  it('repairs a user that is not in the role', async () => {
    const credential = { user: b, password: users().password() };
    await target().set?.(credential, call);
    await admin.query(`revoke ${quoted(role)} from ${quoted(b)}`);
    await admin.query(`alter role ${quoted(b)} reset role`);
    expect(await target().test(credential, call)).toBe(false);
    await target().set?.(credential, call);
    expect(await target().test(credential, call)).toBe(true);
  });

  it('sends no password to the server', async () => {
    const watched: Pool = {
      query: (text, values) => {
        statements.push(text);
        return admin.query(text, values);
      },
      connect: () => admin.connect(),
      end: async () => undefined,
      on: () => undefined,
    };
    const client = (login: object) => new pg.Client({ ...server, ...login });
    const password = users().password();
    await postgresUsers(watched, { role, client }).set(a, password, call);
    expect(statements.join('\n')).toContain('SCRAM-SHA-256$4096:');
    expect(statements.join('\n')).not.toContain(password);
    expect(await users().test(a, password, call)).toBe(true);
  });

  it('tests on the server of a pool that is configured by a connection string', async () => {
    const password = users().password();
    await users().set(a, password, call);
    const pool = administrator(pg, { connectionString: process.env.LIVE_POSTGRES_URL });
    expect(await postgresUsers(pool, { role }).test(a, password, call)).toBe(true);
    expect(await postgresUsers(pool, { role }).test(a, 'fake-other', call)).toBe(false);
    await pool.end();
  });

  it('counts the sessions of a user, revokes it, and ends its sessions', async () => {
    const credential = { user: a, password: users().password() };
    await users().set(a, credential.password, call);
    const client = new pg.Client({ ...server, ...credential });
    let isEnded = false;
    client.on('error', () => {
      isEnded = true;
    });
    await client.connect();
    expect(await users().inUse(a, call)).toBe(1);
    expect(await users().isRevoked(a, call)).toBe(false);
    await users().revoke(a, call);
    expect(await users().isRevoked(a, call)).toBe(true);
    expect(await users().test(a, credential.password, call)).toBe(false);
    expect(await users().inUse(a, call)).toBe(1);
    await postgresUsers(admin, { role, endSessions: true }).revoke(a, call);
    await expect.poll(() => isEnded, { timeout: 30_000 }).toBe(true);
    await expect.poll(() => users().inUse(a, call), { timeout: 30_000 }).toBe(0);
    await users().revoke(a, call);
  });

  it('does not change superusers, and a single user keeps its name', async () => {
    const { rows } = await admin.query('select current_user as user');
    const boss = rows[0]?.user as string;
    const isRefused = { code: 'conflict', message: expect.stringContaining('superuser') };
    await expect(users().set(boss, 'fake', call)).rejects.toMatchObject(isRefused);
    await expect(users().revoke(boss, call)).rejects.toMatchObject(isRefused);
    const single = singleUser(users(), b);
    const next = await single.next({ password: 'fake' }, { ...call, rotation: 'r' });
    await single.set(next, call);
    expect(await single.test(next, call)).toBe(true);
    expect(await users().test(b, next.password as string, call)).toBe(true);
  });

  it('reports what a person has to repair', async () => {
    await expect(postgresUsers(admin).set(`${role}-absent`, 'fake', call)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('does not exist'),
    });
    await expect(
      postgresUsers(admin, { role: `${role}-absent` }).set(`${role}-new`, 'fake', call),
    ).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('42704') });
    const password = users().password();
    await users().set(b, password, call);
    const weak = new pg.Pool({ ...server, user: b, password, max: 1 });
    await expect(postgresUsers(weak, { role }).set(a, 'fake', call)).rejects.toMatchObject({
      code: 'access_denied',
    });
    await weak.end();
    const gone = new pg.Pool({ ...server, port: 1, user: 'admin', password: 'fake' });
    await expect(postgresUsers(gone, { role }).test(a, 'fake', call)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(postgresLock(gone).run('name', async () => 1)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await gone.end();
  });
});

describe('postgresLock', () => {
  it('runs one step at a time, and is free after a step that fails', async () => {
    const lock = postgresLock(admin);
    const inside = await lock.run(role, async ({ check }) => {
      await check?.();
      return [
        await postgresLock(admin).run(role, async () => 'both'),
        await lock.run(`${role}2`, async () => 2),
      ];
    });
    expect(inside).toEqual([undefined, 2]);
    await expect(lock.run(role, () => Promise.reject(new Error('fake')))).rejects.toThrow('fake');
    expect(await lock.run(role, async () => 'free')).toBe('free');
  });

  it('is lost together with the connection on which the statements run', async () => {
    const users = postgresUsers(admin, { role });
    const password = users.password();
    await users.set(a, password, call);
    const outcome = postgresLock(admin).run(role, async ({ session, signal, check }) => {
      const held = session as LockedSession;
      const { rows } = await held.session.query('select pg_backend_pid() as pid');
      const isAborted = new Promise<void>((done) => signal?.addEventListener('abort', () => done()));
      await admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await isAborted;
      const another = () => postgresLock(admin).run(role, async () => 'another');
      await expect.poll(another, { timeout: 30_000 }).toBe('another');
      await expect(Promise.resolve(check?.())).rejects.toMatchObject({ code: 'unavailable' });
      await users.set(a, 'fake-outdated', { ...call, session });
    });
    await expect(outcome).rejects.toMatchObject({ code: 'unavailable' });
    expect(await users.test(a, password, call)).toBe(true);
  });

  it('gives up with its caller, and frees the lock', async () => {
    const stop = new AbortController();
    const outcome = postgresLock(admin).run(
      role,
      async ({ session }) => {
        const users = postgresUsers(admin, { role });
        stop.abort();
        await users.set(a, 'fake-late', { signal: stop.signal, session });
      },
      { signal: stop.signal },
    );
    await expect(outcome).rejects.toMatchObject({ code: 'aborted' });
    await expect
      .poll(() => postgresLock(admin).run(role, async () => 'free'), { timeout: 30_000 })
      .toBe('free');
    await expect(postgresLock(admin).run(role, async () => 1, { signal: stop.signal })).rejects.toMatchObject(
      { code: 'aborted' },
    );
  });
});

describe('the recipe', () => {
  const drop = async () => {
    for (const name of ['app', 'app_a', 'app_b', 'rotator']) {
      const { rows } = await admin.query('select from pg_roles where rolname = $1', [name]);
      if (rows.length === 0) continue;
      await admin.query(`drop owned by ${name}`);
      await admin.query(`drop role ${name}`);
    }
  };

  it('rotates with the rights that its SQL grants, and needs no superuser', async () => {
    await drop();
    await admin.query(await readFile(new URL('../../examples/rotation/users.sql', import.meta.url), 'utf8'));
    const path = unique('recipe');
    const secret = { username: 'app_a', password: 'fake-first', host: server.host };
    await vault('POST', `secret/data/${path}/database`, { data: secret });
    const provider = new VaultProvider({
      address: live.address,
      auth: token(live.token),
      env: {},
      path: `${path}/`,
    });
    const rotator = administrator(pg, { user: 'rotator', password: 'fake-rotator' });
    const rotation = databaseRotation(provider, rotator);
    expect(await rotation.status()).toMatchObject({ step: 'idle', isAccepted: true });
    expect(await rotation.step()).toBe('idle');
    expect(await rotation.step({ begin: true })).toBe('overlap');
    expect(await rotation.step({ force: true })).toBe('done');
    expect(await rotation.step({ begin: true, force: true })).toBe('done');
    expect(await rotation.status()).toMatchObject({ step: 'idle', isAccepted: true });
    expect((await provider.get('database.username', { maxAgeMs: 0 }))?.value).toBe('app_a');
    await provider.close();
    await rotator.end();
    await drop();
  });
});
