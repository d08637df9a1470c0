import type { BackendFault, Values } from 'llm-config-manager/testing';
import type { TableClient } from './table.ts';

const statuses: Partial<Record<BackendFault, number>> = { denied: 403, throttled: 429, unavailable: 503 };

/** The backend, in memory: it holds rows, tells of changes, counts requests, and fails when it is told to. */
export class FakeTable implements TableClient {
  requests = 0;
  fault: BackendFault | undefined;
  readonly #rows: Map<string, string>;
  readonly #listeners = new Set<(names: readonly string[]) => void>();

  constructor(rows: Values) {
    this.#rows = new Map(Object.entries(rows).map(([name, value]) => [name, `${value}`]));
  }

  set(name: string, value: string | undefined): void {
    if (value === undefined) this.#rows.delete(name);
    else this.#rows.set(name, value);
    for (const listener of this.#listeners) listener([name]);
  }

  async fetch(names: readonly string[], options: { signal: AbortSignal }): Promise<Record<string, string>> {
    await this.#request(options);
    return Object.fromEntries(names.flatMap((name) => (this.#rows.has(name) ? [[name, this.#rows.get(name) as string]] : [])));
  }

  async names(prefix: string, options: { signal: AbortSignal }): Promise<string[]> {
    await this.#request(options);
    return [...this.#rows.keys()].filter((name) => name.startsWith(prefix));
  }

  subscribe(listener: (names: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #request({ signal }: { signal: AbortSignal }): Promise<void> {
    this.requests++;
    if (this.fault === 'hang') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const status = this.fault && statuses[this.fault];
    if (status) throw Object.assign(new Error('refused'), { status });
  }
}
