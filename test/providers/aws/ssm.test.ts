// AwsSsmProvider, with the real SDK against the HTTP server in `server.ts`.
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConfigError } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { type AwsSsmOptions, AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { manualClock } from '../../../src/testing/index.ts';
import { AwsServer, account } from './server.ts';

let server: AwsServer;
beforeEach(async () => {
  server = await AwsServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const quick = { attempts: 1, timeoutMs: 2_000, breaker: false } as const;
const ssm = (options: Partial<AwsSsmOptions> = {}): AwsSsmProvider => {
  const where = options.parameters ? {} : { path: '/acme/inference' };
  return new AwsSsmProvider({
    ...where,
    endpoint: server.endpoint,
    ...account,
    resilience: quick,
    limits: { perSecond: 10_000 },
    ...options,
  });
};

describe('reading and writing SSM parameters', () => {
  it('AwsSsmProvider maps keys to parameter names and back', async () => {
    server.putParameter('/acme/inference/database/pool-max', '5');
    server.putParameter('/acme/inference/hosts/api.example.com', 'x');
    const provider = ssm();
    expect(await provider.get('database.pool-max')).toMatchObject({
      value: '5',
      secret: false,
      version: '1',
      text: true,
    });
    expect(await provider.get('hosts."api.example.com"')).toMatchObject({ value: 'x' });
    expect((await provider.list()).map((item) => item.key)).toEqual([
      'database.pool-max',
      'hosts."api.example.com"',
    ]);
    expect(provider.where('database.pool-max')).toBe('aws-ssm /acme/inference/database/pool-max');
    expect(String((await provider.get('database.pool-max'))?.origin)).toBe(
      'aws-ssm /acme/inference/database/pool-max v1',
    );
    expect(await provider.get('no."such/thing"')).toBeUndefined();
    expect(server.calls.some(({ input }) => JSON.stringify(input).includes('such'))).toBe(false);
  });

  it('AwsSsmProvider reads 25 keys in three batches of ten', async () => {
    for (let i = 0; i < 25; i++) server.putParameter(`/acme/inference/key${i}`, `value ${i}`);
    const provider = ssm();
    const found = await Promise.all(Array.from({ length: 25 }, (_, i) => provider.get(`key${i}`)));
    expect(found.map((entry) => entry?.value)).toEqual(Array.from({ length: 25 }, (_, i) => `value ${i}`));
    expect(server.count('GetParameters')).toBe(3);
  });

  it('a missing parameter is absent and does not affect its batch', async () => {
    server.putParameter('/acme/inference/a', '1');
    const found = await ssm().getMany(['a', 'b', 'c']);
    expect(
      [...found].map(([key, entry]) => [key, (entry as { value?: unknown } | undefined)?.value]),
    ).toEqual([
      ['a', '1'],
      ['b', undefined],
      ['c', undefined],
    ]);
  });

  it('one refused parameter does not affect the rest of its batch', async () => {
    server.putParameter('/acme/inference/good', 'x');
    server.putParameter('/acme/inference/denied', 'x', 'SecureString');
    server.putParameter('/acme/inference/broken', 'x', 'SecureString');
    server.refused
      .set('/acme/inference/denied', 'AccessDeniedException')
      .set('/acme/inference/broken', 'InvalidKeyId');
    const found = await ssm().getMany(['good', 'denied', 'broken']);
    expect(found.get('good')).toMatchObject({ value: 'x' });
    expect(found.get('denied')).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow ssm:GetParameters on /acme/inference/denied'),
    });
    expect(found.get('broken')).toMatchObject({ code: 'crypto' });
  });

  it('a StringList is a list, a SecureString is secret, and other parameters are text', async () => {
    server.putParameter('/acme/inference/list', 'a,b,c', 'StringList');
    server.putParameter('/acme/inference/secret', 'not-a-real-secret', 'SecureString');
    server.putParameter('/acme/inference/json', '{"a":1}');
    server.putParameter('/acme/inference/large', 'x'.repeat(8_192));
    const provider = ssm();
    expect(await provider.get('list')).toMatchObject({
      value: ['a', 'b', 'c'],
      metadata: { type: 'StringList' },
    });
    expect(await provider.get('secret')).toMatchObject({ value: 'not-a-real-secret', secret: true });
    expect(await provider.get('json')).toMatchObject({ value: '{"a":1}' });
    expect(await provider.get('large')).toMatchObject({ value: 'x'.repeat(8_192) });
  });

  it('without decrypt, a SecureString is a hole that names the option', async () => {
    server.putParameter('/acme/inference/secret', 'not-a-real-secret', 'SecureString');
    const provider = ssm({ decrypt: false });
    await expect(provider.get('secret')).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('decrypt is false'),
    });
    expect(await provider.list()).toMatchObject([{ key: 'secret', error: { code: 'crypto' } }]);
    expect(JSON.stringify(await provider.list())).not.toContain('kms:alias');
  });

  it('versions and labels of a parameter are cached separately', async () => {
    server.putParameter('/acme/inference/model', 'one');
    server.putParameter('/acme/inference/model', 'two');
    (server.parameters.get('/acme/inference/model') as { labels: Record<string, number> }).labels = {
      live: 1,
    };
    const provider = ssm();
    expect((await provider.get('model'))?.value).toBe('two');
    expect((await provider.get('model', { version: '1' }))?.value).toBe('one');
    expect((await provider.get('model', { version: 'live' }))?.value).toBe('one');
    expect((await provider.get('model'))?.value).toBe('two');
    const labelled = ssm({ label: 'live' });
    expect((await labelled.get('model'))?.value).toBe('one');
    expect((await labelled.list()).map((item) => (item as { value?: unknown }).value)).toEqual(['one']);
    expect(await provider.get('model', { version: '9' })).toBeUndefined();
  });

  it('list reads all pages and the parameter at the prefix itself', async () => {
    for (let i = 0; i < 23; i++) server.putParameter(`/acme/inference/db/key${i}`, 'x');
    server.putParameter('/acme/inference/other', 'y');
    const provider = ssm();
    expect(await provider.list('db')).toHaveLength(23);
    expect(server.count('GetParametersByPath')).toBe(3);
    expect((await provider.list('other')).map((item) => item.key)).toEqual(['other']);
    expect(await ssm().list()).toHaveLength(24);
  });

  it('in a page that is denied, only the denied parameter is a hole', async () => {
    server.putParameter('/acme/inference/a', 'x');
    server.putParameter('/acme/inference/b', 'not-a-real-one', 'SecureString');
    server.refused.set('/acme/inference/b', 'AccessDeniedException');
    const items = await ssm().list();
    expect(items.map((item) => ('error' in item ? item.error.code : item.value))).toEqual([
      'x',
      'access_denied',
    ]);
  });

  it('in a refused page, only the undecryptable parameter is a hole', async () => {
    for (const name of ['a', 'b', 'c']) server.putParameter(`/acme/inference/${name}`, name, 'SecureString');
    server.refused.set('/acme/inference/b', 'InvalidKeyId');
    const items = await ssm().list();
    expect(items.map((item) => [item.key, 'error' in item ? item.error.code : item.value])).toEqual([
      ['a', 'a'],
      ['b', 'crypto'],
      ['c', 'c'],
    ]);
  });

  it('the option parameters maps keys to parameters and to fields of JSON text', async () => {
    server.putParameter(
      '/aws/reference/secretsmanager/db',
      '{"user":"app","password":"not-a-real-one"}',
      'SecureString',
    );
    server.putParameter('/aws/service/ami', 'ami-1');
    const provider = ssm({
      parameters: {
        'db.login': '/aws/reference/secretsmanager/db',
        ami: '/aws/service/ami',
        raw: '/aws/reference/secretsmanager/db#',
        user: '/aws/reference/secretsmanager/db#user',
      },
    });
    expect((await provider.get('db.login.password'))?.value).toBe('not-a-real-one');
    expect((await provider.get('ami'))?.value).toBe('ami-1');
    expect((await provider.get('user'))?.value).toBe('app');
    expect((await provider.get('raw'))?.value).toContain('{"user"');
    expect((await provider.list()).map((item) => item.key)).toEqual(
      expect.arrayContaining(['db.login', 'ami', 'raw', 'user']),
    );
    expect(server.count('GetParametersByPath')).toBe(0);
  });

  it('AwsSsmProvider writes each type of parameter and deletes it', async () => {
    const provider = ssm({ kmsKeyId: 'alias/config' });
    expect(await provider.set('db.password', 'not-a-real-one')).toMatchObject({ version: '1', secret: true });
    expect(server.calls.at(-1)?.input).toMatchObject({
      Type: 'SecureString',
      KeyId: 'alias/config',
      Overwrite: true,
    });
    await provider.set('hosts', ['a', 'b'], { secret: false });
    expect(server.calls.at(-1)?.input).toMatchObject({ Type: 'StringList', Value: 'a,b' });
    await provider.set('empty', [], { secret: false });
    expect(server.calls.at(-1)?.input).toMatchObject({ Type: 'String', Value: '[]' });
    await provider.set('keys', ['a', 'b']);
    expect(server.calls.at(-1)?.input).toMatchObject({ Type: 'SecureString', Value: '["a","b"]' });
    await provider.set('odd', ['a,b', 1], { secret: false });
    expect(server.calls.at(-1)?.input).toMatchObject({ Type: 'String', Value: '["a,b",1]' });
    expect((await provider.get('db.password'))?.value).toBe('not-a-real-one');
    await ssm({ tier: 'Advanced' }).set('large', 'x'.repeat(5_000));
    expect(server.calls.at(-1)?.input).toMatchObject({ Tier: 'Advanced' });
    expect(await provider.delete('db.password')).toBe(true);
    expect(await provider.delete('db.password')).toBe(false);
    expect(await provider.get('db.password')).toBeUndefined();
    await expect(provider.set('no."slash/in"', 'x')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('loadConfig reads only the parameters of the schema', async () => {
    for (let i = 0; i < 100; i++) server.putParameter(`/acme/inference/unused${i}`, 'x');
    server.putParameter('/acme/inference/port', '8080');
    server.putParameter('/acme/inference/hosts', 'a,b', 'StringList');
    const config = await loadConfig(
      z.object({ port: z.number(), hosts: z.array(z.string()), debug: z.boolean().default(false) }),
      ssm(),
    );
    expect({ ...config.value }).toEqual({ port: 8080, hosts: ['a', 'b'], debug: false });
    expect(server.calls.map(({ operation }) => operation)).toEqual(['GetParameters']);
  });

  it('list reads a thousand parameters in a hundred calls', async () => {
    for (let i = 0; i < 1_000; i++) server.putParameter(`/acme/inference/key${i}`, `${i}`);
    const provider = ssm();
    expect(await provider.list()).toHaveLength(1_000);
    expect(provider.stats().requests).toBe(100);
    expect(server.calls).toHaveLength(100);
  });

  it('loadConfig reads a thousand keys in a hundred calls, among other parameters', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `key${i}`);
    for (const name of [...names, ...names.map((name) => `unread-${name}`)])
      server.putParameter(`/acme/inference/${name}`, 'x');
    const provider = ssm();
    await loadConfig(z.object(Object.fromEntries(names.map((name) => [name, z.string()]))), provider);
    expect(provider.stats().requests).toBe(100);
    expect(server.count('GetParameters')).toBe(100);
  });
});

describe('names of SSM parameters', () => {
  it('the option parameters accepts versions and ARNs', async () => {
    const shared = 'arn:aws:ssm:eu-central-1:123456789012:parameter/shared/url';
    const Parameters = [
      { Name: '/a/model', Value: 'one', Type: 'String', Version: 1, Selector: ':1' },
      { Name: '/a/model', Value: 'two', Type: 'String', Version: 2 },
      { Name: '/a/model', Value: 'two', Type: 'String', Version: 2, Selector: ':2' },
      { Name: '/shared/url', ARN: shared, Value: 'https://x', Type: 'String', Version: 5 },
    ];
    const client = { send: async () => ({ Parameters }) };
    const provider = new AwsSsmProvider({
      parameters: { old: '/a/model:1', now: '/a/model', same: '/a/model:2', url: shared },
      client,
    });
    const found = await provider.getMany(['old', 'now', 'same', 'url']);
    expect([...found.values()].map((entry) => (entry as { value: string }).value)).toEqual([
      'one',
      'two',
      'two',
      'https://x',
    ]);
  });

  it('two labels of a parameter are read in one request', async () => {
    const Parameters = [
      { Name: '/a/model', Value: 'one', Type: 'String', Version: 1, Selector: ':live' },
      { Name: '/a/model', Value: 'two', Type: 'String', Version: 2, Selector: ':next' },
    ];
    const client = { send: async () => ({ Parameters }) };
    const provider = new AwsSsmProvider({ parameters: { a: '/a/model:live', b: '/a/model:next' }, client });
    const found = await provider.getMany(['a', 'b']);
    expect([...found.values()]).toMatchObject([{ value: 'one' }, { value: 'two' }]);
  });

  it('a parameter with a version or a label is read-only', async () => {
    server.putParameter('/a/model', 'one');
    const provider = ssm({ parameters: { old: '/a/model:1', live: '/a/model:live', now: '/a/model' } });
    for (const key of ['old', 'live']) {
      await expect(provider.set(key, 'two')).rejects.toMatchObject({
        code: 'invalid_key',
        message: expect.stringContaining('one version'),
      });
      expect(await provider.delete(key).catch((error: ConfigError) => error.code)).not.toBe(true);
    }
    await expect(ssm({ label: 'live' }).set('model', 'two')).rejects.toMatchObject({ code: 'invalid_key' });
    await provider.set('now', 'two');
    expect(server.parameters.get('/a/model')?.values).toHaveLength(2);
  });

  it('list skips parameters with invalid key names and emits a notice', async () => {
    server.putParameter('/acme/inference/good', 'x');
    server.putParameter('/acme/inference/__proto__', 'x');
    const provider = ssm();
    const notices: string[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event.message));
    expect((await provider.list()).map((item) => item.key)).toEqual(['good']);
    expect(notices).toEqual([expect.stringContaining('"/acme/inference/__proto__" is skipped')]);
  });

  it('different parameter names are different keys', async () => {
    const names = ['a/b', 'a.b', 'a-b', 'a_b', 'A/b', 'a__b', 'a/b.c', 'a.b/c'];
    for (const name of names) server.putParameter(`/acme/inference/${name}`, name);
    const items = (await ssm().list()) as readonly { key: string; value: unknown }[];
    expect(new Set(items.map((item) => item.key)).size).toBe(names.length);
    const provider = ssm();
    for (const { key, value } of items) expect((await provider.get(key))?.value).toBe(value);
  });
});

describe('incomplete responses of SSM', () => {
  const responding = (response: object, path = '/a') =>
    new AwsSsmProvider({ path, client: { send: async () => response }, resilience: quick, cache: false });

  it('a response without the parameter or its value is unavailable, not absent', async () => {
    await expect(responding({}).get('key')).rejects.toMatchObject({ code: 'unavailable' });
    const valueless = responding({
      Parameters: [
        { Name: '/a/key', Type: 'String' },
        { Name: '/a/other', Value: 'x', Type: 'String' },
      ],
    });
    await expect(valueless.get('key')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(valueless.list()).rejects.toMatchObject({ code: 'unavailable' });
    expect((await valueless.get('other'))?.value).toBe('x');
    await expect(responding({}).list()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await responding({ Parameters: [] }).list()).toEqual([]);
  });

  it('set accepts a response without a version', async () => {
    const client = {
      send: async (command: object) =>
        /^Put/.test(command.constructor.name) ? {} : { InvalidParameters: ['/a/key'] },
    };
    const entry = await new AwsSsmProvider({ path: '/a', client }).set('key', 'x');
    expect(entry.version).toBeUndefined();
  });

  it('with the path /, list skips names without a slash', async () => {
    const provider = responding(
      { Parameters: ['/a/key', 'alone', '/top'].map((Name) => ({ Name, Value: 'x', Type: 'String' })) },
      '/',
    );
    expect((await provider.list()).map((item) => item.key)).toEqual(['a.key', 'top']);
  });

  it('list sends no request for a prefix without a parameter name', async () => {
    expect(await ssm().list('a."b c"')).toEqual([]);
    expect(server.calls).toEqual([]);
  });
});

describe('the pace of SSM requests', () => {
  it('AwsSsmProvider sends fewer than forty reads in any second', async () => {
    const clock = manualClock();
    const starts: number[] = [];
    const client = {
      send: async (command: { input: { Names?: string[]; NextToken?: string } }) => {
        starts.push(clock.now());
        if (command.input.Names) return { InvalidParameters: command.input.Names };
        const page = Number(command.input.NextToken ?? 0);
        const Parameters = Array.from({ length: 10 }, (_, i) => ({
          Name: `/a/key${page * 10 + i}`,
          Value: 'x',
          Type: 'String',
        }));
        return { Parameters, ...(page < 99 && { NextToken: `${page + 1}` }) };
      },
    };
    const provider = new AwsSsmProvider({ path: '/a', client, clock });
    expect(await clock.until(provider.list(), 10)).toHaveLength(1_000);
    const keys = Array.from({ length: 990 }, (_, i) => `other${i}`);
    await clock.until(provider.getMany(keys), 10);
    expect(starts).toHaveLength(199);
    for (const at of starts)
      expect(starts.filter((start) => start >= at && start < at + 1_000).length).toBeLessThan(40);
  });
});

describe('failures of SSM', () => {
  const failed = (provider: AwsSsmProvider) =>
    provider.get('key').catch((error: unknown) => error) as Promise<ConfigError>;

  it.each([
    ['ThrottlingException', 400, 'throttled'],
    ['InternalServerError', 500, 'unavailable'],
    ['AccessDeniedException', 400, 'access_denied'],
    ['ExpiredTokenException', 400, 'unauthenticated'],
    ['UnrecognizedClientException', 400, 'unauthenticated'],
    ['InvalidKeyId', 400, 'crypto'],
    ['SomethingNew', 418, 'invalid_option'],
    ['SomethingNew', 502, 'unavailable'],
  ])('SSM failing with %s (HTTP %i) is %s and leaks no message', async (name, status, code) => {
    server.faults = [{ name, status }];
    const error = await failed(ssm());
    expect(error).toMatchObject({ code, provider: 'aws-ssm' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });

  it.each([
    ['HTML of a proxy', { body: '<html>502 not-a-real-secret</html>', status: 502 }, 'unavailable'],
    ['malformed JSON', { body: '{"Parameters": [{"Name": not-a-real-secret' }, 'unavailable'],
    ['a cut connection', { cut: true as const }, 'unavailable'],
  ])('SSM failing with %s is unavailable and leaks no body', async (_, fault, code) => {
    server.faults = [fault];
    const error = await failed(ssm());
    expect(error.code).toBe(code);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });

  it('an SSM request without a response times out', async () => {
    server.faults = [{ hang: true }];
    expect(await failed(ssm({ resilience: { attempts: 1, timeoutMs: 60, breaker: false } }))).toMatchObject({
      code: 'timeout',
    });
  });

  it('an unreachable SSM endpoint is unavailable', async () => {
    expect(await failed(ssm({ endpoint: 'http://127.0.0.1:1' }))).toMatchObject({ code: 'unavailable' });
  });

  it('AwsSsmProvider retries only transient SSM failures, and the SDK never does', async () => {
    server.putParameter('/acme/inference/key', 'x');
    const resilience = { attempts: 3, backoff: { initialMs: 1, maxMs: 1 } };
    server.faults = [{ name: 'ThrottlingException', times: 2 }];
    expect((await ssm({ resilience }).get('key'))?.value).toBe('x');
    expect(server.calls).toHaveLength(3);
    server.faults = [{ name: 'AccessDeniedException' }];
    expect((await failed(ssm({ resilience }))).code).toBe('access_denied');
    expect(server.calls).toHaveLength(4);
  });

  it('expired credentials are renewed once, also for fifty concurrent reads', async () => {
    server.putParameter('/acme/inference/key', 'x');
    let calls = 0;
    const credentials = async () => ({
      ...account.credentials,
      accessKeyId: `not-a-real-id-${++calls}`,
      expiration: new Date(Date.now() + 3_600_000),
    });
    server.faults = [{ name: 'ExpiredTokenException', times: 1 }];
    expect((await ssm({ credentials }).get('key'))?.value).toBe('x');
    expect(calls).toBe(2);
    server.faults = [{ name: 'ExpiredTokenException' }];
    const before = server.calls.length;
    const provider = ssm({ credentials });
    await Promise.all(Array.from({ length: 50 }, () => failed(provider)));
    expect(server.calls.length - before).toBeLessThanOrEqual(2);
  });
});

describe('options and events of AwsSsmProvider', () => {
  it('AwsSsmProvider requires one of path and parameters', () => {
    expect(() => ssm({ path: '/a', parameters: { a: 'b' } })).toThrow(/exactly one of path, parameters/);
    expect(() => new AwsSsmProvider({ ...account })).toThrow(/exactly one of path, parameters/);
    expect(() => ssm({ path: 'acme' })).toThrow(/start with a slash/);
    expect(() => ssm({ decript: true } as never)).toThrow(/Did you mean decrypt/);
  });

  it('AwsSsmProvider does not close an injected client', async () => {
    let destroyed = 0;
    const client = {
      send: async () => ({ Parameters: [{ Name: '/a/key', Value: 'x', Type: 'String', Version: 3 }] }),
      destroy: () => void destroyed++,
    };
    const provider = new AwsSsmProvider({ path: '/a', client });
    expect(await provider.get('key')).toMatchObject({ value: 'x', version: '3' });
    await provider.close();
    expect(destroyed).toBe(0);
  });

  it('AwsSsmProvider emits events without values', async () => {
    server.putParameter('/acme/inference/key', 'not-a-real-value', 'SecureString');
    const provider = ssm();
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    await provider.get('key');
    await provider.close();
    expect(events.map((event) => event.type)).toContain('request');
    expect(JSON.stringify(events)).not.toContain('not-a-real');
  });
});
