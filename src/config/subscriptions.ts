import { type Generation, hasChanged, pathOf } from './generation.ts';

/** A real change at a path, from one generation to the next. Secrets are masked here: who needs the value asks the config for it. */
export interface ConfigChange {
  /** The path that was subscribed to. */
  readonly key: string;
  /** The number of the generation that brought it. */
  readonly generation: number;
  /** Left out where nothing stood there. */
  readonly previous?: unknown;
  /** Left out where nothing stands there now. */
  readonly current?: unknown;
}

/** What it answers is not looked at; what it throws becomes a `notice`. */
export type ChangeListener = (change: ConfigChange) => unknown;

/** Who wants to know about which path. */
export class Subscriptions<T> {
  readonly #all = new Set<{
    readonly key: string;
    readonly path: readonly string[];
    readonly listener: ChangeListener;
  }>();
  readonly #failed: (key: string) => void;

  /** `failed` hears of listeners that throw: they harm nobody else. */
  constructor(failed: (key: string) => void) {
    this.#failed = failed;
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
      if (result instanceof Promise) result.catch(() => this.#failed(key));
    } catch {
      this.#failed(key);
    }
  }
}
