// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the tests use such references
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import type { ConfigError } from '../../src/errors.ts';
import { type DotEnvOptions, DotEnvProvider } from '../../src/providers/dotenv.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { folder } from '../support/folder.ts';
import { runs } from '../support/runs.ts';
import { until } from '../support/until.ts';

const fake = 'fake-Zq83-not-real';

async function reading(text: string | Buffer, options: DotEnvOptions = {}) {
  await using dir = await folder({ '.env': text });
  const provider = new DotEnvProvider({ directory: dir.path, environment: 'test', ...options });
  await provider.list();
  return provider;
}
async function refused(text: string | Buffer, options: DotEnvOptions = {}): Promise<string> {
  await using dir = await folder({ '.env': text });
  const provider = new DotEnvProvider({ directory: dir.path, environment: 'test', ...options });
  const error = await provider.list().then(
    () => expect.unreachable('it was read'),
    (reason: ConfigError) => reason,
  );
  expect(error.code).toBe('parse');
  expect(error.provider).toBe('dotenv');
  expect(inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error)).not.toContain(fake);
  return error.message.replace(`${dir.path}/`, '');
}

describe('DotEnvProvider', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('finds variables by their letters and returns text, as EnvProvider does', async () => {
    const provider = await reading('APP__DATABASE__POOL_MAX=10\nAPP__EMPTY=\nOTHER=1\n', { prefix: 'APP' });
    expect(await provider.get('database.poolMax')).toMatchObject({
      key: 'database.poolMax',
      value: '10',
      text: true,
      loose: 'always',
    });
    expect((await provider.get('empty'))?.value).toBe('');
    expect(await provider.get('other')).toBeUndefined();
    expect((await provider.list()).map((item) => item.key)).toEqual(['database.pool_max', 'empty']);
    expect(provider.local).toBe(true);
  });

  it('binds variables without a prefix only to known keys', async () => {
    const chain = new ProviderChain([
      await reading('LOG__LEVEL=debug\nCOMPOSE=1'),
      new MemoryProvider({ log: { level: 'info' } }),
    ]);
    expect(await chain.tree()).toEqual({ log: { level: 'debug' } });
  });

  it('accepts variables, json, separator and sensitive, as EnvProvider does', async () => {
    const provider = await reading('PORT=1\nDB_JSON=\'{"host":"h"}\'\nAPP.PIN=2', {
      prefix: 'APP',
      separator: '.',
      variables: { port: 'PORT' },
      json: { db: 'DB_JSON' },
      sensitive: ['pin'],
    });
    expect((await provider.get('port'))?.value).toBe('1');
    expect((await provider.get('db.host'))?.value).toBe('h');
    expect((await provider.get('pin'))?.secret).toBe(true);
  });

  it('names the variable to set and where it is set', async () => {
    const provider = new DotEnvProvider({ prefix: 'APP', directory: 'config', environment: 'test' });
    expect(provider.where('database.poolMax')).toBe('config/.env APP_DATABASE_POOL_MAX');
    expect(new DotEnvProvider({ files: ['a.env', 'b.env'] }).where('x')).toBe('b.env X');
  });

  it('finds line and column of each variable, also after multi-line values', async () => {
    const text =
      '\uFEFF# c\r\n\r\nA=1\r\n  export B="one\r\ntwo\r\n  three" # c\r\nC=\'x\r\n\'\r\n\tD=`\r\n`\r\nE=5';
    const provider = await reading(text, { files: undefined as never });
    const at = Object.fromEntries(
      (await provider.list()).map(({ key, origin }) => [key, `${origin}`.replace(/.*\.env/, '')]),
    );
    expect(at).toEqual({ a: ':3:1', b: ':4:10', c: ':7:1', d: ':9:2', e: ':11:1' });
    expect((await provider.get('b'))?.value).toBe('one\ntwo\n  three');
    expect((await provider.get('c'))?.value).toBe('x\n');
  });

  it('reads the grammar of dotenv', async () => {
    const text = [
      'PLAIN=a b  # comment',
      'SPACED = x',
      'COLON: y',
      "SINGLE='a\\n#b' # c",
      'DOUBLE="a\\nb"',
      'BACK=`it\'s "x"`',
      'INNER="{"a":1}"',
      'ESCAPED="a\\"b"',
      'PATH_LIKE="C:\\dir\\"',
      'URL=https://h/#frag',
      'dotted.name=1',
      'EXPORTED=x',
      'export=5',
      'EMPTY=',
      'EMPTY2= # nothing',
      'QUOTED_EMPTY=""#c',
    ];
    const provider = await reading(text.filter((line) => !line.startsWith('URL')).join('\n'));
    const values = Object.fromEntries(
      (await provider.list()).map((item) => [item.key, (item as { value: unknown }).value]),
    );
    expect(values).toEqual({
      plain: 'a b',
      spaced: 'x',
      colon: 'y',
      single: 'a\\n#b',
      double: 'a\nb',
      back: 'it\'s "x"',
      inner: '{"a":1}',
      escaped: 'a\\"b',
      path_like: 'C:\\dir\\',
      '"dotted.name"': '1',
      exported: 'x',
      export: '5',
      empty: '',
      empty2: '',
      quoted_empty: '',
    });
  });

  describe('a line that dotenv would skip, cut or misread silently', () => {
    it.each([
      ['a line without =', `A=1\nB${fake}\n`, '.env:2:1: not a line of the form NAME=value'],
      ['a PEM block without quotes', `KEY=-----BEGIN PRIVATE KEY-----\n${fake}\n`, '.env:2:1: not a line'],
      ['a name with a space', `  A B=${fake}`, '.env:1:3: not a line'],
      ['a bare export', `export ${fake}`, '.env:1:1: not a line'],
      [
        'a colon at the end of its line, which would swallow the next',
        `A:\nB=${fake}`,
        '.env:1:1: not a line',
      ],
      ['a value on the next line', `A=\n"${fake}"`, '.env:2:1: not a line'],
      ['a # right after a value', `A=1\nPW=abc#${fake}`, '.env:2:4: a # without a space before it'],
      ['a colour', `COLOR=#${fake}`, '.env:1:7: a # without a space'],
      ['an unclosed quote', `A="${fake}\nB=1`, '.env:1:3: an unclosed quote'],
      ['a lone quote', `A="`, '.env:1:3: an unclosed quote'],
      ['text after a closing quote', `A="x" ${fake}`, '.env:1:3: an unclosed quote, or text after'],
      ['the same name twice', `A=1\nB=2\nA=${fake}`, '.env:3:1: A is already set in line 1'],
      [
        'the same name twice, with the same value',
        `A=1\n\nexport A=1`,
        '.env:3:8: A is already set in line 1',
      ],
      ['a reserved name', `__proto__=${fake}`, '.env:1:1: a name that cannot be read'],
      ['an invisible line separator', `A=1\nB=x\u2028C=${fake}`, '.env:2:4: an invisible line separator'],
    ])('refuses %s with file and line', async (_, text, message) => {
      expect(await refused(text)).toContain(message);
    });

    it('refuses a file that is not UTF-8', async () => {
      expect(await refused(Buffer.from([65, 61, 0xff, 10]))).toContain('not UTF-8');
      expect(await refused(Buffer.from('\uFEFFA=1', 'utf16le'))).toContain('UTF-16');
    });

    it('refuses a prefixed name that cannot be a key, with its line', async () => {
      const error = await reading(`A=1\nAPP____X=${fake}`, { prefix: 'APP' }).catch(
        (reason: ConfigError) => reason,
      );
      expect(error).toMatchObject({
        code: 'invalid_key',
        message: expect.stringMatching(/\.env:2:1: APP____X cannot be a key/),
      });
    });

    it('refuses invalid JSON in a variable, with its line', async () => {
      const provider = await reading(`A=1\nDB='{"a":${fake}}'`, { json: { db: 'DB' } });
      const error = await provider.get('db.a').catch((reason: ConfigError) => reason);
      expect(error).toMatchObject({
        code: 'parse',
        message: expect.stringMatching(/\.env:2:1 \(as JSON\):1:6: /),
      });
      expect(inspect(error)).not.toContain(fake);
    });
  });

  it('reads every name and value as dotenv does, or refuses the file', async () => {
    const dotenv = (await import('dotenv')).default;
    const { readDotenv } = await import('../../src/local/dotenv-file.ts');
    const readIfSound = (text: string): ReturnType<typeof readDotenv> | undefined => {
      try {
        return readDotenv({ provider: 'test', file: '.env', text });
      } catch (error) {
        if ((error as ConfigError).code === 'parse') return undefined;
        throw error;
      }
    };
    const piece = fc.constantFrom(
      'A',
      'B_C',
      'export',
      '=',
      ':',
      ' ',
      '\t',
      '\n',
      '\r\n',
      '#',
      '"',
      "'",
      '`',
      '\\',
      '\\n',
      'x',
      'é',
      '$',
      '{',
      '\u00a0',
      '\ufeff',
      '\u2028',
      '=x\n',
      'Z="1"\n',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 24 }).map((all) => all.join('')),
        (text) => {
          const found = readIfSound(text);
          if (!found) return;
          expect(Object.fromEntries(found.map(({ name, value }) => [name, value]))).toEqual(
            dotenv.parse(text),
          );
          const lines = text.split(/\r\n?|\n/);
          for (const { name, line, column } of found)
            expect(lines[line - 1]?.slice(column - 1).startsWith(name)).toBe(true);
        },
      ),
      { numRuns: runs(1_000, 20_000) },
    );
  });

  it('reads a large file in time linear in its size', async () => {
    const { readDotenv } = await import('../../src/local/dotenv-file.ts');
    const shapes = [
      '\n'.repeat(2e5),
      `A="${'\\"'.repeat(1e5)}"`,
      `A="${'x\n'.repeat(1e5)}"`,
      `A=${' '.repeat(2e5)}x`,
      `${'#\n'.repeat(1e5)}`,
      `A=${'x '.repeat(1e5)}`,
    ];
    for (const text of shapes) readDotenv({ provider: 'test', file: '.env', text });
    const many = Array.from({ length: 10_000 }, (_, i) => `NAME_${i}="value ${i}"`).join('\n');
    expect(readDotenv({ provider: 'test', file: '.env', text: many })).toHaveLength(10_000);
    expect(() => readDotenv({ provider: 'test', file: '.env', text: `${'A'.repeat(2e5)}` })).toThrow(
      'not a line of the form NAME=value',
    );
  });

  describe('the files of DotEnvProvider', () => {
    const all = {
      '.env': 'A=base\nB=base\nC=base\nD=base',
      '.env.local': 'A=local\nB=local\nC=local',
      '.env.production': 'A=env\nB=env',
      '.env.production.local': 'A=both',
    };

    it('ranks .env.{environment}.local, .env.local, .env.{environment}, .env', async () => {
      await using dir = await folder({
        ...all,
        '.env.local': 'A=local\nB=local',
        '.env.production': 'A=env\nB=env\nC=env',
      });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'production' });
      const read = async (key: string) => (await provider.get(key))?.value;
      expect([await read('a'), await read('b'), await read('c'), await read('d')]).toEqual([
        'both',
        'local',
        'env',
        'base',
      ]);
      expect(`${(await provider.get('b'))?.origin}`).toBe(`${dir.at('.env.local')}:2:1`);
    });

    it('leaves out .env.local in test', async () => {
      await using dir = await folder(all);
      expect((await new DotEnvProvider({ directory: dir.path, environment: 'test' }).get('a'))?.value).toBe(
        'base',
      );
      expect(
        (await new DotEnvProvider({ directory: dir.path, environment: 'staging' }).get('a'))?.value,
      ).toBe('local');
    });

    it('follows NODE_ENV, else development', async () => {
      await using dir = await folder({ ...all, '.env.development': 'D=dev' });
      vi.stubEnv('NODE_ENV', 'production');
      expect((await new DotEnvProvider({ directory: dir.path }).get('a'))?.value).toBe('both');
      vi.stubEnv('NODE_ENV', '');
      expect((await new DotEnvProvider({ directory: dir.path }).get('d'))?.value).toBe('dev');
      vi.stubEnv('NODE_ENV', '../etc');
      expect(() => new DotEnvProvider({ directory: dir.path })).toThrow(
        'environment must be a name without slashes',
      );
    });

    it('hides a variable by one with the same letters in a higher file', async () => {
      await using dir = await folder({
        '.env': 'APP__POOL_MAX=base\nAPP__X=1',
        '.env.local': 'APP__POOLMAX=local',
      });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'dev', prefix: 'APP' });
      expect((await provider.get('poolMax'))?.value).toBe('local');
      expect(await new ProviderChain([provider]).tree()).toEqual({ poolmax: 'local', x: '1' });
    });

    it('hides a variable by one in a higher file that can mean the same key, in either form', async () => {
      await using dir = await folder({
        '.env': 'APP__DB__HOST=base\nAPP_API_KEY=base\nAPP__LOG__LEVEL=base\nAPP_TWO=base\nAPP__A__B=base',
        '.env.local': 'APP_DB_HOST=local\nAPP__API__KEY=local\nAPP_LOG_LEVEL=\nAPP__TWO=local\nAPP_AB=local',
      });
      const options = { directory: dir.path, environment: 'dev', prefix: 'APP' } as const;
      const provider = new DotEnvProvider({ ...options, empty: 'absent' });
      expect(`${(await provider.get('db.host'))?.origin}`).toBe(`${dir.at('.env.local')}:1:1`);
      expect(await new ProviderChain([provider]).tree()).toEqual({
        db: { host: 'local' },
        api: { key: 'local' },
        log: { level: 'base' },
        two: 'local',
        a: { b: 'base' },
      });
      expect((await new DotEnvProvider(options).get('log.level'))?.value).toBe('');
      const expanding = new DotEnvProvider({ ...options, expand: { APP_DB_HOST: 'never' } });
      expect((await expanding.get('db.host'))?.value).toBe('local');
    });

    it('reports a conflict of two different values with the same letters in one file', async () => {
      await expect((await reading('POOL_MAX=1\nPOOLMAX=2')).get('poolMax')).rejects.toMatchObject({
        code: 'conflict',
      });
    });

    it('reads the option files in order, and none may be missing', async () => {
      await using dir = await folder({ 'a.env': 'A=a', 'b.env': 'A=b\nB=b' });
      const provider = new DotEnvProvider({ directory: dir.path, files: ['a.env', 'b.env'] });
      expect((await provider.get('a'))?.value).toBe('a');
      expect((await provider.get('b'))?.value).toBe('b');
      const missing = new DotEnvProvider({ directory: dir.path, files: ['a.env', 'c.env'] });
      await expect(missing.get('a')).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining('c.env does not exist'),
      });
      const absolute = new DotEnvProvider({ directory: dir.at('nowhere'), files: [dir.at('a.env')] });
      expect((await absolute.get('a'))?.value).toBe('a');
      expect(absolute.where('a')).toBe(`${dir.at('a.env')} A`);
      expect(() => new DotEnvProvider({ files: [] })).toThrow('files must be');
    });

    it('accepts that all files are missing, but not that one is unreadable', async () => {
      await using dir = await folder({ '.env/inside': '' });
      expect(await new DotEnvProvider({ directory: dir.at('nowhere') }).list()).toEqual([]);
      await expect(new DotEnvProvider({ directory: dir.path }).get('a')).rejects.toMatchObject({
        code: 'io',
      });
    });

    it('never writes to process.env or the console', async () => {
      const before = JSON.stringify(process.env);
      const chatter = [
        vi.spyOn(console, 'log'),
        vi.spyOn(console, 'error'),
        vi.spyOn(process.stdout, 'write'),
        vi.spyOn(process.stderr, 'write'),
      ];
      await (await reading('LCM_TEST_X=1\nPATH=hijacked')).get('x');
      for (const spy of chatter) expect(spy).not.toHaveBeenCalled();
      vi.restoreAllMocks();
      expect(JSON.stringify(process.env)).toBe(before);
    });
  });

  describe('a reload of DotEnvProvider', () => {
    it('keeps the last good content of a broken file and fails a fresh read', async () => {
      await using dir = await folder({ '.env': 'A=1' });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'test' });
      expect((await provider.get('a'))?.value).toBe('1');
      await dir.write({ '.env': 'A=2\nbroken' });
      expect((await provider.get('a'))?.value).toBe('1');
      await expect(provider.get('a', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'parse' });
      await expect(provider.list('', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'parse' });
      await expect(provider.refresh()).rejects.toMatchObject({ code: 'parse' });
      expect((await provider.get('a'))?.value).toBe('1');
      expect(await provider.health()).toMatchObject({ status: 'degraded' });
      await dir.write({ '.env': 'B=3' });
      expect(await provider.get('a', { maxAgeMs: 0 })).toBeUndefined();
      expect((await provider.get('b'))?.value).toBe('3');
      expect(await provider.health()).toMatchObject({ status: 'ok' });
    });

    it('keeps the content while a file is being written', async () => {
      await using dir = await folder({ '.env': 'A=1' });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'test' });
      await provider.get('a');
      await dir.write({ '.env': '' });
      const read = provider.get('a', { maxAgeMs: 0 });
      setTimeout(() => void dir.replace('.env', 'A=2'), 5);
      expect((await read)?.value).toBe('2');
      await dir.write({ '.env': '' });
      expect(await provider.get('a', { maxAgeMs: 0 })).toBeUndefined();
    });

    it('drops a removed optional file, but keeps one of the option files', async () => {
      await using dir = await folder({ '.env': 'A=1' });
      const optional = new DotEnvProvider({ directory: dir.path, environment: 'test' });
      const named = new DotEnvProvider({ directory: dir.path, files: ['.env'] });
      await Promise.all([optional.get('a'), named.get('a')]);
      await dir.remove('.env');
      expect(await optional.get('a', { maxAgeMs: 0 })).toBeUndefined();
      await expect(named.get('a', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'io' });
      expect((await named.get('a'))?.value).toBe('1');
    });

    it('notifies watchers when a file is written, replaced or created', async () => {
      await using dir = await folder({ '.env': 'A=1' });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'test' });
      await provider.get('a');
      let changed = (): void => {};
      const change = () => new Promise<void>((resolve) => (changed = resolve));
      const next = change();
      using _ = provider.watch((what) => {
        expect(Object.keys(what).sort()).toEqual(['provider', 'time']);
        changed();
      });
      await dir.replace('.env', 'A=2');
      await next;
      await until('a is 2', async () => (await provider.get('a'))?.value === '2');
      const later = change();
      await dir.write({ '.env.test': 'A=3' });
      await later;
      await until('a is 3', async () => (await provider.get('a'))?.value === '3');
      await provider.close();
    });
  });

  describe('the option expand', () => {
    const values = async (text: string, options: DotEnvOptions = { expand: true }) => {
      const provider = await reading(text, options);
      return Object.fromEntries(
        (await provider.list()).map((item) => [item.key, (item as { value: unknown }).value]),
      );
    };

    it('replaces nothing unless expand is set', async () => {
      expect(await values('A=1\nB=${A}', {})).toEqual({ a: '1', b: '${A}' });
    });

    it('replaces ${NAME} and ${NAME:-default} in any line order, except in single quotes', async () => {
      const text =
        'URL=http://${HOST}:${PORT:-80}/$HOST\nHOST=h${N}\nN="1"\nEMPTY=\nD=${EMPTY:-d}${EMPTY}\n' +
        'L=\'${HOST}\'\nE="\\${HOST}"\nM=${HOST:-}${NONE:-}';
      expect(await values(text)).toEqual({
        url: 'http://h1:80/$HOST',
        host: 'h1',
        n: '1',
        empty: '',
        d: 'd',
        l: '${HOST}',
        e: '${HOST}',
        m: 'h1',
      });
    });

    it('never runs a command', async () => {
      const text = 'A="$(touch /tmp/lcm-pwned)"\nB="`id`"\nC="${A}${B}"\nD="$(echo ${N})"\nN=1';
      expect(await values(text)).toMatchObject({
        a: '$(touch /tmp/lcm-pwned)',
        c: '$(touch /tmp/lcm-pwned)`id`',
        d: '$(echo 1)',
      });
    });

    it('does not expand replaced text again', async () => {
      expect(await values("A='${B}'\nB=secret\nC=${A}")).toEqual({ a: '${B}', b: 'secret', c: '${B}' });
      expect(await values('A=1\nC=$&${A}', { expand: { A: '$&$1${X}' } })).toEqual({
        a: '1',
        c: '$&$&$1${X}',
      });
    });

    it('prefers variables of the option expand over those of the files', async () => {
      const expand = { HOME: '/home/x', HOST: 'given', GONE: undefined };
      expect(await values('HOST=file\nA=${HOME}/${HOST}\nHOME=${HOME}/own', { expand })).toEqual({
        host: 'file',
        a: '/home/x/given',
        home: '/home/x/own',
      });
    });

    it('finds variables in lower files and prefers higher ones', async () => {
      await using dir = await folder({
        '.env': 'HOST=base\nPORT=1',
        '.env.local': 'HOST=local\nURL=${HOST}:${PORT}',
      });
      const provider = new DotEnvProvider({ directory: dir.path, environment: 'dev', expand: true });
      expect((await provider.get('url'))?.value).toBe('local:1');
    });

    it('marks a value as secret when a part of it is secret', async () => {
      const provider = await reading(
        `DB_PASSWORD=${fake}\nDSNISH=x-\${DB_PASSWORD}-y\nAGAIN=\${DSNISH}\nPLAIN=\${HOST}\nHOST=h`,
        {
          expand: true,
        },
      );
      expect(await provider.get('dsnish')).toMatchObject({ secret: true, value: `x-${fake}-y` });
      expect((await provider.get('again'))?.secret).toBe(true);
      expect((await provider.get('plain'))?.secret).toBe(false);
      const given = await reading('A=${TOKEN}', { expand: { TOKEN: fake } });
      expect((await given.get('a'))?.secret).toBe(true);
    });

    it.each([
      [
        'a variable that refers back to it',
        `A=\${B}\nB=\${C}${fake}\nC=\${A}`,
        /A refers to itself: A → B → C → A/,
      ],
      ['itself', `X=1\nA=\${A}`, /\.env:2:1: A refers to itself: A → A/],
      [
        'a variable that is not set',
        `X=1\nA=${fake}\${NOPE}`,
        /\.env:2:1: A refers to NOPE, which is not set/,
      ],
      ['an invalid name', `A=\${B C}${fake}`, /A contains a \$\{ that does not begin a reference/],
      ['a default with a reference', 'A=${B:-${C}}', /does not begin a reference/],
      [
        'more than 100 others',
        Array.from({ length: 150 }, (_, i) => `A${i}=\${A${i + 1}}`).join('\n'),
        /is behind a chain of 100 references/,
      ],
      [
        'text beyond the limit',
        [
          'A0=0123456789',
          ...Array.from({ length: 30 }, (_, i) => `A${i + 1}=${`\${A${i}}`.repeat(10)}`),
        ].join('\n'),
        /expands to more than a million characters/,
      ],
    ])('with expand, refuses a reference to %s', async (_, text, message) => {
      expect(await refused(text, { expand: true })).toMatch(message);
    });
  });

  it('prints no secret value', async () => {
    const provider = await reading(`DB_PASSWORD=${fake}\nURL=postgres://u:${fake}@h/db`);
    for (const one of [
      provider,
      await provider.list(),
      await provider.get('dbPassword'),
      await provider.get('url'),
    ])
      expect(inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one)).not.toContain(fake);
  });

  it('refuses invalid options', () => {
    expect(() => new DotEnvProvider({ environment: 'a/b' })).toThrow('environment must be');
    expect(() => new DotEnvProvider({ expand: 'yes' as never })).toThrow('expand must be');
    expect(() => new DotEnvProvider({ direktory: '.' } as never)).toThrow('Did you mean directory?');
    expect(() => new DotEnvProvider({ prefix: 'APP__' })).toThrow('ends with the separator');
  });
});
