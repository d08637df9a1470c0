// The lock that a log holds while it is open, so that a second writer is refused at once. Used by writer.ts
// and, before it deletes old logs, by log.ts. On another machine only the age of a lock is known, so its file
// is touched every ten seconds.

import { utimes } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import { type Guard, withLock } from '../../local/lock.ts';
import { realFile } from '../../local/write-atomic.ts';

export interface HeldLock {
  /** Throws `conflict` if another writer has taken over the lock. */
  readonly guard: Guard;
  release(): Promise<void>;
}

const touchEveryMs = 10_000;
const waitMs = 100;
const nameInFolder = 'log';

/** Takes the lock of a log's folder.
 *  @throws ConfigError `conflict` if another writer holds it */
export async function holdLock(folder: string): Promise<HeldLock> {
  // the first try may have removed the lock of a dead writer
  const held = (await lockUnlessOpen(folder)) ?? (await lockUnlessOpen(folder));
  if (held) return held;
  throw new ConfigError('conflict', `audit: another writer has opened the log ${folder}`, {
    hint: 'Give each process its own instance: leave the option out, and it is random',
  });
}

/** Takes the lock of a log's folder. `undefined`: a writer has it open. */
export async function lockUnlessOpen(folder: string): Promise<HeldLock | undefined> {
  try {
    return await take(folder);
  } catch (error) {
    if (isConfigError(error) && error.code === 'timeout') return undefined;
    throw error;
  }
}

async function take(folder: string): Promise<HeldLock> {
  const file = path.join(folder, nameInFolder);
  const lock = `${await realFile(file)}.lock`;
  return new Promise((resolve, reject) => {
    const ended = withLock(
      file,
      (guard) =>
        new Promise<void>((end) => {
          const touching = setInterval(() => {
            const now = new Date();
            utimes(lock, now, now).catch(() => undefined); // the guard notices a lost lock
          }, touchEveryMs).unref();
          const release = (): Promise<void> => {
            clearInterval(touching);
            end();
            return ended;
          };
          resolve({ guard, release });
        }),
      { owner: 'audit', waitMs },
    );
    ended.catch(reject);
  });
}
