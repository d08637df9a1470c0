import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  appRole,
  aws,
  certificate,
  fromFile,
  jwt,
  kubernetes,
  token,
  tokenFile,
  type VaultAuth,
} from '../../../src/providers/vault/index.ts';
import type { FakeVault } from './fake.ts';
import { endsWith, fakeVault, fixture, pem, providerOf, refusal } from './setup.ts';

afterEach(() => vi.unstubAllEnvs());

type Body = Record<string, unknown>;

/** Makes a log-in path issue tokens for the bodies that `accepted` returns true for. */
function accepts(vault: FakeVault, at: string, accepted: (body: Body) => boolean): void {
  vault.engines.logins.set(at, (body) => (accepted(body) ? vault.issue(['root'], 60) : undefined));
}
const reads = (vault: FakeVault, auth: VaultAuth): Promise<unknown> =>
  providerOf(vault, { auth, env: {}, cache: false }).get('db.password');
const bodies = (vault: FakeVault, at: string): Body[] =>
  vault.seen.filter(({ url }) => url.endsWith(at)).map(({ body }) => JSON.parse(body));

describe('AppRole', () => {
  it('appRole logs in with a role ID and a secret ID, at any mount', async () => {
    const vault = await fakeVault();
    accepts(
      vault,
      'auth/apps/login',
      (body) => body.role_id === 'fake-role' && body.secret_id === 'fake-secret',
    );
    await reads(
      vault,
      appRole({ roleId: () => 'fake-role', secretId: async () => 'fake-secret', mount: 'apps' }),
    );
    expect(bodies(vault, '/login')).toEqual([{ role_id: 'fake-role', secret_id: 'fake-secret' }]);
    expect(vault.seen[0]?.token).toBeUndefined();
  });

  it('appRole logs in without a secret ID where the role requires none', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/approle/login', (body) => !('secret_id' in body));
    await reads(vault, appRole({ roleId: 'fake-role' }));
  });

  it('appRole unwraps a wrapped secret ID once and keeps it for later log-ins', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/approle/login', (body) => body.secret_id === 'fake-secret');
    vault.engines.wrapped.set('fake-wrap', { secret_id: 'fake-secret' });
    const provider = providerOf(vault, {
      auth: appRole({ roleId: 'r', wrappedSecretId: 'fake-wrap' }),
      env: {},
      cache: false,
    });
    await provider.get('db.password');
    vault.revoke(vault.seen.at(-1)?.token as string);
    await provider.get('db.password');
    expect(vault.count('unwrap')).toBe(1);
    expect(vault.count('login')).toBe(2);
  });

  it('appRole reports a wrapping token that was used before or has other content', async () => {
    const vault = await fakeVault();
    vault.engines.wrapped.set('fake-other', { password: 'x' });
    const used = await refusal(reads(vault, appRole({ roleId: 'r', wrappedSecretId: 'fake-used' })));
    expect(used).toMatchObject({ code: 'unauthenticated', hint: expect.stringContaining('revoke') });
    expect(
      await refusal(reads(vault, appRole({ roleId: 'r', wrappedSecretId: 'fake-other' }))),
    ).toMatchObject({ code: 'unauthenticated' });
    vault.fault = ({ url }) => (url.includes('unwrap') ? { status: 500, body: {} } : undefined);
    expect(await refusal(reads(vault, appRole({ roleId: 'r', wrappedSecretId: 'fake' })))).toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('JWT and Kubernetes', () => {
  it('kubernetes reads the token file again at each log-in', async () => {
    const vault = await fakeVault();
    const home = await mkdtemp(path.join(tmpdir(), 'vault-jwt-'));
    endsWith(() => rm(home, { recursive: true }));
    const file = path.join(home, 'token');
    accepts(vault, 'auth/kubernetes/login', (body) => body.role === 'app');
    await writeFile(file, 'first.jwt\n');
    const provider = providerOf(vault, {
      auth: kubernetes({ role: 'app', jwt: fromFile(file) }),
      env: {},
      cache: false,
    });
    await provider.get('db.password');
    await writeFile(file, 'second.jwt\n');
    vault.revoke(vault.seen.at(-1)?.token as string);
    await provider.get('db.password');
    expect(bodies(vault, '/login').map((body) => body.jwt)).toEqual(['first.jwt', 'second.jwt']);
  });

  it('jwt and kubernetes name a token file that is missing or empty', async () => {
    const vault = await fakeVault();
    expect(await refusal(reads(vault, kubernetes({ role: 'app' })))).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('/var/run/secrets/kubernetes.io/serviceaccount/token'),
    });
    expect(await refusal(reads(vault, jwt({ jwt: fromFile('/dev/null') })))).toMatchObject({
      message: expect.stringContaining('empty'),
    });
  });

  it('jwt uses the default role of the method where none is set', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/gitlab/login', (body) => body.jwt === 'fake.jwt' && !('role' in body));
    await reads(vault, jwt({ jwt: 'fake.jwt', mount: 'gitlab' }));
  });
});

describe('a TLS certificate', () => {
  it('certificate presents the client certificate and names the role', async () => {
    const vault = await fakeVault({
      tls: { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem') },
    });
    accepts(vault, 'auth/cert/login', (body) => body.name === 'web');
    accepts(vault, 'auth/other/login', (body) => Object.keys(body).length === 0);
    const shown: (string | undefined)[] = [];
    vault.onConnection((socket: TLSSocket) =>
      shown.push(socket.getPeerCertificate().subject?.CN as string | undefined),
    );
    const tls = { ca: fixture('ca.pem'), cert: fixture('client.pem'), key: fixture('client.key') };
    for (const auth of [certificate({ name: 'web' }), certificate({ mount: 'other' })]) {
      const provider = providerOf(vault, { tls, auth, env: {}, cache: false });
      await provider.get('db.password');
      vault.revoke(vault.seen.at(-1)?.token as string);
      await provider.get('db.password'); // the second log-in reads the files again
    }
    expect(shown.length).toBe(4);
    expect(new Set(shown)).toEqual(new Set(['fake-client']));
  });
});

describe('AWS', () => {
  const credentials = {
    accessKeyId: 'AKIAFAKEFAKEFAKE',
    secretAccessKey: 'fake-secret-access-key',
    sessionToken: 'fake-session',
  };
  const decoded = (body: Body, field: string): string => Buffer.from(`${body[field]}`, 'base64').toString();

  /** Computes the signature step by step, as in the AWS documentation. */
  function signature(headers: Record<string, string>, body: string, secret: string): string {
    const [, scope = '', names = ''] =
      /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.Authorization as string) ?? [];
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const lines = names.split(';').map((name) => `${name}:${lower[name]}\n`);
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${hash(body)}`;
    const [date = '', region = '', service = ''] = scope.split('/');
    const sign = (key: string | Buffer, text: string): Buffer =>
      createHmac('sha256', key).update(text).digest();
    const key = sign(sign(sign(sign(`AWS4${secret}`, date), region), service), 'aws4_request');
    return sign(key, `AWS4-HMAC-SHA256\n${lower['x-amz-date']}\n${scope}\n${hash(canonical)}`).toString(
      'hex',
    );
  }

  it('aws logs in with a signed GetCallerIdentity, and never sends the credentials', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/aws/login', (body) => body.role === 'app');
    await reads(vault, aws({ role: 'app', serverId: 'vault.internal', credentials, region: 'eu-central-1' }));
    const [body] = bodies(vault, '/login') as [Body];
    expect(body.iam_http_request_method).toBe('POST');
    expect(decoded(body, 'iam_request_url')).toBe('https://sts.eu-central-1.amazonaws.com/');
    expect(decoded(body, 'iam_request_body')).toBe('Action=GetCallerIdentity&Version=2011-06-15');
    const headers = JSON.parse(decoded(body, 'iam_request_headers')) as Record<string, string>;
    expect(headers['X-Vault-AWS-IAM-Server-ID']).toBe('vault.internal');
    expect(headers['X-Amz-Security-Token']).toBe('fake-session');
    const signed = ['content-length', 'content-type', 'host', 'x-amz-date', 'x-amz-security-token'];
    expect(headers.Authorization).toContain(
      `SignedHeaders=${[...signed, 'x-vault-aws-iam-server-id'].join(';')},`,
    );
    expect(headers.Authorization).toContain(
      `Signature=${signature(headers, decoded(body, 'iam_request_body'), credentials.secretAccessKey)}`,
    );
    expect(JSON.stringify(vault.seen)).not.toContain('fake-secret-access-key');
  });

  it('aws reads credentials from the environment or a function at each log-in', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/aws/login', () => true);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENV');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'fake');
    vi.stubEnv('AWS_SESSION_TOKEN', '');
    await reads(vault, aws({ role: 'app' }));
    await reads(
      vault,
      aws({ role: 'app', credentials: async () => credentials, stsEndpoint: 'http://127.0.0.1:1/' }),
    );
    const [first, second] = bodies(vault, '/login').map((body) => [
      decoded(body, 'iam_request_url'),
      decoded(body, 'iam_request_headers'),
    ]);
    expect(first?.[0]).toBe('https://sts.amazonaws.com/');
    expect(first?.[1]).toMatch(/AKIAENV\/\d{8}\/us-east-1\/sts/);
    expect(first?.[1]).not.toContain('Security-Token');
    expect(second?.[0]).toBe('http://127.0.0.1:1/');
    for (const none of [undefined, {}, { accessKeyId: 'AKIA' }])
      expect(
        await refusal(reads(vault, aws({ role: 'app', credentials: async () => none as never }))),
      ).toMatchObject({
        code: 'unauthenticated',
        message: expect.stringContaining('no accessKeyId'),
      });
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    expect(await refusal(reads(vault, aws({ role: 'app' })))).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('credentials'),
    });
  });
});

describe('an own auth function', () => {
  it('an own function can log in anywhere, and receives the refused token', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/ldap/login/alice', (body) => body.password === 'fake');
    const refused: unknown[] = [];
    const provider = providerOf(vault, {
      auth: async (call) => {
        refused.push(call.refused);
        return call.login('auth/ldap/login/alice', { password: 'fake' });
      },
      env: {},
      cache: false,
    });
    await provider.get('db.password');
    const first = vault.seen.at(-1)?.token as string;
    vault.revoke(first);
    await provider.get('db.password');
    expect(refused).toEqual([undefined, first]);
  });

  it('an own function can return a token with its life, or throw any error', async () => {
    const vault = await fakeVault();
    await reads(vault, async () => ({ token: vault.issue(['root']), ttlMs: 60_000 }));
    expect(vault.count('lookup-self')).toBe(0);
    const error = await refusal(
      reads(vault, async () => {
        throw new Error('my own s3cr3t failure');
      }),
    );
    expect(error).toMatchObject({
      code: 'unauthenticated',
      message:
        'vault: getting the log-in credentials failed (Error). Check the function passed as the option auth',
    });
  });

  it('an own function that fails on the network is an outage; only its error code is shown', async () => {
    const vault = await fakeVault();
    const refused = Object.assign(new TypeError('fetch failed: s3cr3t'), { cause: { code: 'ECONNREFUSED' } });
    for (const [thrown, code, word] of [
      [refused, 'unavailable', 'ECONNREFUSED'],
      [Object.assign(new Error('s3cr3t'), { name: 'TimeoutError' }), 'unavailable', 'TimeoutError'],
      [
        Object.assign(new Error('s3cr3t'), { name: 'CredentialsProviderError' }),
        'unauthenticated',
        'CredentialsProviderError',
      ],
      ['s3cr3t', 'unauthenticated', 'an unknown error'],
    ] as const) {
      const error = await refusal(
        reads(vault, aws({ role: 'app', credentials: () => Promise.reject(thrown) })),
      );
      expect(error).toMatchObject({
        code,
        message: expect.stringContaining(`vault: getting the log-in credentials failed (${word})`),
      });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cr3t');
    }
    expect(vault.seen).toEqual([]);
  });

  it.each([undefined, null, 7, {}, { token: '' }, { token: 7 }, ' \n'])(
    'an own function that returns %j has returned no token',
    async (answer) => {
      const vault = await fakeVault();
      expect(await refusal(reads(vault, (async () => answer) as never))).toMatchObject({
        code: 'unauthenticated',
        message: expect.stringContaining('returned no token'),
      });
      expect(vault.seen).toEqual([]);
    },
  );
});

describe('a token', () => {
  it('trims the line end of a token', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { env: { VAULT_TOKEN: 'root-token\r\n' } });
    expect(await provider.get('db.password')).toBeUndefined();
    expect(new Set(vault.seen.map((seen) => seen.token))).toEqual(new Set(['root-token']));
  });

  it.each(['“root-token”', 'root-token\nroot-token', 'root token', 'r\u0000t'])(
    'rejects text that cannot be a token without a request: %j',
    async (text) => {
      const vault = await fakeVault();
      const error = await refusal(reads(vault, token(text)));
      expect(error).toMatchObject({
        code: 'unauthenticated',
        transient: false,
        message: expect.stringContaining('characters that no token can have'),
      });
      expect(inspect(error, { showHidden: true })).not.toContain(text);
      expect(vault.seen).toEqual([]);
    },
  );
});

describe('a log-in', () => {
  it('accepts a mount with slashes around it', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/team/approle/login', () => true);
    await reads(vault, appRole({ roleId: 'r', mount: '/team/approle/' }));
    expect(vault.asked[0]).toBe('POST /v1/auth/team/approle/login');
  });

  it('reports whether a log-in was refused, misplaced, broken or incomplete', async () => {
    const vault = await fakeVault();
    accepts(vault, 'auth/approle/login', () => false);
    const auth = appRole({ roleId: 'r', secretId: 's' });
    expect(await refusal(reads(vault, auth))).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(reads(vault, appRole({ roleId: 'r', mount: 'nowhere' })))).toMatchObject({
      code: 'unauthenticated',
    });
    vault.fault = () => ({ status: 404, body: { errors: ['no handler for route'] } });
    expect(await refusal(reads(vault, auth))).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(
        'no auth method is mounted at auth/approle/login. Check the mount of the option auth',
      ),
    });
    vault.fault = () => ({ status: 200, body: { auth: null } });
    expect(await refusal(reads(vault, auth))).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('second factor'),
    });
    vault.fault = () => ({ status: 200, body: '<html>' });
    expect(await refusal(reads(vault, auth))).toMatchObject({ code: 'unavailable' });
    vault.fault = () => ({ status: 500, body: { errors: [] } });
    expect(await refusal(reads(vault, auth))).toMatchObject({ code: 'unavailable' });
    vault.fault = ({ url }) => (url.includes('lookup') ? { status: 502, body: '<html>' } : undefined);
    expect(await refusal(reads(vault, token('root-token')))).toMatchObject({ code: 'unavailable' });
    vault.fault = ({ url }) =>
      url.includes('lookup') ? { status: 400, body: { errors: ['bad token'] } } : undefined;
    expect(await refusal(reads(vault, token('root-token')))).toMatchObject({ code: 'unauthenticated' });
  });

  it.each([
    ['appRole without a role ID', () => appRole({} as never)],
    ['appRole with two secret IDs', () => appRole({ roleId: 'r', secretId: 's', wrappedSecretId: 'w' })],
    ['appRole with a number as role ID', () => appRole({ roleId: 7 } as never)],
    ['jwt without a JWT', () => jwt({} as never)],
    ['kubernetes without a role', () => kubernetes({} as never)],
    ['aws without a role', () => aws({} as never)],
    ['aws with an endpoint that is not a URL', () => aws({ role: 'r', stsEndpoint: 'nonsense' })],
    ['an empty token', () => token('')],
    ['tokenFile without a path', () => tokenFile('')],
    ['tokenFile with a token', () => tokenFile('hvs.fakefakefakefakefakefake')],
    ['tokenFile with a function', () => tokenFile((() => '/run/token') as never)],
    ['certificate with an unknown option', () => certificate({ nam: 'x' } as never)],
  ])('refuses invalid options at construction: %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
