// The deadline of a load. Used by load.ts and check-config.ts. A source that is late becomes a layer that
// failed, so the error names it. The signal aborts only when the load has ended: an error `aborted` of a
// source would hide which one was slow.

import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError, isConfigError } from '../errors.ts';
import { type Thread, thread } from '../operation.ts';
import type { ListOptions } from '../provider.ts';
import { inTurns, type Steps, wait } from '../turns.ts';

/** Runs a load, or throws `timeout` after `ms`. The sources are then aborted and no longer waited for. */
export function* withDeadline<T>(
  owner: string,
  ms: number | undefined,
  options: ListOptions,
  load: (options: ListOptions) => Steps<T>,
): Steps<T> {
  if (ms === undefined) return yield* load(options);
  const later = () => endingIn(ms, owner, options, (limited) => inTurns(load(limited)));
  return yield* wait({ who: 'the option deadlineMs', later });
}

async function endingIn<T>(
  ms: number,
  owner: string,
  options: ListOptions,
  load: (options: ListOptions) => Promise<T>,
): Promise<T> {
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
  const signals = [ended.signal, ...(options.signal ? [options.signal] : [])];
  const own = options[thread] as Thread;
  const limited = { ...options, signal: AbortSignal.any(signals), [thread]: { ...own, limit } };
  try {
    return await Promise.race([load(limited), late.then(giveUp)]);
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

/** Whether a load has failed at its deadline. What is too slow for that may be as slow to close. */
export const isLate = (error: unknown, ms: number | undefined): boolean =>
  ms !== undefined && isConfigError(error) && error.code === 'timeout';
