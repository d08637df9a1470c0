import type { ShelterOptions } from '../shelter/options.ts';
import { manualClock } from './clock.ts';
import { type ShelterSentence, shelter } from './conformance/shelter.ts';
import { hold, type Made, subjectOf } from './describe-provider.ts';
import type { Values } from './subject.ts';
import { type Claim, checkSuite, claimsOf, register, type SuiteOptions } from './suite.ts';

export interface ShelterSuite extends SuiteOptions {
  /** A fresh backend that holds `values`, and over it a provider that was given these options. The subject must count its
   *  `requests`. Time is the clock's in the options. */
  readonly make: (values: Values, options: Given) => Made | Promise<Made>;
}

/** What every remote provider takes, to be spread into its own options. */
export type Given = Required<Pick<ShelterOptions, 'cache' | 'resilience' | 'clock'>>;

const usual = {
  cache: { ttlMs: 60_000, absentTtlMs: 30_000, jitter: 0 },
  resilience: {
    attempts: 3,
    backoff: { initialMs: 100, maxMs: 1_000, factor: 2 },
    timeoutMs: 10_000,
    deadlineMs: 15_000,
    breaker: { failures: 5, resetMs: 60_000 },
  },
} as const;

/** Holds a sheltered provider, or a chain of some, to what the shelter promises: asked once, cached, retried, broken off. */
export function describeShelter(suite: ShelterSuite): void {
  register('describeShelter', suite, shelterConformance(suite));
}

/** The same sentences as data, for a runner of one's own. */
export function shelterConformance(suite: ShelterSuite): readonly Claim[] {
  checkSuite('describeShelter', suite);
  return claimsOf<ShelterSentence>(shelter, suite.without ?? {}, async (sentence) => {
    const values = structuredClone(sentence.values) as Values;
    const clock = manualClock();
    const cache = { ...usual.cache, ...('cache' in sentence && sentence.cache) };
    const made = subjectOf(await suite.make(values, { ...usual, cache, clock }));
    await hold(sentence, { ...made, advance: (ms) => clock.advance(ms), paceMs: 50 }, values, suite);
  });
}
