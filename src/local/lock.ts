// A lock between processes, as a file beside the target. Used by encrypted files and by cli/. Own
// code: in a test with stale locks, proper-lockfile let two writers in at once in 36 of 100 rounds.

import { createHash, randomUUID } from 'node:crypto';
import { constants, readFileSync, readlinkSync } from 'node:fs';
import { link, lstat, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { abortedBy, ConfigError, isConfigError } from '../errors.ts';
import { transientCodes } from './file.ts';
import { realFile, writeError } from './write-atomic.ts';

export interface LockOptions {
  /** Who writes, for the error of an aborted wait. @default the file */
  readonly owner?: string;
  /** How long to wait for another writer. @default 10_000 */
  readonly waitMs?: number;
  /** When a holder on another machine counts as dead; only its lock's age is known. @default 30_000 */
  readonly leaseMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `conflict` if another writer has taken over the lock. */
export type Guard = () => Promise<void>;

/** Runs `work` while nothing else, in this process or another, runs under the lock of `file`. Takes over the
 *  lock of a dead holder.
 *  @throws ConfigError `timeout` after `waitMs`, `aborted`, `io` if the lock cannot be written */
export async function withLock<T>(
  file: string,
  work: (guard: Guard) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { owner = `the file ${file}`, waitMs = 10_000, leaseMs = 30_000, signal } = options;
  const target = await realFile(file);
  const lock = `${target}.lock`;
  const end = performance.now() + waitMs;
  const me = JSON.stringify({ world, pid: process.pid, started: startOf(process.pid), id: randomUUID() });
  while (!(await claim(lock, me, file))) {
    if (signal?.aborted) throw abortedBy(owner, 'the write while it waited for another writer');
    const holder = await contentOf(lock);
    if (holder !== undefined && (await isDead(lock, holder, leaseMs)))
      await evict(lock, holder, me, leaseMs, file);
    else await sleep(1 + Math.random() * 10);
    if (performance.now() > end) throw lockTimeout(file, lock, holder, waitMs);
  }
  const claimed = await markOf(lock);
  const guard: Guard = async () => {
    if ((await contentOf(lock)) !== me)
      throw new ConfigError(
        'conflict',
        `the file ${file} was not written: another writer took over its lock`,
        { hint: 'Try again' },
      );
  };
  try {
    await sweep(target);
    return await work(guard);
  } finally {
    // without a file handle the lock cannot be read, and must not stay: its holder is alive
    const isMine = contentOf(lock).then(
      (text) => text === me,
      async () => claimed !== undefined && (await markOf(lock)) === claimed,
    );
    if (await isMine) await remove(lock);
  }
}

/** What identifies a file without a handle. */
const markOf = (lock: string): Promise<string | undefined> =>
  stat(lock, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => undefined,
  );

const remove = (file: string): Promise<void> => rm(file, { force: true });

/** The text of a lock; `undefined` if it does not exist. A lock of another user cannot be read, and only its
 *  age is known.
 *  @throws ConfigError `io` if the lock is a pipe, a folder or a device, which no writer makes, `unavailable`
 *  if it cannot be read now */
async function contentOf(lock: string): Promise<string | undefined> {
  const found = await open(lock, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    ({ code }: NodeJS.ErrnoException) => code,
  );
  if (found === 'ENOENT') return undefined;
  if (typeof found === 'object') {
    try {
      const { buffer, bytesRead } = await found.read(Buffer.alloc(maxLockBytes), 0, maxLockBytes, 0);
      if ((await found.stat()).isFile()) return buffer.toString('utf8', 0, bytesRead);
    } catch {
      // reported below
    } finally {
      await found.close();
    }
  } else if (found !== undefined && transientCodes.has(found)) {
    throw writeError({ code: found }, lock);
  } else if ((await stat(lock).catch(() => undefined))?.isFile())
    return found === 'EACCES' || found === 'EPERM' ? '' : undefined;
  throw new ConfigError('io', `${lock} is not the lock of a writer`, { hint: `Remove ${lock}` });
}
const maxLockBytes = 4096;

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // no /proc outside Linux
  }
}

/** Identifies a holder together with its pid: pids are reused, and each container has its own. */
const startOf = (pid: number): string =>
  orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ')[19] ?? '');
export const world = [
  hostname(),
  orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  orEmpty(() => readlinkSync('/proc/self/ns/pid')),
].join();

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface Holder {
  readonly world?: unknown;
  readonly pid?: unknown;
  readonly started?: unknown;
}

function holderOf(text: string): Holder {
  try {
    return Object(JSON.parse(text)) as Holder;
  } catch {
    return {};
  }
}

async function isDead(lock: string, text: string, leaseMs: number): Promise<boolean> {
  const holder = holderOf(text);
  if (holder.world === world && typeof holder.pid === 'number')
    return !isAlive(holder.pid) || startOf(holder.pid) !== holder.started;
  // on another machine or in another container only the age is known
  const stats = await stat(lock).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > leaseMs;
}

/** Creates `lock` with `text` in one step, never visible half-written. False if the lock exists. */
async function claim(lock: string, text: string, file: string): Promise<boolean> {
  const temporary = `${lock}.${randomUUID()}.tmp`;
  try {
    // on a full disk this makes an empty file before it fails
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
      throw writeError(error, file);
    });
    await link(temporary, lock);
    return true;
  } catch (error) {
    if (isConfigError(error)) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (!withoutLinks.has(code)) throw writeError(error, file);
    return await createOnly(lock, text, file);
  } finally {
    await remove(temporary).catch(() => undefined);
  }
}

/** Errors of file systems without hard links. There the lock is empty for a moment, and then only its age
 *  shows a dead holder. */
const withoutLinks = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EMLINK']);
async function createOnly(lock: string, text: string, file: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } catch (error) {
      await remove(lock).catch(() => undefined);
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeError(error, file);
  }
}

/** Removes the lock of a dead holder. Doing so needs a second lock, named after that holder, so only one
 *  process ever removes it. */
async function evict(lock: string, text: string, me: string, leaseMs: number, file: string): Promise<void> {
  const eviction = `${lock}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  if (await claim(eviction, me, file)) {
    try {
      if ((await contentOf(lock)) === text) await remove(lock);
    } finally {
      await remove(eviction);
    }
    return;
  }
  const other = await contentOf(eviction);
  if (other !== undefined && (await isDead(eviction, other, leaseMs)))
    await evict(eviction, other, me, leaseMs, file);
}

/** What follows the name of the target in the names of our own temporary files. */
const ownTemporary = /^(?:\.lock(?:\.[\da-f]{12})*)?\.[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\.tmp$/;

/** Removes temporary files that killed writers left behind, once they are a minute old. Failures do not stop
 *  the write. */
async function sweep(target: string): Promise<void> {
  const folder = path.dirname(target);
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const own = path.basename(target);
    if (!name.startsWith(own) || !ownTemporary.test(name.slice(own.length))) continue;
    const file = path.join(folder, name);
    const stats = await lstat(file).catch(() => undefined);
    if (stats?.isFile() && Date.now() - stats.mtimeMs > 60_000) await remove(file).catch(() => undefined);
  }
}

function lockTimeout(file: string, lock: string, holder: string | undefined, waitMs: number): ConfigError {
  const { pid } = holderOf(holder ?? '');
  const who = typeof pid === 'number' ? `process ${pid}` : 'another writer';
  return new ConfigError(
    'timeout',
    `the file ${file} was not written: ${who} held its lock for ${waitMs} ms`,
    {
      hint: `Try again; if no such process exists on any machine that shares the folder, remove ${lock}`,
    },
  );
}
