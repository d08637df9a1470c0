// The code and hint of each Azure error, by code, status and message.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { classify, codes } from '../../../src/providers/azure/classify.ts';
import { refused } from './fake.ts';

const request = { provider: 'azure', resource: 'llm-api-key' };
const thrown = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more });

describe('classification of Azure’s errors', () => {
  it.each(Object.entries(codes).map(([name, [code]]) => [name, code] as const))(
    'Azure’s error %s has the code %s',
    (name, code) => {
      const outer = classify(refused(400, name), request);
      const inner = classify(refused(403, 'Forbidden', name), request);
      for (const error of [outer, inner]) {
        expect(error).toMatchObject({
          code,
          provider: 'azure',
          message: expect.stringContaining(`llm-api-key: ${name}`),
        });
        expect(error.hint).toBe(codes[name]?.[1]);
        expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
      }
    },
  );

  it('each kind of 403 has its own hint', () => {
    const hints = [
      'ForbiddenByRbac',
      'ForbiddenByPolicy',
      'ForbiddenByFirewall',
      'ForbiddenByConnection',
      'SecretDisabled',
    ].map((inner) => classify(refused(403, 'Forbidden', inner), request).hint);
    expect(new Set(hints).size).toBe(5);
    expect(classify(refused(403, 'Forbidden'), request).hint).toContain('option secrets');
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
  ])('HTTP %i without a known Azure code has the code %s', (status, code) => {
    expect(classify(refused(status), request).code).toBe(code);
    expect(classify(refused(status, 'SomethingNew'), request).code).toBe(code);
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
    [thrown('CredentialUnavailableError', 'endpoints_resolution_error: See https://…'), 'unavailable'],
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
  ])('the message “%s” has the code %s', (error, code) => {
    expect(classify(error, request).code).toBe(code);
  });

  it('classify keeps Retry-After, and passes ConfigErrors on', () => {
    expect(classify(refused(429, 'Throttled', undefined, { 'retry-after': '7' }), request)).toMatchObject({
      retryAfterMs: 7_000,
      transient: true,
    });
    const gone = classify(
      Object.assign(refused(undefined, 'ENOTFOUND'), { message: 'getaddrinfo not-a-real-secret' }),
      request,
    );
    expect(gone.message).toMatch(
      /: NoResponse \(ENOTFOUND\)\. Check the network, the url and the status of the vault$/,
    );
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(
      classify(refused(429, 'Throttled', undefined, { 'retry-after': date }), request).retryAfterMs,
    ).toBeGreaterThan(1_000);
    expect(
      classify(refused(429, 'Throttled', undefined, { 'retry-after': 'soon' }), request).retryAfterMs,
    ).toBeUndefined();
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, request)).toBe(own);
  });
});
