import { describe, expect, it } from 'vitest';
import { type Claim, conformance, type ProviderSuite } from '../../src/testing/index.ts';
import { faults } from './broken/faults.ts';
import { lists } from './broken/lists.ts';
import { lives } from './broken/lives.ts';
import { reads } from './broken/reads.ts';
import { renewals } from './broken/renewals.ts';
import { texts } from './broken/texts.ts';
import { versions } from './broken/versions.ts';
import { honestWrap, wraps } from './broken/wraps.ts';
import { writes } from './broken/writes.ts';
import { subject } from './reference.ts';

const claimsAbout = (make: ProviderSuite['make'], patienceMs: number): readonly Claim[] =>
  conformance({ name: 'it', make, patienceMs });

const title = ({ chapter, title }: Claim): string => `${chapter}: ${title}`;

const refused = async (claims: readonly Claim[]): Promise<string[]> => {
  const failures: string[] = [];
  for (const claim of claims) await claim.check().catch(() => failures.push(title(claim)));
  return failures;
};

const all = claimsAbout((values) => subject(values), 3_000);

const broken = [...lives, ...reads, ...texts, ...lists, ...writes, ...versions, ...renewals, ...faults];

/** Whether a sentence fails for a broken provider. */
async function fails({ spoil }: (typeof broken)[number], sentence: string): Promise<boolean> {
  const claims = claimsAbout((values) => subject(values, spoil), 60);
  return (await refused(claims.filter(({ title }) => title === sentence))).length > 0;
}

const byHand = (wrap: ProviderSuite['wrap'], patienceMs: number): readonly Claim[] =>
  conformance({ name: 'it', make: (values) => subject(values), patienceMs, ...(wrap && { wrap }) }).filter(
    ({ chapter }) => chapter === 'entries made by hand',
  );

describe('conformance', () => {
  it('has at least forty sentences, all different', () => {
    expect(all.length).toBeGreaterThanOrEqual(40);
    expect(new Set(all.map(title)).size).toBe(all.length);
  });

  it('passes a correct provider', async () => {
    expect(await refused(all)).toEqual([]);
  });
});

describe('conformance for a broken provider', () => {
  for (const one of broken)
    it(`finds a provider that ${one.fault}`, async () => {
      expect(await fails(one, one.caughtBy)).toBe(true);
    });

  it('has a broken provider for each of its sentences', async () => {
    const sentences = new Set(all.map(({ title }) => title));
    for (const { caughtBy } of broken) sentences.delete(caughtBy);
    for (const sentence of sentences)
      for (const one of broken)
        if (await fails(one, sentence)) {
          sentences.delete(sentence);
          break;
        }
    expect([...sentences]).toEqual([]);
  });
});

describe('conformance for a decorator', () => {
  const sentences = byHand(honestWrap, 3_000);

  it('has the chapter about entries made by hand only with wrap', () => {
    expect(byHand(undefined, 60)).toEqual([]);
    expect(sentences.length).toBeGreaterThanOrEqual(9);
    expect(new Set([...all, ...sentences].map(title)).size).toBe(all.length + sentences.length);
  });

  it('passes a decorator that adopts the answers of its provider', async () => {
    expect(await refused(sentences)).toEqual([]);
  });

  for (const { fault, caughtBy, wrap } of wraps)
    it(`finds a decorator that ${fault}`, async () => {
      expect(await refused(byHand(wrap, 60))).toContain(`entries made by hand: ${caughtBy}`);
    });

  it('has a broken decorator for each of its sentences', () => {
    const found = new Set(wraps.map(({ caughtBy }) => caughtBy));
    expect(sentences.map(({ title }) => title).filter((sentence) => !found.has(sentence))).toEqual([]);
  });
});
