import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect, promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { Connection } from '../../../src/providers/vault/connection.ts';
import { token } from '../../../src/providers/vault/index.ts';
import { encodePath } from '../../../src/providers/vault/paths.ts';
import { maxResponseBytes } from '../../../src/remote/limited.ts';
import { systemClock } from '../../../src/shelter/clock.ts';
import { importable } from '../../support/program.ts';
import { runs } from '../../support/runs.ts';
import type { Fault } from './fake.ts';
import { endsWith, fakeVault, fixture, pem, providerOf, refusal } from './setup.ts';

type Options = ConstructorParameters<typeof Connection>[0];

const read = { method: 'GET', path: 'secret/data/app/db', subject: 'secret/app/db' } as const;
const never = new AbortController().signal;

async function connected(options: Options): Promise<Connection> {
  const connection = new Connection({ env: { VAULT_TOKEN: 'root-token' }, ...options }, systemClock);
  endsWith(() => connection.close());
  await connection.connect(never);
  return connection;
}
const readOnce = async (options: Options): Promise<unknown> =>
  (await connected(options)).request(read, never);

afterEach(() => vi.unstubAllEnvs());

describe('the transport', () => {
  it('sends the token, the namespace and the header that agents require', async () => {
    const vault = await fakeVault();
    await readOnce({ address: vault.address, namespace: '/platform/ml/' });
    const { headers, token: sent } = vault.seen.at(-1) as (typeof vault.seen)[0];
    expect(sent).toBe('root-token');
    expect(headers['x-vault-namespace']).toBe('platform/ml');
    expect(headers['x-vault-request']).toBe('true');
  });

  it('trims a namespace, and refuses one that a header cannot carry', async () => {
    const vault = await fakeVault();
    await providerOf(vault, {
      env: { VAULT_TOKEN: 'root-token', VAULT_NAMESPACE: '/team/inference/\n' },
    }).get('db.password');
    expect(new Set(vault.seen.map(({ headers }) => headers['x-vault-namespace']))).toEqual(
      new Set(['team/inference']),
    );
    expect(() => providerOf(vault, { namespace: 'té€am' })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });

  it('does not follow redirects, so no token reaches another host', async () => {
    const other = await fakeVault();
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    for (const [status, code] of [
      [301, 'invalid_option'],
      [302, 'invalid_option'],
      [307, 'unavailable'],
      [308, 'invalid_option'],
    ] as const) {
      vault.fault = () => ({ status, headers: { location: `${other.address}/v1/secret/data/app/db` } });
      expect(await refusal(connection.request(read, never))).toMatchObject({ code });
    }
    expect(other.seen).toEqual([]);
  });

  it('connects to a unix socket without a token of its own', async () => {
    const vault = await fakeVault({ socket: path.join(tmpdir(), `fake-vault-${process.pid}.sock`) });
    vault.fault = () => ({ status: 200, body: { data: {} } });
    await readOnce({ address: vault.address, env: {} });
    expect(vault.seen.map((one) => one.token)).toEqual([undefined]);
  });

  it('keeps the path prefix of a reverse proxy before /v1', async () => {
    const vault = await fakeVault();
    vault.fault = () => ({ status: 200, body: { data: {} } });
    await readOnce({ address: `${vault.address}/vault/` });
    expect(vault.asked.at(-1)).toBe('GET /vault/v1/secret/data/app/db');
  });

  it('rejects a response of more than 32 MiB', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => ({ status: 200, body: `"${'x'.repeat(maxResponseBytes)}"` });
    expect(await refusal(connection.request(read, never))).toMatchObject({
      code: 'parse',
      message: expect.stringContaining('32 MiB'),
    });
  });

  it.each(['hang', 'trickle'] as const)(
    'aborts with its signal when the server lets a response %s',
    async (fault) => {
      const vault = await fakeVault();
      const connection = await connected({ address: vault.address });
      vault.fault = () => fault;
      const end = new AbortController();
      const answer = refusal(connection.request(read, end.signal));
      setTimeout(() => end.abort(), 60);
      expect(await answer).toMatchObject({ code: 'timeout', transient: true });
    },
  );

  it('rejects with unavailable and the reason when the connection fails or breaks', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => 'cut';
    expect(await refusal(connection.request(read, never))).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ECONNRESET/),
    });
    await vault.close();
    expect(await refusal(connection.request(read, never))).toMatchObject({
      code: 'unavailable',
      message: [
        `vault: the server at ${vault.address} cannot be reached (ECONNREFUSED)`,
        'Check the network and the state of the server',
      ].join('. '),
    });
  });

  it.each([200, 403, 404, 502])('treats the HTML of a proxy (%i) as an outage', async (status) => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => ({ status, body: '<html>captive portal</html>' });
    expect(await refusal(connection.request(read, never))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('not from Vault'),
    });
  });

  it.each([
    { status: 404, body: { message: 'no Route matched with those values' } },
    { status: 404, body: undefined },
    { status: 403, body: { message: 'Forbidden' } },
  ])('treats the JSON of a gateway as an outage, not as an absent secret: %o', async (fault) => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => fault;
    expect(await refusal(connection.request(read, never))).toMatchObject({ code: 'unavailable' });
  });

  it('makes a read on Vault Enterprise see the last write', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = ({ method }) => ({
      status: 200,
      body: { data: {} },
      headers: method === 'POST' ? { 'x-vault-index': 'djE6ZmFrZQ==' } : {},
    });
    await connection.request(read, never);
    expect(vault.seen.at(-1)?.headers['x-vault-index']).toBeUndefined();
    await connection.request({ ...read, method: 'POST', body: {} }, never);
    await connection.request(read, never);
    expect(vault.seen.at(-1)?.headers['x-vault-index']).toBe('djE6ZmFrZQ==');
  });

  it('asks for the health of the server outside of its namespace', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address, namespace: '/team/' });
    await connection.ping(never);
    expect(vault.seen.at(-1)?.headers['x-vault-namespace']).toBeUndefined();
    await connection.request(read, never);
    expect(vault.seen.at(-1)?.headers['x-vault-namespace']).toBe('team');
  });

  it('counts standby nodes as healthy, and reports a gateway that forbids the check', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    await connection.ping(never);
    expect(vault.asked.at(-1)).toBe('GET /v1/sys/health?standbyok=true&perfstandbyok=true');
    vault.fault = () => ({ status: 403, body: { errors: [] } });
    expect(await refusal(connection.ping(never))).toMatchObject({ code: 'access_denied' });
    vault.fault = () => ({ status: 404, body: { errors: [] } });
    expect(await refusal(connection.ping(never))).toMatchObject({ code: 'invalid_option' });
  });

  it.each<[string, Fault, object]>([
    [
      'a sealed server',
      { status: 503, body: { errors: ['Vault is sealed'] } },
      { code: 'unavailable', message: expect.stringContaining('sealed') },
    ],
    ['a server that is not ready', { status: 503, body: { errors: [] } }, { code: 'unavailable' }],
    [
      'a rate limit with seconds',
      { status: 429, body: { errors: [] }, headers: { 'retry-after': '7' } },
      { code: 'throttled', retryAfterMs: 7000 },
    ],
    [
      'a rate limit of a proxy',
      { status: 429, body: '<html>', headers: { 'retry-after': '2' } },
      { code: 'throttled', retryAfterMs: 2000 },
    ],
    [
      'a node that lags behind',
      { status: 412, body: { errors: [] } },
      { code: 'unavailable', transient: true },
    ],
    [
      'a disaster-recovery standby',
      { status: 472, body: { errors: [] } },
      { code: 'unavailable', transient: true },
    ],
    [
      'a performance standby',
      { status: 473, body: { errors: [] } },
      { code: 'unavailable', transient: true },
    ],
    ['a server that is not initialized', { status: 501, body: { errors: [] } }, { code: 'unavailable' }],
    ['a failure', { status: 500, body: { errors: ['internal: s3cr3t'] } }, { code: 'unavailable' }],
    [
      'a wrong method',
      { status: 405, body: { errors: ['unsupported operation'] } },
      { code: 'invalid_option' },
    ],
    [
      'a wrong request',
      { status: 400, body: { errors: ['no such thing as s3cr3t'] } },
      { code: 'invalid_option' },
    ],
    [
      'a missing token',
      { status: 400, body: { errors: ['missing client token'] } },
      { code: 'unauthenticated' },
    ],
  ])('classifies %s without quoting the server', async (_name, fault, expected) => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => fault;
    const error = await refusal(connection.request(read, never));
    expect(error).toMatchObject(expected);
    expect(inspect(error, { depth: 9 })).not.toContain('s3cr3t');
  });

  it('accepts a date in Retry-After', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address });
    vault.fault = () => ({
      status: 429,
      body: {},
      headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
    });
    const { retryAfterMs = 0 } = await refusal(connection.request(read, never));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('prints no token, not even in the debug output of node-vault', async () => {
    const vault = await fakeVault();
    const connection = await connected({ address: vault.address, auth: token('root-token'), env: {} });
    vault.fault = () => 'cut';
    const error = await refusal(connection.request(read, never));
    for (const printed of [
      inspect(connection, { depth: 9, showHidden: true }),
      inspect(error, { depth: 9, showHidden: true }),
      JSON.stringify(error),
    ])
      expect(printed).not.toContain('root-token');
    const index = await importable(new URL('../../../src/providers/vault/index.ts', import.meta.url));
    const script = `
      const { VaultProvider } = await import('${index}');
      const vault = new VaultProvider({ address: '${vault.address}', path: 'app/', resilience: false });
      await vault.set('db.password', 'written-s3cr3t').catch(() => {});`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script],
      {
        env: { ...process.env, DEBUG: '*', VAULT_TOKEN: 'root-token', NODE_OPTIONS: '' },
      },
    );
    expect(stdout + stderr).not.toMatch(/root-token|written-s3cr3t/);
  });
});

describe('TLS', () => {
  it('verifies certificates whatever the environment variables are', async () => {
    // Node warns about this variable once per process, which is not what this test is about.
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    endsWith(async () => warned.mockRestore());
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.stubEnv('VAULT_SKIP_VERIFY', 'true');
    const vault = await fakeVault({ tls: { cert: pem('server.pem'), key: pem('server.key') } });
    const error = await refusal(readOnce({ address: vault.address }));
    expect(error).toMatchObject({
      code: 'crypto',
      transient: false,
      hint: expect.stringContaining('tls.ca'),
    });
    expect(vault.seen).toEqual([]);
  });

  it('trusts an authority that is given as text or as a file', async () => {
    const vault = await fakeVault({ tls: { cert: pem('server.pem'), key: pem('server.key') } });
    for (const ca of [pem('ca.pem'), fixture('ca.pem')])
      await readOnce({ address: vault.address, tls: { ca, minVersion: 'TLSv1.3' } });
    await readOnce({
      address: vault.address,
      env: { VAULT_TOKEN: 'root-token', VAULT_CACERT: fixture('ca.pem') },
    });
    expect(vault.count('secret/data')).toBe(3);
  });

  it('rejects a certificate for another server name', async () => {
    const vault = await fakeVault({ tls: { cert: pem('server.pem'), key: pem('server.key') } });
    expect(
      await refusal(
        readOnce({ address: vault.address, tls: { ca: pem('ca.pem'), serverName: 'vault.internal' } }),
      ),
    ).toMatchObject({
      code: 'crypto',
    });
    expect(vault.seen).toEqual([]);
  });

  it('never quotes tls.key in an error, as it may be the key itself', async () => {
    const key = Buffer.from('not a real private key, and yet as long as one').toString('base64');
    const tls = { cert: pem('client.pem'), key };
    const connection = new Connection(
      { address: 'https://127.0.0.1:1', tls, env: { VAULT_TOKEN: 'root-token' } },
      systemClock,
    );
    const error = await refusal(connection.connect(never));
    expect(error).toMatchObject({ code: 'io', message: expect.stringContaining('tls.key') });
    expect(error.message).not.toContain(key.slice(0, 16));
  });

  it('reports a certificate file that is missing or has no PEM text, and reads it again', async () => {
    const vault = await fakeVault({ tls: { cert: pem('server.pem'), key: pem('server.key') } });
    for (const ca of [fixture('none.pem'), new URL('setup.ts', import.meta.url).pathname]) {
      const connection = new Connection(
        { address: vault.address, tls: { ca }, env: { VAULT_TOKEN: 'root-token' } },
        systemClock,
      );
      for (let again = 0; again < 2; again++)
        expect(await refusal(connection.connect(never))).toMatchObject({
          code: 'io',
          message: expect.stringContaining('tls.ca'),
        });
    }
  });

  it('reports a server that does not speak TLS', async () => {
    const vault = await fakeVault();
    expect(await refusal(readOnce({ address: vault.address.replace('http:', 'https:') }))).toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('TLS'),
    });
  });
});

describe('the address', () => {
  const made = (options: Options) => () => new Connection({ env: {}, ...options }, systemClock);

  it('allows plain http on loopback only, unless allowInsecure is set', () => {
    expect(made({ address: 'https://vault.internal' })).not.toThrow();
    for (const host of ['vault.internal', '10.0.0.7', 'localhost.example.com', '127.example.com']) {
      expect(made({ address: `http://${host}:8200` })).toThrow(
        expect.objectContaining({ code: 'invalid_option', hint: expect.stringContaining('allowInsecure') }),
      );
      expect(made({ address: `http://${host}:8200`, allowInsecure: true })).not.toThrow();
      expect(made({ address: `https://${host}:8200` })).not.toThrow();
    }
    expect(made({})).not.toThrow();
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]', 'vault.localhost'])
      expect(made({ address: `http://${host}:8200` })).not.toThrow();
  });

  it.each([
    'vault.internal:8200',
    'nonsense',
    'ftp://vault',
    'https://user:fake-pass@vault',
    'https://vault/?a=b',
    'https://vault/#x',
    'unix://',
  ])('refuses the address %s without quoting it', (address) => {
    expect(made({ address })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.not.stringContaining('fake-pass') }),
    );
  });

  it('reads the address from the environment, OpenBao names first', async () => {
    const vault = await fakeVault();
    const env = {
      VAULT_ADDR: 'https://elsewhere.invalid',
      BAO_ADDR: vault.address,
      VAULT_NAMESPACE: 'team',
      VAULT_TOKEN: 'root-token',
    };
    await readOnce({ env });
    expect(vault.seen.at(-1)?.headers['x-vault-namespace']).toBe('team');
  });

  it('refuses a client certificate without its key', () => {
    expect(made({ address: 'https://vault', tls: { cert: 'client.pem' } })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});

describe('an injected client', () => {
  it('uses an injected client unchanged, such as a real node-vault', async () => {
    const vault = await fakeVault();
    const { default: nodeVault } = await import('node-vault');
    const client = nodeVault({ endpoint: vault.address, token: 'root-token' });
    const connection = await connected({ client, env: {} });
    vault.fault = (seen) =>
      seen.url.includes('app/db') ? { status: 200, body: { data: { data: { a: 1 } } } } : undefined;
    expect(await connection.request(read, never)).toMatchObject({
      status: 200,
      body: { data: { data: { a: 1 } } },
    });
    expect(await connection.request({ ...read, path: 'secret/data/none' }, never)).toMatchObject({
      status: 404,
    });
    await vault.close();
    const error = await refusal(connection.request(read, never));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('root-token');
  });

  it('accepts an injected client that returns or throws anything', async () => {
    let answer: () => unknown = () => '';
    const connection = await connected({ client: { request: async () => answer() } });
    expect(await connection.request(read, never)).toMatchObject({ status: 200, body: {} });
    answer = () => '<html>';
    expect(await refusal(connection.request(read, never))).toMatchObject({ code: 'unavailable' });
    for (const thrown of [new Error('s3cr3t'), 's3cr3t', null]) {
      answer = () => {
        throw thrown;
      };
      const error = await refusal(connection.request(read, never));
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(inspect(error)).not.toContain('s3cr3t');
    }
    answer = () => {
      throw new ConfigError('throttled', 'thrown by the client');
    };
    expect(await refusal(connection.request(read, never))).toMatchObject({ code: 'throttled' });
    await connection.connect(never);
  });

  it('refuses options that have no effect with an injected client', () => {
    const client = { request: async () => ({}) };
    expect(() => new Connection({ client, address: 'https://vault' }, systemClock)).toThrow(/address/);
  });
});

describe('a path', () => {
  it('keeps every path inside its mount, whatever the names contain', async () => {
    const seen: string[] = [];
    const server: Server = createServer((request, response) => {
      seen.push(request.url as string);
      response.setHeader('content-type', 'application/json');
      response.end('{"data":{}}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    endsWith(async () => server.closeAllConnections());
    const address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const connection = await connected({ address });
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 12 }),
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '%2E.',
        '..%2f..',
        '?list=true',
        '#x',
        'a&#x2F;b',
        '\\..\\',
        '\u0000',
        'a\r\nX-Vault-Token: x',
        ' ',
        '+',
        '*',
        '..;',
        '\ud800',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 4 }), async (names) => {
        const before = seen.length;
        const asking = connection.request({ ...read, path: `secret/data/app/${names.join('/')}` }, never);
        const error = await asking.then(
          () => undefined,
          (thrown) => thrown,
        );
        if (error) {
          expect(error.code).toBe('invalid_key');
          expect(seen.length).toBe(before);
          return;
        }
        const url = seen.at(-1) as string;
        expect(url.startsWith('/v1/secret/data/app/')).toBe(true);
        expect(new URL(url, address).pathname).toBe(url); // no client, proxy or server can shorten it
        expect(decodeURIComponent(url.slice('/v1/secret/data/app/'.length))).toBe(names.join('/'));
      }),
      { numRuns: runs(60, 1_000) },
    );
  });

  it('encodes a path segment by segment', () => {
    expect(encodePath('secret/data/a b/%2e%2e/c?d#e')).toBe('secret/data/a%20b/%252e%252e/c%3Fd%23e');
    for (const path of ['a/../b', './a', 'a/\u007f', 'a\nb'])
      expect(() => encodePath(path)).toThrow(expect.objectContaining({ code: 'invalid_key' }));
  });
});
