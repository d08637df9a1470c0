import { describe, expect, it } from 'vitest';
import { showsThrough, withoutValues } from '../../src/report/wording.ts';

const words = (message: string, secrets: unknown[] = [], secret = false, path: string[] = []) =>
  withoutValues({ message, path }, secrets, secret);

describe('The words of a schema library', () => {
  it.each([
    ['Invalid type: Expected number but received "abc"', 'Invalid type: Expected number'],
    ['Invalid URL: Received "nope"', 'Invalid URL'],
    ['must be a number (was "abc (x)")', 'must be a number'],
    ['Invalid input: expected string, received number', 'Invalid input: expected string'],
    ['must start with sk-', 'must start with sk-'],
  ])('lose the value in %j', (message, expected) => {
    expect(words(message)).toBe(expected);
  });

  it('lose the path that stands before them', () => {
    expect(words('a.b must be a string', [], false, ['a', 'b'])).toBe('must be a string');
    expect(words('a < b, please', [], false, ['a'])).toBe('a < b, please');
  });

  it('are dropped when they quote a secret: wholly, partly, shouted, reversed or encoded', () => {
    const secret = 'fake-hunter2/ü';
    const quotes = [
      secret,
      secret.slice(2, 8),
      secret.toUpperCase(),
      [...secret].reverse().join(''),
      encodeURIComponent(secret),
      ...(['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(secret).toString(encoding)),
    ];
    for (const quote of quotes) expect(words(`bad value ${quote}!`, [secret])).toBeUndefined();
    expect(words('bad value', [secret])).toBe('bad value');
    expect(words('is 1234 too short', [1234])).toBeUndefined();
    expect(words('quotes inner-secret', [{ deep: ['inner-secret'] }])).toBeUndefined();
    expect(words('is pw', ['pw'])).toBeUndefined();
  });

  it('are dropped when a library quoted something of a secret value and what is left still quotes', () => {
    expect(words('must be "a" (was "fake")', [], true)).toBeUndefined();
  });

  it('are dropped when nothing is left, and shortened when they are long', () => {
    expect(words('Received "x"')).toBeUndefined();
    expect(words('x'.repeat(500))).toHaveLength(200);
  });

  it('do not show through what is not there', () => {
    for (const nothing of [undefined, null, true, ''])
      expect(showsThrough('any text true null', nothing)).toBe(false);
    expect(showsThrough('x', '\ud800lone')).toBe(false);
  });
});
