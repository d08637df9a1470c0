// The form of a sentence of `describeProvider` and `describeShelter`, and of a chapter.

import type { Ability } from '../abilities.ts';
import type { Values } from '../subject.ts';
import type { TestContext } from '../test-context.ts';

/** One sentence of behaviour, and the check that proves it for a provider over a backend that holds
 *  `values`. */
export interface Sentence {
  readonly title: string;
  readonly needs?: readonly Ability[];
  readonly values: Values;
  readonly check: (context: TestContext) => Promise<void>;
}

/** Sentences about one ability. */
export interface Chapter<S extends Sentence = Sentence> {
  readonly title: string;
  /** What all of its sentences need. */
  readonly needs?: readonly Ability[];
  readonly sentences: readonly S[];
}
