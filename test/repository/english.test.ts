import { describe, expect, it } from 'vitest';
import { type Kind, limits, passages, rate, rows, wideLines, withoutHeader } from '../../scripts/english.ts';

describe('the English of the project', () => {
  const kinds = rows(passages(), ({ kind }) => kind);

  it.each(Object.keys(limits) as Kind[])('the %s have few of the listed words', (kind) => {
    const row = kinds.find(({ name }) => name === kind);
    expect(row?.words).toBeGreaterThan(0);
    expect(rate(row as NonNullable<typeof row>)).toBeLessThan(limits[kind]);
  });

  it('no line of code or prose is wider than 110 characters', () => {
    expect(wideLines()).toEqual([]);
  });

  it('every file over 60 lines begins with what it is', () => {
    expect(withoutHeader()).toEqual([]);
  });
});
