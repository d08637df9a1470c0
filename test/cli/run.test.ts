import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sandbox } from 'llm-config-manager/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { painted, patiently } from '../../src/cli/io.ts';
import { agrees } from '../../src/cli/prompt.ts';
import { run } from '../../src/cli/run.ts';
import { llmConfig } from './terminal.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe('llm-config', () => {
  it('says its version and how it is used, on stdout', async () => {
    expect(await llmConfig(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
    for (const args of [[], ['--help'], ['help']]) {
      const { code, out, err } = await llmConfig(args);
      expect([code, err]).toEqual([0, '']);
      for (const { name } of commands) expect(out).toContain(`llm-config ${name}`);
    }
  });

  it.each(commands)(
    'says how $name is used, with each option and examples',
    async ({ name, flags, examples }) => {
      const { code, out } = await llmConfig([...name.split(' '), '--help']);
      expect([code, examples.length > 0]).toEqual([0, true]);
      for (const said of [...Object.keys(flags), ...examples]) expect(out).toContain(said);
      expect(await llmConfig(['help', ...name.split(' ')])).toEqual({ code, out, err: '' });
    },
  );

  it('says how a group of commands is used', async () => {
    const { out } = await llmConfig(['help', 'recipients']);
    expect(await llmConfig(['recipients', '--help'])).toEqual({ code: 0, out, err: '' });
    expect((await llmConfig(['help', 'recipients', 'add'])).out).toBe(
      (await llmConfig(['recipients', 'add', '--help'])).out,
    );
    expect([out.includes('recipients remove FILE NAME'), out.includes('keygen FILE')]).toEqual([true, false]);
    expect(out.match(/^ {2}llm-config recipients/gm)).toHaveLength(3);
    expect((await llmConfig(['help', 'nothing'])).out).toContain('llm-config keygen');
  });

  it('answers wrong usage with 2, on stderr alone, and repeats no value', async () => {
    for (const [args, message] of [
      [['encrypt', 'x', '--cntext', 'y'], /no option --cntext; did you mean --context\?/],
      [['encrypt', 'x', '--context'], /--context needs a value/],
      [['edit', 'x', '--password=fake-cli-secret'], /--password needs no value/],
      [['encrpt', 'x'], /no such command; did you mean encrypt\?/],
      [['--verbose'], /no such command/],
      [['get', 'x'], /KEY is missing/],
      [['keygen', 'fake-cli-secret'], /too many arguments; expected none/],
    ] as const) {
      const { code, out, err } = await llmConfig(args);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(message);
      expect(err).not.toContain('fake-cli-secret');
    }
  });

  it('answers programs in JSON, failures too', async () => {
    expect(JSON.parse((await llmConfig(['--version', '--json'])).out)).toEqual({ version });
    const failed = await llmConfig(['decrypt', 'none', '--json']);
    expect([failed.code, failed.out]).toEqual([3, '']);
    expect(JSON.parse(failed.err).error).toMatchObject({
      code: 'io',
      message: expect.stringContaining('none'),
    });
    expect(JSON.parse((await llmConfig(['get', '--json'])).err).error.code).toBe('usage');
  });

  it('colours where a person looks, and never where NO_COLOR says so', async () => {
    expect(painted('x', 'red', { isTTY: true, write: () => true }, {})).toBe('\x1b[31mx\x1b[0m');
    expect(painted('x', 'dim', { isTTY: true, write: () => true }, { NO_COLOR: '1' })).toBe('x');
    expect(painted('x', 'dim', { isTTY: true, write: () => true }, { TERM: 'dumb' })).toBe('x');
    expect(painted('x', 'red', { write: () => true }, {})).toBe('x');
  });

  it('says nothing of an unexpected error but its class', async () => {
    const write = vi.fn();
    const broken = (): never => {
      throw new TypeError('fake-cli-secret');
    };
    expect(
      await run(['keygen'], { stdin: process.stdin, stdout: { write: broken }, stderr: { write }, env: {} }),
    ).toBe(3);
    expect(write.mock.calls.join('')).toMatch(/unexpected: TypeError\n$/);
  });

  it('takes no answer for no where nobody can be asked', async () => {
    const { stdin } = process;
    expect(
      await agrees(
        {
          stdin: Object.assign(Object.create(stdin), { isTTY: false }),
          stdout: process.stdout,
          stderr: { write: () => true },
          env: {},
        },
        'Sure?',
      ),
    ).toBe(false);
  });
});

describe('what takes more than a second', () => {
  afterEach(() => void vi.useRealTimers());

  it('says so on stderr; what is faster says nothing', async () => {
    vi.useFakeTimers();
    const write = vi.fn();
    const io = { stdin: process.stdin, stdout: { write }, stderr: { write }, env: {} };
    await patiently(io, 'Hashing', Promise.resolve());
    expect(write).not.toHaveBeenCalled();
    let done = (): void => undefined;
    const slow = patiently(io, 'Hashing', new Promise<void>((on) => (done = on)));
    await vi.advanceTimersByTimeAsync(1_001);
    expect(write.mock.calls).toEqual([['Hashing …\n']]);
    done();
    await slow;
    expect(vi.getTimerCount()).toBe(0);
  });
});

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const node = (...args: string[]): [string, string[]] => [
  process.execPath,
  ['--import', 'tsx', program, ...args],
];

describe('the program', () => {
  it('reads from a pipe, answers to a pipe, and ends with its code', async () => {
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

  it('does not wait for what a module has left open', async () => {
    const module = `data:text/javascript,setInterval(() => {}, 1e9); const a = { name: 'a', get: async () => {}, list: async () => [] }; export default a`;
    await using box = await sandbox({
      files: { 'open.mjs': `export { default } from ${JSON.stringify(module)};` },
    });
    const done = await promisify(execFile)(...node('explain', box.path('open.mjs')), { timeout: 60_000 });
    expect([done.stdout, done.stderr]).toEqual(['', '']);
  });

  it.runIf(existsSync('/dev/full'))('fails when its answer cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const [command, args] = node('--help');
    const child = spawn(command, args, { stdio: ['ignore', full, 'pipe'] });
    const [code, err] = await Promise.all([
      new Promise((on) => child.once('exit', on)),
      child.stderr?.toArray(),
    ]);
    closeSync(full);
    expect([code, err?.join('')]).toEqual([3, 'error: the answer cannot be written (ENOSPC)\n']);
  });

  it('ends in peace when who reads has seen enough', async () => {
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
    'asks on a real terminal without showing what is typed',
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
