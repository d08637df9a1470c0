// Conformance sentences about shelters that share a second level and a store that counts its requests. Used
// by `describeSecondLevel`.

import assert from 'node:assert/strict';
import type { Key } from '../../value.ts';
import { CountedStore, type LevelChapter, type LevelContext, ttlMs } from './second-level-context.ts';

type Provider = Awaited<ReturnType<LevelContext['shelters']>>[number];

const readValue = async ({ settled }: LevelContext, provider: Provider, key: Key, options = {}) =>
  (await settled(provider.get(key, options)))?.value;

/** Waits until what was read is kept in the level. */
const kept = ({ pass }: LevelContext): Promise<void> => pass(30);

export const shelters: LevelChapter = {
  title: 'shelters',
  sentences: [
    {
      title: 'many shelters make one request for a cold document',
      async check(context) {
        const { store, settled, pass } = context;
        store.values.set('a', 'one');
        const all = await context.shelters(8);
        store.ready = () => pass(20);
        const found = await settled(Promise.all(all.map((one) => one.get('a'))));
        assert.deepEqual(new Set(found.map((entry) => entry?.value)), new Set(['one']));
        assert.deepEqual(store.asked, ['a']);
      },
    },
    {
      title: 'many shelters ask once for an absent document, and once for a listing',
      async check(context) {
        const { store, settled } = context;
        store.values.set('a', 'one');
        const [first, ...others] = await context.shelters(4);
        await readValue(context, first as Provider, 'none');
        await settled((first as Provider).list());
        await kept(context);
        for (const one of others) {
          assert.equal(await readValue(context, one, 'none'), undefined);
          assert.deepEqual(
            (await settled(one.list())).map(({ key }) => key),
            ['a'],
          );
        }
        assert.deepEqual(store.asked.sort(), ['a', 'none', 'page']);
      },
    },
    {
      title: 'after a failure each shelter asks for itself, and the next success is for all',
      async check(context) {
        const { store, settled, pass } = context;
        const all = await context.shelters(4);
        store.isDown = true;
        store.ready = () => pass(20);
        const failed = await settled(Promise.allSettled(all.map((one) => one.get('a'))));
        assert.deepEqual(new Set(failed.map(({ status }) => status)), new Set(['rejected']));
        assert.equal(store.asked.length, 4);
        store.isDown = false;
        store.values.set('a', 'one');
        await settled(Promise.all(all.map((one) => one.get('a'))));
        assert.equal(store.asked.length, 5);
      },
    },
    {
      title: 'a fresh read asks the store, and its result is for all',
      async check(context) {
        const { store } = context;
        store.values.set('a', 'one');
        const [one, other, third] = (await context.shelters(3)) as [Provider, Provider, Provider];
        await readValue(context, one, 'a');
        await kept(context);
        store.values.set('a', 'two');
        assert.equal(await readValue(context, other, 'a', { maxAgeMs: 0 }), 'two');
        await kept(context);
        assert.equal(await readValue(context, third, 'a'), 'two');
        await context.soon(async () => assert.equal(await readValue(context, one, 'a'), 'two'));
        assert.equal(store.asked.length, 2);
      },
    },
    {
      title: 'a write is seen by shelters that read afterwards, and soon by all, in every view',
      async check(context) {
        const { store, settled } = context;
        store.values.set('a', 'one');
        const view = new CountedStore('view', store.asked);
        const [writer, other, cold] = (await context.shelters(3)) as [Provider, Provider, Provider];
        const [third] = (await context.shelters(1, {}, Object.assign(view, { values: store.values }))) as [
          Provider,
        ];
        for (const one of [writer, other, third]) assert.equal(await readValue(context, one, 'a'), 'one');
        await kept(context);
        await settled(writer.set('a', 'two'));
        assert.equal(await readValue(context, cold, 'a'), 'two');
        await context.soon(async () => {
          for (const one of [writer, other, third]) assert.equal(await readValue(context, one, 'a'), 'two');
        });
      },
    },
    {
      title: 'memory and the second level together serve a document for one TTL',
      async check(context) {
        const { store, pass } = context;
        store.values.set('a', 'one');
        const [one, other, third] = (await context.shelters(3)) as [Provider, Provider, Provider];
        await readValue(context, one, 'a');
        await pass(0.7 * ttlMs);
        await readValue(context, other, 'a');
        assert.deepEqual(store.asked, ['a']);
        store.values.set('a', 'two');
        await pass(0.4 * ttlMs);
        assert.equal(await readValue(context, other, 'a'), 'two');
        assert.equal(await readValue(context, third, 'a', { maxAgeMs: 0.2 * ttlMs }), 'two');
      },
    },
    {
      title: 'an expired content serves an outage for staleIfErrorMs, and then no more',
      async check(context) {
        const { store, pass, settled } = context;
        store.values.set('a', 'one');
        const [one, other, third] = (await context.shelters(3, { staleIfErrorMs: ttlMs })) as [
          Provider,
          Provider,
          Provider,
        ];
        await readValue(context, one, 'a');
        await pass(1.3 * ttlMs);
        store.isDown = true;
        assert.equal(await readValue(context, other, 'a'), 'one');
        await pass(0.9 * ttlMs);
        await assert.rejects(settled(third.get('a')), { code: 'unavailable' });
      },
    },
  ],
};
