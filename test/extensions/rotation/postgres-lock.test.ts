import { expect, it } from 'vitest';
import { postgresLock } from '../../../src/extensions/rotation/index.ts';
import { FakePostgres, failure } from './fake-postgres.ts';

it('runs one step at a time of a name, and another name beside it', async () => {
  const { pool, locks } = new FakePostgres();
  const lock = postgresLock(pool);
  const inside = await lock.run('one', async ({ check }) => {
    await check?.();
    return [await postgresLock(pool).run('one', async () => 1), await lock.run('two', async () => 2)];
  });
  expect(inside).toEqual([undefined, 2]);
  expect(locks.size).toBe(0);
});

it('is free after a step that throws', async () => {
  const { pool, locks, statements } = new FakePostgres();
  await expect(postgresLock(pool).run('one', () => Promise.reject(new Error('fake')))).rejects.toThrow(
    'fake',
  );
  expect(locks.size).toBe(0);
  expect(statements.at(-1)).toBe('release');
});

it('aborts the signal of its step when the connection ends, and closes it', async () => {
  const { pool, sessions, statements } = new FakePostgres();
  const outcome = postgresLock(pool).run('one', async ({ signal, check }) => {
    sessions[0]?.fail(failure('57P01'));
    expect(signal?.aborted).toBe(true);
    await check?.();
  });
  await expect(outcome).rejects.toMatchObject({ code: 'unavailable' });
  expect(statements.at(-1)).toBe('close');
});

it('closes the connection if the lock cannot be freed', async () => {
  const postgres = new FakePostgres();
  postgres.fails = { at: 'pg_advisory_unlock', error: failure('57P01') };
  expect(await postgresLock(postgres.pool).run('one', async () => 1)).toBe(1);
  expect(postgres.statements.at(-1)).toBe('close');
  expect(postgres.locks.size).toBe(0);
});

it('refuses a proxy that gives each statement another connection', async () => {
  const postgres = new FakePostgres();
  const outcome = postgresLock(postgres.pool).run('one', async ({ check }) => {
    postgres.locks.clear();
    await check?.();
  });
  await expect(outcome).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('a proxy that pools sessions, not transactions'),
  });
});

it('ends with its caller, and puts back a connection that comes later', async () => {
  const { pool, statements } = new FakePostgres();
  const stop = new AbortController();
  let arrive: (() => void) | undefined;
  const connect = async () => {
    await new Promise<void>((done) => {
      arrive = done;
    });
    return pool.connect();
  };
  const waiting = postgresLock({ ...pool, connect }).run('one', async () => 1, { signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  arrive?.();
  await expect.poll(() => statements).toEqual(['release']);
  const { signal } = stop;
  await expect(postgresLock(pool).run('one', async () => 1, { signal })).rejects.toMatchObject({
    code: 'aborted',
  });
});

it('reports a database that is down', async () => {
  const { pool } = new FakePostgres();
  const connect = () => Promise.reject(failure('ECONNREFUSED'));
  await expect(postgresLock({ ...pool, connect }).run('one', async () => 1)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('the lock was not taken'),
  });
  expect(() => postgresLock(undefined as never)).toThrow('must be a Pool of pg');
});
