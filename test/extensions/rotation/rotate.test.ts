// What a step does and reports: the overlap, the wait for what still uses the old credential, refusals, locks
// and schedules. The stores are in memory.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import {
  generated,
  passwords,
  type RotateOptions,
  type RotationLock,
  type RotationTarget,
  rotate,
  schedules,
} from '../../../src/extensions/rotation/index.ts';
import { type ManualClock, manualClock } from '../../../src/testing/clock.ts';
import { code } from '../../support/sheltering.ts';
import { type Backend, documentsBackend, Points, stagesBackend } from './stores.ts';
import { apiKeys, oneUser, type TargetWorld, twoUsers } from './targets.ts';

const lock: RotationLock = { run: (_name, step) => step({}) };
const schedule = { everyMs: 100_000, overlapMs: 1_000, graceMs: 500, settleMs: 0 };

interface Started {
  readonly clock: ManualClock;
  readonly world: TargetWorld;
  readonly backend: Backend;
  readonly points: Points;
  readonly events: ConfigEvent[];
  readonly rotation: ReturnType<typeof rotate>;
}

function started(
  options: Partial<RotateOptions> = {},
  { open = twoUsers, at = stagesBackend, change = (target: RotationTarget) => target } = {},
): Started {
  const clock = manualClock();
  const world = open();
  const backend = at(world.first, clock.now);
  const points = new Points();
  const events: ConfigEvent[] = [];
  const rotation = rotate(backend.open(points), change(world.open(points)), {
    lock,
    revoke: 'auto',
    clock,
    on: (event) => events.push(event),
    ...schedule,
    ...options,
  });
  return { clock, world, backend, points, events, rotation };
}
const steps = (events: readonly ConfigEvent[]) =>
  events.flatMap((event) => (event.type === 'rotation_step' ? [[event.step, event.from, event.to]] : []));
const waiting = (events: readonly ConfigEvent[]) => events.filter(({ type }) => type === 'rotation_waiting');

describe('step', () => {
  it('a rotation begins when the secret is old enough, keeps both, and revokes the old one', async () => {
    const { rotation, clock, events, backend, world } = started();
    const first = backend.current();
    expect(await rotation.step()).toBe('idle');
    await clock.advance(100_000);
    expect(await rotation.step()).toBe('overlap');
    expect(backend.current()).toMatchObject({ user: 'app_b', host: 'db.internal' });
    expect([world.accepts(first), world.accepts(backend.current())]).toEqual([true, true]);
    expect(await rotation.status()).toMatchObject({
      step: 'overlap',
      isAccepted: true,
      current: { version: 'v2', at: clock.now() },
      previous: { version: 'v1' },
      dueAt: clock.now() + 100_000,
      overlapEndsAt: clock.now() + 1_000,
    });
    await clock.advance(1_000);
    expect(await rotation.step()).toBe('done');
    expect([world.accepts(first), world.accepts(backend.current())]).toEqual([false, true]);
    expect(await rotation.step()).toBe('idle');
    expect(steps(events)).toEqual([
      ['pending', 'v1', 'v2'],
      ['set', 'v1', 'v2'],
      ['promoted', 'v1', 'v2'],
      ['revoked', 'v1', 'v2'],
    ]);
    expect(events.find(({ type }) => type === 'rotated')).toMatchObject({
      provider: 'aws db',
      key: 'db',
      version: 'v2',
    });
    expect(JSON.stringify(events)).not.toContain('fake-');
  });

  it('an old credential in use is not revoked, and after the grace period a person hears of it', async () => {
    const { rotation, clock, events, backend, world } = started();
    const first = backend.current();
    world.inUse = 3;
    await rotation.step({ begin: true });
    await clock.advance(1_000);
    expect(await rotation.step()).toBe('in use: 3');
    expect(waiting(events)).toEqual([]);
    await clock.advance(500);
    expect(await rotation.step()).toBe('in use: 3');
    expect(waiting(events)).toMatchObject([{ key: 'db', inUse: 3 }]);
    expect(world.accepts(first)).toBe(true);
    expect(await rotation.step({ begin: true })).toBe('in use: 3');
    expect(await rotation.step({ force: true })).toBe('done');
    expect(world.accepts(first)).toBe(false);
  });

  it('with revoke manual, a person revokes, and the next step sees that', async () => {
    const { rotation, clock, events, backend, world } = started({ revoke: 'manual' });
    const first = backend.current();
    await rotation.step({ begin: true });
    await clock.advance(1_000);
    expect(await rotation.step()).toBe('manual');
    expect((await rotation.status()).step).toBe('manual');
    expect(waiting(events)).toHaveLength(1);
    expect(world.accepts(first)).toBe(true);
    world.forget(first);
    expect(await rotation.step()).toBe('done');
    expect(await rotation.step()).toBe('idle');
  });

  it('a single user has no overlap', async () => {
    const { rotation, backend, world } = started({}, { open: oneUser });
    expect(await rotation.step({ begin: true })).toBe('done');
    expect(world.accepts(backend.current())).toBe(true);
    expect(world.live()).toBe(1);
    expect(await rotation.step()).toBe('idle');
  });

  it('a current credential that the target refuses is set again, and reported', async () => {
    const { rotation, backend, world, events } = started();
    world.forget(backend.current());
    expect((await rotation.status()).isAccepted).toBe(false);
    expect(await rotation.step()).toBe('idle');
    expect(world.accepts(backend.current())).toBe(true);
    expect(steps(events)).toEqual([['repaired', undefined, 'v1']]);
  });

  it('a key that is lost is replaced at once, or by the old one during the overlap', async () => {
    const { rotation, backend, world } = started({}, { open: apiKeys });
    world.forget(backend.current());
    expect(await rotation.step()).toBe('done');
    const second = backend.current();
    expect(world.accepts(second)).toBe(true);
    expect(await rotation.step({ begin: true })).toBe('overlap');
    world.forget(backend.current());
    expect(await rotation.step()).toBe('overlap');
    expect(world.accepts(second)).toBe(true);
    expect(world.accepts(backend.current())).toBe(true);
  });

  it('a new credential that is refused is not promoted', async () => {
    const broken = { set: async () => undefined };
    const { rotation, backend, events, world } = started(
      {},
      { change: (target) => ({ ...target, ...broken }) as RotationTarget },
    );
    const first = backend.current();
    await expect(rotation.step({ begin: true })).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('refuses the next credential'),
    });
    expect(backend.current()).toBe(first);
    expect(events.find(({ type }) => type === 'rotation_failed')).toMatchObject({
      outcome: 'unauthenticated',
    });
    expect((await rotation.status()).step).toBe('pending');
    expect(world.accepts(first)).toBe(true);
  });

  it('a pending credential is revoked if the secret was edited since it was made', async () => {
    let isDown = true;
    const failing = (target: RotationTarget) =>
      ({
        ...target,
        test: async (credential, call) => {
          // the first key is current, and accepted
          if (isDown && credential.key !== 'fake-first') throw new Error('down');
          return target.test(credential, call);
        },
      }) as RotationTarget;
    const { rotation, backend, world } = started({}, { open: apiKeys, change: failing });
    expect(await code(rotation.step({ begin: true }))).toBe('unavailable');
    expect(world.live()).toBe(2);
    isDown = false;
    backend.edit({ key: 'fake-first', organisation: 'other' });
    expect(await rotation.step()).toBe('overlap');
    expect(world.live()).toBe(2); // not the pending one, which no version of the secret has
    expect(backend.current()).toMatchObject({ organisation: 'other' });
    expect(world.accepts(backend.current())).toBe(true);
  });

  it('a new credential may need a moment', async () => {
    let asked = 0;
    const slow = (target: RotationTarget) =>
      ({
        ...target,
        test: async (credential, call) => asked++ > 4 && (await target.test(credential, call)),
        set: async () => undefined,
      }) as RotationTarget;
    const { rotation, clock } = started({ settleMs: 10_000 }, { open: apiKeys, change: slow });
    expect(await clock.until(rotation.step({ begin: true }))).toBe('overlap');
  });

  /** What a driver throws: the password is in each of its parts. */
  const quoting = () => {
    const text = `alter role app_b password 'fake-9'`;
    const inner = Object.assign(new Error(text), { query: text, parameters: ['fake-9'] });
    return Object.assign(new AggregateError([inner], text, { cause: inner }), {
      name: 'fake-9',
      code: 'EFAKE',
      detail: text,
      toJSON: () => text,
      [inspect.custom]: () => text,
    });
  };
  const shown = (error: Error, events: readonly ConfigEvent[]): string =>
    [error, error.cause, events]
      .flatMap((part) => [inspect(part, { depth: 10, showHidden: true }), JSON.stringify(part), String(part)])
      .concat(error.stack ?? '', inspect(error.cause, { customInspect: false }))
      .join();

  it.each(['next', 'set', 'test', 'inUse', 'revoke', 'isRevoked'])(
    'an error that %s of the target throws is not shown, because it may quote the password',
    async (method) => {
      let isFailing = false;
      const fail = () => Promise.reject(quoting());
      const failing = (target: RotationTarget) =>
        new Proxy(target, {
          get: (of, name) => (isFailing && name === method ? fail : Reflect.get(of, name)),
        });
      const { rotation, clock, events } = started({}, { change: failing });
      if (['inUse', 'revoke', 'isRevoked'].includes(method)) await rotation.step({ begin: true });
      await clock.advance(1_000);
      isFailing = true;
      const error = await rotation.step({ begin: true }).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('Error EFAKE') });
      expect(events.at(-1)).toMatchObject({ type: 'rotation_failed' });
      expect(shown(error as Error, events)).not.toMatch(/fake-\d/);
      expect(String(await rotation.status().catch(inspect))).not.toMatch(/fake-\d/);
    },
  );

  it.each(['read', 'putPending', 'promote', 'dropPrevious', 'run'])(
    'an error that %s of a store or a lock throws is not shown either',
    async (method) => {
      const failing = <T extends object>(of: T): T =>
        new Proxy(of, {
          get: (inner, name) => {
            if (name === method) return () => Promise.reject(quoting());
            const found = Reflect.get(inner, name);
            return typeof found === 'function' ? found.bind(inner) : found;
          },
        });
      const at: typeof stagesBackend = (...all) => {
        const backend = stagesBackend(...all);
        return { ...backend, open: (points) => failing(backend.open(points)) };
      };
      const { rotation, events } = started({ lock: failing(lock), overlapMs: 0 }, { at });
      const error = await rotation.step({ begin: true }).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: 'io', provider: 'aws db' });
      expect(shown(error as Error, events)).not.toMatch(/fake-\d/);
      const status = await rotation.status().catch((thrown: Error) => thrown);
      expect(shown(status as Error, [])).not.toMatch(/fake-\d/);
      expect(await code(rotation.status())).toBe(method === 'read' ? 'io' : 'answered');
    },
  );

  it('an old credential that works after revoke is an error, and stays in the store', async () => {
    const kept = (target: RotationTarget) => ({ ...target, revoke: async () => undefined }) as RotationTarget;
    const { rotation, backend, world } = started({ overlapMs: 0 }, { change: kept });
    await expect(rotation.step({ begin: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('accepts the old credential after revoke'),
    });
    expect((await backend.open(new Points()).read()).previous?.value).toEqual(world.first);
  });

  it('a next credential of the current account is refused, and not stored', async () => {
    const same = (target: RotationTarget) =>
      ({
        ...target,
        next: (current) => Promise.resolve({ ...current, password: 'fake-same' }),
      }) as RotationTarget;
    const { rotation, backend } = started({}, { change: same });
    expect(await code(rotation.step({ begin: true }))).toBe('validation');
    expect((await backend.open(new Points()).read()).pending).toBeUndefined();
  });

  it('a pending credential of an edited secret is never promoted', async () => {
    const { rotation, backend, world, clock } = started();
    const store = backend.open(new Points());
    const stale = { user: 'app_b', password: 'fake-stale', host: 'before the edit' };
    await store.putPending(stale, (await store.read()).version);
    backend.edit({ ...world.first, host: 'after the edit' });
    expect((await rotation.status()).step).toBe('idle');
    expect(await rotation.step()).toBe('overlap');
    expect(backend.current()).toMatchObject({ user: 'app_b', host: 'after the edit' });
    expect(world.accepts(stale)).toBe(false);
    await clock.advance(1_000);
    expect(await rotation.step()).toBe('done');
  });

  it('a key that was made and cannot be stored is revoked', async () => {
    let edit = (): void => undefined;
    const overtaken = (target: RotationTarget) =>
      ({
        ...target,
        next: async (current, call) => {
          const made = await target.next(current, call);
          edit();
          return made;
        },
      }) as RotationTarget;
    const { rotation, backend, world } = started({}, { open: apiKeys, change: overtaken });
    edit = () => backend.edit({ ...world.first, organisation: 'other' });
    expect(await code(rotation.step({ begin: true }))).toBe('conflict');
    expect(world.live()).toBe(1);
    expect(backend.current()).toEqual({ ...world.first, organisation: 'other' });
  });

  it('a new key that is lost before its promotion is replaced, under the same name', async () => {
    let isDown = true;
    const names = new Set<string>();
    const lost = (target: RotationTarget) =>
      ({
        ...target,
        next: (current, call) => {
          names.add(call.rotation);
          return target.next(current, call);
        },
        test: (credential, call) =>
          isDown && credential.key !== 'fake-first'
            ? Promise.reject(new Error('fake'))
            : target.test(credential, call),
      }) as RotationTarget;
    const { rotation, backend, world } = started({}, { open: apiKeys, change: lost });
    expect(await code(rotation.step({ begin: true }))).toBe('unavailable');
    world.forget((await backend.open(new Points()).read()).pending?.value);
    isDown = false;
    expect(await rotation.step()).toBe('overlap');
    expect(world.accepts(backend.current())).toBe(true);
    expect([world.live(), names.size]).toEqual([2, 1]);
  });

  it('a lock that reports its loss ends the step, and nothing is changed', async () => {
    const held: RotationLock = { run: (_name, step) => step({ signal: AbortSignal.abort() }) };
    const { rotation, backend, world } = started({ lock: held });
    expect(await code(rotation.step({ begin: true }))).toBe('aborted');
    expect([backend.current(), world.live()]).toEqual([world.first, 1]);
  });

  it('a lock that is lost ends the step before the next change', async () => {
    const calls: string[] = [];
    const noting = (target: RotationTarget) =>
      ({
        ...target,
        set: (...all) => {
          calls.push('set');
          return target.set?.(...all);
        },
      }) as RotationTarget;
    for (const heldFor of [0, 1, 2]) {
      let checks = 0;
      const check = (): void => {
        if (checks++ >= heldFor) throw new ConfigError('conflict', 'the lock is lost');
      };
      const held: RotationLock = { run: (_name, step) => step({ check }) };
      const { rotation, backend, world } = started({ lock: held }, { change: noting });
      expect(await code(rotation.step({ begin: true }))).toBe('conflict');
      expect(backend.current()).toBe(world.first);
      const { pending } = await backend.open(new Points()).read();
      expect([pending !== undefined, calls.splice(0).length]).toEqual([heldFor > 0, heldFor > 1 ? 1 : 0]);
    }
  });

  it.each(['store', 'target'] as const)(
    'a %s that is down fails the step, and the next one goes on',
    async (which) => {
      const clock = manualClock();
      const world = twoUsers();
      const backend = documentsBackend(world.first, clock.now);
      const [toStore, toTarget] = [new Points(), new Points()];
      const rotation = rotate(backend.open(toStore), world.open(toTarget), {
        lock,
        revoke: 'auto',
        clock,
        ...schedule,
      });
      const points = which === 'store' ? toStore : toTarget;
      points.down = true;
      expect(await code(rotation.step({ begin: true }))).toBe('unavailable');
      expect(await code(rotation.status())).toBe('unavailable');
      points.down = false;
      expect(await rotation.step({ begin: true })).toBe('overlap');
    },
  );

  it('a step that another process holds off is busy', async () => {
    const { rotation, backend } = started({ lock: { run: async () => undefined } });
    const first = backend.current();
    expect(await rotation.step({ begin: true })).toBe('busy');
    expect(backend.current()).toBe(first);
  });

  it('a step ends with its caller and with its time', async () => {
    const { rotation, points, clock } = started({ timeoutMs: 5_000 });
    expect(await code(rotation.step({ signal: AbortSignal.abort() }))).toBe('aborted');
    let wake = (): void => undefined;
    points.pause = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    const late = code(rotation.step({ begin: true }));
    await clock.advance(5_000);
    points.pause = undefined;
    wake();
    expect(await late).toBe('aborted');
  });

  it('the session of the lock reaches the target with each call', async () => {
    const sessions = new Set<unknown>();
    const session = { name: 'the session of the lock' };
    const seeing = (target: RotationTarget) =>
      ({
        ...target,
        test: (credential, call) => {
          sessions.add(call.session);
          return target.test(credential, call);
        },
      }) as RotationTarget;
    const held: RotationLock = { run: (_name, step) => step({ session }) };
    const { rotation } = started({ lock: held }, { change: seeing });
    await rotation.step({ begin: true });
    expect([...sessions]).toEqual([session]);
  });

  it('a clock that was put back ends no overlap, and does not stop rotations for ever', async () => {
    const { rotation, clock, events, backend, world } = started();
    const first = backend.current();
    await clock.advance(50 * 86_400_000);
    await rotation.step({ begin: true });
    let offset = -40 * 86_400_000;
    const behind = { ...clock, now: () => clock.now() + offset };
    const later = rotate(backend.open(new Points()), world.open(new Points()), {
      lock,
      revoke: 'auto',
      clock: behind,
      on: (event) => events.push(event),
      ...schedule,
    });
    expect(await later.step()).toBe('overlap');
    expect(events.at(-1)).toMatchObject({ type: 'notice', message: expect.stringContaining('put back') });
    offset += 1_000;
    expect(await later.step()).toBe('done');
    expect(world.accepts(first)).toBe(false);
  });
});

describe('the fields of a secret', () => {
  it('fields names those that change, and all others are kept', async () => {
    const clock = manualClock();
    const world = twoUsers();
    const secret = { login: { name: 'app_a', pass: 'fake-first' }, host: 'db.internal', port: 5432 };
    const backend = stagesBackend(secret, clock.now);
    const rotation = rotate(backend.open(new Points()), world.open(new Points()), {
      lock,
      revoke: 'auto',
      clock,
      fields: { user: 'login.name', password: 'login.pass' },
      ...schedule,
    });
    await rotation.step({ begin: true });
    expect(backend.current()).toEqual({
      login: { name: 'app_b', pass: expect.stringMatching(/^fake-\d+$/) },
      host: 'db.internal',
      port: 5432,
    });
  });

  it('a secret that is a text is the only field of the credential', async () => {
    const backend = stagesBackend('fake-first' as never, () => 0);
    const keys = new Set(['fake-first']);
    const target = generated({
      create: () => {
        keys.add('fake-second');
        return Promise.resolve('fake-second');
      },
      test: async ({ key }) => keys.has(key as string),
      revoke: async ({ key }) => void keys.delete(key as string),
      inUse: () => 0,
    });
    const rotation = rotate(backend.open(new Points()), target, { lock, revoke: 'auto', ...schedule });
    expect(await rotation.step({ begin: true })).toBe('overlap');
    expect(backend.current()).toBe('fake-second');
  });

  it('a secret without the fields is an error that names them', async () => {
    const backend = stagesBackend({ user: 'app_a' }, () => 0);
    const rotation = rotate(backend.open(new Points()), twoUsers().open(new Points()), {
      lock,
      revoke: 'auto',
      ...schedule,
    });
    await expect(rotation.step()).rejects.toMatchObject({
      code: 'validation',
      message: expect.stringContaining('"password"'),
    });
  });
});

describe('the schedule', () => {
  it('the type of a secret has its own schedule, before the kind of the target', async () => {
    const { rotation } = started({ everyMs: undefined, overlapMs: undefined } as never, {
      at: (first, now) => {
        const backend = documentsBackend(first, now);
        const open: Backend['open'] = (points) => {
          const store = backend.open(points);
          return {
            name: store.name,
            key: store.key,
            compares: true,
            read: async (options) => ({ ...(await store.read(options)), type: 'service_token' }),
            putPending: (...all) => store.putPending(...all),
            promote: (...all) => store.promote(...all),
            dropPrevious: (...all) => store.dropPrevious(...all),
          };
        };
        return { ...backend, open };
      },
    });
    const { dueAt, current } = await rotation.status();
    expect((dueAt as number) - (current.at as number)).toBe(schedules.service_token?.everyMs);
  });

  it('the kind of the target decides otherwise', async () => {
    const { rotation } = started({ everyMs: undefined } as never);
    const { dueAt, current } = await rotation.status();
    expect((dueAt as number) - (current.at as number)).toBe(schedules.database?.everyMs);
  });
});

describe('run', () => {
  it('run steps until its signal aborts, and a failure is not its end', async () => {
    const { rotation, points, clock, backend, events } = started();
    const first = backend.current();
    const end = new AbortController();
    points.down = true;
    const running = rotation.run({ signal: end.signal, pollMs: 1_000 });
    await clock.until(
      (async () => {
        while (!events.some(({ type }) => type === 'rotation_failed')) await clock.advance(10);
      })(),
    );
    points.down = false;
    await clock.until(
      (async () => {
        while (backend.current() === first) await clock.advance(1_000);
      })(),
    );
    end.abort();
    await clock.until(running);
  });

  it('run needs no signal, and refuses something else in its place', async () => {
    const { rotation, clock, backend } = started();
    const first = backend.current();
    void rotation.run();
    await clock.until(
      (async () => {
        while (backend.current() === first) await clock.advance(1_000);
      })(),
    );
    const refused = rotation.run({ signal: 'no signal' } as never);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it.each([{ force: 'false' }, { begin: 1 }, { forced: true }, { signal: 'no signal' }])(
    'step refuses %j',
    async (options) => {
      const { rotation, backend } = started();
      const first = backend.current();
      await expect(rotation.step(options as never)).rejects.toMatchObject({ code: 'invalid_option' });
      expect(backend.current()).toBe(first);
    },
  );

  it('status refuses what is not a signal', async () => {
    const refused = started().rotation.status({ signal: 'no signal' } as never);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('without a listener, a failure is one warning of the process', async () => {
    const { rotation, points, clock } = started({ on: undefined } as never);
    const end = new AbortController();
    points.down = true;
    const warnings: (Error & { code?: string })[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const running = rotation.run({ signal: end.signal, pollMs: 1_000 });
    for (let i = 0; i < 20; i++) await clock.until(clock.advance(1_000));
    end.abort();
    await clock.until(running);
    process.off('warning', listen);
    expect(warnings).toMatchObject([{ code: 'LLM_CONFIG_ROTATION' }]);
  });
});

describe('the options of rotate', () => {
  const world = twoUsers();
  const store = stagesBackend(world.first, () => 0).open(new Points());
  const target = world.open(new Points());
  const refused = (change: () => unknown): unknown => {
    try {
      return change();
    } catch (error) {
      return error;
    }
  };

  it.each([
    ['lock', { revoke: 'auto' }],
    ['revoke', { lock }],
    ['revoke', { lock, revoke: 'sometimes' }],
    ['everyMs', { lock, revoke: 'auto', everyMs: -1 }],
    ['fields', { lock, revoke: 'auto', fields: { pasword: 'password' } }],
  ])('an option %s that is missing or wrong is refused', (name, options) => {
    expect(refused(() => rotate(store, target, options as never))).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(name),
    });
  });

  it('a store that does not compare and a target that cannot revoke are refused', () => {
    const options = { lock, revoke: 'auto' } as const;
    const { compares, ...unsafe } = store as unknown as Record<string, unknown>;
    for (const [first, second] of [
      [unsafe, target],
      [store, { ...target, revoke: undefined }],
      [store, {}],
    ] as never[][])
      expect(refused(() => rotate(first as never, second as never, options))).toMatchObject({
        code: 'invalid_option',
      });
  });

  it('passwords have the alphabet and length of their target, and can be refused as too weak', () => {
    expect(passwords('it')()).toMatch(/^[2-9A-HJ-NP-Za-km-z]{32}$/);
    expect(passwords('it', { alphabet: '01', length: 128 })()).toMatch(/^[01]{128}$/);
    const made = passwords('it');
    expect(new Set(Array.from({ length: 100 }, made)).size).toBe(100);
    for (const options of [{ length: 8 }, { alphabet: 'aa' }, { alphabet: 'a' }])
      expect(refused(() => passwords('it', options))).toMatchObject({ code: 'invalid_option' });
  });

  it('generated needs all its functions', () => {
    expect(refused(() => generated({ create: async () => 'k' } as never))).toMatchObject({
      code: 'invalid_option',
    });
  });
});
