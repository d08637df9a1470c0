// The signal of the call that a request belongs to, for clients that do not pass it to all their requests.
// Used by the providers of GCP and Azure, around the client and below it.

import { AsyncLocalStorage } from 'node:async_hooks';

const signals = new AsyncLocalStorage<AbortSignal>();

/** Runs a call of a client, so that `endsWithCall` ends its requests with `signal`. */
export const withSignal = <T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> =>
  signals.run(signal, call);

/** A signal for a request of a client. It ends with any of the given ones, and with the call. */
export const endsWithCall = (...given: readonly (AbortSignal | null | undefined)[]): AbortSignal =>
  AbortSignal.any([...given, signals.getStore()].filter((signal) => signal instanceof AbortSignal));
