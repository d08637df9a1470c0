import {
  ArgvProvider,
  BundleProvider,
  type ConfigProvider,
  DirectoryProvider,
  DotEnvProvider,
  EnvProvider,
  fallback,
  MemoryProvider,
  mounted,
  optional,
  ProviderChain,
  scoped,
} from 'llm-config-manager';
import { conformance, sandbox, type Values } from 'llm-config-manager/testing';
import { toml } from 'llm-config-manager/toml';
import { yaml } from 'llm-config-manager/yaml';
import { stringify as asToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { stringify as asYaml } from 'yaml';
import { screaming, segments } from '../../src/key.ts';
import { listedAtOnce } from '../support/at-once.ts';
import { nested } from '../support/nested.ts';

const file =
  (name: string, write: (values: object) => string, make: (path: string) => ConfigProvider) =>
  async (values: Values) => {
    const box = await sandbox({ files: { [name]: write(nested(values)) } });
    return { provider: listedAtOnce(make(box.path(name))), dispose: box.dispose };
  };
const inMemory = (wrap: (provider: MemoryProvider) => ConfigProvider) => (values: Values) => ({
  provider: listedAtOnce(wrap(new MemoryProvider(values))),
});
const under = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`x.${key}`, value]));

/** Providers whose listings no promise takes part in. */
const subjects: Readonly<Record<string, (values: Values) => unknown>> = {
  memory: inMemory((provider) => provider),
  chain: inMemory((provider) => new ProviderChain([provider])),
  optional: inMemory(optional),
  fallback: inMemory((provider) => fallback(provider, new MemoryProvider({}, { name: 'other' }))),
  scoped: (values) => ({
    provider: listedAtOnce(scoped(new MemoryProvider(under(values)), 'x')),
  }),
  mounted: inMemory((provider) => scoped(mounted(provider, 'x'), 'x')),
  'nested chain': inMemory((provider) => new ProviderChain([new ProviderChain([optional(provider)])])),
  json: file(
    'a.json',
    (values) => JSON.stringify(values),
    (path) => new BundleProvider(path),
  ),
  yaml: file('a.yaml', asYaml, (path) => new BundleProvider({ path, format: yaml })),
  toml: file(
    'a.toml',
    (values) => asToml(values).trimStart() || '# nothing',
    (path) => new BundleProvider({ path, format: toml }),
  ),
};

/** The same of texts, whose names have only the letters of keys. */
const ofText: Readonly<Record<string, (values: Values) => unknown>> = {
  env: (values) => ({
    provider: listedAtOnce(new EnvProvider({ prefix: 'APP', env: byName('APP__', values) })),
  }),
  '.env': async (values) => {
    const lines = Object.entries(byName('', values)).map(([name, text]) => `${name}='${text}'`);
    const box = await sandbox({ files: { '.env': lines.join('\n') } });
    const provider = new DotEnvProvider({ directory: box.directory, environment: 'test' });
    return { provider: listedAtOnce(provider), dispose: box.dispose };
  },
  arguments: (values) => {
    const args = Object.entries(values).map(([key, text]) => `--${key}=${text}`);
    return { provider: listedAtOnce(new ArgvProvider({ args })) };
  },
  folder: async (values) => {
    const box = await sandbox({ files: values as Record<string, string> });
    return { provider: listedAtOnce(new DirectoryProvider(box.directory)), dispose: box.dispose };
  },
};
const byName = (prefix: string, values: Values): Record<string, string> => {
  const name = (key: string) => prefix + segments(key).map(screaming).join('__');
  return Object.fromEntries(Object.entries(values).map(([key, text]) => [name(key), String(text)]));
};
const withoutTypes = { types: 'all are texts', null: 'all are texts', spelling: 'letters are compared' };

/** The sentences about lists. None of them needs a lever of a backend. */
describe.each([
  ...Object.entries(subjects).map(([name, make]) => [name, make, {}] as const),
  ...Object.entries(ofText).map(([name, make]) => [name, make, withoutTypes] as const),
])('listed without waiting, %s', (name, make, without) => {
  const claims = conformance({ name, make: make as never, without }).filter(
    ({ chapter, leftOut }) => chapter === 'list' && leftOut === undefined,
  );

  it('has sentences', () => expect(claims.length).toBeGreaterThan(10));

  it.each(claims.map((claim) => [claim.title, claim] as const))('%s', (_, claim) => claim.check());
});

describe('sources that are listed without waiting', () => {
  it('have what they have with a promise', async () => {
    await using box = await sandbox({
      files: {
        'volume/db/user': 'me\n',
        'volume/token': 'fake-token\n',
        'conf.d/1.yaml': 'a: 1\nb: 1\n',
        'conf.d/2.yaml': 'b: 2\n',
        '.env': 'DB_USER=you\nGREETING="hello \u0024{DB_USER}"\n',
        password: 'fake-password\n',
        'refs.json': '{"host":"h","url":"http://\u0024{host}"}',
      },
    });
    const env = {
      APP_SERVER_PORT: '1',
      APP__LIST__0: 'a',
      APP__LIST__1: 'b',
      APP_DB_PASSWORD_FILE: box.path('password'),
      APP__KEY_FILE: box.path('password'),
      APP_JSON: '{"x":[1]}',
    };
    const made: (() => ConfigProvider)[] = [
      () => new EnvProvider({ prefix: 'APP', env, fileSuffix: '_FILE', json: { section: 'APP_JSON' } }),
      () => new DotEnvProvider({ directory: box.directory, environment: 'test', expand: true }),
      () => new DirectoryProvider(box.path('volume')),
      () => new ArgvProvider({ args: ['--a.b=1', '--no-cache'] }),
      () => new BundleProvider({ path: box.path('conf.d/*.yaml'), format: yaml }),
      () => new BundleProvider({ path: box.path('refs.json'), references: true }),
      () => optional(new BundleProvider({ path: box.path('none.json'), optional: true })),
    ];
    const shown = (items: readonly unknown[]) => JSON.parse(JSON.stringify(items, plain));
    for (const make of made) {
      const wanted = { keys: ['db.password', 'server.port', 'list'], prefixes: [''] };
      const once = await listedAtOnce(make()).list('', { wanted });
      expect(shown(once)).toEqual(shown(await make().list('', { wanted })));
    }
  });
});

/** Without the times of reading. */
const plain = (name: string, value: unknown): unknown => (/At$/.test(name) ? undefined : value);
