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

/** Consul's key-value store. The pair `acme/inference/database/host` is the key `database.host`. */
class ConsulSource implements DocumentSource {
  readonly name = 'consul';
  readonly batch = 1; // documents per request
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
    const path = segments(prefix).map(encodeURIComponent).join('/');
    const pairs = await this.#pairs(`${path}?recurse=true`, signal);
    const leaves = pairs.filter(({ Key }) => !Key.endsWith('/')); // without folders
    const found = leaves.flatMap((pair) =>
      this.locate(keyFrom(names(pair))).map((place) => ({ place, outcome: outcomeOf(pair) })),
    );
    return { found, next: [] };
  }

  classify(error: unknown): ConfigError {
    const { status } = error as { status?: number };
    if (status === 403)
      return new ConfigError('access_denied', 'consul: denied', { hint: 'Give the token key_prefix read' });
    if (status === 429) return new ConfigError('throttled', 'consul: too many requests');
    return new ConfigError('unavailable', 'consul: no answer', { cause: error });
  }

  async #pairs(path: string, signal: AbortSignal): Promise<readonly Pair[]> {
    const { address, folder, token = '', fetch = globalThis.fetch } = this.#options;
    const headers = { 'x-consul-token': token };
    const response = await fetch(`${address}/v1/kv/${folder}/${path}`, { headers, signal });
    // a 404 from Consul itself has this header, a 404 from a gateway does not
    if (response.status === 404 && response.headers.has('x-consul-index')) return [];
    if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status });
    return (await response.json()) as Pair[];
  }
}

const outcomeOf = ({ Value, ModifyIndex }: Pair): Outcome => ({
  value: Buffer.from(Value ?? '', 'base64').toString(),
  secret: false, // secrecy is decided by names and shapes
  text: true, // a schema may convert it to a number
  version: `${ModifyIndex}`,
});

export function consulProvider(options: ConsulOptions, shelter?: ShelterOptions) {
  return sheltered(new ConsulSource(options), shelter);
}
// #endregion

// #region types
export interface ConsulOptions {
  /** For example `http://127.0.0.1:8500`. */
  readonly address: string;
  /** The folder of the keys, for example `acme/inference`. */
  readonly folder: string;
  readonly token?: string;
  /** For tests. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

interface Pair {
  readonly Key: string;
  /** In base64; null for an empty value. */
  readonly Value: string | null;
  readonly ModifyIndex: number;
}
// #endregion
