// What observes a chain: its interceptors and its listeners. Used by chain.ts, which passes everything by
// while the chain is not observed. What an observed operation does is in observed.ts, which the first one
// loads.

import { type ConfigEvent, isPerLookup } from '../events.ts';
import type { Health } from '../health.ts';
import type { Asked, Interceptor } from '../interception.ts';
import { lazyModule } from '../internal/lazy.ts';
import { disposeAll, Emitter } from '../internal/listeners.ts';
import { type CallOptions, type Cause, newId, thread } from '../operation.ts';
import type { CloseOptions, ConfigProvider, ReadOptions } from '../provider.ts';
import { type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Observed, Result } from './observed.ts';

export const loadObserved = lazyModule(() => import('./observed.ts'));

export class Hooks implements Observed {
  readonly name: string;
  readonly interceptors: readonly Interceptor[];
  readonly emitter: Emitter;
  /** Whether an interceptor or a listener observes the chain. A field, because every look-up reads it. */
  active: boolean;
  /** The operations whose `read` the chain is going to emit, and how many of each. */
  readonly lookUps = new Map<string, number>();
  /** What the last seen status of a provider is recorded for: another chain may record its own. */
  readonly #subjects = new Map<string, { readonly name: string }>();

  constructor(name: string, interceptors: readonly Interceptor[]) {
    this.name = name;
    this.interceptors = interceptors;
    this.emitter = new Emitter(name, 'chain');
    this.active = interceptors.length > 0;
  }

  /** Options that have the id of the operation, if the chain is observed. */
  identified(options: ReadOptions | undefined): ReadOptions | undefined {
    return this.active && !options?.[thread]
      ? { ...options, [thread]: { operation: newId(), cause: 'call' } }
      : options;
  }

  /** Runs an operation with its id, through the interceptors. */
  async run<T, O extends CallOptions>(
    asked: Asked,
    options: O,
    ask: (options: O) => Promise<T>,
    cause?: Cause,
  ): Promise<T> {
    return (await loadObserved.later()).run(this, asked, options, ask, cause);
  }

  /** `run` in steps. */
  *runSteps<T, O extends CallOptions>(asked: Asked, options: O, ask: (options: O) => Steps<T>): Steps<T> {
    return yield* (yield* wait(loadObserved)).runSteps(this, asked, options, ask);
  }

  /** Runs a look-up of keys, and emits `read` for each. */
  async lookUp<T, O extends CallOptions>(
    asked: Asked,
    options: O,
    ask: (options: O) => Promise<T>,
    results: (answer: T) => Iterable<readonly [Key, Result]>,
  ): Promise<T> {
    return (await loadObserved.later()).lookUp(this, asked, options, ask, results);
  }

  readonly notice = (message: string): void => this.emitter.notice(message);

  /** Notes the health of a provider that does not report its status itself. */
  readonly sawHealth = (provider: string, { status, reason }: Health): void => {
    let subject = this.#subjects.get(provider);
    if (!subject) this.#subjects.set(provider, (subject = { name: provider }));
    this.emitter.status(subject, status, reason);
  };

  /** Closes a provider, and says so if that takes too long. */
  async closes(provider: ConfigProvider, options: CloseOptions | undefined): Promise<void> {
    const closing = provider.close?.(options);
    if (!closing) return;
    closing.catch(() => undefined); // a failure during the import is not unhandled
    const { checkWithinMs, closeWithinMs, endsWithin } = await import('../closing.ts');
    const { withinMs = closeWithinMs } = options ?? {};
    checkWithinMs(`${this.name}: close`, withinMs);
    if (!(await endsWithin(closing, withinMs)))
      this.emitter.notice(`${provider.name}: did not close within ${withinMs} ms`, 'timeout');
  }

  /** Passes on the events of the chain and of its providers. */
  on(
    listener: (event: ConfigEvent) => void,
    providers: readonly ConfigProvider[],
    options: CallOptions | undefined,
  ): Disposable {
    const fromProviders = isPerLookup(listener)
      ? (event: ConfigEvent): void => {
          if (event.type !== 'read' || !this.lookUps.has(event.operation ?? '')) listener(event);
        }
      : listener;
    const all = disposeAll([
      this.emitter.on(listener),
      ...providers.map((provider) => provider.on?.(fromProviders, options)),
    ]);
    this.active = true;
    return {
      [Symbol.dispose]: () => {
        all[Symbol.dispose]();
        this.active = this.interceptors.length > 0 || this.emitter.hasListeners;
      },
    };
  }
}
