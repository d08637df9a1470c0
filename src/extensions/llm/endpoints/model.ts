// One model of the AI SDK made of several. It looks like the first one; what it is asked (`doGenerate`,
// `doStream`, `doEmbed`, …) is asked of the endpoints in order. Specifications v2, v3 and v4 are alike in all
// that is used here, and all endpoints must have the same.

import { ConfigError, isConfigError } from '../../../errors.ts';
import type { Calls } from './ask.ts';
import { Call, type LlmCallOptions } from './call.ts';
import type { Endpoint } from './endpoint.ts';
import { openStream } from './stream.ts';
import { usageOf } from './usage.ts';

/** What a model of the AI SDK has at least. */
export interface Model {
  readonly specificationVersion: string;
}

/** The options of a model. The parameters of a call are those of the AI SDK. */
export type ModelOptions = Omit<LlmCallOptions, 'signal' | 'parameters'>;

interface Asked {
  readonly abortSignal?: AbortSignal;
  readonly maxOutputTokens?: number;
}

type Method = (options: Asked, ...more: readonly unknown[]) => unknown;

interface StreamResult {
  readonly stream: ReadableStream<unknown>;
}

/** Makes the model of each endpoint once, as long as its generation lives. */
export function failoverModel<M extends Model>(
  calls: Calls,
  name: string,
  make: (endpoint: Endpoint) => M,
  options: ModelOptions,
): M {
  const made = new WeakMap<Endpoint, M>();
  let version: string | undefined;
  const modelOf = (endpoint: Endpoint): M => {
    let model = made.get(endpoint);
    if (!model) made.set(endpoint, (model = make(endpoint)));
    version ??= model.specificationVersion;
    if (model.specificationVersion !== version)
      throw new ConfigError(
        'invalid_option',
        `${name}: the models have the specifications ${version} and ${model.specificationVersion}`,
        { hint: 'Install packages of the AI SDK that belong together' },
      );
    return model;
  };
  const { pin } = options;
  const first = (): M => {
    const endpoints = calls.endpoints();
    const { endpoint } =
      pin === undefined
        ? (endpoints.task(name).members[0] as { endpoint: Endpoint })
        : endpoints.pinned(pin, name);
    return modelOf(endpoint);
  };
  const methods = new Map<PropertyKey, Method>();
  const methodOf = (method: string): Method => {
    const own: Method = async (asked, ...more) => {
      const signal = asked?.abortSignal;
      const { maxOutputTokens = asked?.maxOutputTokens } = options;
      const given = { ...options, signal, maxOutputTokens };
      const ask = (endpoint: Endpoint, abortSignal: AbortSignal): unknown => {
        const model = modelOf(endpoint);
        return (model as unknown as Record<string, Method>)[method]?.call(
          model,
          { ...asked, abortSignal },
          ...more,
        );
      };
      const task = calls.endpoints().task(name);
      try {
        if (method === 'doStream') return await streamed(calls, task, given, ask);
        return await new Call(calls, task, given, async (attempt) => {
          const { endpoint } = attempt.member;
          const answer = await attempt.within(endpoint.timeoutMs, 'no answer has come', () =>
            ask(endpoint, attempt.signal),
          );
          attempt.usage = usageOf(answer);
          return answer;
        }).answer();
      } catch (error) {
        // the AI SDK knows its caller's abort by the reason of the signal
        throw signal?.aborted && isConfigError(error) && error.code === 'aborted' ? signal.reason : error;
      }
    };
    methods.set(method, own);
    return own;
  };
  return new Proxy(first(), {
    get: (_, property) => {
      const model = first();
      const value: unknown = Reflect.get(model, property, model);
      if (typeof value !== 'function') return value;
      return typeof property === 'string' && property.startsWith('do')
        ? (methods.get(property) ?? methodOf(property))
        : value.bind(model);
    },
  });
}

/** A result of `doStream` whose stream has begun to answer. */
async function streamed(
  calls: Calls,
  task: Parameters<typeof openStream>[1],
  options: LlmCallOptions,
  ask: (endpoint: Endpoint, signal: AbortSignal) => unknown,
): Promise<StreamResult> {
  const { source, chunks, cancel } = await openStream(
    calls,
    task,
    options,
    (endpoint, { signal }) => ask(endpoint, signal) as Promise<StreamResult>,
    ({ stream }) => partsOf(stream),
  );
  const stream = new ReadableStream<unknown>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        const { signal } = options;
        controller.enqueue({ type: 'error', error: signal?.aborted ? signal.reason : error });
        controller.close();
      }
    },
    cancel,
  });
  return { ...source, stream };
}

/** The parts of a stream. `ReadableStream` is async iterable in Node, and not everywhere. */
async function* partsOf(stream: ReadableStream<unknown>): AsyncGenerator<unknown, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
