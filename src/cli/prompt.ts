// Prompts for secrets and reads values. Used by the commands that need a value, a password or a decision.
// Own code, because Node's readline echoes what is typed and a package for a hidden prompt would see
// every secret.

import process from 'node:process';
import { StringDecoder } from 'node:string_decoder';
import { ConfigError } from '../errors.ts';
import { utf8 } from '../local/file.ts';
import { readGiven } from './argument-files.ts';
import type { Io } from './io.ts';

const cancelled = (): ConfigError =>
  new ConfigError('aborted', 'the prompt was cancelled; nothing was changed');

/** Escape sequences that are not text: arrows, Home, and the marks of a terminal around pasted text. */
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?/g;

/** Prompts for a secret without showing what is typed. Backspace and Ctrl-U edit; Ctrl-C and Ctrl-D
 *  cancel. */
export function readHidden(io: Io, label: string): Promise<string> {
  const { stdin, stderr } = io;
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8'); // a character may arrive in two chunks
    let typed = '';
    const done = (settle: () => void): void => {
      stdin.off('data', read);
      stdin.off('end', end);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const end = (): void => done(() => reject(cancelled()));
    const read = (chunk: Buffer | string): void => {
      for (const char of decoder.write(chunk).replace(escapes, '')) {
        if (char === '\r' || char === '\n') {
          done(() => resolve(typed));
          return;
        }
        if (char === '\x03' || (char === '\x04' && typed === '')) {
          end();
          return;
        }
        if (char === '\x7f' || char === '\b') typed = [...typed].slice(0, -1).join('');
        else if (char === '\x15') typed = '';
        else if (char >= ' ') typed += char;
      }
    };
    stdin.setRawMode?.(true); // before the question, so that early input is not shown either
    stdin.on('data', read);
    stdin.on('end', end);
    stdin.resume();
    stderr.write(`${label}: `);
  });
}

/** Prompts for a new password twice. */
export async function newPassword(io: Io): Promise<string> {
  const first = await readHidden(io, 'New password');
  if ((await readHidden(io, 'Repeat the password')) === first) return first;
  throw new ConfigError('crypto', 'the two passwords differ', {
    hint: 'Run the command again; nothing was changed',
  });
}

/** Reads a value from a file, a pipe or a prompt. Drops one line end of a file or a pipe. */
export async function readValue(io: Io, file: string | undefined, label: string): Promise<string> {
  if (file !== undefined && file !== '-') {
    return withoutLineEnd(utf8(await readGiven(file), file, 'llm-config'));
  }
  return io.stdin.isTTY && file === undefined ? readHidden(io, label) : withoutLineEnd(await readStdin(io));
}

export async function readStdin(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Buffer));
  return utf8(Buffer.concat(chunks), 'stdin', 'llm-config');
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '');

/** Asks a yes-or-no question. No terminal, an end of input and Ctrl-C mean no. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const { stdin, stderr } = io;
  if (!stdin.isTTY) return false;
  stderr.write(`${question} [Y/n] `);
  let no = (): void => undefined;
  const answer = await new Promise<string>((on) => {
    no = () => on('n');
    stdin.resume();
    stdin.once('data', (chunk: Buffer | string) => on(chunk.toString().trim()));
    stdin.once('end', no);
    process.once('SIGINT', no);
  });
  process.off('SIGINT', no);
  stdin.off('end', no);
  stdin.pause();
  return answer === '' || /^y/i.test(answer);
}
