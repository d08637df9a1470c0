// The published conformance suite for providers. Provider authors call `describeProvider` from a test
// file; runners without `describe` and `it` use `conformance`. `describe-shelter.ts` shares
// `checkSentence` and `subjectOf`.

import { aFunction } from '../internal/options.ts';
import type { ConfigProvider } from '../provider.ts';
import { type ByHandSentence, byHand, providerOf } from './conformance/by-hand.ts';
import { chapters } from './conformance/chapters.ts';
import type { Sentence } from './conformance/sentence.ts';
import type { Subject, Values } from './subject.ts';
import { type Claim, checkSuite, claimsOf, register, type SuiteOptions } from './suite.ts';
import { testContext } from './test-context.ts';

/** The options of `describeProvider`. */
export interface ProviderSuite extends SuiteOptions {
  /** Creates a fresh backend that holds `values`, and a provider over it. Return the provider alone if
   *  the backend can neither be changed nor made to fail. */
  readonly make: (values: Values) => Made | Promise<Made>;
  /** For a decorator or a chain: wraps any provider, and keeps its keys. Adds the chapter `entries made by
   *  hand`. @default none */
  readonly wrap?: (provider: ConfigProvider) => ConfigProvider | Promise<ConfigProvider>;
}

/** What `make` returns: a provider with the levers of its backend, or the provider alone. */
export type Made = Subject | ConfigProvider;

/** Registers the conformance suite for a provider with a test runner: about a hundred sentences, one
 *  test each. Each test calls `make` for a fresh backend and closes the provider afterwards. A
 *  sentence that needs a missing lever or method fails, unless `without` gives a reason.
 *  @throws ConfigError `invalid_option` without a runner, or for an unknown option or ability.
 *  @example
 *  describeProvider({
 *    name: 'LinesProvider',
 *    runner, // import * as runner from 'node:test'
 *    make: (values) => new LinesProvider(linesOf(values)),
 *    without: { write: 'the lines belong to their author', faults: 'reading memory never fails' },
 *  });
 *  @see describeShelter checks caching, retries and the breaker of a remote provider.
 *  @see conformance returns the same sentences as data. */
export function describeProvider(suite: ProviderSuite): void {
  register('describeProvider', suite, conformance(suite));
}

/** Returns the sentences of `describeProvider` as data, for a runner without `describe` and `it`.
 *  @example
 *  for (const { chapter, title, leftOut, check } of conformance({ name: 'LinesProvider', make }))
 *    if (leftOut === undefined) await check().catch((error) => console.error(chapter, title, error)); */
export function conformance(suite: ProviderSuite): readonly Claim[] {
  checkSuite('describeProvider', suite, { wrap: aFunction });
  const { make, wrap, without = {} } = suite;
  const claims = claimsOf(chapters, without, async (sentence) => {
    const values = structuredClone(sentence.values) as Values;
    await checkSentence(sentence, subjectOf(await make(values)), values, suite);
  });
  if (!wrap) return claims;
  const made = claimsOf<ByHandSentence>([byHand], without, async (sentence) => {
    const inner = providerOf('answers' in sentence ? sentence.answers() : {});
    await checkSentence(sentence, { provider: await wrap(inner) }, {}, suite);
  });
  return [...claims, ...made];
}

export const subjectOf = (made: Made): Subject => ('provider' in made ? made : { provider: made });

/** Checks one sentence against a subject, and cleans up afterwards. */
export async function checkSentence(
  sentence: Sentence,
  subject: Subject,
  values: Values,
  { patienceMs = 10_000 }: SuiteOptions,
): Promise<void> {
  const context = testContext(subject, values, patienceMs);
  try {
    await sentence.check(context);
  } finally {
    try {
      await subject.fail?.(undefined);
      // a separate sentence reports a provider that cannot be closed
      await context.settled(Promise.resolve(subject.provider.close?.())).catch(() => {});
    } finally {
      await subject.dispose?.();
    }
  }
}
