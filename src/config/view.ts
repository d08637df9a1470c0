// What `config.at` returns. A view reads through the configuration, so it never holds an old generation.

import type { Explanation } from '../chain/explain.ts';
import { append } from '../key.ts';
import type { DeepReadonly, PathOf, ValueAt } from './paths.ts';
import type { ChangeListener } from './subscriptions.ts';

/** The configuration behind a view. */
export interface ViewedConfig {
  find(path: string): unknown;
  explain(path: string): Explanation;
  subscribe(path: string, listener: ChangeListener): Disposable;
}

/** A section of a configuration that follows reloads: each read sees the current generation. Pass it to a
 *  part of an application that needs no other section.
 *  @example
 *  const database = config.at('database');
 *  database.get('poolMax'); // => 10
 *  database.subscribe('', () => reconnect(database.value)); */
export class ConfigView<T> {
  readonly #config: ViewedConfig;
  readonly #prefix: string;

  /** Use `config.at(path)`.
   *  @internal */
  constructor(config: ViewedConfig, prefix: string) {
    this.#config = config;
    this.#prefix = prefix;
  }

  /** The section in the current generation, frozen. */
  get value(): DeepReadonly<T> {
    return this.#config.find(this.#prefix) as DeepReadonly<T>;
  }

  /** The value at a path below the section. */
  get<P extends PathOf<T>>(path: P): DeepReadonly<ValueAt<T, P>> {
    return this.#config.find(this.#full(path)) as DeepReadonly<ValueAt<T, P>>;
  }

  /** A view of a section of this section. */
  at<P extends PathOf<T>>(path: P): ConfigView<ValueAt<T, P>> {
    return new ConfigView(this.#config, this.#full(path));
  }

  /** Where the value at a path comes from. */
  explain(path: PathOf<T>): Explanation {
    return this.#config.explain(this.#full(path));
  }

  /** Calls `listener` for each generation that changes something at `path`. `''` is the whole section. */
  subscribe(path: PathOf<T> | '', listener: ChangeListener): Disposable {
    return this.#config.subscribe(this.#full(path), listener);
  }

  #full(path: string): string {
    return append(this.#prefix, path);
  }
}
