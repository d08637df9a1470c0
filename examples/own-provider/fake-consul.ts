import type { BackendFault, Values } from 'llm-config-manager/testing';

const statuses: Partial<Record<BackendFault, number>> = { denied: 403, throttled: 429, unavailable: 503 };

/** Consul in memory. It stores pairs, counts requests and fails on demand. */
export class FakeConsul {
  requests = 0;
  fault: BackendFault | undefined;
  readonly #pairs: Map<string, string>;
  readonly #folder: string;

  constructor(values: Values, folder: string) {
    this.#folder = folder;
    this.#pairs = new Map(Object.entries(values).map(([key, value]) => [this.#keyOf(key), `${value}`]));
  }

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#pairs.delete(this.#keyOf(key));
    else this.#pairs.set(this.#keyOf(key), value);
  }

  readonly fetch = async (url: string, { signal }: RequestInit): Promise<Response> => {
    this.requests++;
    if (this.fault === 'hang')
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const { pathname, searchParams } = new URL(url);
    const asked = decodeURIComponent(pathname.slice('/v1/kv/'.length));
    const isAsked = (key: string): boolean =>
      searchParams.has('recurse') ? key.startsWith(asked) : key === asked;
    const pairs = [...this.#pairs]
      .filter(([key]) => isAsked(key))
      .map(([Key, value]) => ({ Key, Value: Buffer.from(value).toString('base64') || null, ModifyIndex: 7 }));
    const body = JSON.stringify(pairs);
    const status = (this.fault && statuses[this.fault]) ?? (pairs.length > 0 ? 200 : 404);
    return new Response(this.fault === 'garbage' ? body.slice(0, -9) : body, {
      status: this.fault === 'garbage' ? 200 : status,
      headers: { 'x-consul-index': '7' },
    });
  };

  #keyOf(key: string): string {
    return `${this.#folder}/${key.replaceAll('.', '/')}`;
  }
}
