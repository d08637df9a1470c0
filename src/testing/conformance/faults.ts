// Conformance sentences about a backend that fails. Five kinds of fault share four sentences; the rest
// follow below. A read that fails must never look like a key that does not exist.

import assert from 'node:assert/strict';
import { isUnreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import type { ConfigProvider } from '../../provider.ts';
import type { BackendFault } from '../subject.ts';
import { type TestContext, turns } from '../test-context.ts';
import { assertLists, assertListsAtLeast, assertNoLeak } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter, Sentence } from './sentence.ts';

const secrets = { 'database.password': fakes.password, 'service.apiKey': fakes.apiKey };
const fresh = { maxAgeMs: 0 };

type ReadFault = Exclude<BackendFault, 'closing'>;

/** How a sentence describes a fault: while it lasts, once it is over, and the error that a read must
 *  reject with. */
interface Expected {
  readonly during: string;
  readonly after: string;
  readonly rejects: string;
  readonly accepts: (error: ConfigError) => boolean;
}

const expected: { readonly [F in ReadFault]: Expected } = {
  denied: {
    during: 'the backend denies access',
    after: 'the backend no longer denies access',
    rejects: 'rejects with access_denied or a similar permanent error',
    accepts: ({ code, transient }) =>
      !transient && ['access_denied', 'unauthenticated', 'disabled', 'io'].includes(code),
  },
  unavailable: {
    during: 'the backend is unavailable',
    after: 'the backend is available again',
    rejects: 'rejects with a transient error',
    accepts: ({ transient }) => transient,
  },
  throttled: {
    during: 'the backend throttles',
    after: 'the backend no longer throttles',
    rejects: 'rejects with throttled, a transient error',
    accepts: ({ code, transient }) => transient && code === 'throttled',
  },
  hang: {
    during: 'the backend hangs',
    after: 'the backend no longer hangs',
    rejects: 'rejects with timeout, a transient error',
    accepts: ({ code, transient }) => transient && code === 'timeout',
  },
  garbage: {
    during: 'the backend returns garbage',
    after: 'the backend no longer returns garbage',
    rejects: 'rejects, and returns neither a value nor undefined,',
    accepts: ({ code }) => code !== 'not_found' && code !== 'invalid_key',
  },
};

function sentencesAbout(fault: ReadFault): Sentence[] {
  const { during, after, rejects, accepts } = expected[fault];
  const assertAccepted = (error: ConfigError): void =>
    assert.ok(accepts(error), `a read rejected with ${error.code} while ${during}`);
  return [
    {
      title: `get ${rejects} when ${during}`,
      needs: [fault],
      values: secrets,
      async check({ provider, rejection, fail }) {
        await fail(fault);
        assertAccepted(await rejection(provider.get('database.password', fresh)));
        assertAccepted(await rejection(provider.get('service.none', fresh)));
      },
    },
    {
      title: `list rejects, and returns no partial result, when ${during}`,
      needs: [fault],
      values: secrets,
      async check({ provider, rejection, fail }) {
        await fail(fault);
        assertAccepted(await rejection(listOrHole(provider)));
      },
    },
    {
      title: `errors contain no value when ${during}`,
      needs: [fault],
      values: secrets,
      async check({ provider, rejection, settled, fail }) {
        await settled(provider.get('database.password'));
        await fail(fault);
        for (const error of [
          await rejection(provider.get('database.password', fresh)),
          await rejection(provider.get('service.apiKey', fresh)),
          await rejection(listOrHole(provider)),
        ])
          assertNoLeak(error, fakes.password, fakes.apiKey);
      },
    },
    {
      title: `get and list succeed again when ${after}`,
      needs: [fault],
      values: secrets,
      async check({ provider, settled, rejection, fail }) {
        await fail(fault);
        await rejection(provider.get('database.password', fresh));
        await fail(undefined);
        assert.equal((await settled(provider.get('database.password', fresh)))?.value, fakes.password);
        assertLists(await settled(provider.list('', fresh)), secrets);
      },
    },
  ];
}

export const faults: Chapter = {
  title: 'faults',
  sentences: [
    ...(['denied', 'unavailable', 'throttled', 'hang', 'garbage'] as const).flatMap(sentencesAbout),
    {
      title: 'get and list recover after a failed first request, without a fresh read',
      needs: ['unavailable'],
      values: secrets,
      async check({ provider, settled, rejection, fail }) {
        await fail('unavailable');
        await rejection(provider.get('database.password'));
        await fail(undefined);
        assert.equal((await settled(provider.get('database.password')))?.value, fakes.password);
        assertLists(await settled(provider.list()), secrets);
      },
    },
    {
      title: 'get rejects a hundred concurrent callers with the same error code',
      needs: ['denied'],
      values: secrets,
      async check({ provider, rejection, fail }) {
        await fail('denied');
        const errors = await Promise.all(
          Array.from({ length: 100 }, () => rejection(provider.get('service.apiKey', fresh))),
        );
        assert.equal(new Set(errors.map((error) => error.code)).size, 1);
      },
    },
    {
      title: 'get rejects with an error that names the provider and the key',
      needs: ['denied'],
      values: secrets,
      async check({ provider, rejection, fail }) {
        await fail('denied');
        const error = await rejection(provider.get('database.password', fresh));
        assert.ok(error.provider, 'the error names no provider');
        assert.equal(error.key, 'database.password');
      },
    },
    {
      title: 'get rejects at once when its signal is aborted while the backend hangs',
      needs: ['hang'],
      values: secrets,
      check: (context) =>
        abortsAtOnce(context, (signal) => context.provider.get('database.password', { ...fresh, signal })),
    },
    {
      title: 'list rejects at once when its signal is aborted while the backend hangs',
      needs: ['hang'],
      values: secrets,
      check: (context) => abortsAtOnce(context, (signal) => context.provider.list('', { ...fresh, signal })),
    },
    {
      title: 'get keeps waiting for the other callers when one of them aborts',
      needs: ['hang'],
      values: secrets,
      async check({ provider, promptRejection, rejection, fail }) {
        await fail('hang');
        const caller = new AbortController();
        const aborting = provider.get('database.password', { ...fresh, signal: caller.signal });
        const other = provider.get('database.password', fresh);
        other.catch(() => {});
        await turns(3);
        caller.abort();
        assert.equal((await promptRejection(aborting)).code, 'aborted');
        assert.equal((await rejection(other)).code, 'timeout');
      },
    },
    {
      title: 'get returns the other keys when one key is unreadable',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async check({ provider, settled, rejection, damage }) {
        await damage('beta.two');
        assert.equal((await settled(provider.get('alpha.one', fresh)))?.value, 'first');
        const error = await rejection(provider.get('beta.two', fresh));
        assert.strictEqual(error.transient, false);
      },
    },
    {
      title: 'list returns an unreadable key as a hole, beside all other leaves',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async check({ provider, settled, rejection, damage }) {
        await damage('beta.two');
        const items = await settled(provider.list('', fresh));
        assertListsAtLeast(items, { 'alpha.one': 'first', 'gamma.three': 'third' });
        const holes = items.filter(isUnreadable);
        assert.equal(holes.length, 1, `the listing has ${holes.length} holes, instead of one`);
        assert.equal(holes[0]?.error.code, (await rejection(provider.get('beta.two', fresh))).code);
        assert.ok(Object.isFrozen(holes[0]), 'the hole is not frozen');
      },
    },
    {
      title: 'close ends within its time when the backend hangs',
      needs: ['hang'],
      values: secrets,
      async check({ provider, settled, settledWithin, fail, idle }) {
        await settled(provider.get('database.password'));
        await fail('hang');
        const reading = provider.get('service.apiKey', fresh);
        reading.catch(() => {});
        await idle();
        await settledWithin(500, Promise.resolve(provider.close?.({ withinMs: 500 })));
      },
    },
    {
      title: 'close rejects when the backend cannot be closed',
      needs: ['closing'],
      values: secrets,
      async check({ provider, settled, rejection, fail }) {
        await settled(provider.get('database.password'));
        await fail('closing');
        assertNoLeak(await rejection(Promise.resolve(provider.close?.())), fakes.password, fakes.apiKey);
      },
    },
  ],
};

/** Lists, and rejects if the listing is a single hole: a store with one document may list it as a hole
 *  when it is denied. */
async function listOrHole(provider: ConfigProvider): Promise<unknown> {
  const items = await provider.list('', fresh);
  const [first] = items.filter(isUnreadable);
  if (!first || items.some((item) => !isUnreadable(item))) return items;
  assert.ok(!first.error.transient, `${first.error.code} is transient, but was listed as a hole`);
  throw first.error;
}

async function abortsAtOnce(
  { promptRejection, fail, idle }: TestContext,
  ask: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await fail('hang');
  const caller = new AbortController();
  const result = ask(caller.signal);
  result.catch(() => {});
  await idle();
  caller.abort();
  assert.equal((await promptRejection(result)).code, 'aborted');
}
