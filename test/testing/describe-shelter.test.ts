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
  for (const { title, check } of claims) await check().catch(() => failures.push(title));
  return failures;
};

const all = claimsAbout(store, 3_000);

/** Whether a sentence fails for a broken shelter. */
async function fails({ around }: (typeof shelters)[number], sentence: string): Promise<boolean> {
  const claims = claimsAbout((values, options) => store(values, options, around), 800);
  return (await refused(claims.filter(({ title }) => title === sentence))).length > 0;
}

describe('describeShelter', () => {
  it('passes a correct shelter', async () => {
    expect(await refused(all)).toEqual([]);
  });

  it('requires a subject that counts requests', async () => {
    const silent: ShelterSuite['make'] = (values) => ({ ...subject(values), requests: undefined }) as never;
    const costs = claimsAbout(silent, 100).find(({ title }) =>
      title.startsWith('get makes no more requests'),
    ) as Claim;
    await expect(costs.check()).rejects.toThrow(/subject.requests/);
  });

  it('asks for a reason for each missing lever', async () => {
    const bare = claimsAbout(
      (values, options) => ({ ...store(values, options), rotate: undefined, lend: undefined }) as never,
      100,
    );
    const checked = (title: RegExp) => (bare.find((claim) => title.test(claim.title)) as Claim).check();
    await expect(checked(/^get caches each version/)).rejects.toThrow(/without: \{ versions: 'because …' \}/);
    await expect(checked(/^get never returns a value past its expiry/)).rejects.toThrow(
      /without: \{ expiry: 'because …' \}/,
    );
  });

  it('registers each chapter, with skipped sentences and their reasons', () => {
    const lines: string[] = [];
    const write = (title: string): void => void lines.push(title);
    const runner: Runner = {
      describe: (title, body) => {
        write(`# ${title}`);
        body();
      },
      it: Object.assign(write, { skip: (title: string) => write(`skip ${title}`) }),
    };
    describeShelter({ name: 'MyProvider', runner, make: store, without: { versions: 'there is only one' } });
    expect(lines.filter((line) => line.startsWith('# '))).toEqual([
      '# MyProvider',
      '# cache',
      '# failures',
      '# renew',
      '# known',
    ]);
    expect(lines).toContain('skip left out, because there is only one: get caches each version separately');
    expect(() => describeShelter({ name: 'MyProvider', runner, make: store, wihtout: {} } as never)).toThrow(
      /Did you mean without/,
    );
  });
});

describe.concurrent('describeShelter for a broken shelter', () => {
  for (const one of shelters)
    it(`finds a shelter that ${one.fault}`, async ({ expect }) => {
      expect(await fails(one, one.caughtBy)).toBe(true);
    });

  it('has a broken shelter for each of its sentences', ({ expect }) => {
    const found = new Set(shelters.map(({ caughtBy }) => caughtBy));
    expect(all.map(({ title }) => title).filter((title) => !found.has(title))).toEqual([]);
  });
});
