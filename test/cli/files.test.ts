import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, symlink } from 'node:fs/promises';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { writePrivate } from '../../src/cli/argument-files.ts';
import { llmConfig } from './terminal.ts';

const env = { LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('base64url') };
const fake = 'fake-cli-secret-31';

async function key(kind: string[] = []): Promise<{ text: string; kid: string; public?: string }> {
  const { out } = await llmConfig(['keygen', ...kind, '--json']);
  const { key, kid, public: shared } = JSON.parse(out);
  return { text: key, kid, public: shared };
}

describe('llm-config keygen', () => {
  it('keygen prints only a key that encrypts and decrypts', async () => {
    const { code, out, err } = await llmConfig(['keygen', '--kid', 'ci']);
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ kty: 'oct', kid: 'ci', alg: 'A256GCMKW' });
    await using box = await sandbox();
    await llmConfig(['set', box.path('a.jwe'), 'k'], { env: { LLM_CONFIG_KEY: out }, input: 'v' });
    expect((await llmConfig(['get', box.path('a.jwe'), 'k'], { env: { LLM_CONFIG_KEY: out } })).out).toBe(
      'v\n',
    );
  });

  it('keygen creates a key pair and prints the public key', async () => {
    const { out, err } = await llmConfig(['keygen', '--x25519']);
    expect(err).toBe(`public key: x25519:${JSON.parse(out).x}\n`);
  });

  it('keygen creates random passwords', async () => {
    const [a, b] = [await llmConfig(['keygen', '--password']), await llmConfig(['keygen', '--password'])];
    expect(a.out).toMatch(/^(?:[a-kmnp-z2-9]{5}-){4}[a-kmnp-z2-9]{5}\n$/);
    expect(a.out).not.toBe(b.out);
  });

  it('keygen writes a private file, and never replaces a key', async () => {
    await using box = await sandbox();
    const file = box.path('alice.key');
    const { code, out } = await llmConfig(['keygen', '--x25519', '--out', file]);
    expect([code, statSync(file).mode & 0o777]).toEqual([0, 0o600]);
    expect(out).toBe(`x25519:${JSON.parse(readFileSync(file, 'utf8')).x}\n`);
    const again = await llmConfig(['keygen', '--out', file]);
    expect([again.code, again.out]).toEqual([3, '']);
    expect(again.err).toMatch(/exists already/);
    expect((await llmConfig(['keygen', '--out', box.path('none/key')])).err).toMatch(/folder does not exist/);
    expect((await llmConfig(['keygen', '--x25519', '--password'])).code).toBe(2);
    expect((await llmConfig(['keygen', '--password', '--kid', 'ci'])).code).toBe(2);
    expect((await llmConfig(['keygen', '--kid', ''])).code).toBe(2);
  });
});

describe('llm-config encrypt and decrypt', () => {
  it('decrypt returns the encrypted bytes, only in the same context', async () => {
    const text = `# who may read this\ndatabase:\n  password: ${fake}\n`;
    await using box = await sandbox({ files: { 'secrets.yaml': text } });
    const file = box.path('secrets.yaml');
    const encrypted = await llmConfig(['encrypt', file, '--context', 'acme/production'], { env });
    expect(encrypted).toMatchObject({
      code: 0,
      out: `${file}.jwe\n`,
      err: expect.stringContaining('still exists unencrypted'),
    });
    expect(readFileSync(`${file}.jwe`, 'utf8')).not.toContain(fake);
    const decrypted = await llmConfig(['decrypt', `${file}.jwe`, '--context', 'acme/production'], { env });
    expect(decrypted).toEqual({ code: 0, out: text, err: '' });
    const elsewhere = await llmConfig(['decrypt', `${file}.jwe`, '--context', 'acme/staging'], { env });
    expect(elsewhere).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^error: .*acme\/staging/),
    });
  });

  it('encrypt and decrypt write private files to --out, and replace one only with --force', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}', taken: 'x' } });
    expect(
      (await llmConfig(['encrypt', box.path('a.json'), '--out', box.path('taken')], { env })).err,
    ).toMatch(/exists already/);
    expect(
      (await llmConfig(['encrypt', box.path('a.json'), '--out', box.path('taken'), '--force'], { env })).code,
    ).toBe(0);
    expect((await llmConfig(['decrypt', box.path('taken'), '--out', box.path('clear')], { env })).out).toBe(
      `${box.path('clear')}\n`,
    );
    expect([await box.read('clear'), statSync(box.path('clear')).mode & 0o777]).toEqual(['{"a": 1}', 0o600]);
  });

  it('decrypt --out replaces a file only with --force, and a link instead of its target', async () => {
    await using box = await sandbox({
      files: { 'a.json': `{"a": "${fake}"}`, planted: '', target: 'untouched' },
    });
    await llmConfig(['encrypt', box.path('a.json')], { env });
    const decrypt = (name: string, ...more: string[]) =>
      llmConfig(['decrypt', box.path('a.json.jwe'), '--out', box.path(name), ...more], { env });
    await symlink('target', box.path('link'));
    await symlink('nowhere', box.path('dangling'));
    for (const name of ['planted', 'link', 'dangling'])
      expect(await decrypt(name)).toMatchObject({
        code: 3,
        err: expect.stringMatching(/exists already\. Choose another name, or use --force/),
      });
    expect([await box.read('planted'), await box.read('target')]).toEqual(['', 'untouched']);
    if (process.getuid?.() === 0) await chown(box.path('planted'), 65_534, 65_534);
    for (const name of ['planted', 'link', 'dangling']) {
      expect((await decrypt(name, '--force')).code).toBe(0);
      const written = lstatSync(box.path(name));
      expect([written.isFile(), written.mode & 0o777, written.uid]).toEqual([
        true,
        0o600,
        process.getuid?.() ?? 0,
      ]);
    }
    expect([await box.read('link'), await box.read('target')]).toEqual([`{"a": "${fake}"}`, 'untouched']);
    expect(readdirSync(box.directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect((await decrypt('none/file')).err).toMatch(/folder does not exist/);
    expect((await decrypt('.', '--force')).code).toBe(3);
  });

  it.runIf(process.platform !== 'win32')(
    '--to and --from-file refuse a pipe that would never end',
    async () => {
      await using box = await sandbox({ files: { 'a.json': '{"a": 1}' } });
      execFileSync('mkfifo', [box.path('pipe')]);
      expect(
        await llmConfig(['encrypt', box.path('a.json'), '--to', box.path('pipe')], { env }),
      ).toMatchObject({ code: 2, err: expect.stringContaining('not a regular file') });
      expect(
        await llmConfig(['set', box.path('a.jwe'), 'k', '--from-file', box.path('pipe')], { env }),
      ).toMatchObject({ code: 3, err: expect.stringContaining('not a regular file') });
    },
  );

  it('a private file is private before anything is in it', async () => {
    await using box = await sandbox();
    const modes: number[] = [];
    const text = {
      *[Symbol.iterator]() {
        modes.push(statSync(box.path('a')).mode & 0o777);
        yield 'text';
      },
    };
    await writePrivate(box.path('a'), text as never, { force: false });
    expect([modes, await box.read('a')]).toEqual([[0o600], 'text']);
  });

  it('encrypt in place does not advise to delete the only copy', async () => {
    await using box = await sandbox({ files: { 'a.json': `{"a": "${fake}"}` } });
    await box.link('link.json', 'a.json');
    for (const out of ['a.json', 'link.json']) {
      await box.write({ 'a.json': `{"a": "${fake}"}` });
      const args = ['encrypt', box.path('a.json'), '--out', box.path(out), '--force'];
      const { code, err } = await llmConfig(args, { env });
      expect([code, err]).toEqual([0, 'The old content may still be in version control\n']);
      expect(await box.read('a.json')).not.toContain(fake);
    }
  });

  it('encrypt reads from stdin and then requires --out', async () => {
    await using box = await sandbox();
    expect((await llmConfig(['encrypt', '-'], { env, input: 'a: 1\n' })).code).toBe(2);
    const { code, err } = await llmConfig(['encrypt', '-', '--out', box.path('a.yaml.jwe')], {
      env,
      input: 'a: 1\n',
    });
    expect([code, err]).toEqual([0, '']);
    expect((await llmConfig(['decrypt', box.path('a.yaml.jwe'), '--json'], { env })).out).toBe(
      '{\n  "format": "yaml",\n  "text": "a: 1\\n"\n}\n',
    );
  });

  it('encrypt accepts public keys, which cannot decrypt', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}' } });
    const [alice, ci] = [await key(['--x25519', '--kid', 'alice']), await key(['--kid', 'ci'])];
    await box.write({ 'ci.key': ci.text, 'alice.pub': `${alice.public}\n` });
    await chmod(box.path('ci.key'), 0o600);
    await chmod(box.path('alice.pub'), 0o644);
    const { code } = await llmConfig([
      'encrypt',
      box.path('a.json'),
      '--to',
      box.path('alice.pub'),
      '--to',
      box.path('ci.key'),
    ]);
    expect(code).toBe(0);
    for (const { text } of [alice, ci])
      expect(
        (await llmConfig(['decrypt', box.path('a.json.jwe')], { env: { LLM_CONFIG_KEY: text } })).out,
      ).toBe('{"a": 1}');
    expect(
      await llmConfig(['decrypt', box.path('a.json.jwe')], { env: { LLM_CONFIG_KEY: alice.public } }),
    ).toMatchObject({
      code: 3,
      out: '',
    });
  });

  it('encrypt refuses secret keys as arguments, and key files that others can read', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}' } });
    const { text } = await key();
    for (const secret of [text, JSON.parse(text).k, Buffer.alloc(32, 7).toString('hex')]) {
      const { code, err } = await llmConfig(['encrypt', box.path('a.json'), '--to', secret]);
      expect([code, err.includes(secret)]).toEqual([2, false]);
    }
    await box.write({ 'ci.key': text });
    await chmod(box.path('ci.key'), 0o644);
    for (const flag of ['--to', '--key-file'])
      expect((await llmConfig(['encrypt', box.path('a.json'), flag, box.path('ci.key')])).err).toMatch(
        /chmod 600/,
      );
    expect((await llmConfig(['encrypt', box.path('a.json'), '--to', box.path('none')])).code).toBe(2);
    expect(existsSync(box.path('a.json.jwe'))).toBe(false);
  });

  it('encrypt and decrypt report a missing file, a missing key and a broken document', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}', 'broken.json': `{"a": "${fake}` } });
    expect(await llmConfig(['encrypt', box.path('none')], { env })).toMatchObject({
      code: 3,
      err: expect.stringContaining('does not exist'),
    });
    expect(await llmConfig(['decrypt', box.path('none')], { env })).toMatchObject({
      code: 3,
      err: expect.stringContaining('does not exist'),
    });
    expect(await llmConfig(['encrypt', box.path('a.json')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/LLM_CONFIG_KEY is not set.*keygen/),
    });
    const broken = await llmConfig(['encrypt', box.path('broken.json')], { env });
    expect([broken.code, broken.err.includes(fake)]).toEqual([3, false]);
    expect((await llmConfig(['encrypt', box.path('a.json'), '--format', 'xml'], { env })).code).toBe(2);
    expect(readdirSync(box.directory).sort()).toEqual(['a.json', 'broken.json']);
  });

  it('decrypt takes the key from the file that LLM_CONFIG_KEY_FILE names', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}', key: env.LLM_CONFIG_KEY } });
    await chmod(box.path('key'), 0o600);
    await llmConfig(['encrypt', box.path('a.json')], { env });
    const opened = await llmConfig(['decrypt', box.path('a.json.jwe')], {
      env: { LLM_CONFIG_KEY_FILE: box.path('key') },
    });
    expect(opened.out).toBe('{"a": 1}');
  });
});

describe('llm-config --password', () => {
  it('prompts twice for a new password, then once, and never shows it', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}' } });
    const secret = 'fake-correct-horse';
    const differ = await llmConfig(['encrypt', box.path('a.json'), '--password'], {
      typed: [`${secret}\r`, 'something else\r'],
    });
    expect(differ).toMatchObject({ code: 3, err: expect.stringContaining('the two passwords differ') });
    const made = await llmConfig(['encrypt', box.path('a.json'), '--password'], {
      typed: [`${secret}\r`, `${secret}\r`],
    });
    expect([made.code, made.err.includes(secret)]).toEqual([0, false]);
    const typo = `x\x7f\x15wrong\x15${secret}x\b\r`;
    expect((await llmConfig(['decrypt', box.path('a.json.jwe'), '--password'], { typed: [typo] })).out).toBe(
      '{"a": 1}',
    );
    const wrong = await llmConfig(['decrypt', box.path('a.json.jwe'), '--password-env', 'PASS'], {
      env: { PASS: 'fake-wrong-horse' },
    });
    expect(wrong).toMatchObject({ code: 3, out: '', err: expect.stringContaining('wrong password') });
  });

  it('does not prompt on a pipe, and Ctrl-C cancels a prompt', async () => {
    await using box = await sandbox({ files: { 'a.json': '{"a": 1}' } });
    expect(
      (await llmConfig(['encrypt', box.path('a.json'), '--password'], { input: 'fake-password\n' })).err,
    ).toMatch(/needs a terminal .*Use --password-env/);
    for (const stop of ['\x03', '\x04']) {
      const cancelled = await llmConfig(['encrypt', box.path('a.json'), '--password'], { typed: [stop] });
      expect(cancelled).toMatchObject({
        code: 3,
        err: expect.stringContaining('cancelled; nothing was changed'),
      });
    }
  });
});
