/** The parts of the process that a command uses. Tests replace them. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Colours a text for a terminal, unless NO_COLOR is set. */
export function coloured(text: string, colour: 'red' | 'dim', out: Output, env: Io['env']): string {
  const wanted = out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted ? `\x1b[${colour === 'red' ? 31 : 2}m${text}\x1b[0m` : text;
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
