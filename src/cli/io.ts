/** What a command sees of its process. */
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

/** Colour only where a person looks, and does not mind. */
export function painted(text: string, colour: 'red' | 'dim', out: Output, env: Io['env']): string {
  const wanted = out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted ? `\x1b[${colour === 'red' ? 31 : 2}m${text}\x1b[0m` : text;
}

const patienceMs = 1_000;

/** Says what takes so long once it has taken a second. */
export async function patiently<T>(io: Io, what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => io.stderr.write(`${what} …\n`), patienceMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
