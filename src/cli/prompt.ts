import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { StringDecoder } from 'node:string_decoder';
import { ConfigError } from '../errors.ts';
import { ioError, utf8 } from '../local/file.ts';
import type { Io } from './io.ts';

const stopped = (): ConfigError => new ConfigError('aborted', 'stopped; nothing was changed');

/** Keys that write nothing: arrows, Home, and what a terminal puts around a pasted text. */
const silent = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?/g;

/** A secret typed by a person, of whom nothing is shown. */
export function hidden(io: Io, label: string): Promise<string> {
  const { stdin, stderr } = io;
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8'); // a letter may come in two parts
    let typed = '';
    const done = (settle: () => void): void => {
      stdin.off('data', read);
      stdin.off('end', end);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const end = (): void => done(() => reject(stopped()));
    const read = (chunk: Buffer | string): void => {
      for (const char of decoder.write(chunk).replace(silent, '')) {
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
    stdin.setRawMode?.(true); // before the question: nothing typed in a hurry is shown
    stdin.on('data', read);
    stdin.on('end', end);
    stdin.resume();
    stderr.write(`${label}: `);
  });
}

/** A password that is going to be needed again: typed twice. */
export async function newPassword(io: Io): Promise<string> {
  const first = await hidden(io, 'New password');
  if ((await hidden(io, 'The same again')) === first) return first;
  throw new ConfigError('crypto', 'the two passwords differ', { hint: 'Nothing was changed; try again' });
}

/** A value: from a file, from what is piped in, or typed; one line end at its end belongs to the pipe, not to the value. */
export async function value(io: Io, file: string | undefined, label: string): Promise<string> {
  if (file !== undefined && file !== '-') {
    const bytes = await readFile(file).catch((error: unknown) =>
      Promise.reject(ioError(error, `the file ${file}`, 'llm-config')),
    );
    return withoutLineEnd(utf8(bytes, file, 'llm-config'));
  }
  return io.stdin.isTTY && file === undefined ? hidden(io, label) : withoutLineEnd(await piped(io));
}

export async function piped(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Buffer));
  return utf8(Buffer.concat(chunks), 'stdin', 'llm-config');
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '');

export async function agrees(io: Io, question: string): Promise<boolean> {
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
