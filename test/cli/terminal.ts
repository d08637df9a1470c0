import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Terminal {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The content of stdin. @default '' */
  readonly input?: string | Buffer;
  /** The inputs of a person at a terminal, one for each prompt. A list of buffers arrives in parts. */
  readonly typed?: readonly (string | readonly Buffer[])[];
  /** The working folder. @default that of the process */
  readonly cwd?: string;
  /** Called with each text on stderr. */
  readonly heard?: (text: string) => void;
}

/** Runs the command in this process with a simulated terminal. */
export async function llmConfig(
  args: readonly string[],
  { env = {}, input = '', typed, cwd = process.cwd(), heard }: Terminal = {},
): Promise<Ran> {
  const stdin = new PassThrough() as PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): void };
  const raw: boolean[] = [];
  const answers = [...(typed ?? [])];
  if (typed) Object.assign(stdin, { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  else stdin.end(input);
  const out: string[] = [];
  const err: string[] = [];
  const asked = new EventEmitter();
  const stderr = {
    isTTY: typed !== undefined,
    write: (text: string) => {
      err.push(text);
      heard?.(text);
      if (/(?:: |\[Y\/n\] )$/.test(text)) asked.emit('question');
    },
  };
  const io: Io = {
    stdin,
    stdout: { isTTY: typed !== undefined, write: (text) => out.push(text) },
    stderr,
    env,
    cwd: () => cwd,
  };
  asked.on('question', () =>
    setImmediate(() => {
      for (const part of [answers.shift() ?? '\x03'].flat()) stdin.write(part);
    }),
  );
  const code = await run(args, io);
  stdin.destroy();
  // a slow machine prints progress notes
  return { code, out: out.join(''), err: err.join('').replace(/^.+ …\n/gm, '') };
}
