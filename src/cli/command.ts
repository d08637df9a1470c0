import type { Flags, Parsed } from './arguments.ts';
import type { Io } from './io.ts';

/** 0 done, 1 a negative answer, 2 wrong usage, 3 failure. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What a command has to say: its text for a person, the same as data for a program. */
export interface Answer {
  readonly text?: string;
  /** The text is a document, printed as it is; otherwise it is a line. */
  readonly exact?: true;
  readonly json: unknown;
  /** A remark for stderr, of which a program has no need. */
  readonly note?: string | undefined;
  /** @default 0 */
  readonly exit?: ExitCode;
}

export interface Command {
  readonly name: string;
  /** `FILE KEY`; those in brackets may be left out. */
  readonly arguments: readonly string[];
  readonly says: string;
  readonly flags: Flags;
  readonly examples: readonly string[];
  run(args: Parsed, io: Io): Promise<Answer>;
}
