// A store in memory that counts its requests. Its identity says which documents are the same in every
// process.
import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

export class Store implements DocumentSource {
  readonly name = 'store';
  readonly batch = 10;
  readonly address = 'https://store.example';
  readonly label = 'production';

  identity() {
    return { store: `store ${this.address}`, view: `label ${this.label}` };
  }

  requests = 0;
  isDown = false;

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read(documents: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.requests++;
    if (this.isDown) throw new Error('the store is down');
    return new Map(
      documents.map((name) => [name, { value: `value of ${name}`, secret: true, text: true, version: '1' }]),
    );
  }

  classify() {
    return new ConfigError('unavailable', 'store: no answer');
  }
}
