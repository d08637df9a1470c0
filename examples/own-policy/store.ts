import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

export const print = (text: string | undefined): void => console.log(text);

/** A store that fails as often as a caller sets. */
class Store implements DocumentSource {
  readonly name = 'secrets';
  readonly batch = 1;
  failures = 0;

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read([name = '']: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    if (this.failures-- > 0) throw new Error('no answer');
    return new Map([[name, { value: 'fake', secret: true, text: true }]]);
  }

  classify(cause: unknown): ConfigError {
    return new ConfigError('unavailable', `${this.name}: no answer`, { cause });
  }
}

export const store = new Store();
