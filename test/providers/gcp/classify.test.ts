// The code, message and hint of each error of Google's client, over gRPC and REST, in versions 6 and 7.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { classify, type RequestInfo, statuses, statusOf } from '../../../src/providers/gcp/classify.ts';
import { refused } from './fake.ts';

const request: RequestInfo = {
  provider: 'gcp',
  resource: 'projects/acme/secrets/key',
  role: 'secretAccessor',
};
const body = (status: string): string =>
  JSON.stringify({ error: { code: 400, message: 'not-a-real-secret', status } });

describe('classification of Google’s errors', () => {
  it.each(statuses.map(([name, code], number) => [number, name, code] as const))(
    'the gRPC status %i, %s, has the code %s',
    (number, name, code) => {
      const error = classify(refused(number), request);
      expect(error).toMatchObject({
        code,
        provider: 'gcp',
        message: expect.stringContaining(`projects/acme/secrets/key: ${name}`),
      });
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
    },
  );

  it('all seventeen gRPC statuses have a code, and seven are transient', () => {
    expect(statuses).toHaveLength(17);
    const transient = statuses
      .filter((_, number) => classify(refused(number), request).transient)
      .map(([name]) => name);
    expect(transient).toEqual([
      'CANCELLED',
      'UNKNOWN',
      'DEADLINE_EXCEEDED',
      'RESOURCE_EXHAUSTED',
      'ABORTED',
      'INTERNAL',
      'UNAVAILABLE',
    ]);
  });

  it.each([
    [400, 'invalid_option'],
    [401, 'unauthenticated'],
    [403, 'access_denied'],
    [404, 'unavailable'],
    [409, 'conflict'],
    [412, 'disabled'],
    [429, 'throttled'],
    [499, 'timeout'],
    [500, 'unavailable'],
    [501, 'invalid_option'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'timeout'],
  ])('HTTP %i without Google’s body has the code %s', (status, code) => {
    expect(classify(refused(status, '<html>gateway</html>'), request).code).toBe(code);
    expect(classify(refused(String(status), '{"message":"no route"}'), request).code).toBe(code);
  });

  it.each([
    [404, 'NOT_FOUND', 'not_found'],
    [400, 'FAILED_PRECONDITION', 'disabled'],
    [400, 'INVALID_ARGUMENT', 'invalid_option'],
    [429, 'RESOURCE_EXHAUSTED', 'throttled'],
    [403, 'PERMISSION_DENIED', 'access_denied'],
  ])('HTTP %i with the status %s has the code %s', (http, status, code) => {
    expect(classify(refused(http, body(status)), request).code).toBe(code);
  });

  it('a gateway’s 404 is never an absence, with both versions of the client', () => {
    expect(statusOf(refused(404, '<html>no such page</html>'))).toBeUndefined();
    expect(statusOf(refused(404, '{"message":"no route"}'))).toBeUndefined();
    expect(
      statusOf(refused(5, 'Error response from RPC with status 404 could not be decoded: <html>')),
    ).toBeUndefined();
    expect(statusOf(Object.assign(new Error('no route'), { code: undefined }))).toBeUndefined();
    expect(statusOf(refused(5))).toBe('NOT_FOUND');
  });

  it.each([
    'Could not load the default credentials. Browse to https://cloud.google.com/docs',
    'Could not refresh access token: Unsuccessful response status code',
    'Getting metadata from plugin failed with error: invalid_grant',
    'Unable to detect a Project Id in the current environment',
  ])('missing credentials have a hint: %s', (message) => {
    const error = classify(refused(2, message), request);
    expect(error).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('gcloud auth application-default login'),
    });
  });

  it('an unreachable log-in is unavailable and transient', () => {
    const error = refused(
      2,
      'Could not refresh access token: request failed, reason: getaddrinfo ENOTFOUND oauth2.googleapis.com',
    );
    expect(classify(error, request)).toMatchObject({ code: 'unavailable', transient: true });
  });

  it('an untrusted certificate is crypto and not transient', () => {
    const error = refused(14, 'No connection established. Last error: self-signed certificate');
    expect(classify(error, request)).toMatchObject({ code: 'crypto', transient: false });
  });

  it.each([
    ['secretAccessor', /secretmanager\.secretAccessor.*denies missing secrets too.*option secrets/],
    ['viewer', /secretmanager\.viewer on the secret$/],
    ['admin', /secretmanager\.admin/],
    ['secretVersionManager', /secretmanager\.secretVersionManager/],
  ] as const)('a denial names the missing role %s', (role, hint) => {
    expect(classify(refused(7), { ...request, role }).message).toMatch(hint);
  });

  it('a denied list names the role for the project', () => {
    const listed = { ...request, role: 'viewer', resource: 'projects/acme/secrets' } as const;
    expect(classify(refused(7), listed).message).toMatch(/viewer on the project to list.*option secrets/);
  });

  it.each([undefined, null, 'not-a-real-secret', 5, {}])('a thrown %s is unavailable', (thrown) => {
    expect(classify(thrown, request)).toMatchObject({ code: 'unavailable' });
    expect(classify(thrown, request).message).not.toContain('not-a-real');
  });

  it('classify passes ConfigErrors on', () => {
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, request)).toBe(own);
  });
});
