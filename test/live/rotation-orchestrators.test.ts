// Orchestrators that run at the same time or too late, and a database that is away, on a real PostgreSQL.
// `npm run test:live`. ROTATION_ROUNDS sets the number of rounds.
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { postgresLock, postgresUsers, rotate, singleUser } from '../../src/extensions/rotation/index.ts';
import type { Answer } from './rotation/orchestrator.ts';
import { server } from './rotation/postgres.ts';
import { Cleaning, loaded, Orchestrator, seeded } from './rotation/processes.ts';
import { applicationOf, kinds, made, type Setup, type World } from './rotation/world.ts';

const rounds = Number(process.env.ROTATION_ROUNDS ?? 5);
const cleaning = new Cleaning();
afterEach(() => cleaning.run(), 60_000);

const patience = { timeout: 60_000, interval: 50 };

function worldOf(...parameters: Parameters<typeof made>): World {
  const world = made(...parameters);
  cleaning.add(() => world.close());
  return world;
}

it.each(kinds)(
  `two orchestrators at once, ${rounds} times, leave a secret in %s that works`,
  async (kind) => {
    const setup = await seeded(kind, cleaning);
    const world = worldOf(setup);
    const both = await Promise.all([1, 2].map(() => Orchestrator.start(setup, cleaning)));
    const seen = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all(both.map((one) => one.obey({ until: ['done', 'idle'] })));
      const { pending, previous } = await world.store.read();
      const { isAccepted } = await world.rotation.status();
      expect({ round, pending, previous, isAccepted }).toEqual({ round, isAccepted: true });
      for (const { failed, results } of answers as Answer[])
        for (const what of failed ? [failed] : results) seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    const known = /^(?:done|idle|busy|in use: \d+)$/;
    expect([...seen.keys()].filter((what) => !known.test(what))).toEqual([]);
    expect(seen.get('done')).toBeGreaterThanOrEqual(rounds);
  },
  60_000 + rounds * 10_000,
);

/** Waits until the process is stopped. */
async function stopped(orchestrator: Orchestrator): Promise<void> {
  const { pid } = orchestrator.process;
  orchestrator.process.kill('SIGSTOP');
  const state = async () => /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1];
  await expect.poll(state, patience).toBe('T');
}

/** A process that is stopped before it sets a password, and wakes up two rotations later. */
async function lateStatement(setup: Setup, world: World, free: (late: Orchestrator) => unknown) {
  const rotated = () => expect.poll(() => world.rotation.step({ begin: true }), patience).toBe('done');
  await rotated();
  const late = await Orchestrator.start(setup, cleaning);
  await late.begin({ until: ['done'], stallAt: 'alter role' });
  expect(await late.answer<string>()).toBe('stalled');
  await stopped(late);
  expect(await world.rotation.step({ begin: true })).toBe('busy');
  await free(late);
  await rotated(); // what the late one has begun
  await rotated();
  await rotated();
  const { current } = await world.store.read();
  const answer = late.answer();
  late.process.kill('SIGCONT');
  late.process.send('go on');
  expect(await answer).toMatchObject({ failed: expect.stringMatching(/^(?:unavailable|aborted|conflict)/) });
  expect((await world.store.read()).current).toEqual(current);
  return world.rotation.status();
}

it('a stalled process that has lost its session sets no password when it wakes up', async () => {
  const setup = await seeded('KV version 2', cleaning);
  const world = worldOf(setup);
  const status = await lateStatement(setup, world, ({ process: { pid } }) =>
    // as the server does by itself, with tcp_keepalives_idle or idle_session_timeout
    world.admin.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      applicationOf(setup, pid),
    ]),
  );
  expect(status).toMatchObject({ isAccepted: true, step: 'idle' });
}, 120_000);

it('the late statement of a lease is repaired by the next step, and reported', async () => {
  const setup = await seeded('KV version 2', cleaning, { lock: 'lease' });
  const events: unknown[] = [];
  const on = (event: object) => events.push((event as { readonly step?: string }).step);
  const world = worldOf(setup, undefined, { on });
  await world.admin.query(
    'create table if not exists rotation_leases (name text primary key, owner text, until timestamptz)',
  );
  const status = await lateStatement(setup, world, () => undefined); // the lease ends after a second
  expect(status).toMatchObject({ isAccepted: false });
  expect(await world.rotation.step()).toBe('idle');
  expect(events).toContain('repaired');
  expect(await world.rotation.status()).toMatchObject({ isAccepted: true });
}, 120_000);

/** A way to the database that can be cut, and blocked. */
class Way {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isBlocked = false;
  port = 0;

  async open(): Promise<void> {
    this.#isBlocked = false;
    this.#server = createServer((near) => {
      const far = connect(server.port, server.host);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('data', (bytes) => this.#isBlocked || other.write(bytes));
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
    await new Promise<void>((done) => this.#server?.listen(this.port, '127.0.0.1', done));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Accepts, and answers nothing. */
  block(): void {
    this.#isBlocked = true;
  }
}

it('a database that is away or does not answer delays a rotation, and loses nothing', async () => {
  const way = new Way();
  await way.open();
  cleaning.add(() => way.cut());
  const setup = await seeded('KV version 2', cleaning, { at: { host: '127.0.0.1', port: way.port } });
  let trouble: { readonly at: string; readonly as: 'cut' | 'block' } | undefined;
  const before = (change: string): void => {
    if (trouble && change.includes(trouble.at)) way[trouble.as]();
  };
  const world = worldOf(setup, before, { timeoutMs: 3_000 });
  const step = () => world.rotation.step({ begin: true });
  const isFailed = { code: expect.stringMatching(/^(?:unavailable|aborted|timeout)$/) };

  way.cut();
  const { version } = await world.store.read();
  await expect(step()).rejects.toMatchObject({ code: 'unavailable' });
  expect((await world.store.read()).version).toBe(version);
  await way.open();
  for (const as of ['cut', 'block'] as const)
    for (const at of ['_b"', 'set role', 'nologin']) {
      trouble = { at, as };
      await expect
        .poll(() => step().then(String, (error: unknown) => error), patience)
        .toMatchObject(isFailed);
      trouble = undefined;
      way.cut();
      await way.open();
      await expect.poll(() => world.rotation.step().catch(String), patience).toMatch(/^(?:idle|done)$/);
      expect(await world.rotation.status()).toMatchObject({ isAccepted: true, step: 'idle' });
      const { pending, previous } = await world.store.read();
      expect({ pending, previous }).toEqual({});
    }
}, 240_000);

it('withSecret covers the moment in which a single user has a new password', async () => {
  const setup = await seeded('KV version 2', cleaning);
  const world = worldOf(setup);
  const [user] = setup.users;
  const load = loaded(setup, cleaning);
  const rotation = rotate(world.store, singleUser(postgresUsers(world.admin), user), {
    fields: { password: 'password' },
    lock: postgresLock(world.admin),
    revoke: 'auto',
    on: () => undefined,
  });
  for (let i = 0; i < 9; i++) {
    const from = load.queries;
    expect(await rotation.step({ begin: true })).toBe('done');
    await expect.poll(() => load.queries, patience).toBeGreaterThan(from + 200); // more than all connections
  }
  await load.stop();
  expect(load.failed).toEqual([]);
}, 120_000);
