// The deadline of a load. Used by config.ts and check-config.ts. A source that is late becomes a layer that
// failed, so the error names it. The signal aborts only when the load has ended: an error `aborted` of a source
// would hide which one was slow.

import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError } from '../errors.ts';
import type { Thread } from '../operation.ts';

/** The parts of a load's options that carry the deadline. */
export interface Limits {
  readonly signal?: AbortSignal;
  readonly thread: Pick<Thread, 'limit'>;
}

/** Runs a load, or throws `timeout` after `ms`. The sources are then aborted and no longer waited for. */
export async function withDeadline<T>(
  owner: string,
  ms: number | undefined,
  signal: AbortSignal | undefined,
  load: (limits: Limits) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return load({ ...(signal && { signal }), thread: {} });
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  const timeout = (provider: string, what: string, hint: string): ConfigError =>
    new ConfigError('timeout', `${provider}: ${what} within the ${ms} ms of the load`, { provider, hint });
  const limit: Thread['limit'] = ({ name, layers }, work, failed) => {
    const fail = async () => {
      if (layers) await turn(); // the providers inside report first which of them is slow
      return failed(timeout(name, 'no answer', 'Look at this source, or raise deadlineMs'));
    };
    return Promise.race([work, late.then(fail)]);
  };
  const giveUp = async (): Promise<never> => {
    for (let turns = 0; turns < 5; turns++) await turn(); // for what sources and interceptors answer
    const hint = 'Look at interceptors and at asynchronous checks of the schema, or raise deadlineMs';
    throw timeout(owner, 'no end', hint);
  };
  const signals = [ended.signal, ...(signal ? [signal] : [])];
  try {
    return await Promise.race([
      load({ signal: AbortSignal.any(signals), thread: { limit } }),
      late.then(giveUp),
    ]);
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}
