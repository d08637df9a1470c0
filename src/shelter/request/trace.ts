// The tracing channel `llm-config-manager:request` of node:diagnostics_channel. Used by attempts.ts.

import { tracingChannel } from 'node:diagnostics_channel';
import type { Trouble } from './breaker.ts';

const channel = tracingChannel('llm-config-manager:request');

/** One request as subscribers of the tracing channel see it: never what was asked for or returned. */
export interface RequestTrace {
  readonly provider: string;
  readonly operation: string;
  readonly documents: number;
  readonly attempt: number;
}

const { start, end, asyncStart, asyncEnd, error } = channel;

/** Whether the tracing channel has subscribers. */
export const isTraced = (): boolean =>
  start.hasSubscribers ||
  end.hasSubscribers ||
  asyncStart.hasSubscribers ||
  asyncEnd.hasSubscribers ||
  error.hasSubscribers;

/** Runs the request inside the tracing channel. */
export function traced(
  trace: RequestTrace,
  run: () => Promise<Trouble | undefined>,
): Promise<Trouble | undefined> {
  let trouble: Trouble | undefined;
  let thrown: { readonly error: unknown } | undefined;
  // the channel publishes what its promise settles to, so results and client errors bypass that promise
  const outcome = channel.tracePromise(
    async () => {
      try {
        trouble = await run();
      } catch (failure) {
        thrown = { error: failure };
        throw new Error('the request failed');
      }
    },
    { ...trace },
  );
  return outcome.then(
    () => trouble,
    () => {
      throw thrown?.error;
    },
  );
}
