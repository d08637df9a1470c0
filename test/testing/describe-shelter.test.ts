import { describe, expect, it } from 'vitest';
import {
  type Claim,
  describeShelter,
  type Runner,
  type ShelterSuite,
  shelterConformance,
} from '../../src/testing/index.ts';
import { shelters } from './broken/shelters.ts';
import { subject } from './reference.ts';
import { store } from './source.ts';

const claimsAbout = (make: ShelterSuite['make'], patienceMs: number): readonly Claim[] =>
  shelterConformance({ name: 'it', make, patienceMs });

const refused = async (claims: readonly Claim[]): Promise<string[]> => {
  const failures: string[] = [];
  for (const { says, check } of claims) await check().catch(() => failures.push(says));
  return failures;
};

const all = claimsAbout(store, 3_000);

const judged = new Map<object, Promise<readonly string[]>>();
/** What the suite says of a broken shelter; judged once, whoever asks first. */
function failuresOf(one: (typeof shelters)[number]): Promise<readonly string[]> {
  let failures = judged.get(one);
  if (!failures)
    judged.set(
      one,
      (failures = refused(claimsAbout((values, options) => store(values, options, one.around), 800))),
    );
  return failures;
}

describe('the conformance suite of shelters', () => {
  it('blames an honest shelter for nothing', async () => {
    expect(await refused(all)).toEqual([]);
  });

  it('counts on a subject that counts', async () => {
    const silent: ShelterSuite['make'] = (values) => ({ ...subject(values), requests: undefined }) as never;
    const costs = claimsAbout(silent, 100).find(({ says }) => says.startsWith('costs no more')) as Claim;
    await expect(costs.check()).rejects.toThrow(/subject.requests/);
  });

  it('says of each lever that is missing that a reason must be given', async () => {
    const bare = claimsAbout(
      (values, options) => ({ ...store(values, options), rotate: undefined, lend: undefined }) as never,
      100,
    );
    const checked = (says: RegExp) => (bare.find((claim) => says.test(claim.says)) as Claim).check();
    await expect(checked(/^keeps versions apart/)).rejects.toThrow(/without: \{ versions: 'because …' \}/);
    await expect(checked(/^never serves what has ended/)).rejects.toThrow(
      /without: \{ expiry: 'because …' \}/,
    );
  });

  it('is registered chapter by chapter, with what is left out and why', () => {
    const lines: string[] = [];
    const write = (says: string): void => void lines.push(says);
    const runner: Runner = {
      describe: (title, body) => {
        write(`# ${title}`);
        body();
      },
      it: Object.assign(write, { skip: (says: string) => write(`skip ${says}`) }),
    };
    describeShelter({ name: 'MyProvider', runner, make: store, without: { versions: 'there is one alone' } });
    expect(lines.filter((line) => line.startsWith('# '))).toEqual(['# MyProvider', '# cache', '# failures']);
    expect(lines).toContain(
      'skip left out, because there is one alone: keeps versions apart, however often they are asked for',
    );
    expect(() => describeShelter({ name: 'MyProvider', runner, make: store, wihtout: {} } as never)).toThrow(
      /Did you mean without/,
    );
  });
});

describe('the conformance suite of shelters finds one that', () => {
  for (const one of shelters)
    it(one.fault, async () => {
      expect(await failuresOf(one)).toContain(one.caughtBy);
    });

  it('breaks any one of its sentences: none is there that nothing can break', async () => {
    const found = new Set<string>();
    for (const one of shelters) for (const says of await failuresOf(one)) found.add(says);
    expect(all.map(({ says }) => says).filter((says) => !found.has(says))).toEqual([]);
  });
});
