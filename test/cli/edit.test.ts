import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { builtCommand } from './built.ts';
import { llmConfig } from './terminal.ts';

const fake = 'fake-cli-secret-31';
const env = { LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('base64url') };

/** An encrypted file and an editor: a shell script that receives the path of the text. */
async function prepared(
  script: string,
): Promise<{ box: Sandbox; file: string; editing: { env: Record<string, string> } }> {
  const box = await sandbox();
  await box.write({
    'editor.sh': [
      `cp "$1" ${box.path('seen')}`,
      `ls -ld "$(dirname "$1")" "$1" > ${box.path('modes')}`,
      `echo "$1" >> ${box.path('paths')}`,
      script,
    ].join('\n'),
  });
  const file = box.path('secrets.yaml.jwe');
  await llmConfig(['encrypt', '-', '--out', file], { env, input: `# kept\na: ${fake}\n` });
  return {
    box,
    file,
    editing: { env: { ...env, EDITOR: `sh ${box.path('editor.sh')}`, PATH: process.env.PATH as string } },
  };
}

describe.runIf(process.platform !== 'win32')('llm-config edit', () => {
  it('edit writes the edited text, and removes the private file of the editor', async () => {
    const { box, file, editing } = await prepared('echo "b: 2" >> "$1"');
    await using _ = box;
    const { code, out, err } = await llmConfig(['edit', file], editing);
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('wrote ');
    expect((await llmConfig(['decrypt', file], { env })).out).toBe(`# kept\na: ${fake}\nb: 2\n`);
    expect(await box.read('seen')).toBe(`# kept\na: ${fake}\n`);
    const [folder, text] = (await box.read('modes')).split('\n');
    expect([folder?.slice(0, 10), text?.slice(0, 10)]).toEqual(['drwx------', '-rw-------']);
    const path = (await box.read('paths')).trim();
    expect(path.endsWith('/secrets.yaml')).toBe(true);
    expect(existsSync(path.slice(0, path.lastIndexOf('/')))).toBe(false);
  });

  it('edit creates a file if there is none, and a key to encrypt it with', async () => {
    const { box, editing } = await prepared('echo "b: 2" >> "$1"');
    await using _ = box;
    const file = box.path('new.yaml.jwe');
    const { code, err } = await llmConfig(['edit', file], editing);
    expect([code, err]).toEqual([0, `wrote ${file}\n`]);
    expect(await box.read('seen')).toBe('# secrets\n');
    expect((await llmConfig(['decrypt', file], { env })).out).toBe('# secrets\nb: 2\n');
    const other = box.path('other.yaml.jwe');
    const { LLM_CONFIG_KEY: __, ...keyless } = editing.env;
    const none = await llmConfig(['edit', other], { env: keyless });
    expect([none.code, existsSync(other)]).toEqual([3, false]);
    expect(none.err).toContain(
      `cannot create the file ${other} without a key (the variable LLM_CONFIG_KEY is not set)`,
    );
  });

  it('edit of a new file keeps what cannot be parsed, and makes no file of what is unchanged', async () => {
    const { box, editing } = await prepared('echo "[" >> "$1"');
    await using _ = box;
    const file = box.path('new.json.jwe');
    const { code, err } = await llmConfig(['edit', file], editing);
    expect([code, existsSync(file)]).toEqual([3, false]);
    expect(err).toContain(`encrypted in ${file}.rejected`);
    expect((await llmConfig(['decrypt', `${file}.rejected`], { env })).out).toBe('{\n}\n[\n');
    const idle = await llmConfig(['edit', file], { env: { ...editing.env, EDITOR: 'true' } });
    expect([idle.code, existsSync(file)]).toEqual([0, false]);
    expect(idle.err).toContain('nothing was written');
  });

  it('edit opens a file whose name is only an extension', async () => {
    const { box, file, editing } = await prepared('echo "b: 2" >> "$1"');
    await using _ = box;
    for (const name of ['.jwe', '..jwe', '...jwe']) {
      copyFileSync(file, box.path(name));
      expect((await llmConfig(['edit', box.path(name), '--format', 'yaml'], editing)).code).toBe(0);
      expect((await box.read('paths')).trim().endsWith('/secrets')).toBe(true);
    }
  });

  it('edit removes what an editor that was killed left behind', async () => {
    const { box, file, editing } = await prepared('true');
    await using _ = box;
    await llmConfig(['edit', file], editing);
    const folder = path.dirname((await box.read('paths')).trim());
    const named = (pid: number): string =>
      path.join(path.dirname(folder), path.basename(folder).replace(/-\d+-.*/, `-${pid}-fake`));
    const [dead, alive] = [named(2 ** 22 + 5), named(process.ppid)];
    for (const left of [dead, alive]) {
      mkdirSync(left, { mode: 0o700 });
      writeFileSync(path.join(left, 'secrets.yaml'), fake);
    }
    try {
      await llmConfig(['edit', file], editing);
      expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
    } finally {
      for (const left of [dead, alive]) rmSync(left, { recursive: true, force: true });
    }
  });

  it('edit writes nothing when the text is unchanged or the editor fails', async () => {
    const { box, file, editing } = await prepared('exit "$(cat "$(dirname "$0")/code")"');
    await using _ = box;
    const before = readFileSync(file, 'utf8');
    await box.write({ code: '0' });
    expect((await llmConfig(['edit', file], editing)).err).toContain(
      'nothing changed, so nothing was written',
    );
    await box.write({ code: '7' });
    expect(await llmConfig(['edit', file], editing)).toMatchObject({
      code: 3,
      err: expect.stringContaining('exited with code 7'),
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect((await llmConfig(['edit', box.path('none.jwe')], editing)).code).toBe(3);
  });

  it('edit prefers VISUAL, and wipes the text when it is killed', async () => {
    const { box, file, editing } = await prepared('echo ready; exec sleep 1');
    await using _ = box;
    const { EDITOR: VISUAL, ...others } = editing.env;
    const { program } = await builtCommand();
    const env = { ...others, VISUAL, EDITOR: 'false' };
    const child = spawn(process.execPath, [program, 'edit', file], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    const path = (await box.read('paths')).trim();
    expect(existsSync(path.slice(0, path.lastIndexOf('/')))).toBe(false);
  });

  it.runIf(existsSync('/usr/bin/script'))(
    'edit treats Ctrl-C at its question as no, and keeps the edit encrypted',
    async () => {
      const { box, file, editing } = await prepared('echo "c: [" >> "$1"');
      await using _ = box;
      const { program } = await builtCommand();
      const command = ['exec', process.execPath, program, 'edit', file].join(' ');
      const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
        env: { ...editing.env, TERM: 'dumb' },
      });
      let seen = '';
      child.stdout.on('data', (chunk) => {
        if (seen.includes('[Y/n]')) return;
        seen += chunk;
        if (seen.includes('[Y/n]')) child.stdin.write('\x03');
      });
      const [code] = await once(child, 'exit');
      expect([code, seen.includes(fake)]).toEqual([3, false]);
      const path = (await box.read('paths')).trim();
      expect(existsSync(path.slice(0, path.lastIndexOf('/')))).toBe(false);
      expect((await llmConfig(['decrypt', `${file}.rejected`], { env })).out).toContain('c: [');
    },
  );

  it('edit wipes the text when Ctrl-C arrives while it encrypts', async () => {
    const { box, file, editing } = await prepared('echo "b: 2" >> "$1"');
    await using _ = box;
    const lock = { world: 'elsewhere' }; // makes the write wait
    await box.write({ 'secrets.yaml.jwe.lock': JSON.stringify(lock) });
    const { program } = await builtCommand();
    const child = spawn(process.execPath, [program, 'edit', file], {
      ...editing,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.once('data', () => child.kill('SIGINT')); // the progress note
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGINT');
    const path = (await box.read('paths')).trim();
    expect(existsSync(path.slice(0, path.lastIndexOf('/')))).toBe(false);
  });

  it('edit opens a broken document again until it can be parsed', async () => {
    const { box, file, editing } = await prepared(
      [
        'n=$(cat "$(dirname "$0")/n" 2>/dev/null || echo 0); echo $((n+1)) > "$(dirname "$0")/n"',
        '[ "$n" -lt 2 ] && echo "c: [$n" >> "$1" || echo "c: done" > "$1"',
      ].join('\n'),
    );
    await using _ = box;
    const { code, err } = await llmConfig(['edit', file], { ...editing, typed: ['y\n', '\n'] });
    expect([code, err.match(/Edit it again\?/g)?.length, err.includes(fake)]).toEqual([0, 2, false]);
    expect((await llmConfig(['decrypt', file], { env })).out).toBe('c: done\n');
  });

  it('edit keeps a rejected edit encrypted beside the file', async () => {
    const { box, file, editing } = await prepared(`echo "c: [${fake}-2" >> "$1"`);
    await using _ = box;
    const before = readFileSync(file, 'utf8');
    const { code, err } = await llmConfig(['edit', file], editing);
    expect([code, err.includes(fake)]).toEqual([3, false]);
    expect(err).toMatch(/is unchanged\. Your edit is encrypted in .*\.rejected/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readFileSync(`${file}.rejected`, 'utf8')).not.toContain(fake);
    expect((await llmConfig(['decrypt', `${file}.rejected`], { env })).out).toBe(
      `# kept\na: ${fake}\nc: [${fake}-2\n`,
    );
    expect((await llmConfig(['edit', file], { ...editing, typed: ['n\n'] })).code).toBe(3);
  });

  it('edit does not overwrite a file that has changed in the meantime', async () => {
    const { box, file, editing } = await prepared(
      'cp "$(dirname "$0")/other.jwe" "$(dirname "$0")/secrets.yaml.jwe"; echo "mine: 1" >> "$1"',
    );
    await using _ = box;
    await llmConfig(['encrypt', '-', '--out', box.path('other.jwe'), '--format', 'yaml'], {
      env,
      input: 'theirs: 1\n',
    });
    const { code, err } = await llmConfig(['edit', file], editing);
    expect([code, err]).toEqual([3, expect.stringContaining('the file has changed since it was opened')]);
    expect((await llmConfig(['decrypt', file], { env })).out).toBe('theirs: 1\n');
    expect((await llmConfig(['decrypt', `${file}.rejected`], { env })).out).toContain('mine: 1');
    expect(readdirSync(box.directory).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});
