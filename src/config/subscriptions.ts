// Change listeners by path. `Config` notifies them when a generation replaces another. Listeners get masked
// values, and are called only if something at their path has changed.

import { type Generation, hasChanged, pathOf } from './generation.ts';

/** A change at a path from one generation to the next. Its values are masked: read a secret from the
 *  configuration itself. */
export interface ConfigChange {
  /** The path of the subscription. */
  readonly key: string;
  /** The number of the generation after the change. */
  readonly generation: number;
  /** Absent if the key had no value. */
  readonly previous?: unknown;
  /** Absent if the key has no value now. */
  readonly current?: unknown;
}

/** Its result is ignored. An error or a rejection becomes a `notice` event, or a warning of the process if
 *  nothing listens. */
export type ChangeListener = (change: ConfigChange) => unknown;

/** The change listeners of a configuration, by path. A listener that throws affects neither the others nor
 *  the reload. */
export class Subscriptions<T> {
  readonly #all = new Set<{
    readonly key: string;
    readonly path: readonly string[];
    readonly listener: ChangeListener;
  }>();
  readonly #onThrow: (key: string, error: unknown) => void;

  /** `onThrow` receives the path of a listener that throws or rejects, and its error. */
  constructor(onThrow: (key: string, error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  add(key: string, listener: ChangeListener): Disposable {
    const subscription = { key, path: pathOf(key), listener };
    this.#all.add(subscription);
    return { [Symbol.dispose]: () => void this.#all.delete(subscription) };
  }

  notify(before: Generation<T>, after: Generation<T>): void {
    for (const { key, path, listener } of [...this.#all]) {
      if (!hasChanged(before, after, path)) continue;
      const [previous, current] = [before.shown(path), after.shown(path)];
      const change = { key, generation: after.info.number };
      this.#call(key, () =>
        listener(
          Object.freeze({
            ...change,
            ...(previous !== undefined && { previous }),
            ...(current !== undefined && { current }),
          }),
        ),
      );
    }
  }

  #call(key: string, listener: () => unknown): void {
    try {
      const result = listener();
      if (result instanceof Promise) result.catch((error: unknown) => this.#onThrow(key, error));
    } catch (error) {
      this.#onThrow(key, error);
    }
  }
}
