// Conformance sentences about a second level alone: contents, tickets and locks. Used by
// `describeSecondLevel`.

import assert from 'node:assert/strict';
import type { SharedName } from '../../shelter/second-level.ts';
import {
  askOne,
  contentOf,
  heldText,
  keepOne,
  type LevelChapter,
  named,
  ticketFor,
} from './second-level-context.ts';

const a = named('a');
const ticketed = (name: SharedName, ticket: number) => ({ ...name, ticket });

export const keeping: LevelChapter = {
  title: 'contents, tickets and locks',
  sentences: [
    {
      title: 'ask returns what another connection kept, byte for byte, with its ticket',
      async check({ connect }) {
        const [one, other] = [await connect(), await connect()];
        const content = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 31) % 256);
        const ticket = await keepOne(one, a, '', { content });
        const answer = await askOne(other, a);
        assert.equal(answer.ticket, ticket);
        assert.ok(answer.content && Buffer.from(answer.content).equals(content), 'the bytes differ');
      },
    },
    {
      title: 'ask answers several names in their order, with a growing ticket each',
      async check({ connect }) {
        const level = await connect();
        await keepOne(level, named('b'), 'text of b');
        const names = ['c', 'b', 'a', 'c', 'a'].map((name) => named(name));
        const answers = await level.ask(names, { maxAgeMs: 60_000, lockMs: 1_000 });
        assert.deepEqual(
          answers.map(({ content }) => content && new TextDecoder().decode(content)),
          [undefined, 'text of b', undefined, undefined, undefined],
        );
        const [c, , first, again, second] = answers.map(({ ticket }) => ticket) as [
          number,
          number,
          number,
          number,
          number,
        ];
        assert.ok(c < again && first < second, 'a later ask has no greater ticket');
      },
    },
    {
      title: 'names that differ in store, view, kind or name do not mix',
      async check({ connect }) {
        const level = await connect();
        const names = [
          a,
          named('a', { view: 'a' }),
          named('a', { kind: 'listing' }),
          named('a', { store: 'another' }),
          named('a/b'),
          named('a:b', { view: 'c' }),
          named('a', { view: 'b:c' }),
          named('A'),
          named('{a}'),
          named('ä\0\n"'),
          named('a '),
        ];
        for (const [i, name] of names.entries()) await keepOne(level, name, `text ${i}`);
        for (const [i, name] of names.entries()) assert.equal(await heldText(level, name), `text ${i}`);
      },
    },
    {
      title: 'ask returns no content with maxAgeMs 0, nor one that is older than maxAgeMs',
      async check({ connect, pass }) {
        const level = await connect();
        await keepOne(level, a, 'text');
        assert.equal((await askOne(level, a, { maxAgeMs: 0 })).content, undefined);
        await pass(150);
        assert.equal((await askOne(level, a, { maxAgeMs: 100 })).content, undefined);
        assert.ok(
          (await askOne(level, a, { maxAgeMs: 60_000 })).content,
          'a younger content is not returned',
        );
      },
    },
    {
      title: 'ask returns only a content that is later than the one seen',
      async check({ connect }) {
        const level = await connect();
        const ticket = await keepOne(level, a, 'text');
        assert.equal((await askOne(level, { ...a, seen: ticket })).content, undefined);
        assert.ok((await askOne(level, { ...a, seen: ticket - 1 })).content);
      },
    },
    {
      title: 'a content is gone after its life',
      async check({ connect, pass }) {
        const level = await connect();
        await keepOne(level, a, 'text', { lifeMs: 150 });
        assert.equal(await heldText(level, a), 'text');
        await pass(250);
        assert.equal(await heldText(level, a), undefined);
      },
    },
    {
      title: 'ask gives the lock to one reader, and lets the others wait for as long as it lasts',
      async check({ connect }) {
        const [one, other] = [await connect(), await connect()];
        const { mine, waitMs } = await ticketFor(one, a);
        assert.deepEqual({ mine, waitMs }, { mine: true, waitMs: 0 });
        for (const level of [other, one]) {
          const answer = await ticketFor(level, a);
          assert.equal(answer.mine, false, 'two readers got the lock');
          assert.ok(answer.waitMs > 0 && answer.waitMs <= 1_000, `waitMs is ${answer.waitMs}`);
        }
        assert.equal((await ticketFor(other, named('b'))).mine, true, 'a lock is for one name');
        assert.equal(
          (await ticketFor(other, named('a', { view: 'v' }))).mine,
          true,
          'a lock is for one view',
        );
      },
    },
    {
      title: 'ask gives no lock to a reader that wants none, and does not let it wait',
      async check({ connect }) {
        const level = await connect();
        const none = await ticketFor(level, a, { lockMs: 0 });
        assert.equal(none.mine, false);
        assert.equal((await ticketFor(level, a)).mine, true, 'the lock was taken');
        assert.equal((await ticketFor(level, a, { lockMs: 0 })).waitMs, 0);
      },
    },
    {
      title: 'a lock ends after lockMs, and then goes to one reader',
      async check({ connect, pass }) {
        const level = await connect();
        const dead = await ticketFor(level, a, { lockMs: 200 });
        await pass(300);
        assert.equal((await ticketFor(level, a, { lockMs: 10_000 })).mine, true, 'the lock did not end');
        await level.failed([ticketed(a, dead.ticket)]);
        assert.equal((await ticketFor(level, a)).mine, false, 'the dead reader freed the lock of another');
      },
    },
    {
      title: 'keep frees the lock of its ticket, and no other',
      async check({ connect }) {
        const level = await connect();
        const early = await ticketFor(level, a, { lockMs: 0 });
        const { ticket } = await ticketFor(level, a);
        await level.keep([contentOf(a, early.ticket, 'early')]);
        assert.equal((await ticketFor(level, a)).mine, false, 'keep freed the lock of another ticket');
        await level.keep([contentOf(a, ticket, 'text')]);
        assert.equal((await ticketFor(level, a)).mine, true, 'keep did not free the lock');
      },
    },
    {
      title: 'failed frees the lock, and those who waited for it do not wait again',
      async check({ connect }) {
        const [one, other] = [await connect(), await connect()];
        const { ticket } = await ticketFor(one, a);
        const waiting = [await ticketFor(other, a), await ticketFor(other, a), await ticketFor(one, a)];
        await one.failed([ticketed(a, ticket)]);
        const next = await ticketFor(other, a);
        assert.equal(next.mine, true, 'failed did not free the lock');
        for (const { ticket: first } of waiting) {
          const { mine, waitMs } = await ticketFor(other, { ...a, waiting: first });
          assert.deepEqual({ mine, waitMs }, { mine: false, waitMs: 0 });
        }
        const late = await ticketFor(other, a);
        assert.ok(late.waitMs > 0, 'a new reader does not wait for the new lock');
        assert.ok((await ticketFor(other, { ...a, waiting: late.ticket })).waitMs > 0);
      },
    },
    {
      title: 'keep refuses what was asked for before the content that is kept',
      async check({ connect }) {
        const [one, other] = [await connect(), await connect()];
        const early = await ticketFor(one, a);
        await keepOne(other, a, 'later');
        assert.deepEqual(await one.keep([contentOf(a, early.ticket, 'earlier')]), [false]);
        assert.equal(await heldText(one, a), 'later');
        await keepOne(one, a, 'last');
        assert.equal(await heldText(other, a), 'last');
      },
    },
    {
      title: 'keep refuses the earlier content also when the later one is gone',
      async check({ connect, pass }) {
        const level = await connect();
        const early = await ticketFor(level, a);
        await keepOne(level, a, 'later', { lifeMs: 100 });
        await pass(200);
        assert.deepEqual(await level.keep([contentOf(a, early.ticket, 'earlier')]), [false]);
        assert.equal(await heldText(level, a), undefined);
      },
    },
    {
      title: 'keep refuses a ticket that was not given out',
      async check({ connect }) {
        const level = await connect();
        const { ticket } = await ticketFor(level, a);
        assert.deepEqual(await level.keep([contentOf(a, ticket + 3.6e9, 'text')]), [false]);
        assert.equal(await heldText(level, a), undefined);
      },
    },
    {
      title: 'invalidate removes a content in every view, and refuses what was asked for before',
      async check({ connect }) {
        const [one, other] = [await connect(), await connect()];
        const views = [a, named('a', { view: 'v' })];
        const tickets = [];
        for (const name of views) {
          await keepOne(one, name, 'old');
          tickets.push((await ticketFor(one, name)).ticket);
        }
        await keepOne(one, named('b'), 'other');
        await other.invalidate([a]);
        for (const [i, name] of views.entries()) {
          assert.equal(await heldText(one, name), undefined, 'a content is still there');
          const early = contentOf(name, tickets[i] as number, 'early');
          assert.deepEqual(await one.keep([early]), [false], 'what was asked for before is kept');
          await keepOne(other, name, 'new');
          assert.equal(await heldText(one, name), 'new');
        }
        assert.equal(await heldText(one, named('b')), 'other', 'another name was removed');
      },
    },
  ],
};
