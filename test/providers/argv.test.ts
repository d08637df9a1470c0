import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { checkConfig, loadConfig } from '../../src/config/load-config.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { type ArgvOptions, ArgvProvider } from '../../src/providers/argv.ts';
import { BundleProvider } from '../../src/providers/bundle.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { StandardSchemaV1 } from '../../src/schema/schema.ts';
import { failureOf } from '../support/listening.ts';

const argv = (args: string, options: ArgvOptions = {}) =>
  new ArgvProvider({ args: args.split(' ').filter(Boolean), ...options });
const tree = (args: string, options?: ArgvOptions) => new ProviderChain([argv(args, options)]).tree();
const load = async <S extends StandardSchemaV1>(schema: S, args: string, options?: ArgvOptions) =>
  (await loadConfig(schema, argv(args, options), { unknown: 'error' })).value;
const refused = async (schema: StandardSchemaV1, args: string, options?: ArgvOptions): Promise<string> =>
  (await failureOf(loadConfig(schema, argv(args, options), { unknown: 'error' }))).message;

describe('an option of the command line', () => {
  it.each([
    ['--server.port=9', { server: { port: '9' } }],
    ['--server.port 9', { server: { port: '9' } }],
    ['--server.pool-max=9', { server: { poolMax: '9' } }],
    ['--url=postgres://h/db?a=b', { url: 'postgres://h/db?a=b' }],
    ['--cache', { cache: true }],
    ['--cache --verbose', { cache: true, verbose: true }],
    ['--no-cache', { cache: false }],
    ['--no-server.cache', { server: { cache: false } }],
    ['--no-cache=5', { noCache: '5' }],
    ['--name=', { name: '' }],
    ['--offset -5', { offset: '-5' }],
    ['--offset -.5', { offset: '-.5' }],
    ['--file -', { file: '-' }],
    ['--a=1 -- --b=2', { a: '1' }],
    ['--a -- 1', { a: true }],
    ['start --a=1 file.txt', { a: '1' }],
    ['-v -p 9 --a=1', { a: '1' }],
    ['--models a --models b', { models: ['a', 'b'] }],
    ['--servers.0.host=a --servers.1.host=b', { servers: [{ host: 'a' }, { host: 'b' }] }],
    ['--ingress."api.example.com".port=1', { ingress: { 'api.example.com': { port: '1' } } }],
    ['--labels."a=b"=c', { labels: { 'a=b': 'c' } }],
    ['--cache --no-cache', { cache: false }],
    ['--no-cache --cache', { cache: true }],
    ['', undefined],
  ])('%s', async (args, expected) => {
    expect((await tree(args)) ?? undefined).toEqual(expected ?? {});
  });

  it('binds to the key with the same letters in a schema, a file or a caller', async () => {
    const Schema = z.object({ server: z.object({ poolMax: z.number() }), pool_min: z.number() });
    for (const args of ['--server.pool-max=9 --pool-min=1', '--SERVER.POOL_MAX=9 --poolMin=1'])
      expect(await load(Schema, args)).toEqual({ server: { poolMax: 9 }, pool_min: 1 });
    expect((await argv('--pool-max=1').get('pool_max'))?.value).toBe('1');
  });

  it('is read as the schema wants', async () => {
    const Schema = z.object({
      port: z.number(),
      debug: z.boolean(),
      version: z.string(),
      hosts: z.array(z.string()),
      ports: z.array(z.number()),
    });
    expect(
      await load(Schema, '--port 8080 --debug=true --version 0123 --hosts=a,b --ports 1 --ports 2'),
    ).toEqual({ port: 8080, debug: true, version: '0123', hosts: ['a', 'b'], ports: [1, 2] });
  });

  it('without its value is true, which no other type accepts', async () => {
    const Schema = z.object({
      a: z.string().optional(),
      b: z.coerce.number().optional(),
      c: z.coerce.date().optional(),
      d: z.union([z.boolean(), z.string()]).optional(),
      e: z.coerce.boolean().optional(),
    });
    for (const name of ['a', 'b', 'c']) {
      const message = await refused(Schema, `--${name}`);
      expect(message).toContain(`--${name}`);
      expect(message).toContain('true');
      expect(message).toContain(`Give --${name} a value`);
    }
    expect(await load(Schema, '--d --e')).toEqual({ d: true, e: true });
  });

  it('given twice is refused where the schema wants one value', async () => {
    const message = await refused(z.object({ port: z.number() }), '--port=1 --port=2');
    expect(message).toContain('--port (given 2 times)');
    expect(message).toContain('expected  a number');
  });

  it('given twice in a list and with an index is a conflict', async () => {
    expect(await refused(z.object({ m: z.array(z.string()) }), '--m.0=a --m=b')).toContain(
      'different values',
    );
    expect((await failureOf(argv('--m.0=a --m=b').get('m'))).code).toBe('conflict');
  });

  it('--no-cache sets noCache where the schema has that key', async () => {
    const No = z.object({ noCache: z.boolean().optional(), 'no-color': z.boolean().optional() });
    expect(await load(No, '--no-cache --no-color')).toEqual({ noCache: true, 'no-color': true });
    const Both = z.object({ noCache: z.boolean().optional(), cache: z.boolean().optional() });
    expect(await load(Both, '--no-cache')).toEqual({ noCache: true, cache: false });
    expect((await argv('--no-cache').get('noCache'))?.value).toBe(true);
    expect((await argv('--no-cache').get('cache'))?.value).toBe(false);
    const inner = scoped(argv('--no-app.cache'), 'app');
    expect((await loadConfig(z.object({ cache: z.boolean() }), inner)).value).toEqual({ cache: false });
  });

  it('that nothing reads is reported with its name, and with the nearest key', async () => {
    const Schema = z.object({ port: z.number().default(1) });
    expect(await refused(Schema, '--prot=2')).toMatch(/ prot\n.*nothing reads.*\n.*--prot\n.*"port"/);
    expect(await refused(Schema, '--no-colour')).toContain('--no-colour');
  });

  it('with a name that cannot be a key is refused without quoting the argument', async () => {
    const hidden = 'hunter2 fake secret';
    for (const args of [['--a..b=1'], ['--__proto__.x=1'], ['--=1'], [`--password ${hidden}`], ['---a=1']]) {
      const error = await failureOf(new ArgvProvider({ args }).get('a'));
      expect(error.code).toBe('invalid_key');
      expect(error.message).not.toContain('hunter2');
      expect(error.message).toMatch(/--a\.\.b|--__proto__|---a|argument 1/);
    }
  });

  it('takes a PEM text as its value', async () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nfake\n-----END PRIVATE KEY-----';
    const entry = await new ArgvProvider({ args: ['--tls.key', pem, '--a=1'] }).get('tls.key');
    expect(entry).toMatchObject({ value: pem, secret: true });
  });
});

describe('the option prefix of ArgvProvider', () => {
  it('reads only options below it, and ignores all others', async () => {
    const args = '--inspect 9229 --app.port=1 --no-app.cache --a..b --app --APP.pool-max=2 --apple.x=1';
    expect(await tree(args, { prefix: 'app' })).toEqual({ port: '1', cache: false, poolMax: '2' });
    const provider = argv('', { prefix: 'app' });
    expect(provider.where('server.poolMax')).toBe('--app.server.poolMax');
    await provider.list();
    expect(provider.where('server.poolMax')).toBe('--app.server.pool-max');
  });
});

describe('the option flags of ArgvProvider', () => {
  const flags = { 'server.port': '-p', verbose: '-v', 'server.host': '--host' };
  it('reads exact names, short ones too', async () => {
    const Schema = z.object({
      server: z.object({ port: z.number(), host: z.string().optional() }),
      verbose: z.boolean().optional(),
    });
    expect(await load(Schema, '-p 9 -v --host h', { flags })).toEqual({
      server: { port: 9, host: 'h' },
      verbose: true,
    });
    expect(await load(Schema, '-p=9', { flags })).toEqual({ server: { port: 9 } });
    expect(await refused(Schema, '-p 9 --server.port 8', { flags })).toContain(
      '-p, --server.port (given 2 times)',
    );
    const provider = argv('', { flags });
    await provider.list();
    expect(provider.where('server.port')).toBe('-p\n--server.port');
  });

  it.each(['p', '-', '--', '---p', '-p=', '- p', 7])('refuses the name %s', (name) => {
    expect(() => new ArgvProvider({ args: [], flags: { port: name as string } })).toThrow(/option flags/);
  });
});

describe('ArgvProvider in a chain', () => {
  it('explain and check name the option', async () => {
    const Schema = z.object({ server: z.object({ port: z.number() }) });
    const sources = [
      argv('--server.port=9'),
      new EnvProvider({ prefix: 'APP', env: { APP__SERVER__PORT: '8' } }),
    ];
    const config = await loadConfig(Schema, sources);
    expect(String(config.explain('server.port'))).toMatch(/→ --server\.port +"9" +wins/);
    expect(String(await checkConfig(Schema, sources))).toMatch(/server\.port +9 +--server\.port/);
    const chain = new ProviderChain(sources);
    expect(await chain.require('server.port', z.number())).toBe(9);
  });

  it('a missing key names the option, and an argument with too few dashes', async () => {
    const Schema = z.object({ server: z.object({ poolMax: z.number() }) });
    expect(await refused(Schema, '')).toContain('Set --server.pool-max to a number');
    for (const args of ['-server.pool-max=fake', 'server.poolMax=fake', '-server.pool-max fake']) {
      const message = await refused(Schema, args);
      expect(message).toMatch(/looked in --server\.pool-max \(-?server\.pool-?[mM]ax is given\)/);
      expect(message).toContain('Write --server.pool-max');
      expect(message).not.toContain('fake');
    }
  });

  it('takes names from the other sources', async () => {
    const chain = new ProviderChain([argv('--db.pool-max=1'), new MemoryProvider({ 'db.pool_max': 5 })]);
    expect(await chain.tree()).toEqual({ db: { pool_max: '1' } });
    expect((await chain.get('db.pool_max'))?.value).toBe('1');
  });
});

describe('a secret on the command line', () => {
  it('is masked, and is a notice that quotes no value', async () => {
    const events: ConfigEvent[] = [];
    const overChain: ConfigEvent[] = [];
    const provider = argv('--db.password=fake-pw --url=https://u:fake-pw@h --licence=fake-pw --port=1', {
      sensitive: ['licence'],
    });
    provider.on((event) => events.push(event));
    new ProviderChain([provider]).on((event) => overChain.push(event));
    await provider.get('port');
    await provider.refresh();
    expect(overChain).toEqual(events);
    const notices = events.map((event) => (event.type === 'notice' ? event.message : event.type));
    expect(notices.map((text) => text.split(' ')[0])).toEqual(['--db.password', '--url', '--licence']);
    const entry = await provider.get('db.password');
    expect(entry?.value).toBe('fake-pw');
    expect(`${entry} ${JSON.stringify([events, await provider.list()])}`).not.toContain('fake-pw');
  });

  it('is secret by the name of its flag too', async () => {
    const provider = argv('--token=fake', { flags: { 'github.value': '--token' } });
    expect((await provider.get('github.value'))?.secret).toBe(true);
  });
});

describe('the arguments of ArgvProvider', () => {
  it('are those of the process by default, copied at construction', async () => {
    const own = process.argv;
    process.argv = ['node', 'main.js', '--from-process=1'];
    try {
      const provider = new ArgvProvider();
      process.argv = ['node', 'main.js', '--from-process=2'];
      expect((await provider.get('fromProcess'))?.value).toBe('1');
    } finally {
      process.argv = own;
    }
    const args = ['--a=1'];
    const provider = new ArgvProvider({ args });
    args[0] = '--a=2';
    expect((await provider.get('a'))?.value).toBe('1');
  });

  it('win over a file in a load of both', async () => {
    const file = new BundleProvider({ path: 'nothing.yaml', optional: true });
    const config = await loadConfig(z.object({ port: z.number() }), [argv('--port=1'), file]);
    expect(config.value.port).toBe(1);
  });
});
