// A caller's own wait for something that it shares with others. Used by sheltered.ts, and by modules whose
// callers share a request.

import { setMaxListeners } from 'node:events';
import { abortedBy } from '../errors.ts';

/** Ends this caller's wait with `aborted` when its signal fires. What it waited for goes on for the
 *  others. */
export function unlessAborted<T>(
  provider: string,
  pending: Promise<T>,
  signal: AbortSignal | undefined,
  what?: string,
): Promise<T> {
  if (!signal) return pending;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortedBy(provider, what));
    const done = (): void => signal.removeEventListener('abort', stop);
    setMaxListeners(0, signal);
    signal.addEventListener('abort', stop, { once: true });
    pending.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}
