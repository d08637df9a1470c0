import assert from 'node:assert/strict';
import { isUnreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import type { ConfigProvider } from '../../provider.ts';
import type { BackendFault } from '../subject.ts';
import { type Trial, turns } from '../trial.ts';
import { holdsAtLeast, holdsExactly, keepsQuiet } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter, Sentence } from './sentence.ts';

const secrets = { 'database.password': fakes.password, 'service.apiKey': fakes.apiKey };
const fresh = { maxAgeMs: 0 };

const expected: {
  readonly [F in BackendFault]?: { readonly is: string; readonly right: (error: ConfigError) => boolean };
} = {
  denied: {
    is: 'access_denied or its like, for which asking again is no help',
    right: ({ code, transient }) =>
      !transient && ['access_denied', 'unauthenticated', 'disabled', 'io'].includes(code),
  },
  unavailable: { is: 'an error for which asking again may help', right: ({ transient }) => transient },
  throttled: {
    is: 'throttled, for which asking again will help',
    right: ({ code, transient }) => transient && code === 'throttled',
  },
  hang: { is: 'a timeout', right: ({ code, transient }) => transient && code === 'timeout' },
  garbage: {
    is: 'an error, never a value and never absent',
    right: ({ code }) => code !== 'not_found' && code !== 'invalid_key',
  },
};

const names: { readonly [F in BackendFault]: string } = {
  denied: 'a backend that denies',
  unavailable: 'a backend out of reach',
  throttled: 'a backend that throttles',
  hang: 'a backend that hangs',
  garbage: 'a backend that answers garbage',
  closing: 'a backend that cannot close',
};

function sentencesAbout(fault: BackendFault): Sentence[] {
  const { is, right } = expected[fault] as NonNullable<(typeof expected)[BackendFault]>;
  const isRight = (error: ConfigError): void =>
    assert.ok(right(error), `${names[fault]} was ${error.code}, where it is ${is}`);
  return [
    {
      says: `${names[fault]} is ${is}; nothing is absent`,
      needs: [fault],
      values: secrets,
      async holds({ provider, refusal, fail }) {
        await fail(fault);
        isRight(await refusal(provider.get('database.password', fresh)));
        isRight(await refusal(provider.get('service.none', fresh)));
      },
    },
    {
      says: `${names[fault]} fails a list, which is neither empty nor cut short`,
      needs: [fault],
      values: secrets,
      async holds({ provider, refusal, fail }) {
        await fail(fault);
        isRight(await refusal(listed(provider)));
      },
    },
    {
      says: `${names[fault]} brings no value into any error`,
      needs: [fault],
      values: secrets,
      async holds({ provider, refusal, settled, fail }) {
        await settled(provider.get('database.password'));
        await fail(fault);
        for (const error of [
          await refusal(provider.get('database.password', fresh)),
          await refusal(provider.get('service.apiKey', fresh)),
          await refusal(listed(provider)),
        ])
          keepsQuiet(error, fakes.password, fakes.apiKey);
      },
    },
    {
      says: `${names[fault]} is forgotten once it is well again`,
      needs: [fault],
      values: secrets,
      async holds({ provider, settled, refusal, fail }) {
        await fail(fault);
        await refusal(provider.get('database.password', fresh));
        await fail(undefined);
        assert.equal((await settled(provider.get('database.password', fresh)))?.value, fakes.password);
        holdsExactly(await settled(provider.list('', fresh)), secrets);
      },
    },
  ];
}

export const faulted: Chapter = {
  title: 'faults',
  sentences: [
    ...(['denied', 'unavailable', 'throttled', 'hang', 'garbage'] as const).flatMap(sentencesAbout),
    {
      says: 'recovers when its very first request failed, without a fresh read being asked for',
      needs: ['unavailable'],
      values: secrets,
      async holds({ provider, settled, refusal, fail }) {
        await fail('unavailable');
        await refusal(provider.get('database.password'));
        await fail(undefined);
        assert.equal((await settled(provider.get('database.password')))?.value, fakes.password);
        holdsExactly(await settled(provider.list()), secrets);
      },
    },
    {
      says: 'fails a hundred callers at once, each with an error of the same kind',
      needs: ['denied'],
      values: secrets,
      async holds({ provider, refusal, fail }) {
        await fail('denied');
        const errors = await Promise.all(
          Array.from({ length: 100 }, () => refusal(provider.get('service.apiKey', fresh))),
        );
        assert.equal(new Set(errors.map((error) => error.code)).size, 1);
      },
    },
    {
      says: 'says which provider and which key failed',
      needs: ['denied'],
      values: secrets,
      async holds({ provider, refusal, fail }) {
        await fail('denied');
        const error = await refusal(provider.get('database.password', fresh));
        assert.ok(error.provider, 'the error names no provider');
        assert.equal(error.key, 'database.password');
      },
    },
    {
      says: 'ends at once when its caller aborts, while the backend hangs',
      needs: ['hang'],
      values: secrets,
      holds: (trial) =>
        aborted(trial, (signal) => trial.provider.get('database.password', { ...fresh, signal })),
    },
    {
      says: 'ends a list at once when its caller aborts, while the backend hangs',
      needs: ['hang'],
      values: secrets,
      holds: (trial) => aborted(trial, (signal) => trial.provider.list('', { ...fresh, signal })),
    },
    {
      says: 'lets the others wait on when one caller aborts',
      needs: ['hang'],
      values: secrets,
      async holds({ provider, promptRefusal, refusal, fail }) {
        await fail('hang');
        const caller = new AbortController();
        const gone = provider.get('database.password', { ...fresh, signal: caller.signal });
        const other = provider.get('database.password', fresh);
        other.catch(() => {});
        await turns(3);
        caller.abort();
        assert.equal((await promptRefusal(gone)).code, 'aborted');
        assert.equal((await refusal(other)).code, 'timeout');
      },
    },
    {
      says: 'reads the other keys when one alone is unreadable',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async holds({ provider, settled, refusal, damage }) {
        await damage('beta.two');
        assert.equal((await settled(provider.get('alpha.one', fresh)))?.value, 'first');
        const error = await refusal(provider.get('beta.two', fresh));
        assert.strictEqual(error.transient, false);
      },
    },
    {
      says: 'lists an unreadable key as a hole, beside all the others',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async holds({ provider, settled, refusal, damage }) {
        await damage('beta.two');
        const items = await settled(provider.list('', fresh));
        holdsAtLeast(items, { 'alpha.one': 'first', 'gamma.three': 'third' });
        const holes = items.filter(isUnreadable);
        assert.equal(holes.length, 1, `it has ${holes.length} holes`);
        assert.equal(holes[0]?.error.code, (await refusal(provider.get('beta.two', fresh))).code);
        assert.ok(Object.isFrozen(holes[0]), 'a hole can be changed');
      },
    },
    {
      says: 'does not swallow that the backend could not be closed',
      needs: ['closing'],
      values: secrets,
      async holds({ provider, settled, refusal, fail }) {
        await settled(provider.get('database.password'));
        await fail('closing');
        keepsQuiet(await refusal(Promise.resolve(provider.close?.())), fakes.password, fakes.apiKey);
      },
    },
  ],
};

/** A store of one document may list it as a hole where it is denied: everything is in it. */
async function listed(provider: ConfigProvider): Promise<unknown> {
  const items = await provider.list('', fresh);
  const [first] = items.filter(isUnreadable);
  if (!first || items.some((item) => !isUnreadable(item))) return items;
  assert.ok(!first.error.transient, `${first.error.code} passes by itself, and is listed as a hole`);
  throw first.error;
}

async function aborted(
  { promptRefusal, fail, idle }: Trial,
  ask: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await fail('hang');
  const caller = new AbortController();
  const answer = ask(caller.signal);
  answer.catch(() => {});
  await idle();
  caller.abort();
  assert.equal((await promptRefusal(answer)).code, 'aborted');
}
