// What each RotatingStore does. One suite for the stores in memory, for those behind fake servers, and for
// the real servers of test/live.

import { expect, it } from 'vitest';
import type { PendingVersion, RotatingStore } from '../../../src/extensions/rotation/index.ts';
import type { ConfigTree, ConfigValue } from '../../../src/value.ts';
import { code } from '../../support/sheltering.ts';

export interface Opened {
  readonly store: RotatingStore;
  /** The same secret, as another process has it. */
  readonly other: RotatingStore;
  /** A person edits the secret. */
  readonly edit: (value: ConfigTree) => unknown;
  /** What applications read. */
  readonly current: () => Promise<ConfigValue | undefined> | ConfigValue | undefined;
  readonly close?: () => Promise<unknown>;
}

export const firstSecret: ConfigTree = {
  user: 'app_a',
  password: 'fake-first',
  host: 'db.internal',
  options: { ssl: 'on' },
};
const next = { ...firstSecret, user: 'app_b', password: 'fake-next' };
const third = { ...firstSecret, user: 'app_a', password: 'fake-third' };
const at = 1_800_000_000_000;

/** Describes a store. `open` makes a new secret with `firstSecret`. */
export function itRotates(open: () => Promise<Opened>): void {
  const using = (run: (opened: Opened) => Promise<void>) => async (): Promise<void> => {
    const opened = await open();
    try {
      await run(opened);
    } finally {
      await opened.close?.();
    }
  };
  const pendingOf = async (store: RotatingStore): Promise<PendingVersion> =>
    (await store.read()).pending as PendingVersion;
  const put = async (store: RotatingStore, value: ConfigValue): Promise<void> =>
    store.putPending(value, (await store.read()).version);
  const promote = async (store: RotatingStore, time: number): Promise<void> => {
    const { pending, current } = await store.read();
    await store.promote(pending as PendingVersion, current, { at: time });
  };

  it(
    'read returns the current secret with all its fields, and nothing else',
    using(async ({ store }) => {
      const { current, pending, previous } = await store.read();
      expect(current.value).toEqual(firstSecret);
      expect(current.version).toEqual(expect.any(String));
      expect([pending, previous]).toEqual([undefined, undefined]);
    }),
  );

  it(
    'a pending version is stored for all processes, and applications do not see it',
    using(async ({ store, other, current }) => {
      const before = await store.read();
      await store.putPending(next, before.version);
      const after = await other.read();
      expect(after.pending?.value).toEqual(next);
      expect(after.pending?.from).toBe(after.current.version);
      expect(after.current).toMatchObject({ value: firstSecret, version: before.current.version });
      expect(await current()).toEqual(firstSecret);
    }),
  );

  it(
    'of two pending versions that were made from the same state, one is stored',
    using(async ({ store, other }) => {
      const { version } = await store.read();
      await other.read();
      const puts = [store.putPending(next, version), put(other, third)];
      const settled = await Promise.allSettled(puts);
      const stored = (await pendingOf(store)).value;
      const failed = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      for (const { reason } of failed) expect(reason).toMatchObject({ code: 'conflict' });
      expect(failed.length).toBeLessThanOrEqual(1);
      expect([next, third]).toContainEqual(stored);
      expect(await code(store.putPending({ ...next, password: 'fake-late' }, version))).toBe('conflict');
      expect((await pendingOf(store)).value).toEqual(stored);
    }),
  );

  it(
    'a pending version can be replaced, and the replaced one is not promoted',
    using(async ({ store, other, current }) => {
      await put(store, next);
      const replaced = await store.read();
      await put(other, third);
      const late = store.promote(replaced.pending as PendingVersion, replaced.current, { at });
      expect(await code(late)).toBe('conflict');
      expect(await current()).toEqual(firstSecret);
      expect((await pendingOf(store)).value).toEqual(third);
    }),
  );

  it(
    'promote makes the pending version current, records the time, and keeps the old one',
    using(async ({ store, other, current }) => {
      await put(store, next);
      await promote(store, at);
      const after = await other.read();
      expect(await current()).toEqual(next);
      expect(after.current).toMatchObject({ value: next, at });
      expect(after.previous?.value).toEqual(firstSecret);
      expect(after.pending).toBeUndefined();
    }),
  );

  it(
    'of two processes that promote, the late one fails, and changes nothing',
    using(async ({ store, other, current }) => {
      await put(store, next);
      const seen = await other.read();
      await promote(store, at);
      const late = other.promote(seen.pending as PendingVersion, seen.current, { at: at + 1 });
      expect(await code(late)).toBe('conflict');
      expect(await current()).toEqual(next);
      expect((await store.read()).current.at).toBe(at);
    }),
  );

  it(
    'promote of the current version only records the time, also an earlier one',
    using(async ({ store, current }) => {
      for (const time of [at, at - 1_000]) {
        const { current: now } = await store.read();
        await store.promote(now, now, { at: time });
        expect((await store.read()).current).toMatchObject({ value: firstSecret, at: time });
      }
      expect(await current()).toEqual(firstSecret);
    }),
  );

  it(
    'dropPrevious removes the old version, once',
    using(async ({ store, other, current }) => {
      await put(store, next);
      await promote(store, at);
      const { previous } = await store.read();
      if (!previous) throw new Error('no previous version');
      await store.dropPrevious(previous);
      await other.dropPrevious(previous);
      const after = await store.read();
      expect(after.previous).toBeUndefined();
      expect(after.current).toMatchObject({ value: next, at });
      expect(await current()).toEqual(next);
    }),
  );

  it(
    'three rotations follow each other',
    using(async ({ store }) => {
      for (const [i, value] of [next, third, next].entries()) {
        await put(store, value);
        await promote(store, at + i);
        const { previous, current } = await store.read();
        expect(current).toMatchObject({ value, at: at + i });
        if (previous) await store.dropPrevious(previous);
      }
      const state = await store.read();
      expect([state.pending, state.previous]).toEqual([undefined, undefined]);
    }),
  );

  it(
    'an edit by hand makes a pending version stale, and is not lost',
    using(async ({ store, edit, current }) => {
      await put(store, next);
      const before = await store.read();
      const edited = { ...firstSecret, host: 'other.internal' };
      await edit(edited);
      const after = await store.read();
      expect(after.version).not.toBe(before.version);
      expect(after.pending?.from).not.toBe(after.current.version);
      const late = store.promote(before.pending as PendingVersion, before.current, { at });
      expect(await code(late)).toBe('conflict');
      expect(await current()).toEqual(edited);
    }),
  );

  it(
    'an edit by hand does not make a rotation forget the old version',
    using(async ({ store, edit }) => {
      await put(store, next);
      await promote(store, at);
      await edit({ ...next, host: 'other.internal' });
      expect((await store.read()).previous?.value).toEqual(firstSecret);
    }),
  );

  it(
    'a call with an aborted signal fails, and writes nothing',
    using(async ({ store, current }) => {
      const { version } = await store.read();
      const signal = AbortSignal.abort();
      expect(await code(store.putPending(next, version, { signal }))).toBe('aborted');
      expect(await current()).toEqual(firstSecret);
      expect((await store.read()).pending).toBeUndefined();
    }),
  );
}
