import { describe, expect, it } from 'vitest';
import { type Claim, conformance, type ProviderSuite } from '../../src/testing/index.ts';
import { faults } from './broken/faults.ts';
import { lists } from './broken/lists.ts';
import { lives } from './broken/lives.ts';
import { reads } from './broken/reads.ts';
import { texts } from './broken/texts.ts';
import { writes } from './broken/writes.ts';
import { subject } from './reference.ts';

const claimsAbout = (make: ProviderSuite['make'], patienceMs: number): readonly Claim[] =>
  conformance({ name: 'it', make, patienceMs });

const title = ({ chapter, says }: Claim): string => `${chapter}: ${says}`;

const refused = async (claims: readonly Claim[]): Promise<string[]> => {
  const failures: string[] = [];
  for (const claim of claims) await claim.check().catch(() => failures.push(title(claim)));
  return failures;
};

const all = claimsAbout((values) => subject(values), 3_000);

const broken = [...lives, ...reads, ...texts, ...lists, ...writes, ...faults];
const judged = new Map<object, Promise<readonly string[]>>();
/** What the suite says of a broken provider; judged once, whoever asks first. */
function failuresOf(one: (typeof broken)[number]): Promise<readonly string[]> {
  let failures = judged.get(one);
  if (!failures)
    judged.set(one, (failures = refused(claimsAbout((values) => subject(values, one.spoil), 60))));
  return failures;
}

describe('the conformance suite', () => {
  it('has at least forty sentences, no two of which are the same', () => {
    expect(all.length).toBeGreaterThanOrEqual(40);
    expect(new Set(all.map(title)).size).toBe(all.length);
  });

  it('blames an honest provider for nothing', async () => {
    expect(await refused(all)).toEqual([]);
  });
});

describe('the conformance suite finds a provider that', () => {
  for (const one of broken)
    it(one.fault, async () => {
      const failures = await failuresOf(one);
      expect(failures.map((failure) => failure.slice(failure.indexOf(': ') + 2))).toContain(one.caughtBy);
    });

  it('breaks any one of its sentences: none is there that nothing can break', async () => {
    const found = new Set<string>();
    for (const one of broken) for (const failure of await failuresOf(one)) found.add(failure);
    expect(all.map(title).filter((sentence) => !found.has(sentence))).toEqual([]);
  });
});
