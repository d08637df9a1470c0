// Conformance sentences about `watch`, which need a backend that can be changed behind the provider.
// A test waits for a change by reading the key: a source may report one change in several steps.

import assert from 'node:assert/strict';
import type { Change } from '../../provider.ts';
import type { TestContext } from '../test-context.ts';
import { assertNoLeak, matchesKey } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const watch: Chapter = {
  title: 'watch',
  needs: ['watch'],
  sentences: [
    {
      title: 'watch reports a change, and the next read returns the new value',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async check(context) {
        await context.settled(context.provider.get('service.name'));
        const listener = listen(context);
        await context.change('service.name', 'training');
        await context.settled(readsAs(context, listener, 'service.name', 'training'));
        listener.stop();
      },
    },
    {
      title: 'watch reports added and removed keys',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check(context) {
        await context.settled(context.provider.list());
        const listener = listen(context);
        await context.change('service.extra', 'new');
        await context.settled(readsAs(context, listener, 'service.extra', 'new'));
        await context.change('service.zone', undefined);
        await context.settled(readsAs(context, listener, 'service.zone', undefined));
        listener.stop();
      },
    },
    {
      title: 'watch reports the provider, the time and the keys of a change, but no value',
      needs: ['change', 'notice'],
      values: { 'database.password': 'before-the-change', 'service.name': 'inference' },
      async check(context) {
        await context.settled(context.provider.get('database.password'));
        const listener = listen(context);
        await context.change('database.password', fakes.password);
        await context.settled(readsAs(context, listener, 'database.password', fakes.password));
        listener.stop();
        for (const change of listener.changes) {
          assert.ok(change.provider, 'the change names no provider');
          assert.ok(Number.isFinite(change.time), 'the change has no time');
          assertNoLeak(change, fakes.password, 'before-the-change');
        }
        const keys = listener.changes.flatMap((change) => change.keys ?? ['database.password']);
        assert.ok(
          keys.some((key) => matchesKey({ key, loose: 'always' }, 'database.password')),
          'the change names other keys',
        );
      },
    },
    {
      title: 'watch stops calling a listener that was disposed, and still calls the others',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async check(context) {
        const disposed = listen(context);
        const listener = listen(context);
        disposed.stop();
        disposed.stop();
        await context.change('service.name', 'training');
        await context.settled(readsAs(context, listener, 'service.name', 'training'));
        listener.stop();
        assert.deepStrictEqual(disposed.changes, []);
      },
    },
    {
      title: 'watch calls the other listeners when one throws',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async check(context) {
        const thrower = context.with('watch').watch(() => {
          throw new Error('a listener that throws');
        });
        const listener = listen(context);
        await context.change('service.name', 'training');
        await context.settled(readsAs(context, listener, 'service.name', 'training'));
        listener.stop();
        thrower[Symbol.dispose]();
      },
    },
    {
      title: 'watch reports nothing after close',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async check(context) {
        const listener = listen(context);
        await context.settled(Promise.resolve(context.provider.close?.()));
        await context.change('service.name', 'training');
        await context.idle();
        listener.stop();
        assert.deepStrictEqual(listener.changes, []);
      },
    },
  ],
};

interface RecordingListener {
  readonly changes: Change[];
  next(): Promise<void>;
  stop(): void;
}

function listen(context: TestContext): RecordingListener {
  const changes: Change[] = [];
  let wake = (): void => {};
  const watcher = context.with('watch').watch((change) => {
    changes.push(change);
    wake();
  });
  return {
    changes,
    next: () => new Promise((on) => (wake = on)),
    stop: () => watcher[Symbol.dispose](),
  };
}

/** Waits for changes until `key` reads as `value`. A file written in two steps may report two changes. */
async function readsAs(
  context: TestContext,
  listener: RecordingListener,
  key: string,
  value: string | undefined,
): Promise<void> {
  for (let seen = 0; ; ) {
    if (seen === listener.changes.length) await listener.next();
    seen = listener.changes.length;
    if ((await context.provider.get(key))?.value === value) return;
  }
}
