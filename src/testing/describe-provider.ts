import assert from 'node:assert/strict';
import { ConfigError } from '../errors.ts';
import { aFunction, aNumber, anObject, aString, checkOptions, mapOf } from '../internal/options.ts';
import type { ConfigProvider } from '../provider.ts';
import { type Ability, abilities, methods, reasonAgainst, type Without } from './abilities.ts';
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
import { trialOf } from './trial.ts';

/** `describe` and `it` as vitest, node:test, Jest and Mocha have them. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: ((says: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (says: string, body: () => Promise<void>) => unknown;
  };
}

export interface ProviderSuite {
  readonly name: string;
  /** A fresh backend that holds `values`, and a provider over it. A provider alone will do where there is nothing to change or to
   *  break. */
  readonly make: (values: Values) => Made | Promise<Made>;
  /** What provider or backend cannot do, each with its reason. @default {} */
  readonly without?: Without;
  /** `import * as runner from 'node:test'`, or from 'vitest'. @default the global describe and it */
  readonly runner?: Runner;
  /** How long an answer may take in real time. @default 3_000 */
  readonly patienceMs?: number;
}

type Made = Subject | ConfigProvider;

/** One sentence about one provider, to be run by whoever likes. */
export interface Claim {
  readonly chapter: string;
  readonly says: string;
  /** Why it is left out. */
  readonly leftOut?: string;
  readonly check: () => Promise<void>;
}

const chapters: readonly Chapter[] = [life, where, read, texts, list, batch, write, change, watch, refresh, health, faulted];

/** Holds a provider to its contract: registers the conformance suite with a test runner. */
export function describeProvider(suite: ProviderSuite): void {
  const claims = conformance(suite);
  const { describe, it } = suite.runner ?? (globalThis as unknown as Runner);
  if (typeof describe !== 'function' || typeof it !== 'function')
    throw new ConfigError('invalid_option', 'describeProvider: there is no global describe and it', {
      hint: "Give it a runner: import * as runner from 'node:test', or from 'vitest'",
    });
  describe(suite.name, () => {
    for (const { title } of chapters)
      describe(title, () => {
        const own = claims.filter(({ chapter }) => chapter === title);
        const [first] = own as [Claim];
        if (first.leftOut !== undefined && own.every(({ leftOut }) => leftOut === first.leftOut))
          it.skip(`left out, because ${first.leftOut}`, first.check);
        else
          for (const { says, leftOut, check } of own)
            if (leftOut === undefined) it(says, check);
            else it.skip(`${says} (left out, because ${leftOut})`, check);
      });
  });
}

/** The same sentences as data, for a runner of one's own. */
export function conformance(suite: ProviderSuite): readonly Claim[] {
  checkOptions('describeProvider', suite, {
    name: aString,
    make: aFunction,
    without: mapOf(aString),
    runner: anObject,
    patienceMs: aNumber(1),
  });
  const without = suite.without ?? {};
  checkOptions('describeProvider: without', without, Object.fromEntries(Object.keys(abilities).map((ability) => [ability, aString])));
  return chapters.flatMap((chapter) => claimsOf(chapter, suite, without));
}

function claimsOf(chapter: Chapter, suite: ProviderSuite, without: Without): Claim[] {
  const missing = chapter.needs?.find((ability) => methods[ability] && reasonAgainst(ability, without) !== undefined);
  if (missing) return [honest(missing, chapter, suite, without)];
  return chapter.sentences.map((sentence): Claim => {
    const needs = [...(chapter.needs ?? []), ...(sentence.needs ?? [])];
    const leftOut = needs.map((ability) => reasonAgainst(ability, without)).find((reason) => reason !== undefined);
    const check = (): Promise<void> => hold(sentence, suite);
    return { chapter: chapter.title, says: sentence.says, check, ...(leftOut !== undefined && { leftOut }) };
  });
}

/** A method that is said to be missing must be missing: what a provider has, it is held to. */
function honest(ability: Ability, chapter: Chapter, suite: ProviderSuite, without: Without): Claim {
  const names = methods[ability] as readonly string[];
  const holds: Sentence['holds'] = async ({ provider }) => {
    for (const name of names)
      assert.equal((provider as unknown as Record<string, unknown>)[name], undefined, `it has ${name}, which was said to be missing`);
  };
  const says = `has no ${names.join(' and no ')}, because ${reasonAgainst(ability, without)}`;
  return { chapter: chapter.title, says, check: () => hold({ says, values: {}, holds }, suite) };
}

async function hold(sentence: Sentence, suite: ProviderSuite): Promise<void> {
  const values = structuredClone(sentence.values) as Values;
  const made = await suite.make(values);
  const subject: Subject = 'provider' in made ? made : { provider: made };
  const trial = trialOf(subject, values, suite.patienceMs ?? 3_000);
  try {
    await sentence.holds(trial);
  } finally {
    await subject.fail?.(undefined);
    // a provider that cannot close has been told so by its own sentence
    await trial.settled(Promise.resolve(subject.provider.close?.())).catch(() => {});
    await subject.dispose?.();
  }
}
