// keys.json beside the files of a log: its public keys, and from when until when each signs. Used by the
// log, which writes it, and by `verify`, which reads it for keys and trusts none of them.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../../local/file.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { parseVerifier, type Verifier, verifierText } from './note.ts';

interface Moment {
  /** The number of entries. */
  readonly size: number;
  readonly time: string;
}
interface KeyPeriod {
  readonly verifier: string;
  readonly from: Moment;
  readonly until?: Moment;
}

const fileIn = (folder: string): string => path.join(folder, 'keys.json');

async function periodsIn(folder: string): Promise<readonly KeyPeriod[]> {
  try {
    const { keys } = JSON.parse(await readFile(fileIn(folder), 'utf8')) as { keys?: unknown };
    return Array.isArray(keys) ? (keys as KeyPeriod[]) : [];
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}

/** The keys of a log, the oldest first. Leaves out what is not a key. */
export async function keysIn(folder: string): Promise<readonly Verifier[]> {
  return (await periodsIn(folder)).flatMap((period) => {
    try {
      return [parseVerifier(String(period?.verifier))];
    } catch {
      return [];
    }
  });
}

/** Records that a key signs from a moment on. */
export async function recordKey(folder: string, key: Verifier, from: Moment): Promise<void> {
  const periods = await periodsIn(folder);
  const verifier = verifierText(key);
  const last = periods.at(-1);
  if (last?.verifier === verifier) return;
  const before = last ? [...periods.slice(0, -1), { ...last, until: from }] : [];
  const keys: readonly KeyPeriod[] = [...before, { verifier, from }];
  await writeAtomic(fileIn(folder), `${JSON.stringify({ keys }, null, 2)}\n`);
}
