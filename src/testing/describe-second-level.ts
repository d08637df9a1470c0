// The published conformance suite for second levels. Authors of a second level call `describeSecondLevel`
// from a test file. The sentences are in the files conformance/second-level*.ts.

import { keeping } from './conformance/second-level.ts';
import {
  type LevelSentence,
  levelContext,
  type SecondLevelSubject,
} from './conformance/second-level-context.ts';
import { messages } from './conformance/second-level-messages.ts';
import { shelters } from './conformance/second-level-shelters.ts';
import { type Claim, checkSuite, register, type SuiteOptions } from './suite.ts';

/** The options of `describeSecondLevel`. */
export interface SecondLevelSuite extends Omit<SuiteOptions, 'without'> {
  /** Creates a level without contents. */
  readonly make: () => SecondLevelSubject | Promise<SecondLevelSubject>;
}

/** Registers the conformance suite for a second level with a test runner: tickets, locks, messages, and
 *  shelters that share the level.
 *  @throws ConfigError `invalid_option` without a runner, or for an unknown option.
 *  @example
 *  describeSecondLevel({
 *    name: 'AcmeSecondLevel',
 *    runner, // import * as runner from 'node:test'
 *    make: async () => {
 *      const server = await AcmeServer.start();
 *      return { connect: () => new AcmeSecondLevel(server.url), dispose: () => server.stop() };
 *    },
 *  });
 *  @see SecondLevel */
export function describeSecondLevel(suite: SecondLevelSuite): void {
  register('describeSecondLevel', suite, secondLevelConformance(suite));
}

/** Returns the sentences of `describeSecondLevel` as data, for a runner without `describe` and `it`.
 *  @example
 *  for (const { title, check } of secondLevelConformance({ name: 'AcmeSecondLevel', make }))
 *    await check().catch((error) => console.error(title, error)); */
export function secondLevelConformance(suite: SecondLevelSuite): readonly Claim[] {
  checkSuite('describeSecondLevel', suite);
  const chapters = [keeping, messages, shelters];
  return chapters.flatMap(({ title: chapter, sentences }) =>
    sentences.map((sentence) => ({
      chapter,
      title: sentence.title,
      check: () => checkLevel(sentence, suite),
    })),
  );
}

async function checkLevel(
  sentence: LevelSentence,
  { make, patienceMs = 10_000 }: SecondLevelSuite,
): Promise<void> {
  const subject = await make();
  const context = levelContext(subject, patienceMs);
  try {
    await context.inTime(sentence.check(context));
  } finally {
    try {
      await context.close();
    } finally {
      await subject.dispose?.();
    }
  }
}
