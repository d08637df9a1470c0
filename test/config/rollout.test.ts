import { describe, expect, it } from 'vitest';
import { rollout, variant } from '../../src/index.ts';

const subjects = Array.from({ length: 8_000 }, (_, n) => `user-${n}`);
const inside = (key: string, percent: number): string[] =>
  subjects.filter((subject) => rollout(key, { percent, subject }));

describe('rollout', () => {
  it('is that of MurmurHash3, so that other languages agree', () => {
    // 32-bit hashes of `key\0subject`, from the reference implementation: a share just below and just above
    const known: readonly (readonly [key: string, subject: string, hash: number])[] = [
      ['prompt', 'user-1', 0x5edc8757],
      ['prompt', 'user-12', 0xb28f4cda],
      ['prompt', 'user-123', 0x4214bf5a],
      ['prompt', 'user-1234', 0xb2b8876a],
      ['modell', 'größe 🎛', 0x61dfcd15],
      ['', '', 0x514e28b7],
    ];
    for (const [key, subject, hash] of known) {
      const percent = (hash / 2 ** 32) * 100;
      expect(rollout(key, { percent: percent - 1e-9, subject })).toBe(false);
      expect(rollout(key, { percent: percent + 1e-9, subject })).toBe(true);
    }
  });

  it('has no subject at 0 and all at 100', () => {
    expect(inside('a', 0)).toEqual([]);
    expect(inside('a', 100)).toHaveLength(subjects.length);
  });

  it('a larger share keeps all that are in', () => {
    let before = new Set<string>();
    for (const percent of [0.1, 1, 5, 10, 33, 50, 99, 100]) {
      const now = new Set(inside('prompt', percent));
      expect([...before].filter((subject) => !now.has(subject))).toEqual([]);
      before = now;
    }
  });

  it('a share of the subjects is in', () => {
    for (const percent of [1, 10, 50]) {
      const expected = (subjects.length * percent) / 100;
      const deviation = Math.sqrt(expected * (1 - percent / 100));
      expect(Math.abs(inside('share', percent).length - expected)).toBeLessThan(4 * deviation);
    }
  });

  it('two keys are independent', () => {
    const other = new Set(inside('second', 50));
    const both = inside('first', 50).filter((subject) => other.has(subject)).length;
    expect(Math.abs(both - subjects.length / 4)).toBeLessThan(4 * Math.sqrt((subjects.length * 3) / 16));
  });

  it.each([-1, 101, Number.NaN, '10', undefined])('refuses %s percent', (percent) => {
    expect(() => rollout('a', { percent: percent as number, subject: 'x' })).toThrow(
      'shares must be numbers',
    );
  });

  it('refuses what is not a text', () => {
    expect(() => rollout('a', { percent: 1, subject: undefined as never })).toThrow('key and subject texts');
    expect(() => variant(1 as never, { a: 1 }, 'x')).toThrow('key and subject texts');
  });
});

describe('variant', () => {
  it('follows the weights, in a chi-square test', () => {
    const weights = { a: 50, b: 30, c: 15, d: 5 };
    const counts = { a: 0, b: 0, c: 0, d: 0 };
    for (const subject of subjects) counts[variant('model', weights, subject)]++;
    const chi = Object.entries(weights).reduce((sum, [name, weight]) => {
      const expected = (subjects.length * weight) / 100;
      return sum + (counts[name as keyof typeof counts] - expected) ** 2 / expected;
    }, 0);
    expect(chi).toBeLessThan(16.27); // one in a thousand, with three degrees of freedom
  });

  it('is even over the whole line', () => {
    const weights = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`v${n}`, 1]));
    const counts = new Map<string, number>();
    for (const subject of subjects) {
      const name = variant('even', weights, subject);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const expected = subjects.length / 64;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(64);
    expect(chi).toBeLessThan(103.4); // one in a thousand, with 63 degrees of freedom
  });

  it('agrees with rollout, and widening the first moves no subject back', () => {
    const first = (a: number): string[] =>
      subjects.filter((subject) => variant('key', { a, b: 100 - a }, subject) === 'a');
    expect(first(10)).toEqual(inside('key', 10));
    const wider = new Set(first(20));
    expect(first(10).filter((subject) => !wider.has(subject))).toEqual([]);
  });

  it('weights are shares of their sum, and zero is never chosen', () => {
    for (const subject of subjects.slice(0, 500)) {
      expect(variant('k', { a: 1, b: 3 }, subject)).toBe(variant('k', { a: 25, b: 75 }, subject));
      expect(variant('k', { a: 0, b: 1, c: 0 }, subject)).toBe('b');
    }
  });

  it.each([[{}], [{ a: 0 }], [{ a: -1, b: 5 }], [{ a: Number.NaN }], [{ a: Infinity }], [{ a: '5' }]])(
    'refuses the weights %j',
    (weights) => {
      expect(() => variant('k', weights as Record<string, number>, 'x')).toThrow('shares must be numbers');
    },
  );
});
