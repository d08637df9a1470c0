// Streams of a task. A stream is handed out at its first content. Before that, its failure makes the next
// endpoint take over; after it, an error is an error. Then only the time between two chunks is limited.

import { isConfigError } from '../../../errors.ts';
import type { Calls } from './ask.ts';
import type { Attempt } from './attempt.ts';
import { Call, type LlmCallOptions } from './call.ts';
import { type ChunkKind, chunkKind, errorOf } from './content.ts';
import type { Endpoint } from './endpoint.ts';
import type { ReadyTask } from './generation.ts';
import { maskError } from './mask-error.ts';
import { laterUsage, usageOf } from './usage.ts';

/** What a function of yours says about a chunk; undefined leaves it to this library. */
export type KindOfChunk<C> = (chunk: C) => ChunkKind | undefined;

/** The options of a stream. */
export interface LlmStreamOptions<C> extends LlmCallOptions {
  /** Whether a chunk is content, for streams of a shape that this library does not know.
   *  @default read from the shape; an unknown one is content */
  readonly kindOf?: KindOfChunk<C> | undefined;
}

/** A stream that an endpoint has begun to answer. */
export interface Opened<C, O> {
  /** What `open` returned. */
  readonly source: O;
  readonly chunks: AsyncGenerator<C, void, undefined>;
  /** Lets go of it, also before the first chunk is read. */
  cancel(): void;
}

/** So many chunks without content are held back; then the stream is handed out. */
const mostHeld = 1_000;

/** Opens a stream at the first endpoint from which content comes. `chunksOf`: the chunks of what `open`
 *  returns. */
export async function openStream<C, O>(
  calls: Calls,
  task: ReadyTask,
  options: LlmStreamOptions<C>,
  open: (endpoint: Endpoint, attempt: Attempt) => O | PromiseLike<O>,
  chunksOf: (source: O) => AsyncIterable<C>,
): Promise<Opened<C, O>> {
  const kindOf = (chunk: C): ChunkKind => options.kindOf?.(chunk) ?? chunkKind(chunk);
  const work = async (attempt: Attempt): Promise<Opened<C, O>> => {
    const { endpoint } = attempt.member;
    const held: C[] = [];
    let iterator: AsyncIterator<C> | undefined;
    const begin = async (): Promise<{ source: O; isDone: boolean }> => {
      const source = await open(endpoint, attempt);
      iterator = chunksOf(source)[Symbol.asyncIterator]();
      if (attempt.stopped) release(iterator); // it has come too late
      while (held.length < mostHeld) {
        const next = await iterator.next();
        if (next.done) return { source, isDone: true };
        attempt.usage = laterUsage(attempt.usage, usageOf(next.value));
        const kind = kindOf(next.value);
        if (kind === 'error') throw errorOf(next.value);
        held.push(next.value);
        if (kind === 'content') break;
      }
      return { source, isDone: false };
    };
    try {
      const { source, isDone } = await attempt.within(endpoint.timeoutMs, 'no content has come', begin);
      const rest = new Rest(attempt, iterator as AsyncIterator<C>, held, isDone, kindOf);
      return { source, chunks: rest.chunks(), cancel: () => rest.cancel() };
    } catch (error) {
      release(iterator);
      throw error;
    }
  };
  return new Call(calls, task, options, work, true).answer();
}

/** Lets go of a stream, without waiting for it. */
function release(iterator: AsyncIterator<unknown> | undefined): void {
  try {
    iterator?.return?.()?.then(undefined, () => undefined);
  } catch {
    // it has failed already
  }
}

/** What comes after a stream is handed out. */
class Rest<C> {
  readonly #attempt: Attempt;
  readonly #iterator: AsyncIterator<C>;
  readonly #held: readonly C[];
  readonly #kindOf: (chunk: C) => ChunkKind;
  #isDone: boolean;

  constructor(
    attempt: Attempt,
    iterator: AsyncIterator<C>,
    held: readonly C[],
    isDone: boolean,
    kindOf: (chunk: C) => ChunkKind,
  ) {
    this.#attempt = attempt;
    this.#iterator = iterator;
    this.#held = held;
    this.#isDone = isDone;
    this.#kindOf = kindOf;
    if (isDone) attempt.end();
    else attempt.onContent();
  }

  async *chunks(): AsyncGenerator<C, void, undefined> {
    const attempt = this.#attempt;
    const { idleMs } = attempt.member.endpoint;
    const next = (): Promise<IteratorResult<C>> => this.#iterator.next();
    try {
      yield* this.#held;
      while (!this.#isDone) {
        const { done, value } = await attempt.within(idleMs, 'no further chunk has come', next);
        if (done) this.#isDone = true;
        else {
          attempt.usage = laterUsage(attempt.usage, usageOf(value));
          // the client shows it to the reader in its own way
          if (this.#kindOf(value) === 'error') attempt.end(errorOf(value));
          yield value;
        }
      }
      attempt.end();
    } catch (error) {
      this.#isDone = true;
      attempt.end(error);
      release(this.#iterator);
      throw isConfigError(error) ? error : maskError(error, attempt.member.identity.secrets);
    } finally {
      this.cancel();
    }
  }

  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#attempt.cancel();
    release(this.#iterator);
  }
}
