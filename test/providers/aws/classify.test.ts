// The code, message and hint of each AWS error. Reads the SDK's type declarations, so that a new error
// without a code fails here.
import { describe, expect, it } from 'vitest';
import { read } from '../../../scripts/files.ts';
import { ConfigError } from '../../../src/errors.ts';
import { classify } from '../../../src/providers/aws/classify.ts';
import { codeOf } from '../../../src/providers/aws/error-names.ts';

const request = { provider: 'aws-ssm', action: 'ssm:GetParameters', resource: '/acme/key' };

describe('classification of AWS errors', () => {
  // the commands that the sources send, and the errors that the SDK documents for each
  const sent = [
    ...[...read('src/providers/aws/ssm/source.ts').matchAll(/command: '(\w+)'/g)].map(
      ([, name]) => `ssm/${name}`,
    ),
    ...[...read('src/providers/aws/secrets-manager/source.ts').matchAll(/command: '(\w+)'/g)].map(
      ([, name]) => `secrets-manager/${name}`,
    ),
    'kms/Encrypt',
    'kms/Decrypt',
  ];

  it.each([...new Set(sent)])('every error that the SDK documents for %s has a code', (command) => {
    const [client, name] = command.split('/');
    const types = read(`node_modules/@aws-sdk/client-${client}/dist-types/commands/${name}Command.d.ts`);
    const names = [...types.matchAll(/@throws \{@link (\w+)\}/g)].map(([, error]) => error as string);
    expect(names.length).toBeGreaterThan(1);
    const unknown = names.filter((error) => !/ServiceException$/.test(error) && codeOf(error) === undefined);
    expect(unknown).toEqual([]);
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
  ])('the AWS error %j has the code %s', (error, code) => {
    expect(classify(error, request).code).toBe(code);
  });

  it('classify keeps Retry-After, names the missing permission and passes ConfigErrors on', () => {
    const late = classify(
      { name: 'ThrottlingException', $response: { headers: { 'retry-after': '7' } } },
      request,
    );
    expect(late).toMatchObject({ retryAfterMs: 7_000, transient: true });
    const date = new Date(Date.now() + 60_000).toUTCString();
    const dated = classify(
      { name: 'ThrottlingException', $response: { headers: { 'retry-after': date } } },
      request,
    );
    expect(dated.retryAfterMs).toBeGreaterThan(1_000);
    expect(classify({ name: 'AccessDeniedException' }, request).message).toContain(
      'Allow ssm:GetParameters on /acme/key',
    );
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, request)).toBe(own);
  });

  it.each([
    [
      { name: 'Error', code: 'ECONNREFUSED' },
      'aws-ssm: /acme/key: ECONNREFUSED. Check the network, the region and the status of AWS',
    ],
    [
      { name: 'SyntaxError', $metadata: { httpStatusCode: 502 } },
      'aws-ssm: /acme/key: no valid response from AWS (HTTP 502). ' +
        'Check for a proxy or another server at that address',
    ],
    [
      { name: 'TypeError' },
      'aws-ssm: /acme/key: no valid response from AWS. Check the network, the region and the status of AWS',
    ],
  ])('the AWS error %j has a precise message', (error, message) => {
    expect(classify(error, request).message).toBe(message);
  });

  it.each([
    [
      'ssm:GetParameters',
      'Allow ssm:GetParameters on /acme/key, and kms:Decrypt if a KMS key of your own encrypts the value, ' +
        "in the caller's IAM policy",
    ],
    ['ssm:PutParameter', "Allow ssm:PutParameter on /acme/key in the caller's IAM policy"],
    [
      'secretsmanager:ListSecrets',
      'Allow secretsmanager:ListSecrets on "*" (AWS accepts no narrower resource) ' +
        "in the caller's IAM policy",
    ],
    [
      'secretsmanager:BatchGetSecretValue',
      'Allow secretsmanager:BatchGetSecretValue on "*" (AWS accepts no narrower resource) ' +
        "in the caller's IAM policy",
    ],
    ['kms:Decrypt', "Allow kms:Decrypt on /acme/key in the caller's IAM policy"],
  ])('a denial names what an IAM policy must allow for %s', (action, hint) => {
    expect(classify({ name: 'AccessDeniedException' }, { ...request, action }).hint).toBe(hint);
  });

  it('an untrusted certificate is not transient and names NODE_EXTRA_CA_CERTS', () => {
    const error = classify({ name: 'Error', code: 'CERT_HAS_EXPIRED' }, request);
    expect(error).toMatchObject({
      transient: false,
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  it('classify passes on neither messages nor malformed names', () => {
    expect(classify({ name: 'A'.repeat(1_000) }, request).message.length).toBeLessThan(200);
    const error = classify(
      Object.assign(new Error('AKIA-not-a-real-id'), { name: 'not a name: not-a-real-secret' }),
      request,
    );
    expect(error.message).not.toMatch(/not-a-real/);
  });
});
