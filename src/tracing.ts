// The tracing channels of node:diagnostics_channel, for tools: what reads, requests, writes and loads do,
// never the values. Nothing is traced while a channel has no subscriber. Hits of a cache are not traced.

import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { isConfigError } from './errors.ts';
import type { Key } from './value.ts';

interface Context {
  /** The version of this format. */
  readonly v: 1;
  readonly provider: string;
  /** Set when the work has ended: `ok`, `absent`, or the code of the error. */
  outcome?: string;
}

/** The contexts that subscribers of `tracing:llm-config-manager:NAME` receive. */
export interface TraceContexts {
  /** A look-up or a list of a store that its cache could not answer, or a list of versions. */
  read: Context & {
    readonly type: 'get' | 'getMany' | 'list' | 'versions';
    readonly key?: Key;
    readonly keys?: readonly Key[];
    readonly operation?: string | undefined;
  };
  /** One attempt of a request to a store. */
  request: Context & {
    readonly type: 'read' | 'page' | 'versions' | 'write' | 'connect' | 'ping';
    /** The same in every attempt. */
    readonly id: string;
    readonly documents: number;
    readonly attempt: number;
    /** The operations that wait for the request, the first one first; at most 32. */
    operations: readonly string[];
    /** The number of the operations beyond those. */
    moreOperations: number;
    /** The name of the host that the request goes to, where the store has one. */
    readonly address?: string;
  };
  write: Context & {
    readonly type: 'set' | 'delete';
    readonly key: Key;
    readonly operation?: string | undefined;
  };
  /** A load or a reload of a configuration. `provider`: the name of its chain. */
  load: Context & {
    readonly type: 'load' | 'reload';
    readonly cause: string;
    readonly operation: string;
    /** Set when a generation was made or confirmed. */
    generation?: number;
  };
  /** One attempt of a call to a language model. `provider`: the vendor. Ends with its stream. */
  call: Context & {
    readonly type: 'chat' | 'embedding' | 'image' | 'rerank' | 'speech';
    readonly task: string;
    readonly endpoint: string;
    readonly model: string;
    readonly attempt: number;
    /** The name of the host, where the configuration has one. */
    readonly address?: string;
    /** Set when the answer has the number of tokens that it used. */
    usage?: { readonly inputTokens: number; readonly outputTokens: number };
    /** Set when its cost is known, in micro-units of a currency. */
    cost?: { readonly micros: number; readonly currency: string };
  };
}

const channels = {
  read: tracingChannel('llm-config-manager:read'),
  request: tracingChannel('llm-config-manager:request'),
  write: tracingChannel('llm-config-manager:write'),
  load: tracingChannel('llm-config-manager:load'),
  call: tracingChannel('llm-config-manager:call'),
};

/** Whether a channel has subscribers. */
export function isTraced(name: keyof TraceContexts): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channels[name];
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/** What a context says of the work: its outcome, and what else is known at the end. */
export interface Ends<T, C> {
  readonly succeeded?: ((result: T, context: C) => string) | undefined;
  readonly failed?: (thrown: unknown, context: C) => string;
  /** What the work fails with, made of what it threw. */
  readonly error?: (thrown: unknown) => unknown;
}

/** Runs work inside a tracing channel, as `tracePromise` does, with one promise instead of eight: a miss of
 *  a cache is traced twice. Results and errors bypass the context. */
export function traced<N extends keyof TraceContexts, T>(
  name: N,
  context: Omit<TraceContexts[N], 'v' | 'outcome'>,
  work: () => Promise<T>,
  { succeeded = () => 'ok', failed = codeOf, error = itself }: Ends<T, TraceContexts[N]> = {},
): Promise<T> {
  const channel = channels[name];
  const own = { v: 1, ...context } as unknown as TraceContexts[N] & { error?: Error };
  return channel.start.runStores(own, () => {
    try {
      return started(work).then(
        (result) => {
          publishEnd(channel, own, succeeded(result, own));
          return result;
        },
        (thrown: unknown) => {
          publishEnd(channel, own, failed(thrown, own));
          throw error(thrown);
        },
      );
    } finally {
      channel.end.publish(own);
    }
  });
}

function publishEnd(
  { error, asyncStart, asyncEnd }: TracingChannel<object>,
  own: Context & { error?: Error },
  outcome: string,
): void {
  own.outcome = outcome;
  if (outcome !== 'ok' && outcome !== 'absent') {
    own.error = new Error(outcome);
    error.publish(own);
  }
  asyncStart.publish(own);
  asyncEnd.publish(own);
}

const itself = (thrown: unknown): unknown => thrown;

const started = <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return work();
  } catch (thrown) {
    return Promise.reject(thrown);
  }
};

const codeOf = (thrown: unknown): string => (isConfigError(thrown) ? thrown.code : 'io');
