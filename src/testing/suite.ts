import assert from 'node:assert/strict';
import { ConfigError } from '../errors.ts';
import { aFunction, aNumber, anObject, aString, checkOptions, mapOf } from '../internal/options.ts';
import { type Ability, abilities, methods, reasonAgainst, type Without } from './abilities.ts';
import type { Chapter, Sentence } from './conformance/sentence.ts';

/** `describe` and `it` as vitest, node:test, Jest and Mocha have them. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: ((says: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (says: string, body: () => Promise<void>) => unknown;
  };
}

/** What both suites take. */
export interface SuiteOptions {
  /** The title under which the sentences stand. */
  readonly name: string;
  /** What provider or backend cannot do, each with its reason. @default {} */
  readonly without?: Without;
  /** `import * as runner from 'node:test'`, or from 'vitest'. @default the global describe and it */
  readonly runner?: Runner;
  /** How long an answer may take in real time. @default 10_000 */
  readonly patienceMs?: number;
}

/** One sentence about one provider, to be run by whoever likes. */
export interface Claim {
  /** What it is about: `read`, `faults`. */
  readonly chapter: string;
  /** The sentence. */
  readonly says: string;
  /** Why it is left out. */
  readonly leftOut?: string;
  /** Rejects where the sentence does not hold. */
  readonly check: () => Promise<void>;
}

export function checkSuite(owner: string, suite: SuiteOptions): void {
  const own = {
    name: aString,
    make: aFunction,
    without: mapOf(aString),
    runner: anObject,
    patienceMs: aNumber(1),
  };
  checkOptions(owner, suite, own);
  checkOptions(
    `${owner}: without`,
    suite.without ?? {},
    Object.fromEntries(Object.keys(abilities).map((ability) => [ability, aString])),
  );
}

/** Each sentence as a claim, `hold` being how it is held against the provider. */
export function claimsOf<S extends Sentence>(
  chapters: readonly Chapter<S>[],
  without: Without,
  hold: (sentence: S | Sentence) => Promise<void>,
): readonly Claim[] {
  return chapters.flatMap((chapter) => {
    const missing = chapter.needs?.find(
      (ability) => methods[ability] && reasonAgainst(ability, without) !== undefined,
    );
    if (missing) {
      const sentence = honest(missing, without);
      return [{ chapter: chapter.title, says: sentence.says, check: () => hold(sentence) }];
    }
    return chapter.sentences.map((sentence): Claim => {
      const needs = [...(chapter.needs ?? []), ...(sentence.needs ?? [])];
      const leftOut = needs
        .map((ability) => reasonAgainst(ability, without))
        .find((reason) => reason !== undefined);
      return {
        chapter: chapter.title,
        says: sentence.says,
        check: () => hold(sentence),
        ...(leftOut !== undefined && { leftOut }),
      };
    });
  });
}

/** A method that is said to be missing must be missing: what a provider has, it is held to. */
function honest(ability: Ability, without: Without): Sentence {
  const names = methods[ability] as readonly string[];
  return {
    says: `has no ${names.join(' and no ')}, because ${reasonAgainst(ability, without)}`,
    values: {},
    async holds({ provider }) {
      for (const name of names)
        assert.equal(
          (provider as unknown as Record<string, unknown>)[name],
          undefined,
          `it has ${name}, which was said to be missing`,
        );
    },
  };
}

export function register(owner: string, { name, runner }: SuiteOptions, claims: readonly Claim[]): void {
  const { describe, it } = runner ?? (globalThis as unknown as Runner);
  if (typeof describe !== 'function' || typeof it !== 'function')
    throw new ConfigError('invalid_option', `${owner}: there is no global describe and it`, {
      hint: "Give it a runner: import * as runner from 'node:test', or from 'vitest'",
    });
  describe(name, () => {
    for (const title of new Set(claims.map(({ chapter }) => chapter)))
      describe(title, () => {
        const own = claims.filter(({ chapter }) => chapter === title);
        for (const { says, check } of own.filter(({ leftOut }) => leftOut === undefined)) it(says, check);
        for (const reason of new Set(own.flatMap(({ leftOut }) => leftOut ?? []))) {
          const out = own.filter(({ leftOut }) => leftOut === reason);
          const which = out.length < own.length ? `: ${out.map(({ says }) => says).join('; ')}` : '';
          it.skip(`left out, because ${reason}${which}`, async () => {});
        }
      });
  });
}
