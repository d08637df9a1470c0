// #region source
import { ConfigError } from 'llm-config-manager';
import {
  type Call,
  type DocumentSource,
  type Outcome,
  type Page,
  type Place,
  type Scope,
  type ShelterOptions,
  sheltered,
} from 'llm-config-manager/shelter';

/** Whatever client the backend has. A structural type, so that a test can hand in an object of its own. */
export interface TableClient {
  fetch(names: readonly string[], options: { signal: AbortSignal }): Promise<Record<string, string>>;
  names(startingWith: string, options: { signal: AbortSignal }): Promise<string[]>;
  subscribe(listener: (names: readonly string[]) => void): () => void;
}

class TableSource implements DocumentSource {
  readonly name = 'table';
  readonly batch = 10;
  readonly #client: TableClient;

  constructor(client: TableClient) {
    this.#client = client;
  }

  /** Where a key lives: here, each key is a document of its own. */
  locate(key: string): readonly Place[] {
    return [{ key, document: key, field: '' }];
  }

  /** Up to ten documents in one request; the shelter repeats, paces and caches it. */
  async read(names: readonly string[], { signal }: Call): Promise<ReadonlyMap<string, Outcome>> {
    const rows = await this.#client.fetch(names, { signal });
    return new Map(
      names.map((name) => [name, Object.hasOwn(rows, name) ? { value: rows[name] as string, secret: true, text: true } : 'absent']),
    );
  }

  /** What there is below a prefix. A backend that cannot tell leaves `page` out. */
  async page(scope: Scope, _cursor: string | undefined, { signal }: Call): Promise<Page> {
    const names = await this.#client.names(scope.prefix, { signal });
    return { found: names.filter((name) => scope.reaches(name)).map((key) => ({ place: { key, document: key, field: '' } })), next: [] };
  }

  /** Changes that the backend tells of. One that does not leaves `watch` out. */
  watch(changed: (names: readonly string[]) => void): () => void {
    return this.#client.subscribe(changed);
  }

  /** The client's errors as ours: the code decides whether it is asked again. Never its message, which may quote a value. */
  classify(error: unknown): ConfigError {
    const { status } = error as { status?: number };
    if (status === 403) return new ConfigError('access_denied', 'table: the request was refused', { hint: 'Grant table:read' });
    if (status === 429) return new ConfigError('throttled', 'table: too many requests');
    return new ConfigError('unavailable', 'table: no answer', { cause: error });
  }
}

export const tableProvider = (client: TableClient, options?: ShelterOptions) => sheltered(new TableSource(client), options);
// #endregion
