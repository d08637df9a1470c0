// What a refused caller sees in a list: holes, holes of whole sections, or nothing. Used by reads.ts. Holes
// of one rule share an error: making one takes longer than the decision.

import type { Entry, Loose, Unreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import { startsWith } from '../../key.ts';
import { thread } from '../../operation.ts';
import { makeOrigin } from '../../origin.ts';
import type { ListOptions, Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Replace } from './cut.ts';
import type { Judge } from './judge.ts';
import type { Decision } from './policy.ts';

type Item = Entry | Unreadable;

/** What a refused caller sees. */
export type Denied = 'hole' | 'refuse' | 'omit';

/** The hole of a key of which not even the place may be shown. */
export const holeAt = (judge: Judge, key: Key, decision: Decision): Unreadable =>
  Object.freeze({
    key,
    origin: makeOrigin({ provider: judge.name, source: `${judge.name} ${key}` }),
    error: judge.error('read', key, decision),
  });

/** What takes the place of the leaves of one layer that are denied. */
export class Denials {
  some = false;
  readonly #judge: Judge;
  readonly #denied: Denied;
  readonly #options: ListOptions | undefined;
  readonly #wanted: Wanted;
  readonly #names: ReadonlyMap<Item, Loose>;
  /** Sections of which a leaf is denied that must not be named. */
  readonly #sections = new Map<Key, Decision>();
  /** The error of each rule. */
  readonly #errors = new Map<string, ConfigError>();

  constructor(
    judge: Judge,
    denied: Denied,
    prefix: Key,
    options: ListOptions | undefined,
    names: ReadonlyMap<Item, Loose>,
  ) {
    this.#judge = judge;
    this.#denied = denied;
    this.#options = options;
    this.#names = names;
    this.#wanted = options?.wanted ?? { keys: [], prefixes: [prefix] };
  }

  readonly replace: Replace = (key, origin, decision, item) => {
    this.some = true;
    if (this.#denied === 'omit' || this.#options?.[thread]?.cause === 'hint') return [];
    if (this.#denied === 'hole') {
      const error = this.#errorOf(decision);
      const loose = item && (item.loose ?? this.#names.get(item));
      return [Object.freeze(loose ? { key, origin, error, loose } : { key, origin, error })];
    }
    if (this.#wanted.keys.includes(key)) return [holeAt(this.#judge, key, decision)];
    // nothing weaker may show through, and the name stays hidden; what is not wanted is read by nothing
    const above = this.#wanted.prefixes.find((prefix) => startsWith(key, prefix));
    if (above !== undefined) this.#sections.set(above, decision);
    return [];
  };

  #errorOf(decision: Decision): ConfigError {
    let error = this.#errors.get(decision.rule);
    if (!error) this.#errors.set(decision.rule, (error = this.#judge.error('read', undefined, decision)));
    return error;
  }

  sections(): readonly Unreadable[] {
    return Array.from(this.#sections, ([key, decision]) => holeAt(this.#judge, key, decision));
  }
}
