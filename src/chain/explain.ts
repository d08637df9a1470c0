// Explains one key from the layers of a chain and their merge. `chain.explain`, `config.explain` and the
// command line use it. An Explanation is data that prints as a table; its values are masked when it is made.

import { inspect } from 'node:util';
import { ConfigError } from '../errors.ts';
import { startsWith } from '../key.ts';
import type { Merged } from '../merge/merged.ts';
import type { Origin } from '../origin.ts';
import type { KeyStatus, Layer } from '../provider.ts';
import { looksSecret, MASK, show } from '../redact.ts';
import { type ConfigValue, type Key, withoutBigints } from '../value.ts';

/** The answer of one provider for a key. Its value is masked if it is secret. */
export interface ExplainedLayer {
  /** The provider's name. */
  readonly provider: string;
  /** `unreadable`: the provider has the key but cannot read its value. `tolerated`: the provider is
   *  unreachable, and `optional` or `fallback` allows that. */
  readonly outcome: 'found' | 'absent' | 'unreadable' | 'failed' | 'tolerated';
  readonly value?: string;
  readonly origin?: Origin;
  readonly error?: ConfigError;
  /** The time since the value was read. */
  readonly ageMs?: number;
  readonly status?: KeyStatus;
  /** What opened the value, if it was sealed. */
  readonly openedWith?: string;
}

/** What JSON shows of a value: the value itself, or a mask if it is secret. */
export const jsonValue = (value: ConfigValue, secret: boolean): unknown =>
  secret || looksSecret(value) ? MASK : withoutBigints(value);

/** What JSON shows of the value of a layer. */
const jsonValues = new WeakMap<ExplainedLayer, unknown>();

type Fields = Pick<Explanation, 'key' | 'secret' | 'winner' | 'shadowed' | 'layers' | 'error' | 'notes'>;

/** Which provider wins a key, which ones it overrides, and the answer of each. Safe to print. */
export class Explanation {
  readonly key: Key;
  readonly secret: boolean;
  /** The provider with the value that a read returns. */
  readonly winner: ExplainedLayer | undefined;
  /** The other providers that have the key. */
  readonly shadowed: readonly ExplainedLayer[];
  /** The answer of every provider, highest priority first. */
  readonly layers: readonly ExplainedLayer[];
  /** The error that a read throws. */
  readonly error: ConfigError | undefined;
  /** Remarks, one line each: for example, how a schema has read the value. */
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

  /** A copy with more notes.
   *  @internal */
  with(...notes: readonly string[]): Explanation {
    return new Explanation({ ...this, notes: [...this.notes, ...notes] });
  }

  /** One line per provider, as `llm-config explain` prints it. */
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
    const [originWidth = 0, valueWidth = 0] = widths;
    const lines = rows.map(([mark, origin, value, remark]) =>
      `  ${mark} ${origin.padEnd(originWidth)}  ${value.padEnd(valueWidth)}  ${remark}`.trimEnd(),
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
    const outcome = {
      found: layer === this.winner ? 'wins' : 'shadowed',
      absent: 'absent',
      unreadable: 'unreadable',
      failed: 'failed',
      tolerated: 'unreachable, tolerated',
    }[layer.outcome];
    const sealed = layer.openedWith ? `, sealed, opened with ${layer.openedWith}` : '';
    return `${outcome}${age}${sealed}${breaker}${layer.error ? `: ${layer.error.message}` : ''}`;
  }

  toJSON(): object {
    return {
      ...this,
      layers: this.layers.map((layer) => ({
        ...layer,
        ...(layer.value !== undefined && { value: jsonValues.get(layer) ?? layer.value }),
        origin: layer.origin?.toString(),
      })),
      winner: this.winner?.provider,
      shadowed: this.shadowed.map((layer) => layer.provider),
    };
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Explains one key. `status`: how a provider caches the key. `secret`: masks the values whatever their
 *  sources say. */
export function explain(
  key: Key,
  layers: readonly Layer[],
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
  const explained = layers.flatMap((layer, number): ExplainedLayer[] => {
    const status = options.status?.(layer.name);
    const head = { provider: layer.name, ...(status && { status }) };
    if (layer.error) return [{ ...head, outcome: 'failed', error: layer.error }];
    const own = candidates
      .filter((candidate) => candidate.layer === number)
      .map((candidate): ExplainedLayer => {
        if (candidate.error)
          return { ...head, outcome: 'unreadable', origin: candidate.origin, error: candidate.error };
        const readAt = candidate.entry?.readAt;
        const hidden = secret || candidate.secret === true;
        const found: ExplainedLayer = {
          ...head,
          outcome: 'found',
          origin: candidate.origin,
          value: show(candidate.value, hidden),
          ...(readAt !== undefined && { ageMs: Math.max(0, now - readAt) }),
          ...(candidate.openedWith && { openedWith: candidate.openedWith }),
        };
        if (candidate.value !== undefined) jsonValues.set(found, jsonValue(candidate.value, hidden));
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
  const winnerIndex = winner ? explained.indexOf(winner) : explained.length;
  const failed = explained.slice(0, winnerIndex).find(({ outcome }) => outcome === 'failed');
  const hole = (): ConfigError | undefined =>
    merged.holes.get(key)?.error ??
    explained.find(({ outcome }) => outcome === 'unreadable')?.error ??
    sectionError(key, merged);
  const error = failed?.error ?? (leaf ? undefined : hole());
  return new Explanation({
    key,
    secret,
    winner: error ? undefined : winner,
    shadowed: explained.filter((layer) => layer.outcome === 'found' && layer !== winner),
    layers: explained,
    error,
    notes: [],
  });
}

/** The error of reading a section as a value. */
function sectionError(key: Key, { leaves }: Merged): ConfigError | undefined {
  const inside = [...leaves.keys()].find((leaf) => startsWith(leaf, key));
  if (inside === undefined) return undefined;
  return new ConfigError('invalid_key', `"${key}" is a section, not a value`, {
    key,
    hint: `Explain a key inside, such as ${inside}`,
  });
}
