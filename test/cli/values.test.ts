import { chmodSync, readFileSync, statSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const env = { LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('base64url') };
const fake = 'fake-cli-secret-31';

describe('llm-config set, get and unset', () => {
  it('set reads the value from stdin, a file or a hidden prompt, and get prints it', async () => {
    await using box = await sandbox({ files: { value: `${fake}-file\n` } });
    const file = box.path('secrets.yaml.jwe');
    const piped = await llmConfig(['set', file, 'database.password'], { env, input: `${fake}\n` });
    expect(piped).toEqual({ code: 0, out: '', err: 'set database.password\n' });
    expect((await llmConfig(['get', file, 'database.password'], { env })).out).toBe(`${fake}\n`);
    await llmConfig(['set', file, 'a.file', '--from-file', box.path('value')], { env });
    const typed = await llmConfig(['set', file, 'a.typed'], { env, typed: [`${fake}-typed\r`] });
    expect([typed.code, typed.err.includes(fake)]).toEqual([0, false]);
    const section = await llmConfig(['get', file, 'a'], { env });
    expect(JSON.parse(section.out)).toEqual({ file: `${fake}-file`, typed: `${fake}-typed` });
    expect((await llmConfig(['set', file, 'x', '--from-file', box.path('none')], { env })).err).toMatch(
      /does not exist/,
    );
  });

  it('set refuses a value as an argument, without repeating it', async () => {
    await using box = await sandbox();
    const { code, out, err } = await llmConfig(['set', box.path('a.jwe'), 'key', fake], { env });
    expect([code, out, err.includes(fake)]).toEqual([2, '', false]);
    expect(err).toMatch(/Every process can see arguments/);
  });

  it('set writes strings as strings and JSON values by type', async () => {
    await using box = await sandbox();
    const file = box.path('a.json.jwe');
    const set = (key: string, input: string, ...more: string[]) =>
      llmConfig(['set', file, key, ...more], { env, input });
    await set('text', '8080');
    await set('number', '8080\n', '--type', 'json');
    await set('list', '["a", "b"]', '--type', 'json');
    await set('empty', '', '--empty');
    const { out } = await llmConfig(['decrypt', file], { env });
    expect(JSON.parse(out)).toEqual({ text: '8080', number: 8080, list: ['a', 'b'], empty: '' });
    expect((await llmConfig(['get', file, 'empty'], { env })).out).toBe('\n');
    expect(JSON.parse((await llmConfig(['get', file, 'number', '--json'], { env })).out)).toEqual({
      found: true,
      value: 8080,
    });
    expect((await set('bad', `{"a": ${fake}`, '--type', 'json')).err).not.toContain(fake);
    expect((await set('two', '1, "b": 2', '--type', 'json')).err).toMatch(
      /the value:1:2: text after the end of the value/,
    );
    expect((await set('section', '{"a": 1}', '--type', 'json')).code).toBe(2);
    expect((await set('x', '1', '--type', 'number')).code).toBe(2);
  });

  it('set refuses an empty value, as of a pipe whose first program failed, without --empty', async () => {
    await using box = await sandbox();
    const file = box.path('a.json.jwe');
    for (const [input, ...more] of [['old'], [''], ['\n'], ['', '--type', 'json']] as const) {
      const { code, err } = await llmConfig(['set', file, 'a', ...more], { env, input });
      expect([code, err.includes('the value is empty. Use --empty')]).toEqual(
        input === 'old' ? [0, false] : [2, true],
      );
    }
    expect((await llmConfig(['get', file, 'a'], { env })).out).toBe('old\n');
  });

  it('set of a new file names a missing key before it asks for the value', async () => {
    const { code, err } = await llmConfig(['set', 'nowhere.jwe', 'a'], { typed: [], env: { NO_COLOR: '1' } });
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/^error: cannot create the file nowhere\.jwe without a key .*keygen/),
    ]);
  });

  it('set refuses bytes that are not UTF-8, and ignores escape sequences at the prompt', async () => {
    await using box = await sandbox({
      files: { 'no-text': Buffer.from([0x61, 0xff]), marked: Buffer.from('\ufeffé\n') },
    });
    const file = box.path('a.json.jwe');
    for (const more of [
      { input: Buffer.from([0x61, 0xff]) },
      { args: ['--from-file', box.path('no-text')] },
    ]) {
      const refused = await llmConfig(['set', file, 'a', ...(more.args ?? [])], {
        env,
        input: more.input ?? '',
      });
      expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('is not UTF-8, in line 1') });
    }
    await llmConfig(['set', file, 'marked', '--from-file', box.path('marked')], { env });
    const [first, second] = [...Buffer.from('é')].map((byte) => Buffer.from([byte])) as [Buffer, Buffer];
    await llmConfig(['set', file, 'typed'], {
      env,
      typed: [[first, Buffer.concat([second, Buffer.from('\x1b[D\x1bOA\x1b[200~x\x1b[201~\r')])]],
    });
    expect(JSON.parse((await llmConfig(['decrypt', file], { env })).out)).toEqual({
      marked: 'é',
      typed: 'éx',
    });
  });

  it('get and unset exit with 1 for a key that does not exist', async () => {
    await using box = await sandbox();
    const file = box.path('a.json.jwe');
    await llmConfig(['set', file, 'a'], { env, input: '1' });
    expect(await llmConfig(['get', file, 'b'], { env })).toMatchObject({ code: 1, out: '' });
    expect(await llmConfig(['unset', file, 'b', '--json'], { env })).toEqual({
      code: 1,
      out: '{\n  "found": false\n}\n',
      err: '',
    });
    expect((await llmConfig(['unset', file, 'a'], { env })).code).toBe(0);
    expect((await llmConfig(['get', file, 'a'], { env })).code).toBe(1);
    const none = await llmConfig(['get', box.path('none'), 'a'], { env });
    expect([none.code, none.err]).toEqual([
      3,
      `error: the file ${box.path('none')} does not exist. Create it, or correct the path\n`,
    ]);
    expect((await llmConfig(['unset', box.path('none.jwe'), 'a'], { env })).code).toBe(3);
  });

  it('set does not write an unchanged file or an unencrypted file', async () => {
    await using box = await sandbox({ files: { 'plain.yaml': 'a: 1\n' } });
    const file = box.path('a.json.jwe');
    await llmConfig(['set', file, 'a'], { env, input: '1' });
    const before = readFileSync(file, 'utf8');
    expect((await llmConfig(['set', file, 'a'], { env, input: '1' })).err).toBe('a already has this value\n');
    expect(readFileSync(file, 'utf8')).toBe(before);
    const plain = await llmConfig(['set', box.path('plain.yaml'), 'a'], { env, input: fake });
    expect(plain).toMatchObject({
      code: 3,
      err: expect.stringMatching(/is not an encrypted file\. Run `llm-config seal` for one value/),
    });
    expect(await box.read('plain.yaml')).toBe('a: 1\n');
    expect((await llmConfig(['get', box.path('plain.yaml'), 'a'])).out).toBe('1\n');
  });
});

describe('llm-config seal and unseal', () => {
  it.each<[string, string, string, string[]]>([
    [
      'base.yaml',
      `# base\ndatabase:\n  host: h # kept\n  password: ${fake} # secret\n`,
      'database.password',
      [],
    ],
    [
      'base.toml',
      `# base\n[database]\nhost = "h" # kept\npassword = "${fake}" # secret\n`,
      'database.password',
      [],
    ],
    ['base.jsonc', `{\n  // base\n  "database": { "password": "${fake}" }\n}\n`, 'database.password', []],
    [
      '.env',
      `# base\nOTHER=1 # kept\nexport APP__DATABASE__PASSWORD="${fake}" # secret\nLAST=2\n`,
      'APP__DATABASE__PASSWORD',
      ['--prefix', 'APP'],
    ],
  ])('seal and unseal change one value of %s in place', async (name, text, key, more) => {
    await using box = await sandbox({ files: { [name]: text } });
    const file = box.path(name);
    chmodSync(file, 0o640);
    const args = [file, key, '--context', 'acme', ...more];
    const { code, out, err } = await llmConfig(['seal', ...args], { env });
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain(
      name === '.env'
        ? "The reader is new DotEnvProvider({ sealed: { context: 'acme' } }), with the key in LLM_CONFIG_KEY"
        : `The reader is new BundleProvider({ path: '${file}', sealed: { context: 'acme' } }), with the key`,
    );
    const sealed = await box.read(name);
    expect(sealed).not.toContain(fake);
    expect(sealed.replace(/"?sealed:[\w.-]+"?/, 'X')).toBe(text.replace(new RegExp(`"?${fake}"?`), 'X'));
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect((await llmConfig(['get', ...args], { env })).out).toBe(`${fake}\n`);
    expect((await llmConfig(['seal', ...args], { env })).err).toMatch(/is sealed already/);
    expect((await llmConfig(['unseal', ...args], { env })).code).toBe(0);
    expect((await box.read(name)).replaceAll('"', '')).toBe(text.replaceAll('"', ''));
    expect((await llmConfig(['unseal', ...args], { env })).code).toBe(1);
  });

  it('seal adds a new value from a pipe', async () => {
    await using box = await sandbox({ files: { '.env': 'A=1', 'base.yaml': 'a: 1\n' } });
    expect(
      (
        await llmConfig(['seal', box.path('.env'), 'API_TOKEN', '--for-key', 'api.token', '--new'], {
          env,
          input: fake,
        })
      ).code,
    ).toBe(0);
    expect(await box.read('.env')).toMatch(/^A=1\nAPI_TOKEN=sealed:[\w.-]+\n$/);
    expect(
      (await llmConfig(['get', box.path('.env'), 'API_TOKEN', '--for-key', 'api.token'], { env })).out,
    ).toBe(`${fake}\n`);
    expect((await llmConfig(['get', box.path('.env'), 'API_TOKEN'], { env })).out).toBe(`${fake}\n`);
    expect(
      (await llmConfig(['get', box.path('.env'), 'API_TOKEN', '--for-key', 'apiToken'], { env })).err,
    ).toMatch(/sealed for "api\.token"/);
    await llmConfig(['seal', box.path('base.yaml'), 'a', '--from-file', '-', '--type', 'json'], {
      env,
      input: '[1, 2]',
    });
    expect(JSON.parse((await llmConfig(['get', box.path('base.yaml'), 'a'], { env })).out)).toEqual([1, 2]);
  });

  it('seal refuses a key that is not in the file, and an empty value', async () => {
    const files = { '.env': 'API_KEY=1\n', 'base.yaml': 'llm:\n  apiKey: 1\n' };
    await using box = await sandbox({ files });
    const seal = (...args: string[]) => llmConfig(['seal', ...args], { env });
    const typo = await seal(box.path('.env'), 'APIKEY');
    expect([typo.code, typo.err]).toEqual([
      3,
      expect.stringMatching(/has no APIKEY\. Did you mean API_KEY\?/),
    ]);
    expect((await seal(box.path('base.yaml'), 'llm.apiKye')).err).toMatch(
      /Did you mean llm\.apiKey\? .*--new/,
    );
    expect((await seal(box.path('base.yaml'), 'nothing.alike')).err).toMatch(/Use --new to add a key/);
    const empty = await seal(box.path('.env'), 'OTHER', '--new');
    expect([empty.code, empty.err]).toEqual([2, expect.stringMatching(/the value is empty\. Use --empty/)]);
    expect((await seal(box.path('base.yaml'), 'llm.apiKey', '--from-file', '-')).code).toBe(2);
    expect([await box.read('.env'), await box.read('base.yaml')]).toEqual(Object.values(files));
    const added = await seal(box.path('.env'), 'OTHER', '--new', '--empty');
    expect([added.code, added.err]).toEqual([0, expect.stringMatching(/The reader is DotEnvProvider, with/)]);
    expect(added.err).not.toContain('old value');
    expect((await llmConfig(['get', box.path('.env'), 'OTHER'], { env })).out).toBe('\n');
  });

  it('seal accepts --format, and variable names with any character', async () => {
    await using box = await sandbox({ files: { settings: `a: ${fake}\n`, '.env': `A.B-C=${fake}\n` } });
    expect((await llmConfig(['seal', box.path('settings'), 'a'], { env })).err).toMatch(
      /does not name a format/,
    );
    expect((await llmConfig(['seal', box.path('settings'), 'a', '--format', 'yaml'], { env })).code).toBe(0);
    expect((await llmConfig(['get', box.path('settings'), 'a', '--format', 'yaml'], { env })).out).toBe(
      `${fake}\n`,
    );
    expect((await llmConfig(['seal', box.path('.env'), 'A.B-C', '--for-key', 'a.b'], { env })).code).toBe(0);
    expect(await box.read('.env')).toMatch(/^A\.B-C=sealed:/);
    const odd = await llmConfig(['seal', box.path('.env'), 'A(', '--for-key', 'a.c', '--new'], {
      env,
      input: fake,
    });
    expect([odd.code, odd.err.includes(fake)]).toEqual([3, false]);
    await llmConfig(['seal', box.path('.env'), 'N', '--new', '--type', 'json'], {
      env,
      input: '42',
    });
    expect((await llmConfig(['unseal', box.path('.env'), 'N'], { env })).code).toBe(0);
    expect(await box.read('.env')).toMatch(/^N=42$/m);
  });

  it('seal refuses sections, several recipients and names without the prefix', async () => {
    await using box = await sandbox({ files: { 'base.yaml': 'a:\n  b: 1\n', '.env': 'A=1' } });
    expect((await llmConfig(['seal', box.path('base.yaml'), 'a'], { env })).err).toMatch(/is a section/);
    const keys = ['--key-env', 'A', '--key-env', 'B'];
    const two = { A: env.LLM_CONFIG_KEY, B: Buffer.alloc(32, 8).toString('hex') };
    expect((await llmConfig(['seal', box.path('base.yaml'), 'a.b', ...keys], { env: two })).code).toBe(2);
    const other = await llmConfig(['seal', box.path('.env'), 'A', '--prefix', 'APP'], { env });
    expect([other.code, other.err]).toEqual([2, expect.stringMatching(/\.env does not read A: it lacks/)]);
    expect((await llmConfig(['unseal', box.path('base.yaml'), 'a.c'], { env })).err).toMatch(/has no a\.c/);
    expect(await box.read('base.yaml')).toBe('a:\n  b: 1\n');
  });

  it('unseal quotes values in a .env file, and refuses one that cannot be quoted', async () => {
    await using box = await sandbox({ files: { '.env': 'A=1\nB=2\n' } });
    const back = async (value: string) => {
      await llmConfig(['seal', box.path('.env'), 'A', '--from-file', '-'], { env, input: value });
      return llmConfig(['unseal', box.path('.env'), 'A'], { env });
    };
    expect((await back('two words # and "quotes"')).code).toBe(0);
    expect(await box.read('.env')).toBe('A=\'two words # and "quotes"\'\nB=2\n');
    expect((await back('\'a\n"b\n`c # d')).err).toMatch(/without changing other lines/);
  });
});
