// Origins: where a value came from, and the same without the text around it.

import { describe, expect, it } from 'vitest';
import { makeOrigin, placeIn, withoutText } from '../src/origin.ts';

const withText = (positions: { asked: number } = { asked: 0 }) =>
  makeOrigin({
    provider: 'file',
    source: 'a.yaml',
    version: '7',
    position: () => {
      positions.asked++;
      return { line: 3, column: 5, quoted: { text: 'port: x', values: () => [] }, valueColumn: 11 };
    },
  });

describe('an origin without its text', () => {
  it('has the same place, and nothing that a report could quote', () => {
    expect(placeIn(withText())?.quoted).toBeDefined();
    const bare = withoutText(withText());
    expect(placeIn(bare)).toEqual({ line: 3, column: 5 });
    expect(bare).toMatchObject({ provider: 'file', source: 'a.yaml', version: '7', line: 3, column: 5 });
    expect([String(bare), Object.isFrozen(bare)]).toEqual(['a.yaml:3:5 v7', true]);
  });

  it('finds its place on first use', () => {
    const positions = { asked: 0 };
    const bare = withoutText(withText(positions));
    expect(positions.asked).toBe(0);
    expect([bare.line, bare.column, positions.asked]).toEqual([3, 5, 1]);
  });

  it('is the same object where there is no text, and has no place where there is none', () => {
    const plain = makeOrigin({ provider: 'env', source: 'env PORT' });
    expect(withoutText(plain)).toBe(plain);
    const unplaced = withoutText(makeOrigin({ provider: 'f', source: 'f', position: () => undefined }));
    expect([String(unplaced), placeIn(unplaced)]).toEqual(['f', undefined]);
  });
});
