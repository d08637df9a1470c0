// Turns sentences into claims and registers claims with a test runner. Used by the suites for providers,
// shelters and second levels. An ability that is a method cannot be left out by a provider that has the
// method.

import assert from 'node:assert/strict';
import { ConfigError } from '../errors.ts';
import {
  aFunction,
  aNumber,
  anObject,
  aString,
  type Check,
  checkOptions,
  mapOf,
} from '../internal/options.ts';
import { type Ability, abilities, methods, reasonAgainst, type Without } from './abilities.ts';
import type { Chapter, Sentence } from './conformance/sentence.ts';

/** The `describe` and `it` of vitest, node:test, Jest and Mocha. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: ((title: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (title: string, body: () => Promise<void>) => unknown;
  };
}

/** Options of all suites. */
export interface SuiteOptions {
  /** The title of the suite. */
  readonly name: string;
  /** The abilities that the provider or its backend lacks, each with its reason. @default {} */
  readonly without?: Without;
  /** `import * as runner from 'node:test'`, or from 'vitest'. @default the global describe and it */
  readonly runner?: Runner;
  /** The longest wait for one result, in real time. @default 10_000 */
  readonly patienceMs?: number;
}

/** One sentence about one provider, with the check that proves it. */
export interface Claim {
  /** The group of the sentence: `read`, `faults`. */
  readonly chapter: string;
  /** The sentence. */
  readonly title: string;
  /** The reason why the sentence is left out. */
  readonly leftOut?: string;
  /** Rejects if the sentence is not true of the provider. */
  readonly check: () => Promise<void>;
}

/** Checks the options of a suite. `more`: the options of its own. */
export function checkSuite(
  owner: string,
  suite: SuiteOptions,
  more: Readonly<Record<string, Check>> = {},
): void {
  const own = {
    name: aString,
    make: aFunction,
    without: mapOf(aString),
    runner: anObject,
    patienceMs: aNumber(1),
    ...more,
  };
  checkOptions(owner, suite, own);
  checkOptions(
    `${owner}: without`,
    suite.without ?? {},
    Object.fromEntries(Object.keys(abilities).map((ability) => [ability, aString])),
  );
}

/** Turns each sentence into a claim that `check` proves. */
export function claimsOf<S extends Sentence>(
  chapters: readonly Chapter<S>[],
  without: Without,
  check: (sentence: S | Sentence) => Promise<void>,
): readonly Claim[] {
  return chapters.flatMap((chapter) => {
    const missing = chapter.needs?.find(
      (ability) => methods[ability] && reasonAgainst(ability, without) !== undefined,
    );
    if (missing) {
      const sentence = hasNoMethod(missing, without);
      return [{ chapter: chapter.title, title: sentence.title, check: () => check(sentence) }];
    }
    return chapter.sentences.map((sentence): Claim => {
      const needs = [...(chapter.needs ?? []), ...(sentence.needs ?? [])];
      const leftOut = needs
        .map((ability) => reasonAgainst(ability, without))
        .find((reason) => reason !== undefined);
      return {
        chapter: chapter.title,
        title: sentence.title,
        check: () => check(sentence),
        ...(leftOut !== undefined && { leftOut }),
      };
    });
  });
}

/** Replaces a chapter that is left out: fails if the provider does have the method, so that it must be
 *  tested. */
function hasNoMethod(ability: Ability, without: Without): Sentence {
  const names = methods[ability] as readonly string[];
  return {
    title: `has no ${names.join(' and no ')}, because ${reasonAgainst(ability, without)}`,
    values: {},
    async check({ provider }) {
      for (const name of names)
        assert.equal(
          (provider as unknown as Record<string, unknown>)[name],
          undefined,
          `the provider has ${name}. Remove ${ability} from without`,
        );
    },
  };
}

export function register(owner: string, { name, runner }: SuiteOptions, claims: readonly Claim[]): void {
  const { describe, it } = runner ?? (globalThis as unknown as Runner);
  if (typeof describe !== 'function' || typeof it !== 'function')
    throw new ConfigError('invalid_option', `${owner}: no global describe and it`, {
      hint: "Set runner: import * as runner from 'node:test', or from 'vitest'",
    });
  describe(name, () => {
    for (const title of new Set(claims.map(({ chapter }) => chapter)))
      describe(title, () => {
        const own = claims.filter(({ chapter }) => chapter === title);
        for (const { title, check } of own.filter(({ leftOut }) => leftOut === undefined)) it(title, check);
        for (const reason of new Set(own.flatMap(({ leftOut }) => leftOut ?? []))) {
          const skipped = own.filter(({ leftOut }) => leftOut === reason);
          const sentences =
            skipped.length < own.length ? `: ${skipped.map(({ title }) => title).join('; ')}` : '';
          it.skip(`left out, because ${reason}${sentences}`, async () => {});
        }
      });
  });
}
