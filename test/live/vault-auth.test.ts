import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  appRole,
  aws,
  certificate,
  fromFile,
  jwt,
  kubernetes,
  tokenFile,
  type VaultAuth,
  VaultProvider,
} from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { type Recorder, recorder } from './proxy.ts';
import { admin, live, mounted, policy, refusal, tokenOf, unique, until } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

const { mount, unmount } = await mounted('kv', { options: { version: '2' } });
const reader = unique('reader');
await policy(reader, `path "${mount}/data/app/*" { capabilities = ["read"] }`);
await admin('POST', `${mount}/data/app/db`, { data: { password: 'fake' } });
cleaning.push(unmount, () => admin('DELETE', `sys/policies/acl/${reader}`));

/** The life of all tokens in this file: two seconds, at most five. */
const short = { token_policies: [reader], token_ttl: '2s', token_max_ttl: '5s' };

async function method(type: string): Promise<string> {
  const at = unique(type);
  await admin('POST', `sys/auth/${at}`, { type });
  cleaning.push(() => admin('DELETE', `sys/auth/${at}`));
  return at;
}

async function providerOf(
  auth: VaultAuth,
  more: Partial<VaultOptions> = {},
): Promise<{ provider: VaultProvider; proxy: Recorder }> {
  const proxy = await recorder(live.address);
  const provider = new VaultProvider({
    address: proxy.address,
    mount,
    path: 'app/',
    kv: 2,
    auth,
    env: {},
    cache: false,
    ...more,
  });
  cleaning.push(
    () => provider.close(),
    () => proxy.close(),
  );
  return { provider, proxy };
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Reads through a log-in, renewals, the maximum life of a token, a revocation and a close. */
async function lives(auth: VaultAuth, at: string, more: Partial<VaultOptions> = {}): Promise<void> {
  const { provider, proxy } = await providerOf(auth, more);
  const seen = more.address === undefined;
  const read = async (): Promise<void> => expect((await provider.get('db.password'))?.value).toBe('fake');
  await read();
  const end = Date.now() + 6_500;
  while (Date.now() < end) {
    await read();
    await wait(50);
  }
  if (seen) {
    const logins = proxy.count(`auth/${at}/login`);
    expect(proxy.count('renew-self')).toBeGreaterThanOrEqual(2);
    expect(logins).toBeGreaterThanOrEqual(2);
    expect(logins).toBeLessThanOrEqual(4);
  }
  const before = proxy.count(`auth/${at}/login`);
  await admin('PUT', `sys/leases/revoke-prefix/auth/${at}/login`);
  await Promise.all(Array.from({ length: 20 }, read));
  if (seen) expect(proxy.count(`auth/${at}/login`)).toBe(before + 1);
  await provider.close();
  if (seen) expect(proxy.count('revoke-self')).toBeGreaterThanOrEqual(1);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function signed(claims: object, key: KeyObject): string {
  const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
const times = (): object => {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, nbf: now, exp: now + 600 };
};

describe.concurrent('against the real server', () => {
  it('appRole reads through renewals, the end of a token and a revocation', async () => {
    const at = await method('approle');
    await admin('POST', `auth/${at}/role/app`, short);
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
    await lives(appRole({ roleId, secretId, mount: at }), at);
  });

  it('appRole unwraps a secret ID once, and reports a wrapping token that was used before', async () => {
    const at = await method('approle');
    await admin('POST', `auth/${at}/role/app`, short);
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const wrap = async (): Promise<string> =>
      (await admin('POST', `auth/${at}/role/app/secret-id`, {}, { wrap: '60s' })).wrap_info.token;
    const wrapped = await wrap();
    await lives(appRole({ roleId, wrappedSecretId: wrapped, mount: at }), at);
    const late = await providerOf(appRole({ roleId, wrappedSecretId: wrapped, mount: at }));
    expect(await refusal(late.provider.get('db.password'))).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('unwrapped'),
    });
  });

  it('appRole is refused with a wrong secret ID, and at a wrong mount', async () => {
    const at = await method('approle');
    const wrong = await providerOf(appRole({ roleId: 'fake', secretId: 'fake', mount: at }));
    expect(await refusal(wrong.provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(wrong.provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(wrong.proxy.count('login')).toBe(1);
    const misplaced = await providerOf(appRole({ roleId: 'fake', mount: unique('nowhere') }));
    expect(await refusal(misplaced.provider.get('db.password'))).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('mount'),
    });
  });

  it('batch tokens are not renewed, but replaced before their end', async () => {
    const at = await method('approle');
    await admin('POST', `auth/${at}/role/app`, {
      token_policies: [reader],
      token_ttl: '3s',
      token_type: 'batch',
    });
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
    const { provider, proxy } = await providerOf(appRole({ roleId, secretId, mount: at }));
    for (let i = 0; i < 70; i++) {
      expect((await provider.get('db.password'))?.value).toBe('fake');
      await wait(50);
    }
    expect(proxy.count('renew-self')).toBe(0);
    expect(proxy.count('login')).toBeGreaterThanOrEqual(2);
    expect(proxy.count('login')).toBeLessThanOrEqual(4);
  });

  it('tokens with few uses are replaced when the uses run out', async () => {
    const at = await method('approle');
    await admin('POST', `auth/${at}/role/app`, {
      token_policies: [reader],
      token_ttl: '60s',
      token_num_uses: 4,
    });
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
    const { provider, proxy } = await providerOf(appRole({ roleId, secretId, mount: at }));
    for (let i = 0; i < 10; i++) expect((await provider.get('db.password'))?.value).toBe('fake');
    expect(proxy.count('/login')).toBe(3);
  });

  it('jwt reads through renewals, the end of a token and a revocation', async () => {
    const at = await method('jwt');
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await admin('POST', `auth/${at}/config`, {
      jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })],
    });
    await admin('POST', `auth/${at}/role/app`, {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['vault'],
      ...short,
    });
    const ciToken = (): string => signed({ sub: 'build', aud: 'vault', ...times() }, privateKey);
    await lives(jwt({ jwt: ciToken, role: 'app', mount: at }), at);
    const { privateKey: other } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = await providerOf(
      jwt({ jwt: signed({ sub: 'build', aud: 'vault', ...times() }, other), role: 'app', mount: at }),
    );
    expect(await refusal(forged.provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
  });

  it('kubernetes reads through renewals and a revocation, with the current token file', async () => {
    const at = await method('kubernetes');
    const reviewed: string[] = [];
    const cluster = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      reviewed.push(JSON.parse(body).spec.token);
      const user = {
        username: 'system:serviceaccount:default:app',
        uid: 'fake-uid',
        groups: ['system:serviceaccounts'],
      };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          status: { authenticated: true, user },
        }),
      );
    });
    await new Promise<void>((done) => cluster.listen(0, '127.0.0.1', done));
    cleaning.push(async () => cluster.close());
    const host = `http://127.0.0.1:${(cluster.address() as AddressInfo).port}`;
    await admin('POST', `auth/${at}/config`, {
      kubernetes_host: host,
      kubernetes_ca_cert: readFileSync(live.ca, 'utf8'),
      token_reviewer_jwt: 'fake',
      disable_local_ca_jwt: true,
    });
    await admin('POST', `auth/${at}/role/app`, {
      bound_service_account_names: ['app'],
      bound_service_account_namespaces: ['default'],
      ...short,
    });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const account = { namespace: 'default', serviceaccount: { name: 'app', uid: 'fake-uid' } };
    const accountToken = (n: number): string =>
      signed(
        { sub: 'system:serviceaccount:default:app', ...times(), n, 'kubernetes.io': account },
        privateKey,
      );
    const home = await mkdtemp(path.join(tmpdir(), 'vault-k8s-'));
    cleaning.push(() => rm(home, { recursive: true }));
    const file = path.join(home, 'token');
    await writeFile(file, accountToken(1));
    const living = lives(kubernetes({ role: 'app', jwt: fromFile(file), mount: at }), at);
    await until(() => reviewed.length > 0);
    await writeFile(file, accountToken(2));
    await living;
    expect(new Set(reviewed).size).toBe(2);
  });

  it('certificate reads through renewals, the end of a token and a revocation', async () => {
    const at = await method('cert');
    await admin('POST', `auth/${at}/certs/web`, {
      certificate: readFileSync(live.ca, 'utf8'),
      allowed_common_names: ['client'],
      ...short,
    });
    const tls = { ca: live.ca, cert: live.cert, key: live.key };
    await lives(certificate({ name: 'web', mount: at }), at, { address: live.tlsAddress, tls });
    const { provider } = await providerOf(certificate({ mount: at }), {
      address: live.tlsAddress,
      tls: { ca: live.ca },
    });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
  });

  it('tokenFile uses a new token when an agent replaces the file', async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'vault-sink-'));
    cleaning.push(() => rm(home, { recursive: true }));
    const file = path.join(home, 'token');
    const first = await tokenOf([reader, 'default']);
    await writeFile(file, first);
    const { provider, proxy } = await providerOf(tokenFile(file));
    await provider.get('db.password');
    await writeFile(`${file}.new`, await tokenOf([reader, 'default']));
    await rename(`${file}.new`, file);
    await until(() => proxy.count('lookup-self') === 2);
    await admin('POST', 'auth/token/revoke', { token: first });
    expect((await provider.get('db.password'))?.value).toBe('fake');
    await provider.close();
    expect(proxy.count('revoke-self')).toBe(0);
  });

  it('a token without permission is distinguished from a dead one', async () => {
    const poor = await tokenOf([reader], { no_default_policy: true });
    const { provider } = await providerOf(async () => poor, { path: 'elsewhere/' });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'access_denied' });
    await admin('POST', 'auth/token/revoke', { token: poor });
    await wait(5_100); // the result of the look-up is remembered for five seconds
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
  });
});

describe('aws', () => {
  /** The status of STS for a request, replayed as Vault would. */
  async function replayed(
    body: Record<string, string>,
    change: (signature: string) => string = (same) => same,
  ): Promise<number> {
    const decoded = (field: string): string => Buffer.from(body[field] as string, 'base64').toString();
    const headers = JSON.parse(decoded('iam_request_headers')) as Record<string, string>;
    const { Host, ...rest } = headers;
    expect(Host).toBe(new URL(live.aws).host);
    const Authorization = (rest.Authorization as string).replace(/(?<=Signature=).*/, change);
    const answer = await fetch(decoded('iam_request_url'), {
      method: 'POST',
      headers: { ...rest, Authorization },
      body: decoded('iam_request_body'),
    });
    return answer.status;
  }

  it('STS accepts the signed request of a log-in, and rejects a changed signature', async () => {
    const iam = async (fields: Record<string, string>): Promise<string> => {
      const Authorization = [
        'AWS4-HMAC-SHA256 Credential=fake/20260101/us-east-1/iam/aws4_request',
        'SignedHeaders=host',
        'Signature=fake',
      ].join(', ');
      const answer = await fetch(live.aws, {
        method: 'POST',
        headers: { Authorization },
        body: new URLSearchParams({ Version: '2010-05-08', ...fields }),
      });
      return answer.text();
    };
    const UserName = unique('live-user');
    await iam({ Action: 'CreateUser', UserName });
    const allow = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
    await iam({
      Action: 'PutUserPolicy',
      UserName,
      PolicyName: 'all',
      PolicyDocument: JSON.stringify(allow),
    });
    const made = await iam({ Action: 'CreateAccessKey', UserName });
    const field = (name: string): string => new RegExp(`<${name}>([^<]+)`).exec(made)?.[1] as string;
    const credentials = { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') };
    const bodies: Record<string, string>[] = [];
    const auth = aws({ role: 'app', serverId: 'vault.internal', credentials, stsEndpoint: `${live.aws}/` });
    await auth({
      signal: new AbortController().signal,
      login: async (_path, body) => ({ token: `${bodies.push(body as never)}` }),
      unwrap: async () => ({}),
    });
    const [body] = bodies as [Record<string, string>];
    const checking = (afterRequests: string): Promise<unknown> =>
      fetch(`${live.aws}/moto-api/reset-auth`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: afterRequests,
      });
    await checking('0');
    try {
      expect(await replayed(body)).toBe(200);
      expect(
        await replayed(body, (signature) => (signature.startsWith('0') ? '1' : '0') + signature.slice(1)),
      ).toBe(403);
    } finally {
      await checking('inf');
    }
  });
});
