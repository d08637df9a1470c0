import { inspect } from 'node:util';

/** What is said of a library, and the program that shows it: it throws where the sentence does not hold. */
export type Claims = Readonly<Record<string, () => unknown>>;

/** All the ways in which a value is commonly printed. */
export const printed = (value: unknown): string =>
  `${JSON.stringify(value)} ${inspect(value, { depth: 10 })}`;

/** What a program throws; it is an error of the claim if it throws nothing. */
export async function thrown(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** What a program writes to the console and to both streams. */
export async function told(run: () => unknown): Promise<string> {
  const heard: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = ((chunk: unknown) => {
      heard.push(String(chunk));
      return true;
    }) as typeof stream.write;
  try {
    await run();
  } finally {
    streams.forEach((stream, i) => {
      stream.write = writes[i] as typeof stream.write;
    });
  }
  return heard.join('');
}
