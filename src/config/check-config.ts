import { isConfigError, type Problem } from '../errors.ts';
import { keyFrom, startsWith } from '../key.ts';
import { show } from '../redact.ts';
import { formatReport } from '../report/report.ts';
import { describeKeys } from '../schema/keys.ts';
import { isSchema, noSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Key } from '../value.ts';
import { carryForward } from './carry.ts';
import { ask, assemble, failureOf, isHidden, type Load, problemsOf } from './load.ts';
import { type ConfigSource, type LoadOptions, planOf } from './plan.ts';

/** One key, and where it would be read from. */
export interface CheckedKey {
  readonly key: Key;
  /** `on_demand`: reading it makes credentials, which a check does not. `default`: the schema sets it. */
  readonly state: 'found' | 'default' | 'absent' | 'unreadable' | 'on_demand';
  /** As it may be printed. */
  readonly value?: string;
  /** Where it stands: `config/base.yaml:12:5`. */
  readonly origin?: string;
}

/** What a dry run found. */
export class ConfigCheck {
  /** Whether a load would succeed. */
  readonly ok: boolean;
  /** Everything that is wrong. */
  readonly problems: readonly Problem[];
  /** Every key that the schema reads. */
  readonly keys: readonly CheckedKey[];

  /** @internal */
  constructor(problems: readonly Problem[], keys: readonly CheckedKey[]) {
    this.ok = problems.length === 0;
    this.problems = problems;
    this.keys = keys;
  }

  /** A table of the keys, and the problems below it. */
  toString(): string {
    const rows = this.keys.map(
      ({ key, state, value, origin }) => [key, value ?? words[state], origin ?? ''] as const,
    );
    const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
    const lines = rows.map(([key, value, origin]) =>
      `  ${key.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${origin}`.trimEnd(),
    );
    const report = this.ok ? 'The configuration is good.' : formatReport(this.problems);
    return lines.length > 0 ? `${lines.join('\n')}\n\n${report}` : report;
  }
}

const words = {
  found: '',
  default: '(default)',
  absent: '(not set)',
  unreadable: '(cannot be read)',
  on_demand: '(would be made)',
};

/** What `checkConfig` does. */
export async function check(
  schema: StandardSchemaV1,
  source: ConfigSource,
  options: Omit<LoadOptions, 'watch'> = {},
): Promise<ConfigCheck> {
  if (!isSchema(schema)) throw noSchema('checkConfig');
  const { plan, own } = planOf('checkConfig', schema, source, options);
  try {
    const { signal, context, unknown } = options;
    const layers = await ask(plan, { ...(signal && { signal }), context });
    const failure = failureOf(layers);
    if (failure) return new ConfigCheck(failure.problems ?? [], []);
    const load = await assemble(plan, carryForward(layers, [], Date.now()));
    const problems = problemsOf(load, unknown);
    return new ConfigCheck(
      problems.filter((problem) => !isOnDemand(problem.key, load)),
      keysOf(schema, load),
    );
  } finally {
    await own?.close().catch((error: unknown) => {
      if (!isConfigError(error)) throw error;
    });
  }
}

function isOnDemand(key: Key, { placement }: Load): boolean {
  return placement.holes.some(
    ({ path, item }) => item.error.code === 'on_demand' && startsWith(key, keyFrom(path)),
  );
}

function keysOf(schema: StandardSchemaV1, { placement, texts, plan }: Load): CheckedKey[] {
  const leaves = new Map(placement.leaves.map((leaf) => [keyFrom(leaf.path), leaf]));
  const holes = new Map(placement.holes.map(({ path, item }) => [keyFrom(path), item]));
  const known = describeKeys(schema).keys;
  const keys = new Set([...known.map(({ key }) => key), ...leaves.keys(), ...holes.keys()]);
  const fallbacks = new Map(known.map((one) => [one.key, one]));
  return [...keys].map((key): CheckedKey => {
    const leaf = leaves.get(key);
    const hole = holes.get(key) ?? [...holes].find(([above]) => startsWith(key, above))?.[1];
    if (leaf) {
      const value = show(texts.read(leaf.path, leaf.item.value), isHidden(leaf, plan.shape));
      return { key, state: 'found', value, origin: String(leaf.item.origin) };
    }
    if (hole)
      return {
        key,
        state: hole.error.code === 'on_demand' ? 'on_demand' : 'unreadable',
        origin: String(hole.origin),
      };
    const fallback = fallbacks.get(key);
    if (fallback && 'default' in fallback)
      return {
        key,
        state: 'default',
        value: show(fallback.default as never, fallback.secret),
        origin: 'default of the schema',
      };
    return { key, state: 'absent' };
  });
}
