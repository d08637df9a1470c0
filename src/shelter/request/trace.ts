import { tracingChannel } from 'node:diagnostics_channel';
import type { Trouble } from './breaker.ts';

const channel = tracingChannel('llm-config-manager:request');

/** One request, as subscribers of the tracing channel see it: never what was asked or answered. */
export interface RequestTrace {
  readonly provider: string;
  readonly operation: string;
  readonly documents: number;
  readonly attempt: number;
}

const { start, end, asyncStart, asyncEnd, error } = channel;

/** Whether somebody listens to the tracing channel. */
export const isTraced = (): boolean =>
  start.hasSubscribers ||
  end.hasSubscribers ||
  asyncStart.hasSubscribers ||
  asyncEnd.hasSubscribers ||
  error.hasSubscribers;

/** Runs the request inside the tracing channel. */
export function traced(
  about: RequestTrace,
  run: () => Promise<Trouble | undefined>,
): Promise<Trouble | undefined> {
  let trouble: Trouble | undefined;
  let thrown: { readonly error: unknown } | undefined;
  // the channel publishes what its promise settles to: so the answer, or a client's error, goes around it
  const outcome = channel.tracePromise(
    async () => {
      try {
        trouble = await run();
      } catch (failure) {
        thrown = { error: failure };
        throw new Error('the request failed');
      }
    },
    { ...about },
  );
  return outcome.then(
    () => trouble,
    () => {
      throw thrown?.error;
    },
  );
}
