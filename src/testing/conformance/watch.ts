import assert from 'node:assert/strict';
import type { Change } from '../../provider.ts';
import type { Trial } from '../trial.ts';
import { isAt, keepsQuiet } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const change: Chapter = {
  title: 'change',
  needs: ['change'],
  sentences: [
    {
      says: 'shows what has changed to a caller who wants it fresh',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ provider, settled, change }) {
        await settled(provider.get('service.name'));
        await settled(provider.get('service.zone'));
        await change('service.name', 'training');
        await change('service.zone', undefined);
        assert.equal((await settled(provider.get('service.name', { maxAgeMs: 0 })))?.value, 'training');
        assert.strictEqual(await settled(provider.get('service.zone', { maxAgeMs: 0 })), undefined);
      },
    },
    {
      says: 'does not change an answer that it has given',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled, change }) {
        const entry = await settled(provider.get('service.name'));
        await change('service.name', 'training');
        await settled(provider.get('service.name', { maxAgeMs: 0 }));
        assert.equal(entry?.value, 'inference');
      },
    },
  ],
};

export const watch: Chapter = {
  title: 'watch',
  needs: ['watch'],
  sentences: [
    {
      says: 'tells of a change, and a read then shows it',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async holds(trial) {
        await trial.settled(trial.provider.get('service.name'));
        const heard = listen(trial);
        await trial.change('service.name', 'training');
        await trial.settled(shown(trial, heard, 'service.name', 'training'));
        heard.stop();
      },
    },
    {
      says: 'tells of a key that came and of one that went',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds(trial) {
        await trial.settled(trial.provider.list());
        const heard = listen(trial);
        await trial.change('service.extra', 'new');
        await trial.settled(shown(trial, heard, 'service.extra', 'new'));
        await trial.change('service.zone', undefined);
        await trial.settled(shown(trial, heard, 'service.zone', undefined));
        heard.stop();
      },
    },
    {
      says: 'tells who has changed, when, and in which keys; never a value',
      needs: ['change', 'notice'],
      values: { 'database.password': 'before-the-change', 'service.name': 'inference' },
      async holds(trial) {
        await trial.settled(trial.provider.get('database.password'));
        const heard = listen(trial);
        await trial.change('database.password', fakes.password);
        await trial.settled(shown(trial, heard, 'database.password', fakes.password));
        heard.stop();
        for (const change of heard.changes) {
          assert.ok(change.provider, 'it does not say who');
          assert.ok(Number.isFinite(change.time), 'it does not say when');
          keepsQuiet(change, fakes.password, 'before-the-change');
        }
        const keys = heard.changes.flatMap((change) => change.keys ?? ['database.password']);
        assert.ok(
          keys.some((key) => isAt({ key, loose: true }, 'database.password')),
          'it names other keys',
        );
      },
    },
    {
      says: 'stops telling who has stopped listening, and goes on telling the others',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async holds(trial) {
        const gone = listen(trial);
        const heard = listen(trial);
        gone.stop();
        gone.stop();
        await trial.change('service.name', 'training');
        await trial.settled(shown(trial, heard, 'service.name', 'training'));
        heard.stop();
        assert.deepStrictEqual(gone.changes, []);
      },
    },
    {
      says: 'tells the others when one listener throws',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async holds(trial) {
        const thrower = trial.with('watch').watch(() => {
          throw new Error('a listener that throws');
        });
        const heard = listen(trial);
        await trial.change('service.name', 'training');
        await trial.settled(shown(trial, heard, 'service.name', 'training'));
        heard.stop();
        thrower[Symbol.dispose]();
      },
    },
    {
      says: 'is silent after it has been closed',
      needs: ['change', 'notice'],
      values: { 'service.name': 'inference' },
      async holds(trial) {
        const heard = listen(trial);
        await trial.settled(Promise.resolve(trial.provider.close?.()));
        await trial.change('service.name', 'training');
        await trial.idle();
        heard.stop();
        assert.deepStrictEqual(heard.changes, []);
      },
    },
  ],
};

interface Heard {
  readonly changes: Change[];
  next(): Promise<void>;
  stop(): void;
}

function listen(trial: Trial): Heard {
  const changes: Change[] = [];
  let wake = (): void => {};
  const watcher = trial.with('watch').watch((change) => {
    changes.push(change);
    wake();
  });
  return {
    changes,
    next: () => new Promise((on) => (wake = on)),
    stop: () => watcher[Symbol.dispose](),
  };
}

/** A file that is written in two steps may change twice: what counts is that the last change is told. */
async function shown(trial: Trial, heard: Heard, key: string, value: string | undefined): Promise<void> {
  for (let seen = 0; ; ) {
    if (seen === heard.changes.length) await heard.next();
    seen = heard.changes.length;
    if ((await trial.provider.get(key))?.value === value) return;
  }
}
