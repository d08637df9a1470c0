import { describe, expect, it } from 'vitest';
import { type Next, type Round, Rounds } from '../../src/shelter/cache/rounds.ts';

const names = Array.from({ length: 300 }, (_, i) => i);
const patienceMs = 1_000;
const of = (all: readonly number[], kind?: keyof Round<number>): Round<number> => ({
  waiting: [],
  left: [],
  unanswered: [],
  ...(kind && { [kind]: all }),
});

/** Lets every round end in the same way. Returns what follows each, and how many names it had. */
function run(count: number, kind: keyof Round<number> | undefined, tookMs: number, most = 20) {
  const rounds = new Rounds(names.slice(0, count), patienceMs);
  const all: (readonly [Next, number])[] = [];
  const left: number[] = [];
  for (let sinceMs = 0; all.length < most; ) {
    const asked = rounds.names;
    sinceMs += tookMs;
    const next = rounds.took(of(asked, kind), tookMs, sinceMs);
    all.push([next, asked.length]);
    if (next !== 'ask') left.push(...rounds.takeLeft());
    if (next === 'wait') sinceMs += rounds.pauseMs(sinceMs);
    if (next === 'end') return { all, left, sinceMs };
  }
  return { all, left, sinceMs: Number.POSITIVE_INFINITY };
}

describe('the rounds of one read', () => {
  it('ask for a few names first, then for many, and pass all on together', () => {
    for (const kind of [undefined, 'left'] as const) {
      const { all, left } = run(300, kind, 1);
      expect(all).toEqual([
        ['ask', 8],
        ['ask', 128],
        ['ask', 128],
        ['end', 36],
      ]);
      expect(left).toHaveLength(kind ? 300 : 0);
    }
  });

  it('wait less and less often for names that others have locked, and end with their patience', () => {
    const { all, left, sinceMs } = run(100, 'waiting', 1, 200);
    expect(all.slice(0, 13)).toEqual(Array.from({ length: 13 }, () => ['wait', 8]));
    expect(all.length).toBeLessThan(60);
    expect([...left].sort((a, b) => a - b)).toEqual(names.slice(0, 100));
    expect(sinceMs).toBeGreaterThanOrEqual(patienceMs);
    expect(sinceMs).toBeLessThan(patienceMs + 20);
  });

  it('leave everything to the store after one late answer, or three of a busy process', () => {
    expect(run(100, 'unanswered', 25)).toMatchObject({ all: [['end', 8]], left: { length: 100 } });
    expect(run(100, 'unanswered', 40)).toMatchObject({
      all: [
        ['again', 8],
        ['again', 8],
        ['end', 8],
      ],
      left: { length: 100 },
    });
  });

  it('go on waiting for others after a late answer, and give up after three in a row', () => {
    const rounds = new Rounds(names.slice(0, 20), patienceMs);
    let sinceMs = 10;
    const took = (kind: keyof Round<number>): Next => rounds.took(of(rounds.names, kind), 25, sinceMs);
    expect(took('waiting')).toBe('wait');
    for (const atLeastMs of [37, 112]) {
      expect(took('unanswered')).toBe('wait');
      expect(rounds.pauseMs(sinceMs)).toBeGreaterThan(atLeastMs);
    }
    expect(took('waiting')).toBe('wait');
    sinceMs = 20;
    expect([took('unanswered'), took('unanswered'), took('unanswered')]).toEqual(['wait', 'wait', 'end']);
    expect(rounds.takeLeft()).toHaveLength(20);
  });

  it('ask once for what was never asked for when their patience ends', () => {
    const rounds = new Rounds(names.slice(0, 20), patienceMs);
    expect(rounds.took(of(rounds.names, 'waiting'), 1, 10)).toBe('wait');
    expect(rounds.took(of(rounds.names, 'waiting'), 1, patienceMs)).toBe('again');
    expect(rounds.takeLeft()).toHaveLength(16);
    expect(rounds.names).toHaveLength(4);
    expect(rounds.took(of(rounds.names, 'waiting'), 1, patienceMs + 1)).toBe('end');
    expect(rounds.takeLeft()).toHaveLength(4);
  });
});
