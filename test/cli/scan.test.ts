import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it, vi } from 'vitest';
import { character } from '../support/character.ts';
import { builtCommand } from './built.ts';
import { llmConfig, type Ran } from './terminal.ts';

// what is named `locked` cannot be read, also by root
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refusing =
    <A extends readonly unknown[], R>(read: (...args: A) => R) =>
    (...args: A): R | Promise<never> =>
      `${args[0]}`.endsWith('locked')
        ? Promise.reject(Object.assign(new Error(), { code: 'EACCES' }))
        : read(...args);
  return { ...real, readdir: refusing(real.readdir), open: refusing(real.open) };
});

const source = new URL('../../src/', import.meta.url).href;
/** Not a token by its shape. */
const password = 'Zq83 not/real+pass';
const values = { database: { host: 'db', password, pin: 12345678 }, port: 80 };

/** The name of a file. */
const odd = 'b\n\u001b[2J é';

const hexOf = (text: string): string => Buffer.from(text).toString('hex');
const moduleOf = (more: object = values, extra = '') => `
  import { ProviderChain } from '${source}chain/chain.ts';
  import { MemoryProvider } from '${source}providers/memory.ts';
  const down = async () => { throw new Error('x'); };
  const failing = { name: 'store', get: down, list: down };
  const values = JSON.parse(Buffer.from('${hexOf(JSON.stringify(more))}', 'hex').toString());
  export default new ProviderChain([new MemoryProvider(values)${extra}]);
`;

interface Box extends AsyncDisposable {
  path(name: string): string;
  scan(...args: readonly string[]): Promise<Ran & { readonly found: readonly Record<string, unknown>[] }>;
}

/** A folder with files, whose configuration lies beside it. */
async function project(files: Record<string, string>, module = moduleOf()): Promise<Box> {
  const box = await sandbox({ files: { 'config.mjs': module, ...inFolder(files) } });
  return {
    path: (name) => box.path(name),
    async scan(...args) {
      const at = args.length > 0 ? args : [box.path('files')];
      const ran = await llmConfig(['scan', '--module', box.path('config.mjs'), '--json', ...at]);
      return { ...ran, found: ran.out ? JSON.parse(ran.out).found : [] };
    },
    [Symbol.asyncDispose]: async () => box[Symbol.asyncDispose](),
  };
}

const inFolder = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`files/${name}`, text]));

describe('llm-config scan', () => {
  it('finds a value as it is, in base64, in a URL and in JSON, with its line and key', async () => {
    const base64 = (before: string) => Buffer.from(`${before}${password}!`).toString('base64');
    const spelled = {
      plain: `a\nb ${password}`,
      encoded: `\n\n?p=${encodeURIComponent(password)}`,
      form: new URLSearchParams({ p: password }).toString(),
      first: base64(''),
      second: base64('u'),
      third: base64('us'),
      url64: Buffer.from(`${password}\xff\xfe`).toString('base64url'),
    };
    await using box = await project(spelled);
    const { found, code, out } = await box.scan();
    expect(code).toBe(1);
    expect(out).not.toContain(password);
    expect(
      Object.fromEntries(found.map(({ file, line, as }) => [`${file}`.split('/').at(-1), [line, as]])),
    ).toEqual({
      plain: [2, 'plain'],
      encoded: [3, 'url-encoded'],
      form: [1, 'url-encoded'],
      first: [1, 'base64'],
      second: [1, 'base64'],
      third: [1, 'base64'],
      url64: [1, 'base64'],
    });
    expect(found.every(({ key }) => key === 'database.password')).toBe(true);
  });

  it('prints places and keys as text, and no value', async () => {
    await using box = await project({ 'a.txt': `x\n${password}\n`, 'b.txt': 'nothing' });
    const files = box.path('files');
    const { code, out, err } = await llmConfig(['scan', '--module', box.path('config.mjs'), files]);
    expect([code, err]).toEqual([1, 'Not searched, because they are short or numbers: database.pin\n']);
    expect(out).toBe(`${files}/a.txt:2  database.password\n\nFound secrets in 1 place of 2 files.\n`);
    const clean = await llmConfig(['scan', '--module', box.path('config.mjs'), box.path('files/b.txt')]);
    expect([clean.code, clean.out]).toEqual([0, 'No secrets in 1 file.\n']);
  });

  it('finds any value behind any bytes', async () => {
    const text = fc.string({ unit: character, minLength: 6, maxLength: 40 });
    const bytes = fc.uint8Array({ maxLength: 20 });
    const { SecretSearch } = await import('../../src/cli/secret-search.ts');
    fc.assert(
      fc.property(text, bytes, bytes, (value, before, after) => {
        const search = new SecretSearch([{ key: 'k', value }]);
        const raw = Buffer.concat([before, Buffer.from(value), after]);
        const spelled = [raw, Buffer.from(raw.toString('base64')), Buffer.from(raw.toString('base64url'))];
        for (const one of spelled) expect([...search.in(one)].length).toBeGreaterThan(0);
        const url = Buffer.from(`x=${encodeURIComponent(Buffer.from(value).toString())}`);
        expect([...search.in(url)].length).toBeGreaterThan(0);
        expect(search.masked(`a${Buffer.from(value)}b`, '#')).not.toContain(Buffer.from(value).toString());
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 12) },
    );
  });

  it('masks the whole of two values of one key that begin alike', async () => {
    const { SecretSearch } = await import('../../src/cli/secret-search.ts');
    const both = ['fake-Zq83', 'fake-Zq83-longer'].map((value) => ({ key: 'k', value }));
    expect(new SecretSearch(both).masked('a fake-Zq83-longer b', '#')).toBe('a # b');
  });

  it('finds the lines of a value with several, and the password of a URL', async () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
    const url = 'postgres://app:Wq9-not%2Freal-7@db/x';
    await using box = await project(
      { 'key.yaml': `key: |\n    ${body}\n`, 'a.env': 'PW=Wq9-not/real-7', 'b.env': 'PW=Wq9-not%2Freal-7' },
      moduleOf({ tls: { privateKey: `-----BEGIN X-----\n${body}\n-----END X-----\n` }, databaseUrl: url }),
    );
    const { found } = await box.scan();
    expect(
      found.map(({ file, line, key, as }) => [`${file}`.split('/').at(-1), line, key, as]).sort(),
    ).toEqual([
      ['a.env', 1, 'databaseUrl', 'in part'],
      ['b.env', 1, 'databaseUrl', 'in part'],
      ['key.yaml', 2, 'tls.privateKey', 'in part'],
    ]);
  });

  it('finds shadowed values, and leaves out the keys of --except', async () => {
    const shadowed = `, new MemoryProvider({ database: { password: 'other-Zq83' } }, { name: 'low' })`;
    await using box = await project({ a: 'other-Zq83', b: password }, moduleOf(values, shadowed));
    expect((await box.scan()).found.map(({ file }) => `${file}`.at(-1))).toEqual(['a', 'b']);
    expect(await box.scan('--except', 'database/password', box.path('files'))).toMatchObject({
      code: 0,
      found: [],
    });
  });

  it('exits with 3 if a store cannot be read, and searches the rest', async () => {
    await using box = await project({ a: 'nothing' }, moduleOf(values, ', failing'));
    const ran = await box.scan();
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.out)).toMatchObject({ unread: ['store'], searched: ['database.password'] });
    writeFileSync(box.path('files/a'), password);
    expect((await box.scan()).code).toBe(1);
  });

  it('reads binary files, files of Windows and names, and no link, pipe or ignored folder', async () => {
    const name = 'Wq9-not-real-7';
    await using box = await project(
      { [`a ${name}.txt`]: '', 'node_modules/a': name, '.git/a': name },
      moduleOf({ password: name }),
    );
    writeFileSync(box.path('files/bin'), Buffer.concat([Buffer.alloc(9), Buffer.from(name)]));
    writeFileSync(box.path('files/dll'), Buffer.from(`\0\0${name}`, 'utf16le'));
    writeFileSync(box.path('files/win'), Buffer.from(`\ufeffx\r\n${name}`, 'utf16le'));
    writeFileSync(box.path('outside'), name);
    symlinkSync(box.path('outside'), box.path('files/link'));
    execFileSync('mkfifo', [box.path('files/pipe')]);
    const { found, out } = await box.scan();
    expect(out).not.toContain(name);
    expect(found.map(({ file, ...rest }) => ({ file: `${file}`.split('/').at(-1), ...rest }))).toEqual(
      expect.arrayContaining([
        { file: 'a [redacted].txt', key: 'password', as: 'the name of the file' },
        { file: 'bin', byte: 9, key: 'password', as: 'plain' },
        { file: 'dll', byte: 4, key: 'password', as: 'plain' },
        { file: 'win', line: 2, key: 'password', as: 'plain' },
      ]),
    );
    expect(found).toHaveLength(4);
  });

  it('follows a link that is named', async () => {
    await using box = await project({ 'a.txt': password });
    symlinkSync(box.path('files/a.txt'), box.path('link'));
    symlinkSync(box.path('files'), box.path('folder'));
    symlinkSync(box.path('nowhere'), box.path('dangling'));
    const { found, code } = await box.scan(box.path('link'), box.path('folder'), box.path('dangling'));
    expect([code, found.map(({ file }) => file)]).toEqual([1, [box.path('link')]]);
    expect((await box.scan(box.path('folder'))).found).toMatchObject([{ file: box.path('folder/a.txt') }]);
  });

  it('exits with 3 if a folder or a file cannot be read', async () => {
    await using box = await project({ 'a.txt': 'a', 'locked/b.txt': password, 'c/locked': password });
    const { code, out } = await box.scan();
    expect(code).toBe(3);
    const unreadable = ['c/locked', 'locked'].map((name) => box.path(`files/${name}`));
    const reason = 'Error EACCES';
    expect(JSON.parse(out).unreadable).toEqual(unreadable.map((file) => ({ file, reason })));
  });

  it('refuses --tokens with --module, which would search for less', async () => {
    const { code, err } = await llmConfig(['scan', '--tokens', '--module', 'config.mjs']);
    expect([code, err]).toEqual([2, expect.stringContaining('cannot be combined')]);
  });

  it('finds a value across the parts of a large file, once, with its line', async () => {
    await using box = await project({});
    mkdirSync(box.path('files'), { recursive: true });
    const file = box.path('files/large');
    const part = 4 * 1024 * 1024;
    writeFileSync(file, Buffer.alloc(part - 5, 'x\n'));
    appendFileSync(file, password + 'y\n'.repeat(5_000) + password);
    const { found } = await box.scan();
    const first = part / 2 - 2;
    expect(found.map(({ line }) => line)).toEqual([first, first + 5_000]);
  }, 20_000);

  it('finds tokens by their shape without a module, but none that is made up or allowed', async () => {
    const random = 'Kq3Zp8Lw2Xv7Nt5Rb9Yc4Md6Hf1Jg0Ts';
    const token = `gh${'p'}_${random}`;
    const lines = [
      `a = "${token}"`,
      `b = "${token}" # llm-config:allow`,
      `c = "ghp_fake${random}"`,
      'd = "AKIAIOSFODNN7EXAMPLE"',
      'e = "sk-ant-short"',
      `f = "-----BEGIN PRIVATE ${'KEY'}-----\\n${random}${random}"`,
      `g = 'const header = "-----BEGIN PRIVATE ${'KEY'}-----"'`,
      `h = {"kty":"oct","kid":"a","k":"${random}${random}"}`,
      `i = eyJ${random}.${random}.${random}`,
      `j = sealed:eyJ${random}.${random}.${random}`,
    ];
    await using box = await project({ 'a.txt': lines.join('\n') });
    const { code, out } = await llmConfig(['scan', '--tokens', '--json', box.path('files')]);
    expect(code).toBe(1);
    expect(out).not.toContain(random);
    expect(JSON.parse(out).found.map(({ line, as }: { line: number; as: string }) => [line, as])).toEqual([
      [1, 'a token'],
      [6, 'a private key'],
      [8, 'a private key'],
      [9, 'a JWT'],
    ]);
  });

  it('prints the name of a file on one line, without control characters', async () => {
    await using box = await project({ [odd]: password });
    const { out } = await llmConfig(['scan', '--module', box.path('config.mjs'), box.path('files')]);
    expect(out).toContain('b\\n\\u001b[2J é:1  database.password\n');
  });

  it('takes the module and the files of the working folder', async () => {
    await using box = await project({ 'config.mjs': moduleOf(), 'sub/a.txt': password });
    const { code, out } = await llmConfig(['scan'], { cwd: box.path('files') });
    expect([code, out]).toEqual([
      1,
      'sub/a.txt:1  database.password\n\nFound secrets in 1 place of 2 files.\n',
    ]);
    const tokens = await llmConfig(['scan', '--tokens', 'sub'], { cwd: box.path('files') });
    expect([tokens.code, tokens.out]).toEqual([0, 'No secrets in 1 file.\n']);
  });

  it('a missing path is an error', async () => {
    const { code, err } = await llmConfig(['scan', '--tokens', '/nowhere/at/all']);
    expect([code, err]).toEqual([3, expect.stringContaining('/nowhere/at/all')]);
  });
});

describe('llm-config scan in a git repository', () => {
  const git = (folder: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const names = (found: readonly Record<string, unknown>[]) =>
    found.map(({ file }) => `${file}`.split('/').at(-1));
  it('leaves out what git ignores, unless it is named', async () => {
    await using box = await project({
      '.gitignore': 'ignored\nnode_modules\n',
      ignored: password,
      tracked: password,
      'sub/untracked': password,
    });
    git(box.path('files'), 'init', '-q');
    git(box.path('files'), 'add', 'tracked');
    expect(names((await box.scan()).found).sort()).toEqual(['tracked', 'untracked']);
    expect(names((await box.scan(box.path('files/sub'))).found)).toEqual(['untracked']);
    expect(names((await box.scan(box.path('files/ignored'))).found)).toEqual(['ignored']);
  });

  it('leaves out node_modules, and reads a repository inside and each file once', async () => {
    await using box = await project({
      tracked: password,
      'node_modules/a': password,
      'inner/file': password,
    });
    git(box.path('files'), 'init', '-q');
    git(box.path('files'), 'add', 'tracked', 'node_modules/a');
    git(box.path('files/inner'), 'init', '-q');
    const { found } = await box.scan(box.path('files'), box.path('files/tracked'));
    expect(names(found).sort()).toEqual(['file', 'tracked']);
  });

  it('--staged names paths that are outside of the repository as the reason', async () => {
    await using box = await project({ a: 'a' });
    git(box.path('files'), 'init', '-q');
    const ran = await llmConfig(['scan', '--tokens', '--staged', '../config.mjs'], {
      cwd: box.path('files'),
    });
    expect([ran.code, ran.err]).toEqual([3, expect.stringContaining('Name paths in the repository')]);
  });

  it('--staged reads what is large, leaves out submodules, and names what git does not have', async () => {
    await using box = await project({ large: `${'x\n'.repeat(100_000)}${password}` });
    const files = box.path('files');
    const staged = () =>
      llmConfig(['scan', '--staged', '--json', '--module', box.path('config.mjs')], { cwd: files });
    expect((await staged()).err).toContain('this folder is not in a git repository');
    git(files, 'init', '-q');
    expect(JSON.parse((await staged()).out)).toMatchObject({ files: 0, found: [] });
    git(files, 'add', 'large');
    git(files, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},module`);
    expect(JSON.parse((await staged()).out)).toMatchObject({ files: 1, found: [{ line: 100_001 }] });
    git(files, 'update-index', '--add', '--cacheinfo', `100644,${'2'.repeat(40)},gone`);
    expect(await staged()).toMatchObject({
      code: 3,
      err: expect.stringContaining('git did not return the staged content of gone'),
    });
    vi.stubEnv('PATH', '/nowhere');
    expect((await staged()).err).toContain('git is not installed');
    vi.unstubAllEnvs();
  });

  it('runs no program that the repository names', async () => {
    await using box = await project({ a: 'x' });
    git(box.path('files'), 'init', '-q');
    git(box.path('files'), 'config', 'core.fsmonitor', `touch ${box.path('ran')}; false`);
    await box.scan();
    expect(existsSync(box.path('ran'))).toBe(false);
  });

  it('--staged, in a hook, reads what git will commit, and stops a commit with a secret', async () => {
    await using box = await project({ a: password, [odd]: `\n${password}`, c: 'x', d: 'x' });
    const files = box.path('files');
    git(files, 'init', '-q');
    git(files, 'add', 'c', 'd');
    git(files, 'commit', '-qm', 'first');
    const { program, library } = await builtCommand();
    const hooked = `import { MemoryProvider } from '${library}';
      export default new MemoryProvider(${JSON.stringify(values)});`;
    writeFileSync(box.path('hooked.mjs'), hooked);
    const staged = ['scan', '--staged', '--json', '--module'];
    const command = [process.execPath, program, ...staged, box.path('hooked.mjs')];
    const words = command.map((word) => `'${word}'`).join(' ');
    const hook = `#!/bin/sh\nexec ${words} > '${box.path('out')}'\n`;
    writeFileSync(`${files}/.git/hooks/pre-commit`, hook, { mode: 0o755 });
    git(files, 'add', 'a', odd);
    git(files, 'rm', '-q', 'd');
    writeFileSync(`${files}/a`, 'changed since');
    writeFileSync(`${files}/c`, password);
    const here = await llmConfig([...staged, box.path('config.mjs')], { cwd: files });
    expect(() => git(files, 'commit', '-qm', 'second')).toThrow();
    expect(git(files, 'log', '--format=%s')).toBe('first\n');
    const out = readFileSync(box.path('out'), 'utf8');
    expect(out).toBe(here.out);
    expect(out).not.toContain(password);
    expect(JSON.parse(out)).toMatchObject({
      files: 2,
      found: [
        { file: 'a', line: 1, key: 'database.password' },
        { file: odd, line: 2 },
      ],
    });
  }, 20_000);
});
