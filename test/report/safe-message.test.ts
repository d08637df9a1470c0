import { describe, expect, it } from 'vitest';
import { quotesOf, safeMessage } from '../../src/report/safe-message.ts';
import { SecretRuns } from '../../src/report/secret-runs.ts';
import { readIssue } from '../../src/schema/issues.ts';
import type { ConfigValue } from '../../src/value.ts';

const words = (message: string, secret?: ConfigValue, path: string[] = [], others: unknown[] = []) => {
  const runs = new SecretRuns(others);
  const quotes = secret === undefined ? () => false : quotesOf(secret);
  const holdsSecret = (text: string): boolean => quotes(text) || runs.holds(text);
  return safeMessage(readIssue({ message, path }), secret !== undefined, holdsSecret);
};

describe('messages of a schema library', () => {
  it.each([
    ['Invalid type: Expected number but received "abc"', 'Invalid type: Expected number'],
    ['Invalid URL: Received "nope"', 'Invalid URL'],
    ['must be a number (was "abc (x)")', 'must be a number'],
    ['must be a number (was "abc', 'must be a number'],
    ['Invalid input: expected string, received number', 'Invalid input: expected string'],
    ['must start with sk-', 'must start with sk-'],
  ])('the value is removed from %j', (message, expected) => {
    expect(words(message)).toBe(expected);
  });

  it('the path is removed from the beginning of a message', () => {
    expect(words('a.b must be a string', undefined, ['a', 'b'])).toBe('must be a string');
    expect(words('a < b, please', undefined, ['a'])).toBe('a < b, please');
  });

  it('a message that quotes its secret in any form is dropped', () => {
    const secret = 'fake-hunter2/ü';
    const quotes = [
      secret,
      secret.slice(2, 8),
      secret.toUpperCase(),
      [...secret].reverse().join(''),
      encodeURIComponent(secret),
      ...(['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(secret).toString(encoding)),
      ...['', 'u', 'u:', 'me:'].map((before) => Buffer.from(`${before}${secret}`).toString('base64')),
    ];
    for (const quote of quotes) expect(words(`bad value ${quote}!`, secret)).toBeUndefined();
    expect(words('bad value', secret)).toBe('bad value');
    expect(words('is 1234 too short', 1234)).toBeUndefined();
    expect(words('quotes inner-secret', { deep: ['inner-secret'] })).toBeUndefined();
    expect(words('is pw', 'pw')).toBeUndefined();
    expect(words('is !! here', '!!')).toBeUndefined();
    expect(words('no db.example.com', 'https://u:fake@db.example.com')).toBeUndefined();
  });

  it('a message that quotes eight letters of another secret is dropped', () => {
    expect(words('is not like fake-hunt', undefined, [], ['fake-hunter2'])).toBeUndefined();
    expect(words('is none of hunter', undefined, [], ['fake-hunter2'])).toBe('is none of hunter');
  });

  it('a message about a secret is dropped if a second quote remains', () => {
    expect(words('must be "a" (was "fake")', 'unrelated')).toBeUndefined();
  });

  it('an empty message is dropped and a long one is shortened', () => {
    expect(words('Received "x"')).toBeUndefined();
    expect(words('x'.repeat(500))).toHaveLength(200);
  });

  it('absent values and booleans never count as quoted', () => {
    for (const nothing of [undefined, null, true, '']) expect(words('true null', nothing)).toBe('true null');
    expect(words('x', '\ud800lone')).toBe('x');
  });

  it.each([
    ['spaces', ' '.repeat(200_000)],
    ['line breaks', '\n'.repeat(200_000)],
    ['colons and spaces', ': '.repeat(100_000)],
    ['beginnings of quotes', '(was '.repeat(50_000)],
    ['words like received', ', but receive'.repeat(20_000)],
  ])('a message with 200,000 characters of %s takes milliseconds', (_, value) => {
    const started = performance.now();
    words(`bad: ${value}`, value);
    words(`bad: ${value}x`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
