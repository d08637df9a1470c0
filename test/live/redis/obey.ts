// A process that a live test has forked: does what it is sent. Used by process.ts and spending.ts.

/** Runs what a parent sends, and sends what it returns. */
export function obey(doing: Readonly<Record<string, (...words: never[]) => Promise<unknown>>>): void {
  process.on('message', async ([what, ...words]: [string, ...never[]]) => {
    const answer = await (doing[what] as (typeof doing)[string])(...words).then(
      (result) => ({ result }),
      (error: unknown) => ({ error: String(error) }),
    );
    if (process.connected) process.send?.(answer);
  });
  process.send?.('ready');
}
