import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError, errorCodes, isConfigError } from '../src/errors.ts';
import { makeOrigin } from '../src/origin.ts';
import { MASK } from '../src/redact.ts';

const fake = 'fake-Zq83-not-real';
const everything = (error: unknown): string =>
  [
    inspect(error, { depth: null, showHidden: true }),
    inspect(error, { customInspect: false, depth: null, showHidden: true }),
    JSON.stringify(error),
    String(error),
    (error as Error).stack,
    (error as Error).message,
  ].join('\n');

describe('ConfigError', () => {
  it('has a message with its hint, and details as fields', () => {
    const origin = makeOrigin({ provider: 'env', source: 'env APP__X' });
    const error = new ConfigError('conflict', 'two say x.', {
      provider: 'env',
      key: 'x',
      origin,
      hint: 'Keep one',
      retryAfterMs: 5,
    });
    expect(error.message).toBe('two say x. Keep one');
    expect(error).toMatchObject({
      name: 'ConfigError',
      code: 'conflict',
      transient: false,
      status: 409,
      provider: 'env',
      key: 'x',
      hint: 'Keep one',
      retryAfterMs: 5,
    });
    expect(error.origin).toBe(origin);
    expect(error).toBeInstanceOf(Error);
    expect(Object.keys(new ConfigError('io', 'x', { provider: undefined as never }))).toEqual([
      'name',
      'code',
      'transient',
      'status',
    ]);
  });

  it('takes transient and status from the table of codes', () => {
    for (const [code, { transient, status }] of Object.entries(errorCodes))
      expect(new ConfigError(code as keyof typeof errorCodes, 'x')).toMatchObject({
        code,
        transient,
        status,
      });
    const transient = Object.entries(errorCodes).flatMap(([code, row]) => (row.transient ? [code] : []));
    expect(transient.sort()).toEqual(['circuit_open', 'throttled', 'timeout', 'unavailable']);
  });

  it('isConfigError recognises errors of another copy of this library', () => {
    const brand = Symbol.for('llm-config-manager.error');
    expect(isConfigError(new ConfigError('io', 'x'))).toBe(true);
    expect(isConfigError({ [brand]: true })).toBe(true);
    for (const other of [
      new Error('x'),
      null,
      undefined,
      'ConfigError',
      { name: 'ConfigError' },
      { [brand]: 1 },
    ])
      expect(isConfigError(other)).toBe(false);
  });

  it('writes an error with its causes as JSON', () => {
    const cause = new ConfigError('timeout', 'slow', { provider: 'vault' });
    const origin = makeOrigin({
      provider: 'file',
      source: 'base.yaml',
      position: () => ({ line: 3, column: 5 }),
    });
    const data = JSON.parse(
      JSON.stringify(new ConfigError('unavailable', 'gone', { cause, origin, key: 'a' })),
    );
    expect(data).toMatchObject({
      name: 'ConfigError',
      code: 'unavailable',
      message: 'gone',
      transient: true,
      status: 503,
      key: 'a',
      origin: 'base.yaml:3:5',
      cause: { code: 'timeout', provider: 'vault' },
    });
    expect(inspect(new ConfigError('unavailable', 'gone', { cause }))).toMatch(
      /gone[\s\S]*code: 'unavailable'[\s\S]*\[cause\][\s\S]*slow/,
    );
  });

  it.each([
    ['hunter2CANARY', 'hunter2-CANARY', 'Error'],
    ['HUNTER2CANARY', 'HUNTER2CANARY', 'Error'],
    ['RestError', 'ENOTFOUND', 'RestError ENOTFOUND'],
    ['TypeError', 'UND_ERR_SOCKET', 'TypeError UND_ERR_SOCKET'],
    [
      'ThrottlingException',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ThrottlingException ERR_TLS_CERT_ALTNAME_INVALID',
    ],
  ])('reduces a cause with the name %s and the code %s to %j', (name, code, shown) => {
    const error = new ConfigError('unavailable', 'x', {
      cause: Object.assign(new Error('y'), { name, code }),
    });
    expect((error.cause as Error).message).toBe(shown);
  });

  it('shows only the class and code of a foreign cause', () => {
    const axios = Object.assign(new TypeError(`bad token ${fake}`), {
      code: 'ECONNREFUSED',
      config: { headers: { 'X-Vault-Token': fake } },
      cause: new Error(fake),
    });
    const error = new ConfigError('unavailable', 'x', { cause: axios });
    expect(everything(error)).not.toContain(fake);
    expect((error.cause as Error).message).toBe('TypeError ECONNREFUSED');
    for (const cause of [
      fake,
      [fake],
      { name: `${fake} `, code: { fake } },
      { name: fake.repeat(9) },
      5,
      Symbol(fake),
      () => fake,
      new AggregateError([new Error(fake)], fake),
    ]) {
      expect(everything(new ConfigError('io', 'x', { cause }))).not.toContain(fake);
    }
    expect((new ConfigError('io', 'x', { cause: null }).cause as Error).message).toBe('Error');
  });

  it('masks the password of a URL in a message or a hint', () => {
    const error = new ConfigError('unavailable', `cannot reach postgres://app:${fake}@db/x`, {
      hint: `Try http://${fake}@h`,
    });
    expect(everything(error)).not.toContain(fake);
    expect(error.message).toContain(`postgres://app:${MASK}@db/x`);
  });

  it('with() adds missing details and keeps existing ones', () => {
    const cause = new ConfigError('io', 'inner');
    const first = new ConfigError('parse', 'broken', { provider: 'near', cause });
    const seen = first.with({ provider: 'far', key: 'a.b', hint: 'Mend it' });
    expect(seen).toMatchObject({
      code: 'parse',
      message: 'broken. Mend it',
      provider: 'near',
      key: 'a.b',
      hint: 'Mend it',
    });
    expect(seen.cause).toBe(cause);
    expect(seen.with({ hint: 'Another' })).toMatchObject({ message: 'broken. Mend it', hint: 'Mend it' });
    expect(first).not.toHaveProperty('key');
  });

  it('rekeyed() replaces the key in the message too', () => {
    const error = new ConfigError('conflict', '"a.b" is given twice', {
      key: 'a.b',
      provider: 'p',
      hint: 'Keep one',
    });
    expect(error.rekeyed('x.a.b')).toMatchObject({
      message: '"x.a.b" is given twice. Keep one',
      key: 'x.a.b',
      provider: 'p',
      hint: 'Keep one',
    });
    expect(new ConfigError('io', 'gone').rekeyed('k')).toMatchObject({ message: 'gone', key: 'k' });
  });
});
