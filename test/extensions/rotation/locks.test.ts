// Locks that are not held at the target: leases that end, are extended and are lost, and files.

import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import {
  fileLock,
  type HeldLock,
  type LeaseLockOptions,
  type Leases,
  leaseLock,
  type RotationLock,
} from '../../../src/extensions/rotation/index.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { code } from '../../support/sheltering.ts';

/** One lease for each name, as Redis would keep it. */
function leases(now: () => number) {
  const held = new Map<string, { readonly owner: string; readonly endsAt: number }>();
  const port: Leases = {
    acquire: async (name, owner, ttlMs) => {
      const lease = held.get(name);
      if (lease && lease.owner !== owner && lease.endsAt > now()) return false;
      held.set(name, { owner, endsAt: now() + ttlMs });
      return true;
    },
    release: async (name, owner) => {
      if (held.get(name)?.owner === owner) held.delete(name);
    },
  };
  return { held, port };
}

/** A step that runs until it is ended. */
function open(lock: RotationLock, name = 'db') {
  let end = (): void => undefined;
  const ending = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begin = (_held: HeldLock): void => undefined;
  const begun = new Promise<HeldLock>((resolve) => {
    begin = resolve;
  });
  const done = lock.run(name, async (held) => {
    begin(held);
    await ending;
    return 'ran';
  });
  return { begun, end, done };
}

describe('leaseLock', () => {
  const start = (options: LeaseLockOptions = {}) => {
    const clock = manualClock();
    const { held, port } = leases(clock.now);
    return { clock, held, port, lock: leaseLock(port, { ttlMs: 3_000, clock, ...options }) };
  };

  it('a lease lets one step run at a time, and is released at its end', async () => {
    const { lock, held } = start();
    const first = open(lock);
    await first.begun;
    expect(await lock.run('db', async () => 'second')).toBeUndefined();
    expect(await lock.run('other', async () => 'other')).toBe('other');
    first.end();
    expect(await first.done).toBe('ran');
    expect(held.size).toBe(0);
    await expect(lock.run('db', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await lock.run('db', async () => 'third')).toBe('third');
  });

  it('a lease is extended while its step runs', async () => {
    const { lock, clock } = start();
    const first = open(lock);
    const { check } = await first.begun;
    for (let seconds = 0; seconds < 10; seconds++) await clock.advance(1_000);
    expect(await lock.run('db', async () => 'second')).toBeUndefined();
    await check?.();
    first.end();
    await first.done;
  });

  it('a holder that wakes after its lease has ended may change nothing', async () => {
    const { lock, held } = start();
    const first = open(lock);
    const { check, signal } = await first.begun;
    held.set('db', { owner: 'another process', endsAt: Number.POSITIVE_INFINITY });
    expect(await code(check?.() as Promise<void>)).toBe('conflict');
    expect(signal?.aborted).toBe(true);
    first.end();
    await first.done;
    expect(held.get('db')?.owner).toBe('another process');
  });

  it('a lease that cannot be extended for a moment is asked for again', async () => {
    const { port, clock } = start();
    let isDown = false;
    const shaky: Leases = {
      ...port,
      acquire: (...all) => (isDown ? Promise.reject(new Error('down')) : port.acquire(...all)),
    };
    const first = open(leaseLock(shaky, { ttlMs: 3_000, clock }));
    const { check, signal } = await first.begun;
    isDown = true;
    await clock.advance(1_000);
    await expect(check?.()).rejects.toThrow('down');
    isDown = false;
    await clock.advance(1_000);
    await check?.();
    expect(signal?.aborted).toBe(false);
    first.end();
    await first.done;
  });
});

describe('fileLock', () => {
  it('a file lets one step run at a time, also of another lock on it', async () => {
    await using box = await sandbox();
    const [one, two] = [1, 2].map(() => fileLock(box.path('secrets.json.jwe'))) as [
      RotationLock,
      RotationLock,
    ];
    const first = open(one);
    const { check } = await first.begun;
    await check?.();
    expect(await two.run('db', async () => 'second')).toBeUndefined();
    expect(await two.run('a key/with: signs', async () => 'other')).toBe('other');
    first.end();
    expect(await first.done).toBe('ran');
    expect(await two.run('db', async () => 'third')).toBe('third');
  });

  it('an error of the step is that of the lock, also a timeout', async () => {
    await using box = await sandbox();
    const lock = fileLock(box.path('secrets'));
    const late = Object.assign(new Error('late'), { code: 'timeout' });
    await expect(lock.run('db', () => Promise.reject(late))).rejects.toBe(late);
    expect(await code(fileLock(box.path('none/secrets')).run('db', async () => 1))).toBe('io');
  });
});
