import { setMaxListeners } from 'node:events';
import { ConfigError } from '../errors.ts';

export const aborted = (provider: string, more = ''): ConfigError =>
  new ConfigError('aborted', `${provider}: the caller gave up${more}`, { provider });

/** What comes, or the end of this caller's patience: what it waited for goes on for the others. */
export function unlessAborted<T>(
  provider: string,
  coming: Promise<T>,
  signal: AbortSignal | undefined,
  more = '',
): Promise<T> {
  if (!signal) return coming;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted(provider, more));
    const done = (): void => signal.removeEventListener('abort', stop);
    setMaxListeners(0, signal);
    signal.addEventListener('abort', stop, { once: true });
    coming.then(
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
