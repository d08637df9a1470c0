import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { type Asked, classify, statuses, statusOf } from '../../../src/providers/gcp/classify.ts';
import { refused } from './fake.ts';

const asked: Asked = { provider: 'gcp', resource: 'projects/acme/secrets/key', role: 'secretAccessor' };
const body = (status: string): string =>
  JSON.stringify({ error: { code: 400, message: 'not-a-real-secret', status } });

describe('Google’s errors', () => {
  it.each(statuses.map(([name, code], number) => [number, name, code] as const))(
    '%i is %s, here %s',
    (number, name, code) => {
      const error = classify(refused(number), asked);
      expect(error).toMatchObject({
        code,
        provider: 'gcp',
        message: expect.stringContaining(`projects/acme/secrets/key: ${name}`),
      });
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
    },
  );

  it('have seventeen codes, each classified, and only the passing ones are tried again', () => {
    expect(statuses).toHaveLength(17);
    const passing = statuses
      .filter((_, number) => classify(refused(number), asked).transient)
      .map(([name]) => name);
    expect(passing).toEqual([
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
  ])('as HTTP %i without Google’s own words are %s', (status, code) => {
    expect(classify(refused(status, '<html>gateway</html>'), asked).code).toBe(code);
    expect(classify(refused(String(status), '{"message":"no route"}'), asked).code).toBe(code);
  });

  it.each([
    [404, 'NOT_FOUND', 'not_found'],
    [400, 'FAILED_PRECONDITION', 'disabled'],
    [400, 'INVALID_ARGUMENT', 'invalid_option'],
    [429, 'RESOURCE_EXHAUSTED', 'throttled'],
    [403, 'PERMISSION_DENIED', 'access_denied'],
  ])('as HTTP %i with the words %s are %s', (http, status, code) => {
    expect(classify(refused(http, body(status)), asked).code).toBe(code);
  });

  it('never make a gateway’s 404 an absence, with either major of the client', () => {
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
  ])('say what to do where there are no credentials: %s', (message) => {
    const error = classify(refused(2, message), asked);
    expect(error).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('gcloud auth application-default login'),
    });
  });

  it('tell a log-in that could not be reached from one that was refused', () => {
    const error = refused(
      2,
      'Could not refresh access token: request failed, reason: getaddrinfo ENOTFOUND oauth2.googleapis.com',
    );
    expect(classify(error, asked)).toMatchObject({ code: 'unavailable', transient: true });
  });

  it('tell a server that is not trusted from one that is down: nobody tolerates it', () => {
    const error = refused(14, 'No connection established. Last error: self-signed certificate');
    expect(classify(error, asked)).toMatchObject({ code: 'crypto', transient: false });
  });

  it.each([
    ['secretAccessor', /secretmanager\.secretAccessor.*denied too.*option secrets/],
    ['viewer', /secretmanager\.viewer.*to list.*option secrets/],
    ['admin', /secretmanager\.admin/],
    ['secretVersionManager', /secretmanager\.secretVersionManager/],
  ] as const)('name the role that is missing: %s', (role, hint) => {
    expect(classify(refused(7), { ...asked, role }).message).toMatch(hint);
  });

  it.each([undefined, null, 'not-a-real-secret', 5, {}])('may be anything at all: %s', (thrown) => {
    expect(classify(thrown, asked)).toMatchObject({ code: 'unavailable' });
    expect(classify(thrown, asked).message).not.toContain('not-a-real');
  });

  it('are passed on when they are ours already', () => {
    const own = new ConfigError('crypto', 'x');
    expect(classify(own, asked)).toBe(own);
  });
});
