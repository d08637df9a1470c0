// A store that denies one key and does not answer for another.
import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

export class Store implements DocumentSource {
  readonly name = 'store';
  readonly batch = 1;

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read([document = '']: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    const code = document.startsWith('billing') ? 'access_denied' : 'unavailable';
    throw new ConfigError(code, `store: ${document} cannot be read`);
  }

  classify(error: unknown) {
    return error as ConfigError;
  }
}
