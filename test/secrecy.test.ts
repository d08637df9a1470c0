import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { format, inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { mounted, scoped } from '../src/decorators/scoped.ts';
import { fallback, optional } from '../src/decorators/tolerance.ts';
import { secret } from '../src/entry.ts';
import type { ConfigProvider } from '../src/provider.ts';
import { BundleProvider } from '../src/providers/bundle.ts';
import { DirectoryProvider } from '../src/providers/directory.ts';
import { DotEnvProvider } from '../src/providers/dotenv.ts';
import { EnvProvider } from '../src/providers/env.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { folder } from './support/folder.ts';
import { program } from './support/program.ts';
import { runs } from './support/runs.ts';

type Folder = Awaited<ReturnType<typeof folder>>;
interface Planted {
  readonly secret: string;
  readonly dir: Folder;
}

/** Characters that are special in some format. */
const signs = [
  '',
  '"',
  "'",
  '`',
  '\n',
  '\r\n',
  '#',
  ' # ',
  '${',
  '{',
  '}',
  ']',
  '\\',
  '@',
  '/',
  ':',
  ': ',
  ' = ',
  '\u0000',
  'é',
  '🌍',
  '&',
  '%',
  '<',
  '//',
  '---\n',
  '\t',
  '!!',
  '*',
  '|',
];
const secrets = fc
  .tuple(fc.nat(), fc.constantFrom(...signs), fc.constantFrom(...signs))
  .map(([seed, middle, end]) => {
    const random = createHash('sha256').update(`fake ${seed}`).digest('base64').replace(/[+/=]/g, 'x');
    return `${random.slice(0, 12)}${middle}${random.slice(12, 24)}${end}`;
  })
  .filter((text) => !/\$\{\w+\}/.test(text)); // the name of a reference is shown

/** Every run of six letters of a secret: none may be printed. */
function parts(text: string): string[] {
  return text
    .split(/[^A-Za-z0-9]+/)
    .flatMap((part) =>
      Array.from({ length: Math.max(0, part.length - 5) }, (_, at) => part.slice(at, at + 6)),
    );
}

/** The texts that show a part of a secret. */
function leaks(text: string, shown: readonly string[]): string[] {
  const secret = parts(text);
  return shown.filter((one) => secret.some((part) => one.includes(part)));
}

/** Every text that a person or a logger may see of a value. */
function printed(thing: unknown): string[] {
  const deep = {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  };
  const json = JSON.stringify(thing, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '';
  const texts = [inspect(thing), inspect(thing, deep), json, format('%s %o', thing, thing)];
  if (!(thing instanceof Error)) return texts;
  const inner = [thing.cause, ...((thing as AggregateError).errors ?? [])].filter((one) => one !== undefined);
  return [
    ...texts,
    thing.message,
    thing.stack ?? '',
    `${thing}`,
    inspect(thing, { ...deep, customInspect: false }),
    ...inner.flatMap(printed),
  ];
}

const outcomeOf = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

/** The results and errors of every call of a provider, and of a chain and configurations on top. */
async function everythingOf(provider: ConfigProvider): Promise<unknown[]> {
  const keys = ['db.password', 'db', 'db.url', 'broken', 'list', '..'];
  const things: unknown[] = [provider];
  for (const options of [{}, { maxAgeMs: 0 }, { signal: AbortSignal.abort() }]) {
    for (const key of keys) things.push(await outcomeOf(() => provider.get(key, options)));
    for (const key of ['', 'db', 'broken']) things.push(await outcomeOf(() => provider.list(key, options)));
  }
  things.push(
    await outcomeOf(() => provider.layers?.()),
    await outcomeOf(() => provider.health?.()),
    await outcomeOf(() => provider.refresh?.()),
  );
  things.push(...keys.map((key) => outcomeOf(() => provider.where?.(key))));
  const chain = new ProviderChain([
    provider,
    new MemoryProvider({ db: { password: 'fallback' }, list: [] }, { name: 'below' }),
  ]);
  for (const key of keys) {
    things.push(
      await outcomeOf(() => chain.explain(key)),
      await outcomeOf(async () => `${await chain.explain(key)}`),
      await outcomeOf(() => chain.require(`${key}x`)),
    );
  }
  things.push(
    await outcomeOf(() => chain.health()),
    await outcomeOf(() => chain.layers()),
    await outcomeOf(() => chain.list()),
    chain,
  );
  things.push(
    await outcomeOf(async () => void (await chain.tree())),
    await outcomeOf(async () => void (await chain.tree('db'))),
  );
  things.push(await outcomeOf(async () => void (await chain.require('db.password', z.number()))));
  for (const Schema of [
    z.object({ db: z.object({ password: z.string() }) }),
    z.object({ db: z.object({ password: z.number(), url: z.email() }) }),
  ]) {
    const config = await outcomeOf(() => loadConfig(Schema, chain));
    things.push(config);
    if (config instanceof Error) continue;
    const loaded = config as Awaited<ReturnType<typeof loadConfig>>;
    things.push(loaded.value, `${loaded.explain('db.password')}`, loaded.explain('db.password'));
    await loaded.close();
  }
  return Promise.all(things);
}

const quoted = (text: string): string => JSON.stringify(text);
const env = (text: string, more: object = {}) =>
  new EnvProvider({
    prefix: 'APP',
    env: { APP__DB__PASSWORD: text, ...more },
    json: { broken: 'JSON' },
    fileSuffix: '_FILE',
  });

/** Sources with a secret, sound and broken ones. */
const plants: Readonly<Record<string, (planted: Planted) => ConfigProvider | Promise<ConfigProvider>>> = {
  'a variable': ({ secret: text }) => env(text),
  'two variables for one key': ({ secret: text }) =>
    env(text, { APP__DB__PASS_WORD: `${text}2`, APP__LIST__0: text, APP__LIST__2: text }),
  'a variable with a name that is not a key': ({ secret: text }) => env(text, { APP____X: text }),
  'JSON in a variable': ({ secret: text }) => env('x', { JSON: quoted({ password: text } as never) }),
  'broken JSON in a variable': ({ secret: text }) => env('x', { JSON: `{"password": ${quoted(text)}` }),
  'JSON that is not an object': ({ secret: text }) => env('x', { JSON: quoted(text) }),
  'the path of a file': ({ secret: text }) => env('x', { APP__BROKEN_FILE: `/nowhere/${text}` }),
  'a file that a variable names': async ({ secret: text, dir }) => {
    await dir.write({ held: text, binary: Buffer.concat([Buffer.from(text), Buffer.from([0xff])]) });
    return env('x', { APP__LIST_FILE: dir.at('held'), APP__BROKEN_FILE: dir.at('binary') });
  },
  'a .env file': async ({ secret: text, dir }) =>
    dotenv(dir, `DB__PASSWORD=${quote(text)}\nDB__URL="http://u:\${DB__PASSWORD}@h"\n`),
  'a .env file without quotes': async ({ secret: text, dir }) =>
    dotenv(dir, `DB__PASSWORD=${oneLine(text)}\n`),
  'a broken .env file': async ({ secret: text, dir }) => dotenv(dir, `A=1\n?${text}\nDB__PASSWORD=${text}`),
  'a .env file with a name twice': async ({ secret: text, dir }) =>
    dotenv(dir, `DB__PASSWORD=${quote(text)}\nDB__PASSWORD=${quote(text)}`),
  'a .env file with an unclosed quote': async ({ secret: text, dir }) =>
    dotenv(dir, `DB__PASSWORD="${text.replaceAll('"', '')}`),
  'a .env file with a bad reference': async ({ secret: text, dir }) =>
    dotenv(dir, `DB__PASSWORD="${text.replaceAll('"', '')}\${NOT}"`),
  'a JSON file': async ({ secret: text, dir }) =>
    file(
      dir,
      'a.json',
      quoted({ db: { password: text, url: `http://u:${encodeURIComponent(text)}@h` } } as never),
    ),
  'a broken JSON file': async ({ secret: text, dir }) =>
    file(dir, 'a.json', `{"db": {"password": ${quoted(text)}, ${text}`),
  'a JSON file with a key twice': async ({ secret: text, dir }) =>
    file(dir, 'a.json', `{"db": {"password": ${quoted(text)}, "password": ${quoted(text)}}}`),
  'a YAML file': async ({ secret: text, dir }) => file(dir, 'a.yaml', `db:\n  password: ${quoted(text)}\n`),
  'a YAML file without quotes': async ({ secret: text, dir }) =>
    file(dir, 'a.yaml', `db:\n  password: ${oneLine(text)}\n`),
  'a broken YAML file': async ({ secret: text, dir }) =>
    file(dir, 'a.yaml', `db:\n  password: "${text}\n ]${text}: [`),
  'a YAML file with a tag': async ({ secret: text, dir }) =>
    file(dir, 'a.yaml', `db:\n  password: !!binary ${quoted(text)}\n  url: *none\n`),
  'a TOML file': async ({ secret: text, dir }) => file(dir, 'a.toml', `[db]\npassword = ${quoted(text)}\n`),
  'a broken TOML file': async ({ secret: text, dir }) =>
    file(dir, 'a.toml', `[db]\npassword = ${text}\n${quoted(text)}`),
  'mounted secrets': async ({ secret: text, dir }) => {
    await dir.write({
      'mount/db/password': text,
      'mount/broken': Buffer.concat([Buffer.from(text), Buffer.from([0, 0xff])]),
      'mount/list': text,
    });
    return new DirectoryProvider(dir.at('mount'));
  },
  memory: ({ secret: text }) =>
    new MemoryProvider({
      db: { password: text, url: `http://u:${encodeURIComponent(text)}@h` },
      list: [secret(text)],
    }),
  'memory below a decorator': ({ secret: text }) =>
    optional(scoped(mounted(new MemoryProvider({ db: { password: text } }), 'x'), 'x')),
  'a fallback': ({ secret: text }) =>
    fallback(
      new MemoryProvider({ db: { password: text } }, { name: 'first' }),
      new MemoryProvider({ list: [secret(text)] }, { name: 'second' }),
    ),
  'two sources with a value and a section at one key': ({ secret: text }) =>
    new ProviderChain([
      new MemoryProvider({ db: { password: { value: text } } }, { name: 'one' }),
      new MemoryProvider({ db: { password: text } }, { name: 'two' }),
    ]),
};

const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, '');
const quote = (text: string): string =>
  ['"', "'", '`']
    .map((sign) => (text.includes(sign) ? undefined : `${sign}${text}${sign}`))
    .find(Boolean) as string;
async function dotenv(dir: Folder, text: string): Promise<ConfigProvider> {
  await dir.write({ 'x.env': text });
  return new DotEnvProvider({ directory: dir.path, files: ['x.env'], expand: true });
}
async function file(dir: Folder, name: string, text: string): Promise<ConfigProvider> {
  await dir.write({ [name]: text });
  return new BundleProvider(dir.at(name));
}

describe('the library', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(Object.entries(plants))('prints no secret of %s', async (name, plant) => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    const warned = (warning: Error): unknown => written.push(String(warning));
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    await fc.assert(
      fc.asyncProperty(secrets, async (text) => {
        await using dir = await folder();
        const things = await everythingOf(await plant({ secret: text, dir }));
        const shown = [...things.flatMap(printed), ...written];
        expect(leaks(text, shown)).toEqual([]);
      }),
      // other secrets for each
      { numRuns: runs(1, 20), seed: Object.keys(plants).indexOf(name) },
    );
  });

  it.each([
    [
      'an unsupported value',
      (text: string) => new MemoryProvider({ db: { password: [Symbol(text)] as never } }),
    ],
    [
      'a class',
      (text: string) =>
        new MemoryProvider({
          db: new (class {
            password = text;
          })() as never,
        }),
    ],
    ['an option', (text: string) => new MemoryProvider({}, { name: [text] as never })],
    [
      'a variable name that is not a string',
      (text: string) => new EnvProvider({ variables: { a: [text] as never } }),
    ],
    ['a separator', (text: string) => new EnvProvider({ separator: `${text}A` })],
    ['an environment', (text: string) => new DotEnvProvider({ environment: `${text}/` })],
  ])('prints no secret when %s is refused', async (_, make) => {
    fc.assert(
      fc.property(secrets, (text) => {
        try {
          make(text);
        } catch (error) {
          expect(leaks(text, printed(error))).toEqual([]);
          return;
        }
        throw new Error('the value was accepted');
      }),
    );
  });

  it('prints no secret when a write is refused', async () => {
    const provider = new MemoryProvider({ db: { password: 'x' } });
    await fc.assert(
      fc.asyncProperty(secrets, async (text) => {
        const refused = [
          provider.set('db', text),
          provider.set('db.password.inner', text),
          provider.set('new', { text }),
          provider.set('..', text),
        ];
        for (const work of refused) {
          expect(leaks(text, printed(await outcomeOf(() => work)))).toEqual([]);
        }
        expect(printed(await provider.set('db.password', text)).join()).not.toContain(parts(text)[0]);
      }),
    );
  });

  it.each([
    'the error of a broken file',
    'the report of a schema',
    'a rejection',
    'several errors in one',
    'a thrown entry',
    'an entry that is a cause',
    'a rejection with a configuration',
    'a report of Node',
  ])('prints no secret when a program dies of %s', async (way) => {
    await using dir = await folder();
    const text = 'fakeQ7wmZ2kX';
    await dir.write({ 'a.json': `{"db": {"password": "${text}"` });
    // a report of Node contains the command line, so the secret is passed reversed
    const given = [way, [...text].reverse().join(''), dir.at('a.json')];
    const { code, printed: words } = await ended(
      await program(new URL('./support/dying.ts', import.meta.url)),
      given,
    );
    expect(code).not.toBe(0);
    expect(words.length).toBeGreaterThan(100);
    for (const part of parts(text)) expect(words).not.toContain(part);
  });
});

const ended = (
  file: string,
  given: readonly string[],
): Promise<{ readonly code: number; readonly printed: string }> =>
  new Promise((done) => {
    execFile(process.execPath, [file, ...given], { maxBuffer: 2 ** 26 }, (error, out, trouble) =>
      done({ code: Number(error?.code ?? 0), printed: `${out}${trouble}` }),
    );
  });
