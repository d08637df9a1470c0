// Reads the lines of a file of a log, in memory that does not grow with the file. Used by opening,
// `verify` and the commands. Before each line is a byte that the reader may overwrite: with zero, line and
// byte are a leaf.

import { open } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';

/** A line: the bytes from `begin` to `end`, without the line break. `offset`: where it begins in the file. */
export type OnLine = (buffer: Buffer, begin: number, end: number, offset: number) => void;

const chunkBytes = 1 << 20;
const maxLineBytes = 1 << 26;

/** Calls back for each complete line. Returns the number of bytes after the last line break. */
export async function scanLines(file: string, onLine: OnLine): Promise<number> {
  const handle = await open(file, 'r');
  try {
    let buffer: Buffer = Buffer.allocUnsafe(chunkBytes);
    let held = 1;
    let offset = 0;
    for (;;) {
      if (held === buffer.length) buffer = larger(buffer, file);
      const { bytesRead } = await handle.read(buffer, held, buffer.length - held, offset + held - 1);
      if (bytesRead === 0) return held - 1;
      held += bytesRead;
      const filled = buffer.subarray(0, held);
      let from = 1;
      for (let at = filled.indexOf(10, 1); at >= 0; at = filled.indexOf(10, from)) {
        onLine(buffer, from, at, offset + from - 1);
        from = at + 1;
      }
      offset += from - 1;
      buffer.copyWithin(1, from, held);
      held += 1 - from;
    }
  } finally {
    await handle.close();
  }
}

function larger(buffer: Buffer, file: string): Buffer {
  if (buffer.length >= maxLineBytes)
    throw new ConfigError('parse', `audit: ${file} has a line of more than ${maxLineBytes} bytes`, {
      hint: 'Correct the path: it is not a file of an audit log',
    });
  const doubled = Buffer.allocUnsafe(buffer.length * 2);
  buffer.copy(doubled);
  return doubled;
}

/** Whether the last batch was torn by a crash of the machine: pages that never reached the disk read as
 *  zeros, and no line of a log holds one. `end`: where the batch begins. Damage before a later batch is not a
 *  tear. */
export async function isTorn(file: string, end: number): Promise<boolean> {
  let hasZero = false;
  let checkpoints = 0;
  await scanLines(file, (buffer, begin, lineEnd, offset) => {
    if (offset < end) return;
    if (buffer[begin] === 0x5b) checkpoints++; // a list; an entry is an object
    hasZero ||= buffer.subarray(begin, lineEnd).includes(0);
  });
  return hasZero && checkpoints <= 1;
}
