// Who received which secret, how often, and how often it was denied. Used by `llm-config audit report`.
// Grows with the pairs of actors and keys, not with the entries.

import type { AuditEntry } from './entry.ts';

/** The accesses of one actor to one key. */
export interface AccessSummary {
  readonly actor: string;
  readonly key: string;
  /** How often a secret was handed over, by reads and loads. */
  readonly accesses: number;
  /** How often it was denied. */
  readonly denials: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
}

const denials: ReadonlySet<string> = new Set([
  'permission.denied',
  'policy.violated',
  'authentication.failed',
]);

export class Summary {
  readonly #all = new Map<string, { -readonly [K in keyof AccessSummary]: AccessSummary[K] }>();

  add(entry: AuditEntry): void {
    const { type, key, secrets, count = 1 } = entry;
    if (type === 'secret.accessed' && key !== undefined) this.#count(entry, key, 'accesses', count);
    else if (type === 'config.loaded')
      for (const { keys } of secrets ?? [])
        for (const one of keys) this.#count(entry, one, 'accesses', count);
    else if (denials.has(type)) this.#count(entry, key ?? '(any)', 'denials', count);
  }

  /** The most accesses first. */
  rows(): readonly AccessSummary[] {
    return [...this.#all.values()].sort(
      (a, b) => b.accesses - a.accesses || b.denials - a.denials || (a.key < b.key ? -1 : 1),
    );
  }

  #count({ actor, time }: AuditEntry, key: string, what: 'accesses' | 'denials', count: number): void {
    const id = `${actor}\0${key}`;
    const row = this.#all.get(id) ?? { actor, key, accesses: 0, denials: 0, first: time, last: time };
    row[what] += count;
    if (time < row.first) row.first = time;
    if (time > row.last) row.last = time;
    this.#all.set(id, row);
  }
}
