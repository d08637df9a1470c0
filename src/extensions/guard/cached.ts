// `cached`: keeps the decisions of a slow policy, such as a remote engine. Rules need none: a look-up in a
// cache takes longer than a rule.

import { ConfigError } from '../../errors.ts';
import { aFunction, aNumber, anInteger, checkOptions } from '../../internal/options.ts';
import { isPlain } from '../../value.ts';
import { type Ask, type Decision, isPending, type Policy } from './policy.ts';

/** The options of `cached`. */
export interface CachedOptions {
  /** All that the policy reads of a question besides its action, its key, its load and whether its value is
   *  secret: the caller's id, and each attribute that a decision may depend on. */
  readonly by: (ask: Ask) => readonly unknown[];
  /** How long a decision is kept, in milliseconds; never past its `until`. @default 300_000 */
  readonly maxAgeMs?: number;
  /** The most decisions that are kept. The oldest are dropped first. @default 10_000 */
  readonly max?: number;
}

/** A policy whose decisions are kept. */
export interface CachedPolicy extends Policy {
  /** Drops all decisions. */
  drop(): void;
}

interface Kept {
  readonly decision: Decision;
  readonly end: number;
}

/** What is kept until the policy changes. */
interface Memory {
  readonly revision: unknown;
  readonly kept: Map<string, Kept>;
  readonly waiting: Map<string, Promise<Decision>>;
}

/** Keeps the decisions of a policy. Failures are not kept: each is a denial, and the next question is asked
 *  again. A change of the policy's `revision` drops everything.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const policy = cached(remote, { by: ({ context }) => [context?.id, context?.department] });
 *  @see Policy */
export function cached(policy: Policy, options: CachedOptions): CachedPolicy {
  checkOptions('cached', options, { by: aFunction, maxAgeMs: aNumber(0), max: anInteger(1) });
  const { by, maxAgeMs = 300_000, max = 10_000 } = options;
  if (by === undefined)
    throw new ConfigError('invalid_option', 'cached: the option by is required', {
      hint: 'Name what the policy reads: by: ({ context }) => [context?.id]',
    });
  const begin = (): Memory => ({ revision: policy.revision, kept: new Map(), waiting: new Map() });
  let memory = begin();
  // in the memory of the time of the question: a decision from before a drop counts no more
  const keep = ({ revision, kept }: Memory, id: string, ask: Ask, decision: Decision): Decision => {
    if (typeof decision?.allow !== 'boolean' || revision !== policy.revision) return decision;
    const end = Math.min(ask.now + maxAgeMs, decision.until ?? Number.POSITIVE_INFINITY);
    if (end <= ask.now) return decision;
    kept.delete(id);
    for (const oldest of kept.keys()) {
      if (kept.size < max) break;
      kept.delete(oldest);
    }
    kept.set(id, { decision, end });
    return decision;
  };
  return Object.freeze({
    get revision(): unknown {
      return policy.revision;
    },
    drop: () => {
      memory = begin();
    },
    decide(ask: Ask): Decision | Promise<Decision> {
      if (policy.revision !== memory.revision) memory = begin();
      const asked = memory;
      const { kept, waiting } = asked;
      const { action, key, entry, load, now } = ask;
      const id = idOf([action, key, load, entry?.secret, entry?.loose, ...by(ask)]);
      const known = kept.get(id);
      // a clock that was set back must not make a decision older than it may be
      if (known && known.end > now && known.end - now <= maxAgeMs) return known.decision;
      const joined = waiting.get(id);
      if (joined) return joined;
      const decision = policy.decide(ask);
      if (!isPending(decision)) return keep(asked, id, ask, decision);
      const settled = decision
        .then((later) => keep(asked, id, ask, later))
        .finally(() => void waiting.delete(id));
      waiting.set(id, settled);
      return settled;
    },
  });
}

/** Values as one text, equal only for equal values: a text begins with `s`, so that nothing else is one. */
function idOf(values: readonly unknown[]): string {
  return JSON.stringify(values, function (this: Readonly<Record<string, unknown>>, name) {
    // not what toJSON makes of a value: all secrets have the same text
    const value = this[name];
    if (typeof value === 'string') return `s${value}`;
    if (value === undefined || typeof value === 'bigint') return `${typeof value} ${value}`;
    if (typeof value === 'number') return Number.isFinite(value) ? value : `number ${value}`;
    if (value === null || typeof value === 'boolean' || Array.isArray(value) || isPlain(value)) return value;
    throw new ConfigError('invalid_option', 'cached: by returned a value that cannot be compared', {
      hint: 'Return texts, numbers, booleans, and lists and objects of them',
    });
  });
}
