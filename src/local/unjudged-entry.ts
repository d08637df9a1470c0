// Entries whose secrecy is judged when somebody reads it. Used by variables.ts: most variables of a process
// bind to no key, and judging a name takes longer than everything else that is done with it.

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

/** Makes an entry as `makeEntry` does, of a value that is no object. Calls `isSecret` at most once, instead
 *  of reading `fields.secret`. */
export const makeUnjudgedEntry = (fields: Entry, isSecret: () => boolean): Entry =>
  Object.freeze(new UnjudgedRecord(fields, isSecret)) as unknown as Entry;
