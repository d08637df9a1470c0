// The stack of an error that `loadConfig` or `reload` throws: the lines of the application that called it.
// Those of this library would only push the report out of sight when nothing catches it.

import { isConfigError } from '../errors.ts';

/** An object with the stack of the call, from `Error.captureStackTrace`. It is formatted only if it is
 *  read. */
export interface Caller {
  readonly stack: string;
}

/** An error with the stack of the caller. Node's own frames are left out. */
export function calledFrom(caller: Caller, error: unknown): unknown {
  if (!isConfigError(error)) return error;
  const frames = String(caller.stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node:internal/'));
  const stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
  return error;
}

/** Runs what a public method does. Errors have the stack of that method's caller. */
export async function reported<T>(method: (...args: never) => unknown, work: () => Promise<T>): Promise<T> {
  const caller = {} as Caller;
  Error.captureStackTrace(caller, method);
  try {
    return await work();
  } catch (error) {
    throw calledFrom(caller, error);
  }
}
