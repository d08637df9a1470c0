// Entries whose secrecy is judged on first use. Used by variables.ts: most variables of a process do not bind
// to a key, and judging a name takes longer than everything else that is done with it.

import { type Entry, HiddenRecord } from '../entry.ts';

class UnjudgedRecord extends HiddenRecord {
  #secret: boolean | (() => boolean);
  static readonly #getters: typeof HiddenRecord.getters = {
    ...HiddenRecord.getters,
    secret: {
      get(this: UnjudgedRecord): boolean {
        if (typeof this.#secret === 'function') this.#secret = this.#secret();
        return this.#secret;
      },
      enumerable: true,
    },
  };

  constructor(fields: Entry, isSecret: () => boolean) {
    super(fields, UnjudgedRecord.#getters);
    this.#secret = isSecret;
  }
}

/** Makes an entry as `makeEntry` does, for a value that is not an object. Ignores `fields.secret`, and calls
 *  `isSecret` at most once instead. */
export const makeUnjudgedEntry = (fields: Entry, isSecret: () => boolean): Entry =>
  Object.freeze(new UnjudgedRecord(fields, isSecret)) as unknown as Entry;
