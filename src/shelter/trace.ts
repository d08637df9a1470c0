import { tracingChannel } from 'node:diagnostics_channel';
import type { Trouble } from './resilience.ts';

const channel = tracingChannel('llm-config-manager:request');

/** One request, as subscribers of the tracing channel see it: never what was asked or answered. */
export interface RequestTrace {
  readonly provider: string;
  readonly operation: string;
  readonly documents: number;
  readonly attempt: number;
}

/** Runs the request inside the tracing channel when somebody listens there. */
export function traced(about: RequestTrace, run: () => Promise<Trouble | undefined>): Promise<Trouble | undefined> {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  if (![start, end, asyncStart, asyncEnd, error].some((one) => one.hasSubscribers)) return run();
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
