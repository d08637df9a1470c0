// Conformance sentences about a decorator or a chain around a provider that makes its answers by hand: plain
// objects instead of entries of `makeEntry`, and values, keys and errors of any kind. Used by
// `describe-provider.ts` when a suite has `wrap`. All keys are below `service`.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../../entry.ts';
import { isConfigError } from '../../errors.ts';
import { makeOrigin } from '../../origin.ts';
import type { ConfigProvider } from '../../provider.ts';
import { assertFrozen, assertNoLeak } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter, Sentence } from './sentence.ts';

type Item = Entry | Unreadable;

/** What the provider inside answers. */
interface Answers {
  readonly items?: readonly unknown[];
  /** In place of the items. */
  readonly list?: unknown;
  /** In place of the item of the key. */
  readonly get?: unknown;
  /** In place of a Map of the items. */
  readonly getMany?: unknown;
}

export interface ByHandSentence extends Sentence {
  readonly answers: () => Answers;
}

/** A provider that returns the same objects for each call, as one with a cache does. */
export function providerOf(answers: Answers): ConfigProvider {
  const { items = [] } = answers;
  const itemAt = (key: string): unknown => items.find((item) => (item as Partial<Item>).key === key);
  const answer = (method: keyof Answers, usual: () => unknown): Promise<never> =>
    Promise.resolve((method in answers ? answers[method] : usual()) as never);
  return {
    name: 'by hand',
    get: (key) => answer('get', () => itemAt(key)),
    list: () => answer('list', () => items),
    getMany: (keys) => answer('getMany', () => new Map(keys.map((key) => [key, itemAt(key)]))),
  };
}

const origin = { provider: 'by hand', source: 'values.txt', line: 3, column: 5 };
const plain = (key: string, value: unknown, more: object = {}): object => ({ key, value, origin, ...more });
const named = plain('service.name', 'inference');

const itemIn = (items: readonly Item[], key: string): Item => {
  const found = items.filter((item) => item.key === key);
  assert.equal(found.length, 1, `the listing contains ${key} ${found.length} times, instead of once`);
  return found[0] as Item;
};

const entryIn = (items: readonly Item[], key: string): Entry => {
  const item = itemIn(items, key);
  assert.ok(!isUnreadable(item), `the listing contains a hole at ${key}`);
  return item;
};

function assertHole(items: readonly Item[], key: string): void {
  const item = itemIn(items, key);
  assert.ok(isUnreadable(item), `the listing contains no hole at ${key}`);
  assert.ok(isConfigError(item.error), `the error at ${key} is not a ConfigError`);
  assertNoLeak(item.error, fakes.password);
}

const fieldsOf = ({ value, secret, origin, version, metadata }: Entry): object => ({
  value,
  secret,
  origin: `${origin.provider}: ${origin}`,
  version,
  metadata: { ...metadata },
});

const cyclic = (): object => {
  const inside: Record<string, unknown> = { password: fakes.password };
  inside.itself = inside;
  return inside;
};

export const byHand: Chapter<ByHandSentence> = {
  title: 'entries made by hand',
  sentences: [
    {
      title: 'get and list return a plain entry like one of makeEntry',
      values: {},
      answers: () => {
        const fields = { value: 'inference', secret: true, version: '7', metadata: { type: 'text' } };
        const made = makeOrigin({ ...origin, position: () => origin });
        return {
          items: [
            makeEntry({ key: 'service.made', ...fields, origin: made }),
            { key: 'service.plain', ...fields, origin },
          ],
        };
      },
      async check({ provider, settled }) {
        const items = await settled(provider.list());
        const [made, entry] = [
          await settled(provider.get('service.made')),
          await settled(provider.get('service.plain')),
        ];
        assert.ok(made && entry, 'get returned undefined');
        assert.equal(entry.key, 'service.plain');
        assert.deepStrictEqual(fieldsOf(entry), fieldsOf(made));
        assert.deepStrictEqual(
          fieldsOf(entryIn(items, 'service.plain')),
          fieldsOf(entryIn(items, 'service.made')),
        );
      },
    },
    {
      title: 'a plain entry without secret is marked by its name, and no way of printing shows the value',
      values: {},
      answers: () => ({ items: [plain('service.password', fakes.password)] }),
      async check({ provider, settled }) {
        const entry = await settled(provider.get('service.password'));
        for (const found of [entry, entryIn(await settled(provider.list()), 'service.password')]) {
          assert.strictEqual(found?.value, fakes.password);
          assert.strictEqual(found.secret, true, 'the entry is not marked as secret');
          assertNoLeak(found, fakes.password);
          const text = inspect(found, { customInspect: false, showHidden: true });
          assert.ok(!text.includes(fakes.password), 'console.dir prints the value');
        }
      },
    },
    {
      title: 'callers cannot change a plain entry',
      values: {},
      answers: () => ({
        items: [plain('service.regions', ['eu', ['us']], { metadata: { tags: ['blue'] } })],
      }),
      async check({ provider, settled }) {
        const read = async (): Promise<readonly (Entry | undefined)[]> => [
          await settled(provider.get('service.regions')),
          entryIn(await settled(provider.list()), 'service.regions'),
        ];
        for (const entry of await read()) {
          assert.ok(entry, 'get returned undefined');
          assertFrozen(entry);
          for (const list of [(entry.value as string[][])[1], entry.metadata?.tags] as string[][])
            try {
              list.push('a caller was here');
            } catch {}
        }
        for (const entry of await read()) {
          assert.deepStrictEqual(entry?.value, ['eu', ['us']]);
          assert.deepStrictEqual(entry?.metadata, { tags: ['blue'] });
        }
      },
    },
    {
      title: 'an invalid key in a list does not fail the others',
      values: {},
      answers: () => ({
        items: [
          plain('__proto__.polluted', 'yes'),
          plain('service.__proto__.polluted', 'yes'),
          plain('service..name', 'twice'),
          { key: 5, value: 'a number' },
          named,
        ],
      }),
      async check({ provider, settled }) {
        const items = await settled(provider.list());
        assert.equal(entryIn(items, 'service.name').value, 'inference');
        const keys = items.flatMap((item) => (isUnreadable(item) ? [] : [item.key]));
        assert.deepStrictEqual(keys, ['service.name'], 'the listing contains an entry with an invalid key');
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
        assert.strictEqual(({} as { polluted?: unknown }).polluted, undefined, 'a prototype was changed');
      },
    },
    {
      title: 'a hole with an error that is not a ConfigError fails its key alone',
      values: {},
      answers: () => ({
        items: [{ key: 'service.broken', error: new Error(`cannot read ${fakes.password}`) }, named],
      }),
      async check({ provider, settled, rejection }) {
        const items = await settled(provider.list());
        assertHole(items, 'service.broken');
        assert.equal(entryIn(items, 'service.name').value, 'inference');
        assertNoLeak(await rejection(provider.get('service.broken')), fakes.password);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      title: 'a circular object, a date and a Map are holes in a list, and get rejects',
      values: {},
      answers: () => ({
        items: [
          plain('service.circle', cyclic()),
          plain('service.date', new Date(0)),
          plain('service.map', new Map([['password', fakes.password]])),
          named,
        ],
      }),
      async check({ provider, settled, rejection }) {
        const items = await settled(provider.list());
        for (const key of ['service.circle', 'service.date', 'service.map']) {
          assertHole(items, key);
          const error = await rejection(provider.get(key));
          assert.strictEqual(error.transient, false, 'the error is transient');
          assertNoLeak(error, fakes.password);
        }
        assert.equal(entryIn(items, 'service.name').value, 'inference');
      },
    },
    {
      title: 'getMany returns an error for each key when the answer is not a Map',
      needs: ['batch'],
      values: {},
      answers: () => ({ getMany: { 'service.name': named } }),
      async check({ with: having, settled }) {
        const results = await settled(having('getMany').getMany(['service.name', 'service.none']));
        for (const key of ['service.name', 'service.none'])
          assert.ok(isConfigError(results.get(key)), `getMany returned no error for ${key}`);
      },
    },
    {
      title: 'getMany returns no key that the caller did not ask for',
      needs: ['batch'],
      values: {},
      answers: () => ({
        items: [named],
        getMany: new Map([
          ['service.name', named],
          ['service.password', plain('service.password', fakes.password)],
        ]),
      }),
      async check({ with: having, settled }) {
        const results = await settled(having('getMany').getMany(['service.name']));
        assert.deepStrictEqual([...results.keys()], ['service.name']);
        assert.equal((results.get('service.name') as Entry).value, 'inference');
      },
    },
    {
      title: 'get and list reject an answer that is neither an entry nor a list',
      values: {},
      answers: () => ({ get: null, list: { 'service.name': named } }),
      async check({ provider, rejection }) {
        for (const call of [() => provider.get('service.name'), () => provider.list()])
          assert.strictEqual((await rejection(call())).transient, false, 'the error is transient');
      },
    },
  ],
};
