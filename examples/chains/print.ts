export const heading = (text: string): void => console.log(`\n# ${text}\n`);
export const print = (text: unknown): void => console.log(`${text}`);

/** Prints the error of a failed read as an application would log it. */
export async function failure(read: Promise<unknown>): Promise<void> {
  await read.then(
    (value) => print(`expected an error, got ${JSON.stringify(value)}`),
    (error: { code: string; message: string }) => print(`${error.code}: ${error.message}`),
  );
}
