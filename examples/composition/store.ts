// A store in memory that can be down and counts its requests. In production: VaultProvider, AwsSsmProvider, …
import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

export class Store implements DocumentSource {
  readonly name = 'store';
  readonly batch = 10;
  requests = 0;
  isDown = false;
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  identity() {
    return { store: 'https://store.example', view: 'production' };
  }

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read(documents: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.requests++;
    if (this.isDown) throw new Error('the store is down');
    return new Map(
      documents.map((name): [string, Outcome] => {
        const value = this.#values[name];
        return [name, value === undefined ? 'absent' : { value, secret: true, text: true, version: '1' }];
      }),
    );
  }

  classify() {
    return new ConfigError('unavailable', 'store: no answer');
  }
}
