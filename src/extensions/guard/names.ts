// What a guarded provider says without being asked for a value: where it looks, what has changed, its events.
// A name is shown to those that may list or read its key. Made by guarded.ts.

import type { ConfigEvent } from '../../events.ts';
import { disposeAll, Listeners } from '../../internal/listeners.ts';
import { keyOf } from '../../key.ts';
import type { CallOptions } from '../../operation.ts';
import type { Change, ConfigProvider } from '../../provider.ts';
import { knownIn } from '../../query.ts';
import type { Key } from '../../value.ts';
import { EntryFacts } from './facts.ts';
import type { Asking, Judge } from './judge.ts';

type Answer = boolean | Promise<boolean>;

export class GuardedNames {
  readonly #inner: ConfigProvider;
  readonly #judge: Judge;

  constructor(inner: ConfigProvider, judge: Judge) {
    this.#inner = inner;
    this.#judge = judge;
  }

  /** The places of a key; the provider alone for a caller that may not know them. */
  readonly where = (spelling: Key, options?: CallOptions): string => {
    const key = keyOf(spelling);
    const mayKnow = this.#mayName(this.#judge.asking(options), key) === true;
    return (mayKnow && this.#inner.where?.(key, options)) || this.#inner.name;
  };

  /** Changes of keys that the listener may know, else a change that names none: what it does not name, a
   *  configuration must read again. */
  readonly watch = (onChange: (change: Change) => void, options?: CallOptions): Disposable => {
    const asking = this.#judge.asking(options);
    return this.#inOrder<Change>(
      (forward) => this.#inner.watch?.(forward, options),
      (change) =>
        change.keys &&
        then(this.#named(asking, change.keys), (keys) => {
          const { keys: _, ...unnamed } = change;
          return keys.length > 0 ? { ...change, keys } : unnamed;
        }),
      onChange,
    );
  };

  /** Events, without the keys that the listener may not know. A text may name any key. */
  readonly on = (
    subscribe: (listener: (event: ConfigEvent) => void) => Disposable | undefined,
    listener: (event: ConfigEvent) => void,
    options?: CallOptions,
  ): Disposable => {
    const asking = this.#judge.asking(options);
    return this.#inOrder<ConfigEvent>(subscribe, (event) => this.#eventFor(asking, event), listener);
  };

  #eventFor(asking: Asking | undefined, event: ConfigEvent): ConfigEvent | undefined | Promise<ConfigEvent> {
    const { key, keys, message, reason, problems } = event as ConfigEvent & {
      readonly keys?: readonly Key[];
      readonly message?: string;
      readonly reason?: string;
      readonly problems?: unknown;
    };
    const hasText = message !== undefined || reason !== undefined || problems !== undefined;
    if (key === undefined && keys === undefined && !hasText) return undefined;
    const asked = [...(key === undefined ? [] : [key]), ...(keys ?? []), ...(hasText ? [''] : [])];
    return then(this.#named(asking, asked), (allowed) => {
      if (allowed.length === asked.length) return event;
      const copy: Record<string, unknown> = { ...event };
      if (key !== undefined && !allowed.includes(key)) delete copy.key;
      if (keys) copy.keys = keys.filter((one) => allowed.includes(one));
      if (hasText && !allowed.includes('')) {
        if (message !== undefined)
          copy.message = `${event.provider}: a message that this listener may not read`;
        delete copy.reason;
        delete copy.problems;
      }
      return Object.freeze(copy) as unknown as ConfigEvent;
    });
  }

  /** Those of the keys that a caller may know. */
  #named(asking: Asking | undefined, keys: readonly Key[]): readonly Key[] | Promise<readonly Key[]> {
    const answers = keys.map((key) => this.#mayName(asking, key));
    const named = (all: readonly boolean[]): readonly Key[] => keys.filter((_, i) => all[i]);
    return answers.every((answer) => typeof answer === 'boolean')
      ? named(answers as boolean[])
      : Promise.all(answers).then(named);
  }

  #mayName(asking: Asking | undefined, key: Key): Answer {
    const known = key === '' ? undefined : knownIn(this.#inner, key, true)?.entry;
    const entry = known && new EntryFacts(known);
    const may = (action: 'list' | 'read'): Answer =>
      then(this.#judge.decide(asking, action, key, entry), ({ allow }) => allow);
    return then<boolean, Answer>(may('list'), (listed) => listed || may('read')) as Answer;
  }

  /** Passes values on in the order in which they come, also if decisions about some have to wait. `edit`
   *  returns `undefined` for a value that is passed on as it is. */
  #inOrder<T>(
    subscribe: (forward: (value: T) => void) => Disposable | undefined,
    edit: (value: T) => T | undefined | Promise<T | undefined>,
    pass: (value: T) => void,
  ): Disposable {
    const listeners = new Listeners<T>(this.#inner.name);
    const listener = listeners.add(pass);
    let last: Promise<void> | undefined;
    const forward = (value: T): void => {
      const edited = edit(value);
      if (!last && !(edited instanceof Promise)) {
        listeners.notify(edited ?? value);
        return;
      }
      const turn: Promise<void> = Promise.all([edited, last]).then(([own]) => {
        if (last === turn) last = undefined;
        listeners.notify(own ?? value);
      });
      last = turn;
    };
    return disposeAll([subscribe(forward), listener]);
  }
}

/** Goes on at once if nothing has to wait. */
const then = <T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> =>
  value instanceof Promise ? value.then(next) : next(value);
