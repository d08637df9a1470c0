// What a command uses of its process: input, output, variables and the working folder. Used by run.ts, which
// passes all text for a terminal through `printable`, and by every command.

import { styleText } from 'node:util';
import { escapeControls } from '../redact.ts';

/** The parts of the process that a command uses. Tests replace them. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working folder. */
  cwd(): string;
}

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A text for a terminal: shows control characters, escape sequences and characters that change the direction
 *  of a line as `\u001b`. Everything that `llm-config` prints passes through here. */
export const printable = (text: string): string => escapeControls(text);

/** JSON of an answer, with bigints as text. */
export const jsonText = (data: unknown, indent?: number): string =>
  JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? `${value}` : value), indent);

/** The same process, with output that is printable. */
export function screened(io: Io): Io {
  const output = (out: Output): Output => ({
    ...(out.isTTY !== undefined && { isTTY: out.isTTY }),
    write: (text) => out.write(printable(text)),
  });
  return {
    stdin: io.stdin,
    stdout: output(io.stdout),
    stderr: output(io.stderr),
    env: io.env,
    cwd: () => io.cwd(),
  };
}

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

/** The parts of a text that have a colour on a terminal. */
export type Colours = readonly (readonly [part: RegExp, colour: Colour])[];

/** Colours parts of a printable text for a terminal, unless NO_COLOR is set. */
export function coloured(text: string, colours: Colours, out: Output, env: Io['env']): string {
  if (out.isTTY !== true || env.NO_COLOR || env.TERM === 'dumb') return text;
  return colours.reduce(
    (done, [part, colour]) =>
      done.replace(part, (found) => styleText(colour, found, { validateStream: false })),
    text,
  );
}

const progressAfterMs = 1_000;

/** Prints a progress note after one second. */
export async function withProgress<T>(io: Io, what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => io.stderr.write(`${what} …\n`), progressAfterMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
