import { ConfigError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Settings } from '../options.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What went wrong in one attempt. `answered`: the backend did say something definite, so it is not down. */
export interface Trouble {
  readonly error: ConfigError;
  readonly answered: boolean;
}

/** The breaker and the pauses between tries. Nothing of cockatiel leaves this file. */
export interface Resilience {
  readonly state: BreakerState;
  /** Why nothing may be asked now. */
  refused(): ConfigError | undefined;
  /** The one request that finds out whether the backend is back, while it is under way. */
  readonly probe: Promise<undefined> | undefined;
  /** An attempt begins; to be called with how it went. Where that may change the state, the answer ends when it has. */
  start(): (trouble: Trouble | undefined) => Promise<void> | undefined;
  /** Each call answers the next pause of one request, in milliseconds. */
  pauses(): () => number;
}

export const none: Resilience = {
  state: 'closed',
  refused: () => undefined,
  probe: undefined,
  start: () => () => undefined,
  pauses: () => () => 0,
};

/** An attempt without any definite answer, as the breaker counts it. */
class Failed {
  readonly trouble: Trouble;
  constructor(trouble: Trouble) {
    this.trouble = trouble;
  }
}

export async function resilience(
  provider: string,
  settings: Settings['resilience'],
  clock: Clock,
  changed: (state: BreakerState, last: ConfigError | undefined) => void,
): Promise<Resilience> {
  if (!settings) return none;
  const { CircuitState, ConsecutiveBreaker, ExponentialBackoff, circuitBreaker, handleWhen } = await import(
    'cockatiel'
  );
  const { backoff, breaker } = settings;
  const first = new ExponentialBackoff({
    initialDelay: backoff.initialMs,
    maxDelay: backoff.maxMs,
    exponent: backoff.factor,
  });
  const pauses = (): (() => number) => {
    let at: ReturnType<typeof first.next> | undefined;
    const context = { attempt: 1, signal: new AbortController().signal, result: { value: undefined } };
    return () => {
      at = at ? at.next(context) : first.next();
      return at.duration;
    };
  };
  if (!breaker) return { ...none, pauses };

  // when to probe is decided here, by our clock: cockatiel counts and holds the state
  const policy = circuitBreaker(
    handleWhen((error: unknown) => error instanceof Failed),
    {
      halfOpenAfter: Number.NEGATIVE_INFINITY,
      breaker: new ConsecutiveBreaker(breaker.failures),
    },
  );
  let openedAt = 0;
  let probeAt = 0;
  let probe: Promise<undefined> | undefined;
  let shaky = false;
  let last: ConfigError | undefined;
  const counted = async (coming: Promise<Trouble | undefined>): Promise<undefined> => {
    const failing = policy.execute(async () => {
      const trouble = await coming;
      if (trouble && !trouble.answered) throw new Failed(trouble);
    });
    await failing.catch(() => {});
  };
  const count = (trouble: Trouble | undefined): Promise<undefined> | undefined => {
    const failed = trouble !== undefined && !trouble.answered;
    // a success is news only after a failure; what was sent before the circuit opened says nothing about how the backend is now
    if ((!failed && !shaky) || policy.state !== CircuitState.Closed) return undefined;
    shaky = failed;
    return counted(Promise.resolve(trouble));
  };
  policy.onBreak((reason) => {
    openedAt = clock.now();
    probeAt = openedAt + breaker.resetMs * (1 + Math.random() / 10);
    if ('error' in reason) last = (reason.error as unknown as Failed).trouble.error;
    changed('open', last);
  });
  policy.onHalfOpen(() => changed('half-open', last));
  policy.onReset(() => changed('closed', undefined));

  return {
    get state() {
      return policy.state === CircuitState.Closed
        ? 'closed'
        : policy.state === CircuitState.HalfOpen
          ? 'half-open'
          : 'open';
    },
    refused() {
      if (policy.state === CircuitState.Closed) return undefined;
      const now = clock.now();
      // a clock that was put back must not keep it open
      const waitMs = now < openedAt ? 0 : Math.ceil(probeAt - now);
      if (policy.state === CircuitState.Open && waitMs <= 0) return undefined;
      const when =
        waitMs > 0
          ? `it is asked again in ${Math.ceil(waitMs / 1000)} s`
          : 'one request is finding out whether it is back';
      return new ConfigError(
        'circuit_open',
        `${provider} is not being asked, ${when}; the last failure was ${last?.code}: ${last?.message}`,
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
      const coming = new Promise<Trouble | undefined>((resolve) => {
        end = resolve;
      });
      probe = counted(coming).finally(() => {
        probe = undefined;
      });
      const probed = probe;
      return (trouble) => {
        end?.(trouble);
        return probed;
      };
    },
    pauses,
  };
}
