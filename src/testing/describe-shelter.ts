// The published conformance suite for sheltered providers: cache, retries and circuit breaker. Called from
// test files of provider authors. Every sentence runs on a manual clock with the options in `defaults`.

import type { ShelterOptions } from '../shelter/options.ts';
import { manualClock } from './clock.ts';
import { type ShelterSentence, shelterChapters } from './conformance/shelter.ts';
import { checkSentence, type Made, subjectOf } from './describe-provider.ts';
import type { Values } from './subject.ts';
import { type Claim, checkSuite, claimsOf, register, type SuiteOptions } from './suite.ts';

/** The options of `describeShelter`. */
export interface ShelterSuite extends SuiteOptions {
  /** Creates a fresh backend that holds `values`, and a provider over it with these `options`. The
   *  subject must count its `requests`. The suite advances the clock in `options`. */
  readonly make: (values: Values, options: Given) => Made | Promise<Made>;
}

/** Options that every remote provider accepts. Spread them into the provider's own options. */
export type Given = Required<Pick<ShelterOptions, 'cache' | 'resilience' | 'clock'>>;

const defaults = {
  cache: { ttlMs: 60_000, absentTtlMs: 30_000, jitter: 0 },
  resilience: {
    attempts: 3,
    backoff: { initialMs: 100, maxMs: 1_000, factor: 2 },
    timeoutMs: 10_000,
    deadlineMs: 15_000,
    breaker: { failures: 5, resetMs: 60_000 },
  },
} as const;

/** Registers the conformance suite for a sheltered provider, or a chain that contains one: one request
 *  for concurrent callers, caching, stale values during an outage, retries and the circuit breaker.
 *  @throws ConfigError `invalid_option` without a runner, or for an unknown option or ability.
 *  @example
 *  describeShelter({
 *    name: 'AcmeProvider',
 *    runner, // import * as runner from 'node:test'
 *    make: (values, options) => {
 *      const client = new FakeAcme(values);
 *      const provider = new AcmeProvider({ client, ...options });
 *      return { provider, requests: () => client.requests, change: (key, value) => client.put(key, value) };
 *    },
 *    without: { versions: 'Acme keeps one version', expiry: 'values do not expire' },
 *  });
 *  @see describeProvider checks the contract of every provider. */
export function describeShelter(suite: ShelterSuite): void {
  register('describeShelter', suite, shelterConformance(suite));
}

/** Returns the sentences of `describeShelter` as data, for a runner without `describe` and `it`.
 *  @example
 *  for (const { title, leftOut, check } of shelterConformance({ name: 'AcmeProvider', make }))
 *    if (leftOut === undefined) await check().catch((error) => console.error(title, error)); */
export function shelterConformance(suite: ShelterSuite): readonly Claim[] {
  checkSuite('describeShelter', suite);
  return claimsOf<ShelterSentence>(shelterChapters, suite.without ?? {}, async (sentence) => {
    const values = structuredClone(sentence.values) as Values;
    const clock = manualClock();
    const cache = { ...defaults.cache, ...('cache' in sentence && sentence.cache) };
    const made = subjectOf(await suite.make(values, { ...defaults, cache, clock }));
    const subject = { ...made, advance: (ms: number) => clock.advance(ms), paceMs: 50 };
    await checkSentence(sentence, subject, values, suite);
  });
}
