// Reads entries for the commands: only those that a checkpoint has signed, in the order of the log. Verifies
// nothing: `verify` does.

import { ConfigError } from '../../errors.ts';
import type { AuditEntry } from './entry.ts';
import { type LogFolder, logsIn } from './folder.ts';
import { type Checkpoint, parseCheckpoint } from './note.ts';
import { scanLines } from './scan.ts';

/** An entry with the origin of its log. */
export interface ReadEntry {
  readonly origin: string;
  readonly entry: AuditEntry;
}

/** The time that entries are read from and to. ISO 8601; `to` is exclusive. */
export interface Period {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Calls back for each entry of a period, log by log. */
export async function readEntries(
  directory: string,
  { from = '', to = '\uffff' }: Period,
  onEntry: (read: ReadEntry) => void,
): Promise<void> {
  for (const log of await logsIn(directory))
    await readLog(log, (read) => {
      if (read.entry.time >= from && read.entry.time < to) onEntry(read);
    });
}

async function readLog({ files }: LogFolder, onEntry: (read: ReadEntry) => void): Promise<void> {
  for (const { path } of files) {
    let batch: string[] = [];
    await scanLines(path, (buffer, begin, end) => {
      const line = buffer.toString('utf8', begin, end);
      if (line.startsWith('{')) {
        batch.push(line);
        return;
      }
      const checkpoint = checkpointIn(line);
      if (!checkpoint) return; // a crash has torn the batch: it was never acknowledged
      for (const one of batch) onEntry({ origin: checkpoint.origin, entry: entryIn(one, path) });
      batch = [];
    });
  }
}

function checkpointIn(line: string): Checkpoint | undefined {
  try {
    const [note] = JSON.parse(line) as readonly unknown[];
    return parseCheckpoint(String(note));
  } catch {
    return undefined;
  }
}

function entryIn(line: string, file: string): AuditEntry {
  try {
    return JSON.parse(line) as AuditEntry;
  } catch {
    throw new ConfigError('parse', `audit: ${file} has a line that is not an entry`, {
      hint: 'Run llm-config audit verify',
    });
  }
}

/** The last entries of all logs, by time. */
export async function lastEntries(directory: string, count: number): Promise<readonly ReadEntry[]> {
  let last: ReadEntry[] = [];
  for (const log of await logsIn(directory)) {
    const own: ReadEntry[] = [];
    await readLog(log, (read) => {
      own.push(read);
      if (own.length > 2 * count) own.splice(0, count);
    });
    last = [...last, ...own].sort((a, b) => (a.entry.id < b.entry.id ? -1 : 1)).slice(-count);
  }
  return last;
}
