import { inspect } from 'node:util';
import type { Origin } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { type Key, startsWith } from '../key.ts';
import type { Merged } from '../merge/merged.ts';
import type { KeyStatus, Layer } from '../provider.ts';
import { show } from '../redact.ts';

/** What one provider said about a key. Values are as a person may see them: secrets masked. */
export interface Said {
  /** The provider's name. */
  readonly provider: string;
  /** `unreadable`: it is there, and cannot be read alone. `tolerated`: out of reach, which a decorator allows. */
  readonly outcome: 'found' | 'absent' | 'unreadable' | 'failed' | 'tolerated';
  readonly value?: string;
  readonly origin?: Origin;
  readonly error?: ConfigError;
  /** How long ago it was read. */
  readonly ageMs?: number;
  readonly status?: KeyStatus;
}

type Fields = Pick<Explanation, 'key' | 'secret' | 'winner' | 'shadowed' | 'said' | 'error' | 'notes'>;

/** Who won a key, who was shadowed and what everybody said: safe to print. */
export class Explanation {
  readonly key: Key;
  readonly secret: boolean;
  /** Whose value it is. */
  readonly winner: Said | undefined;
  /** Who has it too, and is overridden. */
  readonly shadowed: readonly Said[];
  /** What every provider said, the strongest first. */
  readonly said: readonly Said[];
  /** Why reading the key fails. */
  readonly error: ConfigError | undefined;
  /** Further remarks, a line each: what a schema made of the value. */
  readonly notes: readonly string[];

  /** @internal */
  constructor(fields: Fields) {
    this.key = fields.key;
    this.secret = fields.secret;
    this.winner = fields.winner;
    this.shadowed = fields.shadowed;
    this.said = fields.said;
    this.error = fields.error;
    this.notes = fields.notes;
  }

  /** @internal */
  with(...notes: readonly string[]): Explanation {
    return new Explanation({ ...this, notes: [...this.notes, ...notes] });
  }

  /** A line for each provider, as `llm-config explain` prints it. */
  toString(): string {
    const head = this.error
      ? `${this.key} cannot be read: ${this.error.message}`
      : this.winner
        ? `${this.key} = ${this.winner.value}`
        : `${this.key} is not set`;
    const rows = this.said.map(
      (said) => [said === this.winner ? '→' : ' ', `${said.origin ?? said.provider}`, said.value ?? '', this.#remark(said)] as const,
    );
    const widths = [1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
    const lines = rows.map(([mark, origin, value, remark]) =>
      `  ${mark} ${origin.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${remark}`.trimEnd(),
    );
    return [head, ...lines, ...this.notes.map((note) => `  ${note}`)].join('\n');
  }

  #remark(said: Said): string {
    const age = said.ageMs === undefined ? '' : `, read ${Math.round(said.ageMs / 1000)} s ago${said.status?.stale ? ', stale' : ''}`;
    const breaker = said.status?.breaker && said.status.breaker !== 'closed' ? `, breaker ${said.status.breaker}` : '';
    const what = {
      found: said === this.winner ? 'wins' : 'shadowed',
      absent: 'absent',
      unreadable: 'unreadable',
      failed: 'failed',
      tolerated: 'unreachable, tolerated',
    }[said.outcome];
    return `${what}${age}${breaker}${said.error ? `: ${said.error.message}` : ''}`;
  }

  toJSON(): object {
    return {
      ...this,
      said: this.said.map((said) => ({ ...said, origin: said.origin?.toString() })),
      winner: this.winner?.provider,
      shadowed: this.shadowed.map((said) => said.provider),
    };
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Explains one key from what the layers said and how it merged. `status`: what a provider knows of a key it holds. */
export function explain(
  key: Key,
  layers: readonly Layer[],
  merged: Merged,
  options: { readonly now?: number; readonly status?: (provider: string) => KeyStatus | undefined; readonly secret?: boolean } = {},
): Explanation {
  const now = options.now ?? Date.now();
  const candidates = merged.candidates(key);
  const leaf = merged.leaves.get(key);
  const secret = options.secret || (leaf?.secret ?? candidates.some((candidate) => candidate.secret || candidate.error));
  let winner: Said | undefined;
  const said = layers.flatMap((layer, number): Said[] => {
    const status = options.status?.(layer.name);
    const head = { provider: layer.name, ...(status && { status }) };
    if (layer.error) return [{ ...head, outcome: 'failed', error: layer.error }];
    const own = candidates
      .filter((candidate) => candidate.layer === number)
      .map((candidate): Said => {
        if (candidate.error) return { ...head, outcome: 'unreadable', origin: candidate.origin, error: candidate.error };
        const readAt = candidate.entry?.readAt;
        const found: Said = {
          ...head,
          outcome: 'found',
          origin: candidate.origin,
          value: show(candidate.value, secret || candidate.secret === true),
          ...(readAt !== undefined && { ageMs: Math.max(0, now - readAt) }),
        };
        if (leaf && candidate.layer === leaf.layer && candidate.entry === leaf.entry) winner = found;
        return found;
      });
    if (own.length > 0) return own;
    return [layer.tolerated ? { ...head, outcome: 'tolerated', error: layer.tolerated } : { ...head, outcome: 'absent' }];
  });
  const at = winner ? said.indexOf(winner) : said.length;
  const failed = said.slice(0, at).find((one) => one.outcome === 'failed');
  const hole = (): ConfigError | undefined =>
    merged.holes.get(key)?.error ?? said.find((one) => one.outcome === 'unreadable')?.error ?? sectionError(key, merged);
  const error = failed?.error ?? (leaf ? undefined : hole());
  return new Explanation({
    key,
    secret,
    winner: error ? undefined : winner,
    shadowed: said.filter((one) => one.outcome === 'found' && one !== winner),
    said,
    error,
    notes: [],
  });
}

/** Why a section cannot be read as a value. */
function sectionError(key: Key, { leaves }: Merged): ConfigError | undefined {
  const inside = [...leaves.keys()].find((one) => startsWith(one, key));
  if (inside === undefined) return undefined;
  return new ConfigError('invalid_key', `"${key}" is a section, not a value`, { key, hint: `Explain what is in it, such as ${inside}` });
}
