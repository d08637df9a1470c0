// #region source
import { ConfigError, keyFrom, segments } from 'llm-config-manager';
import {
  type Call,
  type DocumentSource,
  type Outcome,
  type Place,
  type Scope,
  type ShelterOptions,
  sheltered,
} from 'llm-config-manager/shelter';

/** Consul's key-value store: the pair `acme/inference/database/host` is the key `database.host`. */
class ConsulSource implements DocumentSource {
  readonly name = 'consul';
  readonly batch = 1; // documents in one request
  readonly #options: ConsulOptions;

  constructor(options: ConsulOptions) {
    this.#options = options;
  }

  locate(key: string): readonly Place[] {
    return [{ key, document: segments(key).map(encodeURIComponent).join('/'), field: '' }];
  }

  async read([document = '']: readonly string[], { signal }: Call) {
    const [pair] = await this.#pairs(document, signal);
    return new Map<string, Outcome>([[document, pair ? outcomeOf(pair) : 'absent']]);
  }

  async page({ prefix }: Scope, _cursor: string | undefined, { signal }: Call) {
    const names = ({ Key }: Pair) => Key.slice(this.#options.folder.length + 1).split('/');
    const pairs = await this.#pairs(
      `${segments(prefix).map(encodeURIComponent).join('/')}?recurse=true`,
      signal,
    );
    const leaves = pairs.filter(({ Key }) => !Key.endsWith('/')); // folders
    const found = leaves.flatMap((pair) =>
      this.locate(keyFrom(names(pair))).map((place) => ({ place, outcome: outcomeOf(pair) })),
    );
    return { found, next: [] };
  }

  classify(error: unknown): ConfigError {
    const { status } = error as { status?: number };
    if (status === 403)
      return new ConfigError('access_denied', 'consul: denied', { hint: 'The token needs key_prefix read' });
    if (status === 429) return new ConfigError('throttled', 'consul: too many requests');
    return new ConfigError('unavailable', 'consul: no answer', { cause: error });
  }

  async #pairs(path: string, signal: AbortSignal): Promise<readonly Pair[]> {
    const { address, folder, token = '', fetch = globalThis.fetch } = this.#options;
    const response = await fetch(`${address}/v1/kv/${folder}/${path}`, {
      headers: { 'x-consul-token': token },
      signal,
    });
    if (response.status === 404 && response.headers.has('x-consul-index')) return []; // Consul's own, not a gateway's
    if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status });
    return (await response.json()) as Pair[];
  }
}

const outcomeOf = ({ Value, ModifyIndex }: Pair): Outcome => ({
  value: Buffer.from(Value ?? '', 'base64').toString(),
  secret: false, // names and shapes decide
  text: true, // a schema may read it as a number
  version: `${ModifyIndex}`,
});

export const consulProvider = (options: ConsulOptions, shelter?: ShelterOptions) =>
  sheltered(new ConsulSource(options), shelter);
// #endregion

// #region types
export interface ConsulOptions {
  /** As in `http://127.0.0.1:8500`. */
  readonly address: string;
  /** Where the keys begin: `acme/inference`. */
  readonly folder: string;
  readonly token?: string;
  /** For tests. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

interface Pair {
  readonly Key: string;
  /** In base64; null for an empty one. */
  readonly Value: string | null;
  readonly ModifyIndex: number;
}
// #endregion
