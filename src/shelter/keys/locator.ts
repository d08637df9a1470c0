import type { ConfigError } from '../../errors.ts';
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
