// Where the documents of a key are. Used by the other classes of this folder. A source may throw anything
// here, too.

import { ConfigError } from '../../errors.ts';
import { append } from '../../key.ts';
import type { Key } from '../../value.ts';
import type { DocumentSource, Place } from '../port.ts';
import type { Requests } from '../request/request.ts';

/** Calls the methods of a source that send no request. What they throw is classified. */
export class Locator {
  readonly #source: DocumentSource;
  readonly #requests: Pick<Requests, 'classify'>;

  constructor(source: DocumentSource, requests: Pick<Requests, 'classify'>) {
    this.#source = source;
    this.#requests = requests;
  }

  locate(key: Key): readonly Place[] {
    return this.#classified(key, () => this.#source.locate(key));
  }

  /** The place of the document that a key names as a whole.
   *  @throws ConfigError `invalid_key` if it names none */
  whole(key: Key): Place {
    // where a document has fields only, its own key has no place of its own, and those below it have
    const places = [...this.locate(key), ...this.locate(append(key, 'field'))];
    const place = places.find((one) => isWhole(one, key));
    if (place) return place;
    const { name: provider } = this.#source;
    throw new ConfigError('invalid_key', `${provider}: "${key}" is not a whole document`, {
      provider,
      key,
      hint: 'Name the whole document',
    });
  }

  /** Why `set` cannot create a document for a key, if the source knows. */
  refusal(key: Key): ConfigError | undefined {
    return this.#classified(key, () => this.#source.refusal?.(key));
  }

  #classified<T>(key: Key, call: () => T): T {
    try {
      return call();
    } catch (thrown) {
      throw this.#requests.classify(thrown).with({ provider: this.#source.name, key });
    }
  }
}

/** Whether a key is the whole of a document, so that a new value keeps nothing of the old one. */
export const isWhole = (place: Place, key: Key): boolean => place.field === '' && place.key === key;
