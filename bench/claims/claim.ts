import { inspect } from 'node:util';

/** Statements about a library. Each has a function that throws if the statement is wrong. */
export type Claims = Readonly<Record<string, () => unknown>>;

/** A value in the formats in which values are usually printed. */
export const printed = (value: unknown): string =>
  `${JSON.stringify(value)} ${inspect(value, { depth: 10 })}`;

/** Returns the error that a function throws. Fails if it throws none. */
export async function thrown(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, none was thrown');
}

/** Captures the output of a function to stdout and stderr. */
export async function outputOf(run: () => unknown): Promise<string> {
  const chunks: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = ((chunk: unknown) => {
      chunks.push(String(chunk));
      return true;
    }) as typeof stream.write;
  try {
    await run();
  } finally {
    streams.forEach((stream, i) => {
      stream.write = writes[i] as typeof stream.write;
    });
  }
  return chunks.join('');
}
