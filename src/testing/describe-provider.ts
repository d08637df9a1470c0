import type { ConfigProvider } from '../provider.ts';
import { batch } from './conformance/batch.ts';
import { faulted } from './conformance/faults.ts';
import { health, life, refresh, where } from './conformance/life.ts';
import { list } from './conformance/list.ts';
import { read } from './conformance/read.ts';
import type { Chapter, Sentence } from './conformance/sentence.ts';
import { texts } from './conformance/values.ts';
import { change, watch } from './conformance/watch.ts';
import { write } from './conformance/write.ts';
import type { Subject, Values } from './subject.ts';
import { type Claim, checkSuite, claimsOf, register, type SuiteOptions } from './suite.ts';
import { trialOf } from './trial.ts';

export interface ProviderSuite extends SuiteOptions {
  /** A fresh backend that holds `values`, and a provider over it. A provider alone will do where there is nothing to change or to
   *  break. */
  readonly make: (values: Values) => Made | Promise<Made>;
}

export type Made = Subject | ConfigProvider;

const chapters: readonly Chapter[] = [
  life,
  where,
  read,
  texts,
  list,
  batch,
  write,
  change,
  watch,
  refresh,
  health,
  faulted,
];

/** Holds a provider to its contract: registers the conformance suite with a test runner. */
export function describeProvider(suite: ProviderSuite): void {
  register('describeProvider', suite, conformance(suite));
}

/** The same sentences as data, for a runner of one's own. */
export function conformance(suite: ProviderSuite): readonly Claim[] {
  checkSuite('describeProvider', suite);
  return claimsOf(chapters, suite.without ?? {}, async (sentence) => {
    const values = structuredClone(sentence.values) as Values;
    await hold(sentence, subjectOf(await suite.make(values)), values, suite);
  });
}

export const subjectOf = (made: Made): Subject => ('provider' in made ? made : { provider: made });

/** Holds one sentence against a subject, and clears up behind it. */
export async function hold(
  sentence: Sentence,
  subject: Subject,
  values: Values,
  { patienceMs = 10_000 }: SuiteOptions,
): Promise<void> {
  const trial = trialOf(subject, values, patienceMs);
  try {
    await sentence.holds(trial);
  } finally {
    try {
      await subject.fail?.(undefined);
      // a provider that cannot close has been told so by its own sentence
      await trial.settled(Promise.resolve(subject.provider.close?.())).catch(() => {});
    } finally {
      await subject.dispose?.();
    }
  }
}
