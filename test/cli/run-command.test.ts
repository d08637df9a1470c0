import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { sandbox } from 'llm-config-manager/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Child, endLike } from '../../src/cli/run/child.ts';
import { environmentOf } from '../../src/cli/run/environment.ts';
import { Variables } from '../../src/cli/variable-style.ts';
import type { LoadedLeaf } from '../../src/config/leaves.ts';
import { type Built, builtCommand, running } from './built.ts';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-Zq83-not-real';
const ofPackage = [
  "import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';",
  "import { z } from 'zod';",
];
const ofSource = [
  `import { ProviderChain } from '${source}chain/chain.ts';`,
  `import { ArgvProvider } from '${source}providers/argv.ts';`,
  `import { BundleProvider } from '${source}providers/bundle.ts';`,
  `import { EnvProvider } from '${source}providers/env.ts';`,
  `import { z } from '${import.meta.resolve('zod')}';`,
];
const config = (imports: readonly string[], first = '') =>
  [
    ...imports,
    'export const schema = z.object({',
    "  server: z.object({ port: z.number(), host: z.string().default('localhost') }),",
    '  api: z.object({ token: z.string().optional(), tags: z.array(z.string()).optional() }),',
    '  path: z.string().optional(),',
    '});',
    'export const chain = new ProviderChain([',
    `  ${first}`,
    "  new BundleProvider({ path: new URL('values.yaml', import.meta.url).pathname }),",
    "  new EnvProvider({ prefix: 'APP' }),",
    ']);',
  ].join('\n');
const values = `server: { port: 8080 }\napi: { token: ${fake}, tags: [a, b] }\n`;
const files = { 'config.mjs': config(ofPackage), 'values.yaml': values };

/** What starts many processes runs in `.ci/run` only. */
const isThorough = Boolean(process.env.CLI_THOROUGH);
/** How much a command prints. */
const megabytes = isThorough ? 100 : 5;

/** A program of Node as arguments: what it runs. */
const node = (code: string): string[] => ['--', process.execPath, '-e', code];
/** A program that writes a text into a file: in these tests, its output is that of the tests. */
const write = (text: string): string[] => node(`require('node:fs').writeFileSync('out', ${text})`);
const environment = "Object.keys(process.env).sort().map((n) => n + '=' + process.env[n]).join('\\n')";

interface Own {
  readonly yaml?: string;
  readonly module?: string;
  readonly env?: Readonly<Record<string, string>>;
}

describe('llm-config run', () => {
  const ran = async (
    args: readonly string[],
    { yaml = values, module = config(ofSource), env = {} }: Own = {},
  ) => {
    await using box = await sandbox({ files: { 'config.mjs': module, 'values.yaml': yaml } });
    const command = ['run', box.path('config.mjs'), ...args];
    const { code, err } = await llmConfig(command, { env, cwd: box.directory });
    return { code, err, out: existsSync(box.path('out')) ? readFileSync(box.path('out'), 'utf8') : '' };
  };

  it('passes only what --only names, without a prefix if that is asked for', async () => {
    const only = await ran(['--only', 'server.port,api', '--only', 'path', ...write(environment)]);
    expect(only.out.match(/^\w+/gm)).toEqual(['APP_API_TAGS', 'APP_API_TOKEN', 'APP_SERVER_PORT']);
    const bare = await ran(['--prefix', '', ...write(environment)], {
      yaml: 'server: { port: 1 }\napi: {}\npath: /nowhere\n',
      env: { PATH: '/bin' },
    });
    expect(bare.out).toBe('PATH=/bin\nSERVER_HOST=localhost\nSERVER_PORT=1');
    expect(bare.err).toBe('no variable can spell path: it is not passed\n');
    const own = await ran(['--prefix', 'MY', '--only', 'server.port', ...write(environment)]);
    expect(own.out).toBe('MY_SERVER_PORT=8080');
    expect((await ran(['--only', 'zzz', ...write(environment)])).err).toMatch(/no key is "zzz"\nRun /);
    const wrong = await ran(['--only', 'servr.port', ...write(environment)]);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('--only: no key is "servr.port". Did you mean server.port?');
  });

  it('passes the values as variables, beside those of its own environment', async () => {
    const env = { OWN: 'x', APP__SERVER__PORT: '1', APP_UNKNOWN: 'y' };
    vi.stubEnv('APP__SERVER__PORT', env.APP__SERVER__PORT); // the provider reads that of the process
    const { code, out, err } = await ran(write(environment), { env });
    vi.unstubAllEnvs();
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      'APP_API_TAGS=["a","b"]',
      `APP_API_TOKEN=${fake}`,
      'APP_SERVER_HOST=localhost',
      'APP_UNKNOWN=y',
      'APP__SERVER__PORT=8080',
      'OWN=x',
    ]);
  });

  it('leaves out other spellings of a variable, which the command would read as well', () => {
    const own = { APP__SERVER__PORT: '1', APP__server__port: '2', OWN: 'x' };
    const leaf = { key: 'server.port', value: 80 } as LoadedLeaf;
    const { env } = environmentOf(own, [leaf], new Variables({ prefix: 'APP' }, ['server.port']));
    expect(env).toEqual({ APP_SERVER_PORT: '80', OWN: 'x' });
  });

  it('runs nothing if the configuration is not valid', async () => {
    const { code, out, err } = await ran(write("'ran'"), { yaml: 'server: { port: many }\napi: {}\n' });
    expect([code, out]).toEqual([3, '']);
    expect(err.match(/There is 1 problem/g)).toHaveLength(1);
  });

  it('puts nothing into the arguments, and refuses a value that no variable can hold', async () => {
    const list = write("JSON.stringify(process.argv) + ' ' + process.env.APP_API_TOKEN.length");
    expect((await ran(list)).out).toBe(`${JSON.stringify([process.execPath])} ${fake.length}`);
    const zero = await ran(list, { yaml: `server: { port: 1 }\napi: { token: "${fake}\\0" }\n` });
    expect([zero.code, zero.err.includes(fake)]).toEqual([3, false]);
    expect(zero.err).toContain('the value of "api.token" has a zero byte');
    const long = await ran(list, { yaml: `server: { port: 1 }\napi: { token: ${fake.repeat(40_000)} }\n` });
    expect([long.code, long.err.includes(fake)]).toEqual([126, false]);
    expect(long.err).toMatch(/cannot run \S+ \(E2BIG\). Its variables and arguments are too long/);
  });

  it('the module does not read the arguments of run and of its command', async () => {
    const own = process.argv;
    process.argv = [process.execPath, 'llm-config', 'run', '--server.port=9'];
    try {
      const module = config(ofSource, 'new ArgvProvider(),');
      const command = ['--', '/bin/sh', '-c', 'printf %s "$APP_SERVER_PORT" > out', '--server.port=7'];
      expect((await ran(command, { module })).out).toBe('8080');
    } finally {
      process.argv = own;
    }
  });

  it('needs a schema', async () => {
    const module = config(ofSource).replace('export const schema', 'const schema');
    expect((await ran(write("'ran'"), { module })).err).toMatch(/the module \S+ exports no schema/);
  });

  it('exits as its command does', async () => {
    expect((await ran(node('process.exit(7)'))).code).toBe(7);
    expect(await ran(['--', 'no-such-program'])).toMatchObject({ code: 127, out: '' });
    for (const name of ['./values.yaml', './values.yaml/inside'])
      expect(await ran(['--', name])).toMatchObject({ code: 126, err: expect.stringContaining(name) });
    expect((await ran(node('process.kill(process.pid, "SIGKILL")'))).code).toBe(137);
    expect((await llmConfig(['run', '--'])).err).toMatch(/COMMAND is missing after --/);
  });

  it('masks secrets in both outputs, and names those that are too short', async () => {
    const shown = { out: '', err: '' };
    using _out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((shown.out += text)));
    using _err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((shown.err += text)));
    const print = node(
      "console.log('a' + process.env.APP_API_TOKEN); console.error(process.env.APP_API_TOKEN)",
    );
    expect(await ran(['--mask', ...print])).toMatchObject({ code: 0, err: '' });
    expect(shown).toEqual({ out: 'a[redacted]\n', err: '[redacted]\n' });
    const { err } = await ran(['--mask', ...node('')], {
      yaml: 'server: { port: 1 }\napi: { token: abc }\n',
    });
    expect(err).toBe('api.token is too short to be masked in the output\n');
  });

  it('starts the command again when its values change, and keeps them if they are wrong', async () => {
    await using box = await sandbox({ files: { 'config.mjs': config(ofSource), 'values.yaml': values } });
    let heard = '';
    const show = node(
      [
        "const append = (text) => require('node:fs').appendFileSync('out', text);",
        "process.on('SIGUSR2', () => process.exit(5));",
        "append('port ' + process.env.APP_SERVER_PORT); setInterval(() => {}, 1000)",
      ].join(''),
    );
    const shown = (text: string) =>
      vi.waitFor(() => expect(readFileSync(box.path('out'), 'utf8')).toBe(text), {
        timeout: 60_000,
        interval: 5,
      });
    const ended = llmConfig(['run', box.path('config.mjs'), '--watch', ...show], {
      cwd: box.directory,
      heard: (text) => {
        heard += text;
      },
    });
    await shown('port 8080');
    await box.write({ 'values.yaml': 'server: { port: many }\napi: {}\n' });
    await vi.waitFor(() => expect(heard).toContain('the command keeps its values'), {
      timeout: 60_000,
      interval: 5,
    });
    await box.write({ 'values.yaml': 'server: { port: 9 }\napi: {}\n' });
    await shown('port 8080port 9');
    process.emit('SIGUSR2', 'SIGUSR2');
    expect((await ended).code).toBe(5);
  });

  it('kills a command that does not end within ten seconds', async () => {
    await using box = await sandbox({ files: {} });
    const ignores =
      "process.on('SIGTERM', () => {}); require('fs').writeFileSync('up', ''); setInterval(() => {}, 99)";
    const child = new Child([process.execPath, '-e', ignores], { env: {}, cwd: box.directory });
    await vi.waitFor(() => expect(existsSync(box.path('up'))).toBe(true), { timeout: 60_000, interval: 5 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const stopped = child.stop();
      vi.advanceTimersByTime(10_000);
      await stopped;
      expect(await child.ended).toEqual({ exit: 137, signal: 'SIGKILL' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends the command when an error ends this process', async () => {
    const before = process.listeners('exit');
    const child = new Child([process.execPath, '-e', 'setInterval(() => {}, 1000)'], { env: {}, cwd: '.' });
    const [listener] = process.listeners('exit').filter((one) => !before.includes(one));
    listener?.call(process, 3);
    expect(await child.ended).toMatchObject({ signal: 'SIGTERM' });
    expect(process.listeners('exit')).toEqual(before);
  });

  it('ends by the signal that has ended its command', async () => {
    using kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    expect(await endLike({ exit: 137, signal: 'SIGKILL' })).toBe(137);
    expect(kill).not.toHaveBeenCalled();
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const ended = endLike({ exit: 143, signal: 'SIGTERM' });
      vi.advanceTimersByTime(1_000);
      expect(await ended).toBe(143);
    } finally {
      vi.useRealTimers();
    }
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM');
  });
});

describe.concurrent('the program llm-config run', { timeout: 60_000 }, () => {
  let built: Built;
  beforeAll(async () => {
    built = await builtCommand();
  });

  const ran = async (args: readonly string[], env: Record<string, string> = {}, own = files) => {
    await using project = await built.project(own);
    const [program, ...all] = project.command('run', ...args);
    const options = { cwd: project.directory, env: { ...env }, maxBuffer: 1e9 };
    const { code, stdout, stderr } = await promisify(execFile)(program, all, options).then(
      (output) => ({ ...output, code: 0 }),
      (error) => error,
    );
    return { code, out: stdout, err: stderr.replace(/^.+ …\n/gm, '') }; // without progress notes
  };

  it.runIf(isThorough)('prints no message of an error that the module does not catch', async ({ expect }) => {
    const throws = [
      "import { existsSync } from 'node:fs';",
      `setInterval(() => { if (existsSync('up')) throw new TypeError('${fake}'); }, 20);\n`,
    ].join('\n');
    const own = { ...files, 'config.mjs': throws + files['config.mjs'] };
    // `ran` ends when the command has closed the pipe, too
    const up = "require('node:fs').writeFileSync('up', ''); setInterval(() => {}, 1000)";
    const { code, out, err } = await ran(node(up), {}, own);
    expect([code, out, err]).toEqual([3, '', 'error: unexpected: TypeError, which nothing has caught\n']);
  });

  it.runIf(isThorough)('passes signals on, waits for a command, and dies as it does', async ({ expect }) => {
    await using project = await built.project(files);
    const stubborn = project.start([
      'run',
      ...node(
        [
          'let n = 0;',
          "process.on('SIGTERM', () => { console.log('term', ++n); if (n > 1) process.exit(5) });",
          "process.on('SIGUSR2', () => console.log('usr2'));",
          "console.log('up'); setInterval(() => {}, 1000);",
        ].join(''),
      ),
    ]);
    await stubborn.until('up');
    stubborn.child.kill('SIGUSR2');
    await stubborn.until('usr2');
    stubborn.child.kill('SIGTERM');
    await stubborn.until('term 1');
    expect(stubborn.child.exitCode).toBeNull();
    stubborn.child.kill('SIGTERM');
    expect(await stubborn.ended).toEqual({ code: 5, signal: null });

    const obedient = project.start(['run', ...node("console.log('up'); setInterval(() => {}, 1000)")]);
    await obedient.until('up');
    obedient.child.kill('SIGINT');
    expect(await obedient.ended).toEqual({ code: null, signal: 'SIGINT' });
  });

  it('masks secrets in megabytes of output, and all of it arrives', async ({ expect }) => {
    const write = [
      `const part = Buffer.from(('x'.repeat(981) + process.env.APP_API_TOKEN + '\\n').repeat(1000));`,
      'let n = 0;',
      `const next = () => { while (n++ < ${megabytes}) if (!process.stdout.write(part))`,
      "  return process.stdout.once('drain', next); console.error(process.env.APP_API_TOKEN) };",
      'next();',
    ].join('\n');
    const { code, out, err } = await ran(['--mask', ...node(write)]);
    expect([code, err]).toEqual([0, '[redacted]\n']);
    const line = `${'x'.repeat(981)}[redacted]\n`;
    expect(out.length).toBe(megabytes * 1000 * line.length);
    expect(out === line.repeat(megabytes * 1000)).toBe(true);
  });

  it.runIf(isThorough && existsSync('/usr/bin/script'))(
    'the command has the terminal, and gets Ctrl-C once',
    async ({ expect }) => {
      await using project = await built.project({
        ...files,
        'child.mjs': [
          "import { appendFileSync } from 'node:fs';",
          'const { isTTY } = process.stdout;',
          "const seen = () => appendFileSync('seen', 'int ' + isTTY + '\\n');",
          "process.on('SIGINT', () => { seen(); setTimeout(process.exit, 200, 4) });",
          "console.log('up'); setInterval(() => {}, 1000);",
        ].join('\n'),
      });
      const command = `exec ${project.command('run', '--', process.execPath, 'child.mjs').join(' ')}`;
      const typing = running(['/usr/bin/script', '-qec', command, '/dev/null'], project.directory, {
        TERM: 'dumb',
      });
      await typing.until('up');
      typing.child.stdin?.write('\x03');
      expect((await typing.ended).code).toBe(4);
      expect(readFileSync(project.path('seen'), 'utf8')).toBe('int true\n');
    },
  );
});
