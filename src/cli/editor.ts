// Opens a text in the user's editor. Used by `edit`. The file with the decrypted text exists only while
// the editor runs: signal handlers remove it even when the command is killed.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, rmSync } from 'node:fs';
import { lstat, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../errors.ts';
import { isAlive, world } from '../local/lock.ts';
import type { Io } from './io.ts';

/** Opens `text` in the editor and passes the result to `use`. When `use` throws and `retry` returns
 *  true, the editor opens again. Only this user can read the file. It is in memory if the system has a
 *  file system for that, and is wiped afterwards. */
export async function editText<T>(
  name: string,
  text: string,
  io: Io,
  use: (edited: string) => Promise<T>,
  retry: (error: unknown) => Promise<boolean>,
): Promise<T> {
  const parent = inMemory() ?? tmpdir();
  await removeLeftovers(parent);
  const folder = await mkdtemp(path.join(parent, `${ownName(process.pid)}-`)); // mode 0700
  const file = path.join(folder, name);
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  let isInteractive = false;
  const interactive = async <R>(step: Promise<R>): Promise<R> => {
    isInteractive = true;
    return step.finally(() => {
      isInteractive = false;
    });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isInteractive && signal === 'SIGINT') return; // the editor or the question handles Ctrl-C
    removeFolder();
    for (const name of fatalSignals) process.off(name, onSignal);
    process.kill(process.pid, signal);
  };
  process.once('exit', removeFolder);
  for (const name of fatalSignals) process.on(name, onSignal);
  try {
    await write(file, text);
    for (;;) {
      await interactive(
        launch(io.env.VISUAL || io.env.EDITOR || (process.platform === 'win32' ? 'notepad' : 'vi'), file),
      );
      try {
        return await use(await readFile(file, 'utf8'));
      } catch (error) {
        if (!(await interactive(retry(error)))) throw error;
      }
    }
  } finally {
    await wipe(file);
    await rm(folder, { recursive: true, force: true }); // the editor may have left its own copies
    process.off('exit', removeFolder);
    for (const name of fatalSignals) process.off(name, onSignal);
  }
}

/** Names a folder after this process: the same pid may be another process in another container. */
const ownName = (pid: number): string =>
  `llm-config-${createHash('sha256').update(world).digest('hex').slice(0, 8)}-${pid}`;

/** Removes the folders of earlier editors that were killed with SIGKILL: no handler runs for that signal. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [] as string[])) {
    const pid = Number(/^llm-config-[\da-f]{8}-(\d+)-/.exec(name)?.[1]);
    if (!(pid > 0) || !name.startsWith(ownName(pid)) || isAlive(pid)) continue;
    const folder = path.join(parent, name);
    const stats = await lstat(folder).catch(() => undefined);
    if (!stats?.isDirectory() || stats.uid !== process.geteuid?.()) continue;
    for (const file of await readdir(folder).catch(() => [] as string[])) await wipe(path.join(folder, file));
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

const fatalSignals = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** The folder of a file system in memory, if there is one. */
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

/** Overwrites the file with zeros. Not a guarantee on a disk: journals and flash memory keep copies. */
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

/** Runs the editor in a shell, because its command may have arguments: `code --wait`. */
async function launch(editor: string, file: string): Promise<void> {
  const child =
    process.platform === 'win32'
      ? spawn(`${editor} "${file}"`, { shell: true, stdio: 'inherit' })
      : spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  const code = await new Promise<number | null>((on, off) => child.once('exit', on).once('error', off));
  if (code === 0) return;
  throw new ConfigError(
    'aborted',
    `the editor exited with ${code === null ? 'a signal' : `code ${code}`}; nothing was changed`,
    { hint: 'Set EDITOR to a command that opens an editor' },
  );
}
