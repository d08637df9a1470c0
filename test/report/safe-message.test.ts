import { describe, expect, it } from 'vitest';
import { safeMessage, showsThrough } from '../../src/report/safe-message.ts';
import { readIssue } from '../../src/schema/issues.ts';

const words = (message: string, secrets: unknown[] = [], secret = false, path: string[] = []) =>
  safeMessage(readIssue({ message, path }), secrets, secret);

describe('messages of a schema library', () => {
  it.each([
    ['Invalid type: Expected number but received "abc"', 'Invalid type: Expected number'],
    ['Invalid URL: Received "nope"', 'Invalid URL'],
    ['must be a number (was "abc (x)")', 'must be a number'],
    ['Invalid input: expected string, received number', 'Invalid input: expected string'],
    ['must start with sk-', 'must start with sk-'],
  ])('the value is removed from %j', (message, expected) => {
    expect(words(message)).toBe(expected);
  });

  it('the path is removed from the beginning of a message', () => {
    expect(words('a.b must be a string', [], false, ['a', 'b'])).toBe('must be a string');
    expect(words('a < b, please', [], false, ['a'])).toBe('a < b, please');
  });

  it('a message that quotes a secret in any form is dropped', () => {
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

  it('a message about a secret is dropped if a second quote remains', () => {
    expect(words('must be "a" (was "fake")', [], true)).toBeUndefined();
  });

  it('an empty message is dropped and a long one is shortened', () => {
    expect(words('Received "x"')).toBeUndefined();
    expect(words('x'.repeat(500))).toHaveLength(200);
  });

  it('absent values and booleans never count as quoted', () => {
    for (const nothing of [undefined, null, true, ''])
      expect(showsThrough('any text true null', nothing)).toBe(false);
    expect(showsThrough('x', '\ud800lone')).toBe(false);
  });
});
