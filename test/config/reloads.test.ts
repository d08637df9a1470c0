import { describe, expect, it } from 'vitest';
import { Reloads, type Way, ways } from '../../src/config/reloads.ts';
import { until } from '../support/until.ts';

describe('Loads', () => {
  it('run one at a time; who asks meanwhile shares the next, which does all that any of them asked for', async () => {
    const seen: Way[] = [];
    const ends: (() => void)[] = [];
    const reloads = new Reloads((way) => {
      seen.push(way);
      return new Promise((resolve) => ends.push(resolve));
    });
    const first = reloads.run(ways.first);
    const poll = reloads.run(ways.poll);
    const explicit = reloads.run(ways.explicit);
    const change = reloads.run({ fresh: false, acquire: false, explicit: false });
    expect(seen).toEqual([ways.first]);
    ends[0]?.();
    await first;
    await until('there is a second', () => seen.length === 2);
    expect(seen[1]).toEqual({ fresh: true, acquire: true, explicit: true });
    ends[1]?.();
    await Promise.all([poll, explicit, change]);
    expect(seen).toHaveLength(2);
  });

  it('go on after one that failed', async () => {
    let fail = true;
    const reloads = new Reloads(async () => {
      if (fail) throw new Error('no');
    });
    const first = reloads.run(ways.first);
    const next = reloads.run(ways.poll);
    fail = false;
    await Promise.all([first.catch(() => undefined), next]);
    await expect(reloads.run(ways.poll)).resolves.toBeUndefined();
  });
});
