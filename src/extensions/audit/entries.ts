// Reads entries for the commands: only those that a checkpoint has signed, in the order of the log. Verifies
// nothing: `verify` does.

import type { AuditEntry } from './entry.ts';
import { type LogFolder, logsIn } from './folder.ts';
import { parseCheckpoint } from './note.ts';
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
  let origin = '';
  for (const { path } of files) {
    let batch: string[] = [];
    await scanLines(path, (buffer, begin, end) => {
      const line = buffer.toString('utf8', begin, end);
      if (line.startsWith('{')) {
        batch.push(line);
        return;
      }
      origin ||= originOf(line);
      for (const one of batch) onEntry({ origin, entry: JSON.parse(one) as AuditEntry });
      batch = [];
    });
  }
}

function originOf(line: string): string {
  const [note] = JSON.parse(line) as [unknown];
  return parseCheckpoint(String(note))?.origin ?? '';
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
