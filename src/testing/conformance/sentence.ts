import type { Ability } from '../abilities.ts';
import type { Values } from '../subject.ts';
import type { Trial } from '../trial.ts';

/** One sentence of behaviour, and how it is held against a provider over a backend that holds `values`. */
export interface Sentence {
  readonly says: string;
  readonly needs?: readonly Ability[];
  readonly values: Values;
  readonly holds: (trial: Trial) => Promise<void>;
}

/** Sentences about one ability. */
export interface Chapter<S extends Sentence = Sentence> {
  readonly title: string;
  /** What all of its sentences need. */
  readonly needs?: readonly Ability[];
  readonly sentences: readonly S[];
}
