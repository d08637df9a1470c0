import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/internal/nearest.ts';

describe('nearest', () => {
  it.each([
    ['databse.host', 'database.host'],
    ['datbaase', 'database'],
    ['DATABASE', 'database'],
    ['prefx', 'prefix'],
    ['prefixx', 'prefix'],
    ['hots', 'host'],
    ['poolMx', 'poolMax'],
  ])('suggests for %s the name %s', (typed, expected) => {
    expect(nearest(typed, ['database', 'database.host', 'prefix', 'host', 'poolMax', 'unrelated'])).toBe(
      expected,
    );
  });

  it.each(['wholly.different', 'ab', 'dtbse', 'x', ''])('suggests nothing for %j', (typed) => {
    expect(nearest(typed, ['database', 'az', 'y', 'port'])).toBeUndefined();
  });

  it('prefers the nearest name, and never the name itself', () => {
    expect(nearest('hosts', ['hosted', 'host'])).toBe('host');
    expect(nearest('host', ['host'])).toBeUndefined();
    expect(nearest('host', new Set<string>())).toBeUndefined();
  });
});
