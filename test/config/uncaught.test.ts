import { execFile } from 'node:child_process';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BundleProvider, type ConfigError, loadConfig, MemoryProvider } from '../../src/index.ts';
import { folder } from '../support/folder.ts';
import { program } from '../support/program.ts';

const schema = z.object({ port: z.number() });

async function loadWrong(): Promise<ConfigError> {
  return loadConfig(schema, new MemoryProvider({ port: 'eighty' })).then(
    () => expect.unreachable(),
    (error: ConfigError) => error,
  );
}

const framesOf = (text: string): string[] => text.split('\n').filter((line) => /^ {4}at /.test(line));

describe('an uncaught report', () => {
  it('is printed once by Node, with the lines of the application only', { timeout: 30_000 }, async () => {
    await using files = await folder({ 'a.yaml': 'port: eighty\n' });
    const script = await program(new URL('../support/uncaught.ts', import.meta.url));
    const printed = await new Promise<string>((resolve) => {
      execFile(process.execPath, [script, files.at('a.yaml')], (_, __, stderr) => resolve(stderr));
    });
    expect(printed.match(/eighty/g)).toHaveLength(2); // as found, and in the quoted line
    expect(printed.match(/expected/g)).toHaveLength(1);
    const frames = framesOf(printed);
    expect(frames[0]).toContain('at startApplication ');
    expect(frames).toHaveLength(2);
    expect(printed).toContain("code: 'validation'");
  });

  it('is printed once by console.error and inspect', async () => {
    const printed = inspect(await loadWrong());
    expect(printed.match(/eighty/g)).toHaveLength(1);
    expect(printed.startsWith('ConfigError: There is 1 problem with the configuration:\n')).toBe(true);
    expect(inspect(await loadWrong(), { customInspect: false }).match(/eighty/g)).toHaveLength(1);
  });

  it('has the line that called loadConfig, and no line of this library', async () => {
    const frames = framesOf((await loadWrong()).stack ?? '');
    expect(frames[0]).toContain('at loadWrong ');
    expect(frames.filter((line) => line.includes('/src/'))).toEqual([]);
  });

  it('has the line that called reload', async () => {
    await using files = await folder({ 'a.yaml': 'port: 80\n' });
    await using config = await loadConfig(schema, new BundleProvider(files.at('a.yaml')));
    await files.write({ 'a.yaml': 'port: eighty\n' });
    async function reloadAll(): Promise<unknown> {
      return config.reload().catch((error: unknown) => error);
    }
    const frames = framesOf(((await reloadAll()) as Error).stack ?? '');
    expect(frames[0]).toContain('at reloadAll ');
    expect(frames.filter((line) => line.includes('/src/'))).toEqual([]);
  });

  it('has the line of the caller also if a source fails', async () => {
    async function loadMissing(file: string): Promise<Error> {
      return loadConfig(schema, new BundleProvider(file)).catch((error: Error) => error) as Promise<Error>;
    }
    expect(framesOf((await loadMissing('/nonexistent/a.yaml')).stack ?? '')[0]).toContain('at loadMissing ');
  });

  it('keeps its problems for programs', async () => {
    const error = await loadWrong();
    expect(error.problems).toMatchObject([{ kind: 'wrong', key: 'port' }]);
    expect(JSON.parse(JSON.stringify(error)).problems).toHaveLength(1);
    expect(error.with({ operation: 'x' }).problems).toHaveLength(1);
    expect(Object.keys(error)).not.toContain('problems');
  });

  it('survives stack traces that another library formats, and none at all', async () => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    try {
      Error.prepareStackTrace = () => ({ frames: [] });
      expect((await loadWrong()).stack).toMatch(/^ConfigError: There is 1 problem/);
      Error.prepareStackTrace = prepareStackTrace;
      Error.stackTraceLimit = 0;
      expect((await loadWrong()).stack).toMatch(/^ConfigError: There is 1 problem/);
    } finally {
      Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    }
  });
});
