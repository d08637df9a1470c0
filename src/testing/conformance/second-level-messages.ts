// Conformance sentences about the messages of a second level. Used by `describeSecondLevel`. Messages travel,
// so a sentence waits for them, and a watch is given time to begin.

import assert from 'node:assert/strict';
import type { Invalidated } from '../../shelter/second-level.ts';
import { keepOne, type LevelChapter, type LevelContext, named, ticketFor } from './second-level-context.ts';

const a = named('a');

/** What a watcher of the level receives, who has asked for the names that it hears of. */
async function watching({ connect }: LevelContext) {
  const [watched, writer] = [await connect(), await connect()];
  const asked = [a, named('a', { view: 'v' }), named('l', { kind: 'listing' })];
  await watched.ask(asked, { maxAgeMs: 60_000, lockMs: 0 });
  const received: (readonly Invalidated[] | undefined)[] = [];
  const end = watched.watch((names) => void received.push(names));
  return { watched, writer, received, end, all: () => received.flatMap((names) => names ?? []) };
}

export const messages: LevelChapter = {
  title: 'messages',
  sentences: [
    {
      title: 'watch reports another revision, with the ticket it was kept with',
      async check(context) {
        const { writer, all, end } = await watching(context);
        await context.pass(50);
        await keepOne(writer, a, 'one');
        const ticket = await keepOne(writer, a, 'two');
        await context.soon(() => {
          const { store, kind, name } = a;
          assert.deepEqual(all().map(plain), [{ store, kind, name, ticket }]);
        });
        end();
      },
    },
    {
      title: 'watch reports nothing for an equal revision, nor for the first one',
      async check(context) {
        const { writer, received, end } = await watching(context);
        await context.pass(50);
        await keepOne(writer, a, 'one');
        await keepOne(writer, a, 'other bytes', { revision: 'one' });
        await keepOne(writer, named('a', { view: 'v' }), 'two');
        await context.pass(100);
        assert.deepEqual(received, []);
        end();
      },
    },
    {
      title: 'watch reports an invalidation between the tickets before it and those after it',
      async check(context) {
        const { watched, writer, all, end } = await watching(context);
        await context.pass(50);
        const before = await ticketFor(writer, a);
        await writer.invalidate([a, named('l', { kind: 'listing' })]);
        await context.soon(() =>
          assert.deepEqual(
            all()
              .map(({ kind }) => kind)
              .sort(),
            ['document', 'listing'],
          ),
        );
        const after = await ticketFor(watched, a);
        const { ticket } = all().find(({ kind }) => kind === 'document') as Invalidated;
        assert.ok(before.ticket < ticket && ticket < after.ticket, 'the ticket is not between them');
        end();
      },
    },
    {
      title: 'a watcher that has ended hears nothing, and the others still do',
      async check(context) {
        const first = await watching(context);
        const second = await watching(context);
        await context.pass(50);
        first.end();
        await first.writer.invalidate([a]);
        await context.soon(() => assert.equal(second.all().length, 1));
        assert.deepEqual(first.received, []);
        second.end();
      },
    },
  ],
};

const plain = ({ store, kind, name, ticket }: Invalidated): Invalidated => ({ store, kind, name, ticket });
