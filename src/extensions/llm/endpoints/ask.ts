// Asks one endpoint once: the breaker and the limits count it, a tracing channel and the listeners hear of
// it. Used by call.ts. A stream ends its attempt itself, later than it is handed out.

import { ConfigError, isConfigError } from '../../../errors.ts';
import { type SteadyClock, shownNow } from '../../../shelter/clock.ts';
import { isTraced, type TraceContexts, traced } from '../../../tracing.ts';
import { Attempt, type OnEnd } from './attempt.ts';
import type { Backends } from './backends.ts';
import type { Charge, Charging } from './charging.ts';
import { type Effect, effects, type Fault, faultOf, type Reason } from './classify.ts';
import { type Endpoint, isRotated } from './endpoint.ts';
import type { LlmEvents } from './events.ts';
import type { Endpoints, Member, ReadyTask } from './generation.ts';
import type { Limits } from './limits.ts';
import { maskError } from './mask-error.ts';

/** What a function of yours says about an error; undefined leaves the error to this library. */
export type Classify = (
  error: unknown,
  endpoint: Endpoint,
) => Reason | { readonly reason: Reason; readonly retryAfterMs?: number } | undefined;

/** What all calls share. */
export interface Calls {
  readonly clock: SteadyClock;
  readonly events: LlmEvents;
  readonly backends: Backends;
  readonly limits: Limits;
  readonly classify: Classify | undefined;
  endpoints(): Endpoints;
  /** Undefined: nothing counts the cost of calls. */
  charging(): Charging | undefined;
  /** The endpoint of that name, from a configuration that was read after the credential was refused. */
  renewed(refused: Endpoint, task: string): Promise<Endpoint | undefined>;
}

/** What an attempt does. */
export type Work<T> = (attempt: Attempt) => Promise<T>;

/** One attempt of a call. */
export interface Asked<T> {
  readonly task: ReadyTask;
  readonly member: Member;
  readonly number: number;
  readonly signal: AbortSignal | undefined;
  readonly tokens: number;
  readonly charge: Charge | undefined;
  /** Whether a refused credential may be looked up again. */
  readonly mayRenew: boolean;
  readonly work: Work<T>;
  /** Whether the work ends the attempt, later than it is answered. */
  readonly isStream: boolean;
}

/** Why an attempt has failed. */
export interface Failure {
  /** The client's error, without credentials. */
  readonly error: unknown;
  readonly fault: Fault;
  /** The same endpoint with a new credential. */
  readonly renewed?: Endpoint | undefined;
}

/** Asks an endpoint. Does not reject. */
export async function ask<T>(calls: Calls, asked: Asked<T>): Promise<{ readonly value: T } | Failure> {
  const { member, mayRenew, isStream } = asked;
  const { endpoint, identity } = member;
  const { attempt, pending } = begin(calls, asked);
  try {
    const value = await pending;
    if (!isStream) attempt.end();
    return { value };
  } catch (thrown) {
    const { error, fault } = judged(calls, attempt, thrown);
    let renewed: Endpoint | undefined;
    if (fault.reason === 'credentials' && mayRenew)
      renewed = await attempt
        .within(endpoint.timeoutMs, 'the configuration was not read', () =>
          calls.renewed(endpoint, asked.task.name),
        )
        .catch(() => undefined);
    const isRenewed = isRotated(endpoint, renewed);
    attempt.end(thrown, isRenewed);
    return { error: maskError(error, identity.secrets), fault, renewed: isRenewed ? renewed : undefined };
  }
}

interface Begun<T> {
  readonly attempt: Attempt;
  readonly pending: Promise<T>;
}

function begin<T>(calls: Calls, asked: Asked<T>): Begun<T> {
  const { member, number, task, signal, work } = asked;
  const { endpoint } = member;
  const { end, onContent } = ending(calls, asked);
  const about = { clock: calls.clock, signal, task: task.name };
  const started = (onEnd: OnEnd): Begun<T> => {
    const attempt = new Attempt(member, number, about, { onEnd, onContent });
    return { attempt, pending: work(attempt) };
  };
  if (!isTraced('call')) return started(end);
  let begun!: Begun<T>;
  const context = {
    provider: endpoint.provider,
    type: task.kind,
    task: task.name,
    endpoint: endpoint.name,
    model: endpoint.model,
    attempt: number,
    ...(endpoint.baseURL !== undefined && { address: new URL(endpoint.baseURL).hostname }),
  };
  const whole = (): Promise<string> =>
    new Promise((resolve) => {
      begun = started((...how) => resolve(end(...how)));
    });
  const succeeded = (outcome: string, own: TraceContexts['call']): string => {
    const { usage, cost } = begun.attempt;
    if (usage) own.usage = usage;
    if (cost) own.cost = cost;
    return outcome;
  };
  void traced('call', context, whole, { succeeded });
  return begun;
}

/** Makes what ends the attempt: counts it, lets the endpoint rest, emits it. The result is its outcome. */
function ending<T>(
  calls: Calls,
  { member, number, task, tokens, charge }: Asked<T>,
): { readonly end: (...how: Parameters<OnEnd>) => string; readonly onContent: () => void } {
  const { endpoint, identity } = member;
  const { backends, events, limits } = calls;
  const breaker = backends.breaker(endpoint, identity);
  const isProbe = breaker.state !== 'closed';
  let count = breaker.start();
  const settle = limits.use(endpoint, identity, tokens);
  const startedAt = performance.now();
  let hasBegun = false;
  const onContent = (): void => {
    hasBegun = true;
    if (!isProbe) return;
    count(undefined); // a long stream must not keep the circuit half open
    count = (trouble) => (breaker.state === 'closed' ? breaker.start()(trouble) : undefined);
  };
  const end = (...[attempt, error, isRenewed]: Parameters<OnEnd>): string => {
    const { usage } = attempt;
    const fault = error === undefined ? undefined : judged(calls, attempt, error).fault;
    const effect: Effect | undefined = fault && effects[fault.reason];
    const cost = charge?.settle({ usage, fault, error, hasBegun, isCut: attempt.isCut });
    attempt.cost = cost;
    if (usage) settle(usage.inputTokens + usage.outputTokens);
    if (!fault || !effect) count(undefined);
    else if (effect.counts || isProbe) {
      const trouble = new ConfigError(effect.code, described(fault), { provider: endpoint.name });
      // an abort shows nothing, so a probe that ends with one has not found the endpoint well
      count({ error: trouble, answered: isRenewed || (!effect.counts && fault.reason !== 'aborted') });
    }
    if (fault) rest(calls, member, fault);
    events.emit('attempt', () => ({
      task: task.name,
      endpoint: endpoint.name,
      model: endpoint.model,
      attempt: number,
      durationMs: performance.now() - startedAt,
      outcome: effect?.code ?? 'ok',
      level: effect ? (effect.code === 'quota_exceeded' ? 'error' : 'warn') : 'debug',
      ...(fault?.status !== undefined && { status: fault.status }),
      ...(usage && { usage }),
      ...(cost && { cost }),
    }));
    return effect?.code ?? 'ok';
  };
  return { end, onContent };
}

/** Lets a quota group rest, or an endpoint that asks for it. */
function rest({ backends, events }: Calls, { endpoint, identity }: Member, fault: Fault): void {
  const { code, restMs }: Effect = effects[fault.reason];
  const { retryAfterMs } = fault;
  if (restMs === undefined) {
    if (retryAfterMs !== undefined && fault.reason === 'overloaded')
      backends.rest(identity.backend, retryAfterMs, described(fault));
    return;
  }
  const forMs = retryAfterMs ?? restMs;
  backends.rest(identity.quota, forMs, described(fault));
  const level = fault.reason === 'quota' ? 'error' : 'warn';
  events.emit('resting', () => ({ endpoint: endpoint.name, forMs, outcome: code, level }));
}

/** Why an attempt has failed. A `classify` that is wrong is the failure itself. */
function judged(
  calls: Calls,
  attempt: Attempt,
  error: unknown,
): { readonly error: unknown; readonly fault: Fault } {
  try {
    return { error, fault: faultIn(calls, attempt, error) };
  } catch (wrong) {
    return { error: wrong, fault: { reason: 'unknown' } };
  }
}

function faultIn({ classify, clock }: Calls, attempt: Attempt, error: unknown): Fault {
  if (error === attempt.stopped)
    return { reason: attempt.stopped?.code === 'timeout' ? 'timeout' : 'aborted' };
  // an error of this library is one of the code around the call
  const fault: Fault = isConfigError(error) ? { reason: 'unknown' } : faultOf(error, shownNow(clock));
  const own = classified(classify, error, attempt.member.endpoint);
  return own ? { ...fault, ...own } : fault;
}

function classified(
  classify: Classify | undefined,
  error: unknown,
  endpoint: Endpoint,
): Partial<Fault> | undefined {
  const given = classify?.(error, endpoint);
  const own = typeof given === 'string' ? { reason: given } : given;
  if (own === undefined || Object.hasOwn(effects, own.reason)) return own;
  throw new ConfigError('invalid_option', 'llm: classify returned an unknown reason', {
    hint: `Return one of ${Object.keys(effects).join(', ')}, or undefined`,
  });
}

/** A fault in words, without anything that a server wrote freely. */
export const described = ({ reason, status, word }: Fault): string =>
  [words[reason], status !== undefined && `HTTP ${status}`, word].filter(Boolean).join(', ');

const words: Readonly<Record<Reason, string>> = {
  throttled: 'throttled',
  quota: 'out of quota',
  overloaded: 'not able to answer',
  unreachable: 'not reachable',
  timeout: 'too slow',
  credentials: 'refusing the credential',
  model: 'without the model',
  context: 'too small for the input',
  filtered: 'filtering the content',
  refused: 'refusing the request',
  aborted: 'aborted',
  unknown: 'failing with an unknown error',
};
