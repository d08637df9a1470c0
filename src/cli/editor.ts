import { spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../errors.ts';
import type { Io } from './io.ts';

/** Lets a person edit a text, as often as `again` says so after `use` has refused it. The text lies in a file that only this user
 *  can read, in memory where there is a file system for that, and is wiped afterwards. */
export async function inEditor<T>(
  name: string,
  text: string,
  io: Io,
  use: (edited: string) => Promise<T>,
  again: (error: unknown) => Promise<boolean>,
): Promise<T> {
  const folder = await mkdtemp(path.join(inMemory() ?? tmpdir(), 'llm-config-')); // mode 0700
  const file = path.join(folder, name);
  const lastResort = (): void => rmSync(folder, { recursive: true, force: true });
  let asked = false;
  const asking = async <R>(answer: Promise<R>): Promise<R> => {
    asked = true;
    return answer.finally(() => {
      asked = false;
    });
  };
  const killed = (signal: NodeJS.Signals): void => {
    if (asked && signal === 'SIGINT') return; // Ctrl-C is the editor's, or the question's, to answer
    lastResort();
    for (const one of deadly) process.off(one, killed);
    process.kill(process.pid, signal);
  };
  process.once('exit', lastResort);
  for (const one of deadly) process.on(one, killed);
  try {
    await write(file, text);
    for (;;) {
      await asking(
        launch(io.env.VISUAL || io.env.EDITOR || (process.platform === 'win32' ? 'notepad' : 'vi'), file),
      );
      try {
        return await use(await readFile(file, 'utf8'));
      } catch (error) {
        if (!(await asking(again(error)))) throw error;
      }
    }
  } finally {
    await wipe(file);
    await rm(folder, { recursive: true, force: true }); // an editor may have left copies of its own
    process.off('exit', lastResort);
    for (const one of deadly) process.off(one, killed);
  }
}

const deadly = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** A file system in memory, where there is one. */
function inMemory(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return undefined;
  }
}

async function write(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.close();
}

/** On a disk this is no guarantee: journals and flash memory keep copies. */
async function wipe(file: string): Promise<void> {
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const handle = await open(file, 'r+').catch(() => undefined);
  await handle?.write(Buffer.alloc(size), 0, size, 0);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** The editor's own command line may have arguments: `code --wait`. */
async function launch(editor: string, file: string): Promise<void> {
  const child =
    process.platform === 'win32'
      ? spawn(`${editor} "${file}"`, { shell: true, stdio: 'inherit' })
      : spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  const code = await new Promise<number | null>((on, off) => child.once('exit', on).once('error', off));
  if (code === 0) return;
  throw new ConfigError(
    'aborted',
    `the editor ended with ${code === null ? 'a signal' : `code ${code}`}; nothing was changed`,
    {
      hint: 'Set EDITOR to one that works here',
    },
  );
}
