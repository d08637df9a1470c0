// Makes spans the active ones inside the traced work, so that spans of clients (http, undici, AWS SDK) become
// their children. Used by spans.ts. Needs the AsyncLocalStorage of the context manager, which is a private
// field of AsyncLocalStorageContextManager; with another manager nothing nests, and all else works.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Channel } from 'node:diagnostics_channel';
import { type Context, context } from '@opentelemetry/api';

interface Managed {
  readonly _getContextManager?: () => { readonly _asyncLocalStorage?: unknown } | undefined;
}

/** The storage of the context manager that is registered now. */
function storage(): AsyncLocalStorage<Context> | undefined {
  const found = (context as unknown as Managed)._getContextManager?.()?._asyncLocalStorage;
  return found instanceof AsyncLocalStorage ? found : undefined;
}

export class Nesting implements Disposable {
  readonly #channels: readonly (readonly [Channel, (published: object) => Context])[];
  #bound: AsyncLocalStorage<Context> | undefined;

  /** `channels`: each with the context for the work that it starts, made before subscribers hear of it. */
  constructor(channels: readonly (readonly [Channel, (published: object) => Context])[]) {
    this.#channels = channels;
  }

  /** Whether spans nest. */
  get isOn(): boolean {
    return this.#bound !== undefined;
  }

  /** Moves to the context manager of now, which may be registered after the instrumentation. */
  follow(): void {
    const found = storage();
    if (found === this.#bound) return;
    this[Symbol.dispose]();
    this.#bound = found;
    if (found) for (const [channel, of] of this.#channels) channel.bindStore(found, of as never);
  }

  [Symbol.dispose](): void {
    const bound = this.#bound;
    this.#bound = undefined;
    if (bound) for (const [channel] of this.#channels) channel.unbindStore(bound);
  }
}
