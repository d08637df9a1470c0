// What identifies the text of a prompt. Used by check.ts for locked versions, by prompts.ts for results, and
// by the command line, which writes the lock.

import { createHash } from 'node:crypto';

/** The SHA-256 of a text, in hexadecimal digits. */
export const contentHash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The part of a hash that results and events have. */
export const shortHash = (hash: string): string => hash.slice(0, 12);
