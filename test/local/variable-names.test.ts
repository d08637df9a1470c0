import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFrom, keyOf } from '../../src/key.ts';
import { joined, lettersOf, VariableNames } from '../../src/local/variable-names.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { runs } from '../support/runs.ts';

const segment = fc.oneof(
  fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/),
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,8}$/),
  fc.constantFrom('a b', 'größe', 'ﬁ', 'a.b', '__', '-', 'İ', 'x__y'),
);
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((path) => keyFrom(path));
const options = fc
  .record({
    prefix: fc.constantFrom(undefined, 'APP', 'my_app', 'X'),
    separator: fc.constantFrom('__', '_', '.', '-', '::'),
  })
  .map(({ prefix, separator }) => ({ separator, ...(prefix && { prefix }) }));

const tries = runs(200, 10_000);

describe('VariableNames', () => {
  it('spells a name that reads back as its key, or no name', async () => {
    let spelled = 0;
    await fc.assert(
      fc.asyncProperty(key, options, async (one, how) => {
        for (const isShared of [false, true]) {
          const [name] = new VariableNames('test', how).namesFor(one, isShared);
          if (name === undefined) return;
          spelled++;
          const provider = new EnvProvider({ ...how, env: { [name]: 'v' } });
          expect((await provider.get(one))?.value, name).toBe('v');
        }
      }),
      { numRuns: tries },
    );
    expect(spelled).toBeGreaterThan(tries / 2);
  });

  it('gives two keys the same exact name only if they have the same letters in each segment', () => {
    fc.assert(
      fc.property(key, key, options, (a, b, how) => {
        const names = new VariableNames('test', how);
        const [first, second] = [names.namesFor(a, true)[0], names.namesFor(b, true)[0]];
        if (first !== undefined && first === second) expect(lettersOf(a)).toBe(lettersOf(b));
        const [one, other] = [names.namesFor(a)[0], names.namesFor(b)[0]];
        if (one !== undefined && one === other) expect(joined(lettersOf(a))).toBe(joined(lettersOf(b)));
      }),
      { numRuns: 2 * tries },
    );
  });

  it('spells the most readable name that reads back', () => {
    expect(new VariableNames('test', { separator: '_' }).namesFor(keyOf('db.poolMax'))).toEqual([
      'DB_POOLMAX',
    ]);
    expect(new VariableNames('test', { separator: '-' }).namesFor(keyOf('db.pool-max'))).toEqual([
      'DB-POOL_MAX',
    ]);
    expect(new VariableNames('test', { separator: '_' }).namesFor(keyOf('a.0-0'))).toEqual([]);
    expect(
      ['__', 'servers.0', 'servers.0.host', 'a.0_'].flatMap((one) =>
        new VariableNames('test', {}).namesFor(one),
      ),
    ).toEqual([]);
  });
});
