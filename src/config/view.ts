import type { Explanation } from '../chain/explain.ts';
import { append } from '../key.ts';
import type { DeepReadonly, PathOf, ValueAt } from './paths.ts';
import type { ChangeListener } from './subscriptions.ts';

/** What a view looks into. */
export interface Viewed {
  find(path: string): unknown;
  explain(path: string): Explanation;
  subscribe(path: string, listener: ChangeListener): Disposable;
}

/** A section of a configuration, living across reloads. */
export class ConfigView<T> {
  readonly #of: Viewed;
  readonly #prefix: string;

  /** @internal `config.at` makes it. */
  constructor(of: Viewed, prefix: string) {
    this.#of = of;
    this.#prefix = prefix;
  }

  /** The section as it stands in the present generation. */
  get value(): DeepReadonly<T> {
    return this.#of.find(this.#prefix) as DeepReadonly<T>;
  }

  get<P extends PathOf<T>>(path: P): DeepReadonly<ValueAt<T, P>> {
    return this.#of.find(this.#full(path)) as DeepReadonly<ValueAt<T, P>>;
  }

  at<P extends PathOf<T>>(path: P): ConfigView<ValueAt<T, P>> {
    return new ConfigView(this.#of, this.#full(path));
  }

  explain(path: PathOf<T>): Explanation {
    return this.#of.explain(this.#full(path));
  }

  /** Calls `listener` once for each generation in which something at `path` (`''`: the whole section) has really changed. */
  subscribe(path: PathOf<T> | '', listener: ChangeListener): Disposable {
    return this.#of.subscribe(this.#full(path), listener);
  }

  #full(path: string): string {
    return append(this.#prefix, path);
  }
}
