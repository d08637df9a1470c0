import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../errors.ts';
import { realFile, writeError } from './durable.ts';

export interface LockOptions {
  /** How long to wait for another writer. @default 10_000 */
  readonly waitMs?: number;
  /** When a holder on another machine, of whom nothing else can be known, counts as dead. @default 30_000 */
  readonly leaseMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Throws when the lock was taken away meanwhile. */
export type Guard = () => Promise<void>;

/** Runs `work` while no other process, and nobody else in this one, does so for `file`. A dead holder's lock is taken over. */
export async function withLock<T>(
  file: string,
  work: (guard: Guard) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { waitMs = 10_000, leaseMs = 30_000, signal } = options;
  const target = await realFile(file);
  const lock = `${target}.lock`;
  const end = performance.now() + waitMs;
  const me = JSON.stringify({ world, pid: process.pid, started: startOf(process.pid), id: randomUUID() });
  while (!(await claim(lock, me, file))) {
    if (signal?.aborted)
      throw new ConfigError(
        'aborted',
        `the write to ${file} was aborted by its caller while it waited for another writer`,
      );
    const holder = await textOf(lock);
    if (holder !== undefined && (await isDead(lock, holder, leaseMs)))
      await evict(lock, holder, me, leaseMs, file);
    else if (holder !== undefined) await sleep(1 + Math.random() * 10);
    if (performance.now() > end) throw held(file, lock, holder, waitMs);
  }
  const guard: Guard = async () => {
    if ((await textOf(lock)) !== me)
      throw new ConfigError(
        'conflict',
        `the file ${file} was not written: its lock was taken away meanwhile`,
        { hint: 'Do it again' },
      );
  };
  try {
    await sweep(target);
    return await work(guard);
  } finally {
    if ((await textOf(lock)) === me) await gone(lock);
  }
}

const gone = (file: string): Promise<void> => rm(file, { force: true });
const textOf = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);

function quiet(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // not Linux
  }
}

/** Who holds a lock: a pid alone is not enough, since pids are used again and containers have their own. */
const startOf = (pid: number): string =>
  quiet(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ')[19] ?? '');
const world = [
  hostname(),
  quiet(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  quiet(() => readlinkSync('/proc/self/ns/pid')),
].join();

function isAlive(pid: number): boolean {
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
  const stats = await stat(lock).catch(() => undefined); // another machine or container: only its age tells
  return stats !== undefined && Date.now() - stats.mtimeMs > leaseMs;
}

/** Creates `lock` holding `text` in one step, never visible half-written; false when somebody has it. */
async function claim(lock: string, text: string, file: string): Promise<boolean> {
  const temporary = `${lock}.${randomUUID()}.tmp`;
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    throw writeError(error, file);
  });
  try {
    await link(temporary, lock);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (!withoutLinks.has(code)) throw writeError(error, file);
    return await createOnly(lock, text, file);
  } finally {
    await gone(temporary);
  }
}

/** File systems without hard links: the lock is seen empty for a moment, in which only its age could tell of a dead holder. */
const withoutLinks = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EMLINK']);
async function createOnly(lock: string, text: string, file: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeError(error, file);
  }
}

/** Removes the lock of a dead holder. The right to do so is itself a lock, named after that holder: one remover, ever. */
async function evict(lock: string, text: string, me: string, leaseMs: number, file: string): Promise<void> {
  const right = `${lock}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  if (await claim(right, me, file)) {
    try {
      if ((await textOf(lock)) === text) await gone(lock);
    } finally {
      await gone(right);
    }
    return;
  }
  const other = await textOf(right);
  if (other !== undefined && (await isDead(right, other, leaseMs)))
    await evict(right, other, me, leaseMs, file);
}

/** What writers that were killed have left: their temporary files. */
async function sweep(target: string): Promise<void> {
  const folder = path.dirname(target);
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (!name.startsWith(`${path.basename(target)}.`) || !name.endsWith('.tmp')) continue;
    const stats = await stat(path.join(folder, name)).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > 60_000) await gone(path.join(folder, name));
  }
}

function held(file: string, lock: string, holder: string | undefined, waitMs: number): ConfigError {
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
