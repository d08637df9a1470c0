import { describe, expect, it } from 'vitest';
import {
  highest,
  isRange,
  isVersion,
  promptName,
  sorted,
} from '../../../../src/extensions/llm/prompts/versions.ts';

const versions = ['1.4.2', '1.10.0', '1.4.10', '0.3.1', '0.3.9', '0.0.3', '0.0.4', '2.0.0-beta.1'];

describe('a range', () => {
  it.each([
    ['', '1.10.0'],
    ['1.4.2', '1.4.2'],
    ['2.0.0-beta.1', '2.0.0-beta.1'],
    ['^1', '1.10.0'],
    ['^1.4', '1.10.0'],
    ['~1.4', '1.4.10'],
    ['~1.4.2', '1.4.10'],
    ['~1', '1.10.0'],
    ['^1.4.11', '1.10.0'],
    ['^0.3', '0.3.9'],
    ['^0.3.2', '0.3.9'],
    ['^0.0.3', '0.0.3'],
    ['~0.0.3', '0.0.4'],
    ['^0', '0.3.9'],
    ['^0.0', '0.0.4'],
    ['^2', undefined],
    ['~1.5', undefined],
    ['1.4.3', undefined],
  ])('%s means %s', (range, expected) => {
    expect(isRange(range)).toBe(true);
    expect(highest(versions, range)).toBe(expected);
  });

  it.each(['1', '1.4', 'v1.4.2', '^1.4.2-beta', '>=1', '1.x', '^', '^01', '*', ' ', '1.4.2 '])(
    '%j is refused',
    (range) => expect(isRange(range)).toBe(false),
  );
});

it('versions have three numbers without zeros in front', () => {
  expect(['1.4', '01.4.2', '1.4.2.3', 'v1.4.2', ''].filter(isVersion)).toEqual([]);
  expect(sorted(versions).slice(0, 3)).toEqual(['1.10.0', '1.4.10', '1.4.2']);
  expect(sorted(versions).at(-1)).toBe('2.0.0-beta.1');
});

it('a name may have a range', () => {
  expect(promptName('summarize@^1.4')).toEqual({ name: 'summarize', range: '^1.4' });
  expect(promptName('summarize')).toEqual({ name: 'summarize', range: '' });
});
