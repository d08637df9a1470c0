// Circuit breaker and backoff of one backend. Used by attempts.ts and request.ts, and the only file that
// imports cockatiel. Cockatiel counts failures and holds the state, while this file decides when to probe,
// so that a test's clock counts.

import { ConfigError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Settings } from '../options.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What went wrong in one attempt. `answered`: the backend answered something definite, so it is not down. */
export interface Trouble {
  readonly error: ConfigError;
  readonly answered: boolean;
}

export interface Breaker {
  readonly state: BreakerState;
  /** Why no request may start now. */
  refusal(): ConfigError | undefined;
  /** The request that finds out whether the backend is back, while it is in flight. */
  readonly probe: Promise<undefined> | undefined;
  /** Starts an attempt. Call the result with how it went; where that may change the state, it returns a
   *  promise for the change. */
  start(): (trouble: Trouble | undefined) => Promise<void> | undefined;
  /** The pauses of one request: each call returns the next one in milliseconds. */
  backoff(): () => number;
}

/** By how much `resetMs` is exceeded at random: before the first probe of an outage, and before later
 *  ones. */
const firstSpread = 1;
const laterSpread = 0.1;

/** The breaker before cockatiel is loaded, and of `resilience: false`. */
export const alwaysClosed: Breaker = {
  state: 'closed',
  refusal: () => undefined,
  probe: undefined,
  start: () => () => undefined,
  backoff: () => () => 0,
};

/** An attempt without any definite answer, as cockatiel counts it. */
class Failed {
  readonly trouble: Trouble;
  constructor(trouble: Trouble) {
    this.trouble = trouble;
  }
}

type Cockatiel = typeof import('cockatiel');

type Changed = (state: BreakerState, last: ConfigError | undefined) => void;

/** What a breaker needs to know. */
export type BreakerSettings = Pick<Exclude<Settings['resilience'], false>, 'backoff' | 'breaker'>;

export async function loadBreaker(
  provider: string,
  settings: BreakerSettings | false,
  clock: Clock,
  changed: Changed,
): Promise<Breaker> {
  return settings ? (await loadBreakers())(provider, settings, clock, changed) : alwaysClosed;
}

/** For those who make breakers at any time, and wait for cockatiel once. */
export async function loadBreakers(): Promise<
  (provider: string, settings: BreakerSettings, clock: Clock, changed: Changed) => Breaker
> {
  const cockatiel = await import('cockatiel');
  return (...about) => makeBreaker(cockatiel, ...about);
}

function makeBreaker(
  { CircuitState, ConsecutiveBreaker, ExponentialBackoff, circuitBreaker, handleWhen }: Cockatiel,
  provider: string,
  settings: BreakerSettings,
  clock: Clock,
  changed: Changed,
): Breaker {
  const { backoff: pauses, breaker } = settings;
  const first = new ExponentialBackoff({
    initialDelay: pauses.initialMs,
    maxDelay: pauses.maxMs,
    exponent: pauses.factor,
  });
  const backoff = (): (() => number) => {
    let at: ReturnType<typeof first.next> | undefined;
    const context = { attempt: 1, signal: new AbortController().signal, result: { value: undefined } };
    return () => {
      at = at ? at.next(context) : first.next();
      return at.duration;
    };
  };
  if (!breaker) return { ...alwaysClosed, backoff };

  const policy = circuitBreaker(
    handleWhen((error: unknown) => error instanceof Failed),
    {
      halfOpenAfter: Number.NEGATIVE_INFINITY,
      breaker: new ConsecutiveBreaker(breaker.failures),
    },
  );
  let probeAt = 0;
  let hasProbed = false;
  let probe: Promise<undefined> | undefined;
  let shaky = false;
  let last: ConfigError | undefined;
  const counted = async (outcome: Promise<Trouble | undefined>): Promise<undefined> => {
    const execution = policy.execute(async () => {
      const trouble = await outcome;
      if (trouble && !trouble.answered) throw new Failed(trouble);
    });
    await execution.catch(() => {});
  };
  const count = (trouble: Trouble | undefined): Promise<undefined> | undefined => {
    const failed = trouble !== undefined && !trouble.answered;
    // a success matters only after a failure; an attempt that started before the circuit opened does not
    // count
    if ((!failed && !shaky) || policy.state !== CircuitState.Closed) return undefined;
    shaky = failed;
    return counted(Promise.resolve(trouble));
  };
  policy.onBreak((reason) => {
    // processes that broke at the same time must not probe at the same time; later they stay apart
    probeAt = clock.now() + breaker.resetMs * (1 + Math.random() * (hasProbed ? laterSpread : firstSpread));
    if ('error' in reason) last = (reason.error as unknown as Failed).trouble.error;
    changed('open', last);
  });
  policy.onHalfOpen(() => {
    hasProbed = true;
    changed('half-open', last);
  });
  policy.onReset(() => {
    hasProbed = false;
    changed('closed', undefined);
  });

  return {
    get state() {
      return policy.state === CircuitState.Closed
        ? 'closed'
        : policy.state === CircuitState.HalfOpen
          ? 'half-open'
          : 'open';
    },
    refusal() {
      if (policy.state === CircuitState.Closed) return undefined;
      const now = clock.now();
      const waitMs = Math.ceil(probeAt - now);
      if (policy.state === CircuitState.Open && waitMs <= 0) return undefined;
      const when =
        waitMs > 0
          ? `the next request may start in ${Math.ceil(waitMs / 1000)} s`
          : 'one request is probing it';
      return new ConfigError(
        'circuit_open',
        `${provider}: the circuit is open, ${when}; the last failure was ${last?.code}: ${last?.message}`,
        {
          provider,
          retryAfterMs: Math.max(0, waitMs),
          ...(last && { cause: last }),
        },
      );
    },
    get probe() {
      return probe;
    },
    start() {
      if (policy.state === CircuitState.Closed) return count;
      let end: ((trouble: Trouble | undefined) => void) | undefined;
      const outcome = new Promise<Trouble | undefined>((resolve) => {
        end = resolve;
      });
      probe = counted(outcome).finally(() => {
        probe = undefined;
      });
      const probed = probe;
      return (trouble) => {
        end?.(trouble);
        return probed;
      };
    },
    backoff,
  };
}
