import { describe, expect, it } from 'vitest';
import {
  type Claim,
  describeSecondLevel,
  MemorySecondLevel,
  manualClock,
  type Runner,
  type SecondLevelSuite,
  secondLevelConformance,
} from '../../src/testing/index.ts';
import { levels } from './broken/second-levels.ts';

// imported up front, so that a manual clock never overtakes the import
import '../../src/shelter/cache/sharing.ts';
import '../../src/shelter/abilities.ts';
import 'cockatiel';
import 'lru-cache';

const claimsAbout = (make: SecondLevelSuite['make'], patienceMs: number): readonly Claim[] =>
  secondLevelConformance({ name: 'it', make, patienceMs });

const honest = () => {
  const clock = manualClock();
  const level = new MemorySecondLevel({ clock });
  return { clock, connect: () => level };
};

const all = claimsAbout(honest, 5_000);

/** Whether a sentence fails for a broken level. */
async function fails(one: (typeof levels)[number], sentence: string): Promise<boolean> {
  const make = () => {
    const clock = manualClock();
    return { clock, connect: one.make(clock) };
  };
  const claim = claimsAbout(make, 250).find(({ title }) => title === sentence) as Claim;
  return claim.check().then(
    () => false,
    () => true,
  );
}

describeSecondLevel({ name: 'MemorySecondLevel', runner: { describe, it }, make: honest });

describe('describeSecondLevel', () => {
  it('waits in real time for a level without a clock', async () => {
    const level = new MemorySecondLevel();
    const claims = claimsAbout(() => ({ connect: () => level }), 5_000);
    const chosen = claims.filter(({ title }) => /cold document|watch reports another/.test(title));
    expect(chosen).toHaveLength(2);
    for (const { check } of chosen) {
      await check();
      level.clear();
    }
  });

  it('registers each chapter, and refuses unknown options', () => {
    const titles: string[] = [];
    const runner: Runner = {
      describe: (title, body) => {
        titles.push(title);
        body();
      },
      it: Object.assign(() => {}, { skip: () => {} }),
    };
    describeSecondLevel({ name: 'MyLevel', runner, make: honest });
    expect(titles).toEqual(['MyLevel', 'contents, tickets and locks', 'messages', 'shelters']);
    const wrong = { name: 'MyLevel', runner, make: honest, mkae: honest } as never;
    expect(() => describeSecondLevel(wrong)).toThrow(/Did you mean make/);
  });
});

describe('describeSecondLevel for a broken level', () => {
  for (const one of levels)
    it(`finds a level that ${one.fault}`, async () => {
      expect(await fails(one, one.caughtBy)).toBe(true);
    });

  it('has a broken level for each of its sentences', async () => {
    const found = new Set(levels.map(({ caughtBy }) => caughtBy));
    const missed: string[] = [];
    for (const { title } of all.filter((one) => !found.has(one.title))) {
      let caught = false;
      for (const one of levels) caught ||= await fails(one, title);
      if (!caught) missed.push(title);
    }
    expect(missed).toEqual([]);
  });
});
