import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { coloured, withProgress } from '../../src/cli/io.ts';
import { confirm } from '../../src/cli/prompt.ts';
import { run } from '../../src/cli/run.ts';
import { builtCommand } from './built.ts';
import { llmConfig } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe('llm-config', () => {
  it('prints its version and help on stdout', async () => {
    expect(await llmConfig(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
    for (const args of [[], ['--help'], ['help']]) {
      const { code, out, err } = await llmConfig(args);
      expect([code, err]).toEqual([0, '']);
      for (const { name } of commands) expect(out).toContain(`llm-config ${name}`);
    }
  });

  it.each(commands)(
    'prints help for $name with each option and example',
    async ({ name, flags, examples }) => {
      const { code, out } = await llmConfig([...name.split(' '), '--help']);
      expect([code, examples.length > 0]).toEqual([0, true]);
      for (const text of [...Object.keys(flags), ...examples]) expect(out).toContain(text);
      expect(await llmConfig(['help', ...name.split(' ')])).toEqual({ code, out, err: '' });
    },
  );

  it('prints help for a group of commands', async () => {
    const { out } = await llmConfig(['help', 'recipients']);
    expect(await llmConfig(['recipients', '--help'])).toEqual({ code: 0, out, err: '' });
    expect((await llmConfig(['help', 'recipients', 'add'])).out).toBe(
      (await llmConfig(['recipients', 'add', '--help'])).out,
    );
    expect([out.includes('recipients remove FILE NAME'), out.includes('keygen FILE')]).toEqual([true, false]);
    expect(out.match(/^ {2}llm-config recipients/gm)).toHaveLength(4);
    expect(await llmConfig(['help', 'recipent'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('unknown command. Did you mean recipients?'),
    });
    expect((await llmConfig(['-h'])).out).toBe((await llmConfig(['--help'])).out);
    expect((await llmConfig(['check', '-h'])).out).toBe((await llmConfig(['check', '--help'])).out);
  });

  it('reports wrong usage on stderr with exit code 2, without values', async () => {
    for (const [args, message] of [
      [['encrypt', 'x', '--cntext', 'y'], /unknown option --cntext\. Did you mean --context\?/],
      [['encrypt', 'x', '--context'], /--context needs a value/],
      [['edit', 'x', '--password=fake-cli-secret'], /--password needs no value/],
      [['encrpt', 'x'], /unknown command\. Did you mean encrypt\?/],
      [['--json', 'check'], /an option comes after its command/],
      [['check', '-x'], /unknown option -x\n/],
      [['seal', 'x', 'y', '--context', ''], /--context is empty/],
      [['get', 'x', 'y', '--key-file', 'a', '--key-file', ''], /--key-file is empty/],
      [['get', 'x'], /KEY is missing/],
      [['keygen', 'fake-cli-secret'], /too many arguments; expected none/],
    ] as const) {
      const { code, out, err } = await llmConfig(args);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(message);
      expect(err).not.toContain('fake-cli-secret');
    }
  });

  it('prints results and errors as JSON with --json', async () => {
    expect(JSON.parse((await llmConfig(['--version', '--json'])).out)).toEqual({ version });
    const failed = await llmConfig(['decrypt', 'none', '--json']);
    expect([failed.code, failed.out]).toEqual([3, '']);
    expect(JSON.parse(failed.err).error).toMatchObject({
      code: 'io',
      message: expect.stringContaining('none'),
    });
    expect(JSON.parse((await llmConfig(['get', '--json'])).err).error.code).toBe('usage');
  });

  it('uses colour only on a terminal, and not with NO_COLOR', async () => {
    expect(coloured('x', [[/x/, 'red']], { isTTY: true, write: () => true }, {})).toBe('\x1b[31mx\x1b[39m');
    expect(coloured('x', [[/x/, 'dim']], { isTTY: true, write: () => true }, { NO_COLOR: '1' })).toBe('x');
    expect(coloured('x', [[/x/, 'dim']], { isTTY: true, write: () => true }, { TERM: 'dumb' })).toBe('x');
    expect(coloured('x', [[/x/, 'red']], { write: () => true }, {})).toBe('x');
  });

  it('prints only the class of an unexpected error', async () => {
    const write = vi.fn();
    const broken = (): never => {
      throw new TypeError('fake-cli-secret');
    };
    expect(
      await run(['keygen'], {
        stdin: process.stdin,
        stdout: { write: broken },
        stderr: { write },
        env: {},
        cwd: () => '.',
      }),
    ).toBe(3);
    expect(write.mock.calls.join('')).toMatch(/unexpected: TypeError\n$/);
  });

  it('does not print the name of an unexpected error that is a sentence', async () => {
    const write = vi.fn();
    const broken = (): never => {
      throw Object.assign(new Error('x'), { name: 'token fake-cli-secret refused' });
    };
    await run(['keygen'], {
      stdin: process.stdin,
      stdout: { write: broken },
      stderr: { write },
      env: {},
      cwd: () => '.',
    });
    expect(write.mock.calls.join('')).toMatch(/unexpected: Error\n$/);
  });

  it('confirm returns false without a terminal', async () => {
    const { stdin } = process;
    expect(
      await confirm(
        {
          stdin: Object.assign(Object.create(stdin), { isTTY: false }),
          stdout: process.stdout,
          stderr: { write: () => true },
          env: {},
          cwd: () => '.',
        },
        'Sure?',
      ),
    ).toBe(false);
  });
});

describe('withProgress', () => {
  afterEach(() => void vi.useRealTimers());

  it('prints a progress note on stderr after one second', async () => {
    vi.useFakeTimers();
    const write = vi.fn();
    const io = { stdin: process.stdin, stdout: { write }, stderr: { write }, env: {}, cwd: () => '.' };
    await withProgress(io, 'Hashing', Promise.resolve());
    expect(write).not.toHaveBeenCalled();
    let done = (): void => undefined;
    const slow = withProgress(io, 'Hashing', new Promise<void>((on) => (done = on)));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(write.mock.calls).toEqual([['Hashing …\n']]);
    done();
    await slow;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the llm-config process', () => {
  let program = '';
  beforeAll(async () => {
    ({ program } = await builtCommand());
  });
  const node = (...args: string[]): [string, string[]] => [process.execPath, [program, ...args]];

  it('reads from a pipe, writes to a pipe and exits with its code', async () => {
    await using box = await sandbox();
    const env = { PATH: process.env.PATH, LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('hex') };
    const [command, args] = node('set', box.path('a.json.jwe'), 'k');
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.end('fake-cli-secret\n');
    const [code, out] = await Promise.all([
      new Promise((on) => child.once('exit', on)),
      child.stdout.toArray(),
    ]);
    expect([code, out.join('')]).toEqual([0, '']);
    const got = await promisify(execFile)(...node('get', box.path('a.json.jwe'), 'k'), { env });
    expect([got.stdout, got.stderr]).toEqual(['fake-cli-secret\n', '']);
    const none = await promisify(execFile)(...node('get', box.path('a.json.jwe'), 'none'), { env }).catch(
      (error) => error,
    );
    expect([none.code, none.stdout]).toEqual([1, '']);
  });

  it('exits although a module has left a timer open', async () => {
    const provider = `{ name: 'a', get: async () => {}, list: async () => [] }`;
    const module = `data:text/javascript,setInterval(() => {}, 1e9); const a = ${provider}; export default a`;
    await using box = await sandbox({
      files: { 'open.mjs': `export { default } from ${JSON.stringify(module)};` },
    });
    const done = await promisify(execFile)(...node('explain', box.path('open.mjs')), { timeout: 60_000 });
    expect([done.stdout, done.stderr]).toEqual(['', '']);
  });

  it.runIf(existsSync('/dev/full'))('exits with 3 when its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const [command, args] = node('--help');
    const child = spawn(command, args, { stdio: ['ignore', full, 'pipe'] });
    const [code, err] = await Promise.all([
      new Promise((on) => child.once('exit', on)),
      child.stderr?.toArray(),
    ]);
    closeSync(full);
    expect([code, err?.join('')]).toEqual([3, 'error: the output cannot be written (ENOSPC)\n']);
  });

  it('exits with 0 when the reader closes the pipe', async () => {
    const [command, args] = node('--help');
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [code, err] = await Promise.all([
      new Promise((on) => child.once('exit', on)),
      child.stderr.toArray(),
    ]);
    expect([code, err.join('')]).toEqual([0, '']);
  });

  it.runIf(existsSync('/usr/bin/script'))(
    'prompts on a real terminal without showing the input',
    async () => {
      await using box = await sandbox();
      const env = {
        PATH: process.env.PATH,
        LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('hex'),
        TERM: 'dumb',
      };
      const [command, args] = node('set', box.path('a.json.jwe'), 'k');
      const child = spawn('/usr/bin/script', ['-qec', [command, ...args].join(' '), '/dev/null'], { env });
      let seen = '';
      child.stdout.on('data', (chunk) => {
        seen += chunk;
        if (seen.includes('Value of k: ') && child.stdin.writable) child.stdin.end('fake-cli-secret\r');
      });
      expect(await new Promise((on) => child.once('exit', on))).toBe(0);
      expect(seen).toContain('set k');
      expect(seen).not.toContain('fake-cli-secret');
      const { out } = await llmConfig(['get', box.path('a.json.jwe'), 'k'], { env });
      expect(out).toBe('fake-cli-secret\n');
    },
  );
});
