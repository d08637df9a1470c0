import * as kms from '@aws-sdk/client-kms';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import * as ssm from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { classify } from '../../../src/providers/aws/classify.ts';
import { codeOf } from '../../../src/providers/aws/error-names.ts';

const asked = { service: 'aws-ssm', action: 'ssm:GetParameters', resource: '/acme/key' };

describe('AWS errors', () => {
  it.each([
    ['SSM', ssm],
    ['Secrets Manager', secretsManager],
    ['KMS', kms],
  ])('that the client of %s exports are all known', (_, sdk) => {
    const names = Object.entries(sdk).flatMap(([name, value]) =>
      typeof value === 'function' && value.prototype instanceof Error && !/ServiceException$/.test(name)
        ? [name]
        : [],
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => codeOf(name) === undefined)).toEqual([]);
  });

  it.each([
    [{ name: 'TimeoutError' }, 'timeout'],
    [{ name: 'AbortError' }, 'aborted'],
    [{ name: 'Error', code: 'ECONNREFUSED' }, 'unavailable'],
    [{ name: 'Error', code: 'ENOTFOUND' }, 'unavailable'],
    [{ name: 'Error', code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'crypto'],
    [{ name: 'Error', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'crypto'],
    [{ name: 'TimeoutError', message: 'self-signed certificate' }, 'crypto'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 502 } }, 'unavailable'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 429 } }, 'throttled'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 401 } }, 'unauthenticated'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 403 } }, 'access_denied'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 404 } }, 'unavailable'],
    [{ name: 'SyntaxError', $metadata: { httpStatusCode: 404 } }, 'unavailable'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 400 } }, 'invalid_option'],
    [{ name: 'DisabledException' }, 'disabled'],
    [{ name: 'ParameterAlreadyExists' }, 'conflict'],
    [{ name: 'ParameterLimitExceeded' }, 'quota_exceeded'],
    ['a string', 'unavailable'],
    [undefined, 'unavailable'],
  ])('%j is %s', (error, code) => {
    expect(classify(error, asked).code).toBe(code);
  });

  it('carry how long to wait, name what to allow, and are passed on when they are ours already', () => {
    const late = classify(
      { name: 'ThrottlingException', $response: { headers: { 'retry-after': '7' } } },
      asked,
    );
    expect(late).toMatchObject({ retryAfterMs: 7_000, transient: true });
    const date = new Date(Date.now() + 60_000).toUTCString();
    const dated = classify(
      { name: 'ThrottlingException', $response: { headers: { 'retry-after': date } } },
      asked,
    );
    expect(dated.retryAfterMs).toBeGreaterThan(1_000);
    expect(classify({ name: 'AccessDeniedException' }, asked).message).toContain(
      'Allow ssm:GetParameters on /acme/key',
    );
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, asked)).toBe(own);
  });

  it.each([
    [
      { name: 'Error', code: 'ECONNREFUSED' },
      'aws-ssm: /acme/key: ECONNREFUSED. Look at the network, the region and the state of AWS',
    ],
    [
      { name: 'SyntaxError', $metadata: { httpStatusCode: 502 } },
      'aws-ssm: /acme/key: no answer of AWS (HTTP 502). Is a proxy, or another server, at that address?',
    ],
    [
      { name: 'TypeError' },
      'aws-ssm: /acme/key: no answer of AWS. Look at the network, the region and the state of AWS',
    ],
  ])('%j says what went wrong as far as that is known', (error, message) => {
    expect(classify(error, asked).message).toBe(message);
  });

  it.each([
    [
      'ssm:GetParameters',
      "Allow ssm:GetParameters on /acme/key (and kms:Decrypt on its key, if it has one of its own) in the caller's IAM policy",
    ],
    ['ssm:PutParameter', "Allow ssm:PutParameter on /acme/key in the caller's IAM policy"],
    [
      'secretsmanager:ListSecrets',
      'Allow secretsmanager:ListSecrets on "*", which cannot be narrower, in the caller\'s IAM policy',
    ],
    [
      'secretsmanager:BatchGetSecretValue',
      'Allow secretsmanager:BatchGetSecretValue on "*", which cannot be narrower, in the caller\'s IAM policy',
    ],
    ['kms:Decrypt', "Allow kms:Decrypt on /acme/key in the caller's IAM policy"],
  ])('name what an IAM policy must allow for %s', (action, hint) => {
    expect(classify({ name: 'AccessDeniedException' }, { ...asked, action }).hint).toBe(hint);
  });

  it('is no outage to be tolerated when the server is not who it says', () => {
    const error = classify({ name: 'Error', code: 'CERT_HAS_EXPIRED' }, asked);
    expect(error).toMatchObject({
      transient: false,
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  it('never pass on a message or a name that is none', () => {
    expect(classify({ name: 'A'.repeat(1_000) }, asked).message.length).toBeLessThan(200);
    const error = classify(
      Object.assign(new Error('AKIA-not-a-real-id'), { name: 'not a name: not-a-real-secret' }),
      asked,
    );
    expect(error.message).not.toMatch(/not-a-real/);
  });
});
