import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { classify, codes } from '../../../src/providers/azure/classify.ts';
import { refused } from './fake.ts';

const asked = { provider: 'azure', resource: 'llm-api-key' };
const thrown = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more });

describe('Azure’s errors', () => {
  it.each(Object.entries(codes).map(([name, [code]]) => [name, code] as const))('%s is %s', (name, code) => {
    const outer = classify(refused(400, name), asked);
    const inner = classify(refused(403, 'Forbidden', name), asked);
    for (const error of [outer, inner]) {
      expect(error).toMatchObject({
        code,
        provider: 'azure',
        message: expect.stringContaining(`llm-api-key: ${name}`),
      });
      expect(error.hint).toBe(codes[name]?.[1]);
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
    }
  });

  it('of the kind 403 are four, each with its own remedy', () => {
    const hints = [
      'ForbiddenByRbac',
      'ForbiddenByPolicy',
      'ForbiddenByFirewall',
      'ForbiddenByConnection',
      'SecretDisabled',
    ].map((inner) => classify(refused(403, 'Forbidden', inner), asked).hint);
    expect(new Set(hints).size).toBe(5);
    expect(classify(refused(403, 'Forbidden'), asked).hint).toContain('option secrets');
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'access_denied'],
    [404, 'unavailable'],
    [408, 'timeout'],
    [409, 'conflict'],
    [415, 'invalid_option'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'timeout'],
    [302, 'unavailable'],
  ])('as HTTP %i without a known code are %s; a gateway’s 404 is no absence', (status, code) => {
    expect(classify(refused(status), asked).code).toBe(code);
    expect(classify(refused(status, 'SomethingNew'), asked).code).toBe(code);
  });

  it.each([
    [
      thrown('RestError', 'Operation get is not allowed on a disabled secret.', {
        statusCode: 403,
        code: 'Forbidden',
      }),
      'disabled',
    ],
    [
      thrown('RestError', 'Operation get is not allowed on an expired secret.', {
        statusCode: 403,
        code: 'Forbidden',
      }),
      'disabled',
    ],
    [
      thrown('RestError', "Operation get is not allowed before the secret's nbf.", {
        statusCode: 403,
        code: 'Forbidden',
      }),
      'disabled',
    ],
    [
      thrown('Error', "The challenge resource 'x' does not match the requested domain. Set …"),
      'invalid_option',
    ],
    [thrown('CredentialUnavailableError', 'endpoints_resolution_error: See https://aka.ms/…'), 'unavailable'],
    [thrown('AuthenticationRequiredError', 'network_error: Network request failed'), 'unavailable'],
    [thrown('AuthenticationError', 'invalid_client', { statusCode: 401 }), 'unauthenticated'],
    [thrown('AuthenticationError', 'the service is down', { statusCode: 503 }), 'unavailable'],
    [thrown('AuthenticationRequiredError', 'invalid_client: AADSTS7000215'), 'unauthenticated'],
    [
      thrown('AggregateAuthenticationError', 'ChainedTokenCredential authentication failed'),
      'unauthenticated',
    ],
    [thrown('RestError', 'self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'crypto'],
    [thrown('RestError', 'connect ECONNREFUSED', { code: 'ECONNREFUSED' }), 'unavailable'],
    [thrown('AbortError', 'The operation was aborted.'), 'timeout'],
    [undefined, 'unavailable'],
    ['not-a-real-secret', 'unavailable'],
  ])('told in words alone: %s is %s', (error, code) => {
    expect(classify(error, asked).code).toBe(code);
  });

  it('carry how long to wait, and are passed on when they are ours already', () => {
    expect(classify(refused(429, 'Throttled', undefined, { 'retry-after': '7' }), asked)).toMatchObject({
      retryAfterMs: 7_000,
      transient: true,
    });
    const gone = classify(
      Object.assign(refused(undefined, 'ENOTFOUND'), { message: 'getaddrinfo not-a-real-secret' }),
      asked,
    );
    expect(gone.message).toMatch(
      /: NoAnswer \(ENOTFOUND\)\. Look at the network, the url and the state of the vault$/,
    );
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(
      classify(refused(429, 'Throttled', undefined, { 'retry-after': date }), asked).retryAfterMs,
    ).toBeGreaterThan(1_000);
    expect(
      classify(refused(429, 'Throttled', undefined, { 'retry-after': 'soon' }), asked).retryAfterMs,
    ).toBeUndefined();
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, asked)).toBe(own);
  });
});
