import { describe, expect, it } from 'vitest';
import { type LoadMode, loadModes, pollMode, Reloads } from '../../src/config/reloads.ts';
import { until } from '../support/until.ts';

describe('Reloads', () => {
  it('requests during a load share the next one, with their modes combined', async () => {
    const seen: LoadMode[] = [];
    const ends: (() => void)[] = [];
    const reloads = new Reloads((mode) => {
      seen.push(mode);
      return new Promise((resolve) => ends.push(resolve));
    });
    const first = reloads.run(loadModes.first);
    const poll = reloads.run(pollMode(1_000));
    const explicit = reloads.run(loadModes.explicit);
    const change = reloads.run({
      cause: 'poll',
      maxAgeMs: 2_000,
      acquire: false,
      isCalled: false,
      unpins: false,
    });
    expect(seen).toEqual([loadModes.first]);
    ends[0]?.();
    await first;
    await until('there is a second', () => seen.length === 2);
    expect(seen[1]).toEqual({ cause: 'reload', maxAgeMs: 0, acquire: true, isCalled: true, unpins: true });
    ends[1]?.();
    await Promise.all([poll, explicit, change]);
    expect(seen).toHaveLength(2);
  });

  it('the smallest maximum age wins, whatever the cause', async () => {
    const seen: LoadMode[] = [];
    const reloads = new Reloads(async (mode) => void seen.push(mode));
    const first = reloads.run(loadModes.first);
    const waiting = [pollMode(60_000), loadModes.change, pollMode(10_000)].map((mode) => reloads.run(mode));
    await Promise.all([first, ...waiting]);
    expect(seen[1]).toEqual({
      cause: 'change',
      maxAgeMs: 5_000,
      acquire: true,
      isCalled: false,
      unpins: false,
    });
  });

  it('a load with a patch shares with no other, and those after it wait for it', async () => {
    const seen: string[] = [];
    const reloads = new Reloads(async ({ cause, patch }) => void seen.push(patch ? 'patch' : cause));
    const patch = { layer: { name: 'a', entries: [], holes: [] } };
    const modes = [
      loadModes.first,
      pollMode(1),
      { ...loadModes.candidate, patch },
      pollMode(1),
      loadModes.explicit,
    ];
    await Promise.all(modes.map((mode) => reloads.run(mode)));
    expect(seen).toEqual(['load', 'poll', 'patch', 'reload']);
  });

  it('a failed load does not stop the next one', async () => {
    let fail = true;
    const reloads = new Reloads(async () => {
      if (fail) throw new Error('no');
    });
    const first = reloads.run(loadModes.first);
    const next = reloads.run(pollMode(1_000));
    fail = false;
    await Promise.all([first.catch(() => undefined), next]);
    await expect(reloads.run(pollMode(1_000))).resolves.toBeUndefined();
  });
});
