// Everything in this process that counts: providers of stores and configurations, of all copies of this
// library. They register here; `livingMetrics` and telemetry read them. The counts of what was closed or
// collected stay in the sums, so that no counter falls.

/** What a member counts. */
export type Metrics = Readonly<Record<string, number>>;

/** A member of the registry. Must not hold the object that it counts for. */
export interface Living {
  readonly kind: string;
  readonly name: string;
  /** Numbers that only grow. */
  counters(): Metrics;
  /** Numbers of the moment. Undefined when the object is gone. */
  gauges(): Metrics | undefined;
  /** The gauges of which the largest counts, not the sum: ages. */
  readonly largest?: readonly string[];
  /** The gauges of which the smallest counts: times that are left. */
  readonly smallest?: readonly string[];
}

interface Registry {
  readonly members: Set<Living>;
  /** The counters of members that are gone, by kind and name. */
  readonly gone: Map<string, Map<string, Record<string, number>>>;
}

const symbol = Symbol.for('llm-config-manager.living.1');

function registry(): Registry {
  const shared = globalThis as unknown as Record<symbol, Registry | undefined>;
  shared[symbol] ??= { members: new Set(), gone: new Map() };
  return shared[symbol];
}

/** All members of the process. */
export const living = (): Iterable<Living> => registry().members;

const collected = /* @__PURE__ */ new FinalizationRegistry<Living>(retire);

/** Registers what an object counts until it is retired or collected. */
export function register(owner: object, member: Living): void {
  registry().members.add(member);
  collected.register(owner, member, member);
}

/** Moves the counts of a member to the sums. A second call changes nothing. */
export function retire(member: Living): void {
  const { members, gone } = registry();
  if (!members.delete(member)) return;
  collected.unregister(member);
  const { kind, name } = member;
  const ofKind = gone.get(kind) ?? new Map<string, Record<string, number>>();
  gone.set(kind, ofKind);
  ofKind.set(name, sum(ofKind.get(name) ?? {}, member.counters()));
}

/** The numbers of all providers of stores and of all configurations in the process: by kind, then by name.
 *  Those of one name are added up. `breaker` is 0 for closed, 1 for half-open and 2 for open. What was closed
 *  or collected stays in the counters, so that none falls.
 *  @example
 *  livingMetrics().store?.vault?.requests; // => 12
 *  livingMetrics().config?.chain?.failedReloads; // => 0 */
export function livingMetrics(): Readonly<Record<string, Readonly<Record<string, Metrics>>>> {
  const { members, gone } = registry();
  const all: Record<string, Record<string, Record<string, number>>> = bare();
  const at = (kind: string, name: string): Record<string, number> => ((all[kind] ??= bare())[name] ??= {});
  for (const [kind, names] of gone) for (const [name, counters] of names) sum(at(kind, name), counters);
  for (const member of members) {
    const { kind, name, largest, smallest } = member;
    const numbers = sum(at(kind, name), member.counters());
    for (const [metric, value] of Object.entries(member.gauges() ?? {})) {
      const before = numbers[metric];
      if (before === undefined) numbers[metric] = value;
      else if (largest?.includes(metric)) numbers[metric] = Math.max(before, value);
      else if (smallest?.includes(metric)) numbers[metric] = Math.min(before, value);
      else numbers[metric] = before + value;
    }
  }
  return all;
}

/** An object without a prototype, because a provider may be named `__proto__` or `constructor`. */
const bare = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

function sum(into: Record<string, number>, counters: Metrics): Record<string, number> {
  for (const [metric, value] of Object.entries(counters)) into[metric] = (into[metric] ?? 0) + value;
  return into;
}
