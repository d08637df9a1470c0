// A task of the configuration, as an application uses it. It follows reloads: each call begins with the
// current generation.

import { ConfigError } from '../../../errors.ts';
import {
  aFunction,
  aNumber,
  anObject,
  aSignal,
  aString,
  type Check,
  checkOptions,
  listOf,
} from '../../../internal/options.ts';
import { parts } from '../parts.ts';
import type { Calls } from './ask.ts';
import type { Attempt } from './attempt.ts';
import { Call, type LlmCallOptions } from './call.ts';
import { type Endpoint, withParameters } from './endpoint.ts';
import { failoverModel, type Model, type ModelOptions } from './model.ts';
import { type LlmStreamOptions, openStream } from './stream.ts';
import { usageOf } from './usage.ts';

/** What a function of yours gets beside the endpoint. Pass the signal to the client. */
export interface Ask {
  /** Aborts when the caller does, and when the endpoint is too slow. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt of the call. */
  readonly attempt: number;
}

/** A task: what an application asks language models for. */
export interface Task {
  readonly name: string;
  /** Asks the endpoints of the task in order, until one answers. Turn the retries of the client off.
   *  @param ask makes the request. Called for each attempt, so it must be safe to call again
   *  @throws the client's own error if it is about the request, without credentials
   *  @throws ConfigError `unavailable` with a line for each attempt, or `aborted`
   *  @example
   *  const answer = await ai.task('summarize').run(
   *    (endpoint, { signal }) =>
   *      clientFor(endpoint).chat.completions.create({ model: endpoint.model, messages }, { signal }),
   *    { needs: ['json'] },
   *  ); */
  run<T>(ask: (endpoint: Endpoint, ask: Ask) => T | PromiseLike<T>, options?: LlmCallOptions): Promise<T>;
  /** The same for a stream. The next endpoint takes over until the first content has come, and not later.
   *  Opens the stream when it is first read.
   *  @example
   *  for await (const chunk of ai.task('chat').stream((endpoint, { signal }) => open(endpoint, signal)))
   *    process.stdout.write(chunk.choices[0]?.delta.content ?? ''); */
  stream<C>(
    open: (endpoint: Endpoint, ask: Ask) => AsyncIterable<C> | PromiseLike<AsyncIterable<C>>,
    options?: LlmStreamOptions<C>,
  ): AsyncGenerator<C, void, undefined>;
  /** One model of the AI SDK made of those of the endpoints. Pass `maxRetries: 0` to the AI SDK.
   *  @param make makes the model of an endpoint. Called once for each
   *  @example
   *  const model = ai.task('chat').model((endpoint) => openai(endpoint).chat(endpoint.model));
   *  const { text } = await generateText({ model, prompt, maxRetries: 0 }); */
  model<M extends Model>(make: (endpoint: Endpoint) => M, options?: ModelOptions): M;
}

const callChecks = {
  signal: aSignal,
  needs: listOf(aString),
  subject: aString,
  pin: aString,
  tenant: aString,
  estimatedTokens: aNumber(0),
  parameters: anObject,
  maxOutputTokens: aNumber(0),
};
const streamChecks = { ...callChecks, kindOf: aFunction };
const { signal: _, parameters: __, ...modelChecks } = callChecks;

export class ConfiguredTask implements Task {
  readonly name: string;
  readonly #calls: Calls;

  constructor(name: string, calls: Calls) {
    this.name = name;
    this.#calls = calls;
    calls.endpoints().task(name);
  }

  async run<T>(
    ask: (endpoint: Endpoint, ask: Ask) => T | PromiseLike<T>,
    options: LlmCallOptions = {},
  ): Promise<T> {
    checkCall('run', ask, options, callChecks);
    const { parameters } = options;
    if (parameters) await parts.presets.load();
    const task = this.#calls.endpoints().task(this.name);
    const call = new Call<T>(this.#calls, task, options, async (attempt) => {
      const { endpoint } = attempt.member;
      const answer = await attempt.within(endpoint.timeoutMs, 'no answer has come', () =>
        ask(parameters ? withParameters(endpoint, parameters) : endpoint, new AskOf(attempt)),
      );
      attempt.usage = usageOf(answer);
      return answer;
    });
    return call.answer();
  }

  stream<C>(
    open: (endpoint: Endpoint, ask: Ask) => AsyncIterable<C> | PromiseLike<AsyncIterable<C>>,
    options: LlmStreamOptions<C> = {},
  ): AsyncGenerator<C, void, undefined> {
    checkCall('stream', open, options, streamChecks);
    return this.#stream(open, options);
  }

  async *#stream<C>(
    open: (endpoint: Endpoint, ask: Ask) => AsyncIterable<C> | PromiseLike<AsyncIterable<C>>,
    options: LlmStreamOptions<C>,
  ): AsyncGenerator<C, void, undefined> {
    const { parameters } = options;
    if (parameters) await parts.presets.load();
    const { chunks } = await openStream(
      this.#calls,
      this.#calls.endpoints().task(this.name),
      options,
      (endpoint, attempt) =>
        open(parameters ? withParameters(endpoint, parameters) : endpoint, new AskOf(attempt)),
      (source) => source,
    );
    yield* chunks;
  }

  model<M extends Model>(make: (endpoint: Endpoint) => M, options: ModelOptions = {}): M {
    checkCall('model', make, options, modelChecks);
    return failoverModel(this.#calls, this.name, make, options);
  }
}

class AskOf implements Ask {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  get attempt(): number {
    return this.#attempt.number;
  }
}

function checkCall(
  method: string,
  given: unknown,
  options: object,
  checks: Readonly<Record<string, Check>>,
): void {
  if (typeof given !== 'function')
    throw new ConfigError('invalid_option', `llm: the first argument of ${method} is not a function`, {
      hint: `Pass a function from an endpoint: task.${method}((endpoint) => …)`,
    });
  checkOptions(`llm: ${method}`, options, checks);
}
