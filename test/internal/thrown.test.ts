import { describe, expect, it } from 'vitest';
import { thrown } from '../../src/internal/thrown.ts';

describe('thrown', () => {
  it('shows the message and the place of an error', () => {
    const error = new TypeError('no pool\nfor the new level');
    expect(thrown(error)).toMatch(/^TypeError: no pool for the new level \(at .*thrown\.test\.ts:\d+:\d+\)$/);
  });

  it.each([{ reason: 'fake-1' }, 5, '', undefined, 'password=fake-1'])(
    'shows only the name of an error whose message is %j',
    (message) => {
      const error = Object.defineProperty(new RangeError('x'), 'message', { value: message });
      expect(thrown(error)).toMatch(/^RangeError( \(at .*\))?$/);
    },
  );

  it.each([null, undefined, 'fake-1', { message: 'fake-1' }])('shows nothing of %j', (value) => {
    expect(thrown(value)).toBe('Error');
  });
});
