import { inspect } from 'node:util';
import { ConfigError } from '../errors.ts';
import { startsWith } from '../key.ts';
import type { Merged } from '../merge/merged.ts';
import type { Origin } from '../origin.ts';
import type { KeyStatus, Layer } from '../provider.ts';
import { show } from '../redact.ts';
import type { Key } from '../value.ts';

/** What one provider layer about a key. Values are as a person may see them: secrets masked. */
export interface ExplainedLayer {
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

type Fields = Pick<Explanation, 'key' | 'secret' | 'winner' | 'shadowed' | 'layers' | 'error' | 'notes'>;

/** Who won a key, who was shadowed and what everybody layer: safe to print. */
export class Explanation {
  readonly key: Key;
  readonly secret: boolean;
  /** Whose value it is. */
  readonly winner: ExplainedLayer | undefined;
  /** Who has it too, and is overridden. */
  readonly shadowed: readonly ExplainedLayer[];
  /** What every provider layer, the strongest first. */
  readonly layers: readonly ExplainedLayer[];
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
    this.layers = fields.layers;
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
    const rows = this.layers.map(
      (layer) =>
        [
          layer === this.winner ? '→' : ' ',
          `${layer.origin ?? layer.provider}`,
          layer.value ?? '',
          this.#remark(layer),
        ] as const,
    );
    const widths = [1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
    const lines = rows.map(([mark, origin, value, remark]) =>
      `  ${mark} ${origin.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${remark}`.trimEnd(),
    );
    return [head, ...lines, ...this.notes.map((note) => `  ${note}`)].join('\n');
  }

  #remark(layer: ExplainedLayer): string {
    const age =
      layer.ageMs === undefined
        ? ''
        : `, read ${Math.round(layer.ageMs / 1000)} s ago${layer.status?.stale ? ', stale' : ''}`;
    const breaker =
      layer.status?.breaker && layer.status.breaker !== 'closed' ? `, breaker ${layer.status.breaker}` : '';
    const what = {
      found: layer === this.winner ? 'wins' : 'shadowed',
      absent: 'absent',
      unreadable: 'unreadable',
      failed: 'failed',
      tolerated: 'unreachable, tolerated',
    }[layer.outcome];
    return `${what}${age}${breaker}${layer.error ? `: ${layer.error.message}` : ''}`;
  }

  toJSON(): object {
    return {
      ...this,
      layers: this.layers.map((layer) => ({ ...layer, origin: layer.origin?.toString() })),
      winner: this.winner?.provider,
      shadowed: this.shadowed.map((layer) => layer.provider),
    };
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Explains one key from what the layers layers and how it merged. `status`: what a provider knows of a key it holds. */
export function explain(
  key: Key,
  answers: readonly Layer[],
  merged: Merged,
  options: {
    readonly now?: number;
    readonly status?: (provider: string) => KeyStatus | undefined;
    readonly secret?: boolean;
  } = {},
): Explanation {
  const now = options.now ?? Date.now();
  const candidates = merged.candidates(key);
  const leaf = merged.leaves.get(key);
  const secret =
    options.secret || (leaf?.secret ?? candidates.some((candidate) => candidate.secret || candidate.error));
  let winner: ExplainedLayer | undefined;
  const layers = answers.flatMap((layer, number): ExplainedLayer[] => {
    const status = options.status?.(layer.name);
    const head = { provider: layer.name, ...(status && { status }) };
    if (layer.error) return [{ ...head, outcome: 'failed', error: layer.error }];
    const own = candidates
      .filter((candidate) => candidate.layer === number)
      .map((candidate): ExplainedLayer => {
        if (candidate.error)
          return { ...head, outcome: 'unreadable', origin: candidate.origin, error: candidate.error };
        const readAt = candidate.entry?.readAt;
        const found: ExplainedLayer = {
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
    return [
      layer.tolerated
        ? { ...head, outcome: 'tolerated', error: layer.tolerated }
        : { ...head, outcome: 'absent' },
    ];
  });
  const at = winner ? layers.indexOf(winner) : layers.length;
  const failed = layers.slice(0, at).find((one) => one.outcome === 'failed');
  const hole = (): ConfigError | undefined =>
    merged.holes.get(key)?.error ??
    layers.find((one) => one.outcome === 'unreadable')?.error ??
    sectionError(key, merged);
  const error = failed?.error ?? (leaf ? undefined : hole());
  return new Explanation({
    key,
    secret,
    winner: error ? undefined : winner,
    shadowed: layers.filter((one) => one.outcome === 'found' && one !== winner),
    layers,
    error,
    notes: [],
  });
}

/** Why a section cannot be read as a value. */
function sectionError(key: Key, { leaves }: Merged): ConfigError | undefined {
  const inside = [...leaves.keys()].find((one) => startsWith(one, key));
  if (inside === undefined) return undefined;
  return new ConfigError('invalid_key', `"${key}" is a section, not a value`, {
    key,
    hint: `Explain what is in it, such as ${inside}`,
  });
}
