// What a command is and what it returns. The files in commands/ implement it, and run.ts calls it.

import type { Flags, Parsed } from './arguments.ts';
import type { Colours, Io } from './io.ts';

/** 0 done, 1 a negative answer, 2 wrong usage, 3 failure. `run` has that of its command. */
export type ExitCode = number;

/** What a command prints: text for a person, or the same as JSON for a program. */
export interface CommandResult {
  readonly text?: string;
  /** Prints the text unchanged into a pipe or a file, because it is a document or a value. Otherwise, and
   *  on a terminal, the text is printable, and it ends with a line break. */
  readonly exact?: true;
  /** The parts of the text that have a colour on a terminal. */
  readonly colours?: Colours;
  /** `undefined` prints nothing. */
  readonly json: unknown;
  /** A note for stderr. Not printed with `--json`. */
  readonly note?: string | undefined;
  /** @default 0 */
  readonly exit?: ExitCode;
}

export interface Command {
  readonly name: string;
  /** `FILE KEY`. Arguments in brackets are optional. `[MODULE]` is first, and read by `parse`. */
  readonly arguments: readonly string[];
  readonly summary: string;
  readonly flags: Flags;
  readonly examples: readonly string[];
  run(args: Parsed, io: Io): Promise<CommandResult>;
}

/** The options of every command. */
export const commonFlags = {
  json: { type: 'boolean', summary: 'print the answer as JSON, errors too' },
  help: { type: 'boolean', summary: 'print this help' },
} as const satisfies Flags;
