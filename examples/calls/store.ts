import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

/** A store that returns up to ten documents per request and counts its requests. */
export class Store implements DocumentSource {
  readonly name: string;
  readonly batch = 10;
  requests = 0;
  isDown = false;
  readonly #holds: (key: string) => boolean;

  constructor(holds: (key: string) => boolean, name = 'store') {
    this.#holds = holds;
    this.name = name;
  }

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read(names: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.requests++;
    if (this.isDown) throw new Error('no answer');
    const document: Outcome = { value: 'fake', secret: true, text: true };
    return new Map(names.map((name) => [name, this.#holds(name) ? document : 'absent']));
  }

  classify(cause: unknown): ConfigError {
    return new ConfigError('unavailable', `${this.name}: no answer`, { cause });
  }
}
