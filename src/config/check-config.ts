// What `checkConfig` does and returns: a dry run without credentials, as a table. `llm-config check` prints
// it.

import { jsonValue } from '../chain/explain.ts';
import { isConfigError, type Problem } from '../errors.ts';
import { keyFrom, startsWith } from '../key.ts';
import { newId, thread } from '../operation.ts';
import { show } from '../redact.ts';
import { formatReport } from '../report/report.ts';
import { isHidden } from '../report/secrecy.ts';
import { mayRead } from '../report/unknown-keys.ts';
import { keysIn } from '../schema/keys.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import { inTurns } from '../turns.ts';
import type { ConfigValue, Key } from '../value.ts';
import { carryForward } from './carry-forward.ts';
import { withDeadline } from './deadline.ts';
import { type DeprecatedUse, deprecatedIn, deprecatedMessage } from './deprecated.ts';
import { allProblems, failureOf, type Load, readLayers, validateLayers } from './load.ts';
import { type ConfigSource, type LoadOptions, planOf } from './plan.ts';
import { warningsOf } from './warnings.ts';

/** A key and where its value would come from. */
export interface CheckedKey {
  readonly key: Key;
  /** `default`: the schema sets the value. `unread`: a source has the key, and the schema does not read it.
   *  `on_demand`: a read would create credentials, so a check does not read the key. */
  readonly state: 'found' | 'default' | 'absent' | 'unread' | 'unreadable' | 'on_demand';
  /** Masked if secret, shortened if long. Absent for `unread`, because the key may be a misspelled secret. */
  readonly value?: string;
  /** Where the value comes from: `config/base.yaml:12:5`. */
  readonly origin?: string;
}

/** What JSON shows of the value of a key. */
const jsonValues = new WeakMap<CheckedKey, unknown>();

/** The result of a dry run. Printed, it is a table of the keys with a report of the problems. */
export class ConfigCheck {
  /** True if a load would succeed. */
  readonly ok: boolean;
  /** All problems. */
  readonly problems: readonly Problem[];
  /** Every key that the schema reads, and every other key that a source has. */
  readonly keys: readonly CheckedKey[];
  /** What sources have under the keys of the option `deprecated`. */
  readonly deprecated: readonly DeprecatedUse[];
  /** What a load warns of: keys that nothing reads, as the option `unknown` says, and references that are not
   *  replaced. Empty if there are problems: a report names misspelled keys itself. */
  readonly warnings: readonly string[];

  /** @internal */
  constructor(
    problems: readonly Problem[],
    keys: readonly CheckedKey[],
    deprecated: readonly DeprecatedUse[] = [],
    warnings: readonly string[] = [],
  ) {
    this.ok = problems.length === 0;
    this.problems = problems;
    this.keys = keys;
    this.deprecated = deprecated;
    this.warnings = warnings;
  }

  /** The same for JSON, where values are whole and keep their types. Masks secrets. */
  toJSON(): object {
    const withValue = (one: CheckedKey) =>
      one.value === undefined ? one : { ...one, value: jsonValues.get(one) ?? one.value };
    return { ...this, keys: this.keys.map(withValue) };
  }

  /** A table of the keys, below it the deprecated keys that are set, the warnings, and the problems. */
  toString(): string {
    const rows = this.keys.map(
      ({ key, state, value, origin }) => [key, value ?? stateTexts[state], origin ?? ''] as const,
    );
    const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
    const lines = rows.map(([key, value, origin]) =>
      `  ${key.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${origin}`.trimEnd(),
    );
    const report = this.ok ? 'The configuration is valid.' : formatReport(this.problems);
    const remarks = [...this.deprecated.map(deprecatedMessage), ...this.warnings];
    return [lines, remarks, [report]]
      .flatMap((part) => (part.length > 0 ? [part.join('\n')] : []))
      .join('\n\n');
  }
}

const stateTexts = {
  found: '',
  default: '(default)',
  absent: '(not set)',
  unread: '(not read)',
  unreadable: '(cannot be read)',
  on_demand: '(created on demand)',
};

/** What `checkConfig` does. */
export async function check(
  schema: StandardSchemaV1,
  source: ConfigSource,
  options: Omit<LoadOptions, 'watch'> = {},
): Promise<ConfigCheck> {
  if (!isSchema(schema)) throw notASchema('checkConfig');
  const { plan, own } = planOf('checkConfig', schema, source, options);
  try {
    const { signal, context, unknown, deadlineMs } = options;
    const asked = {
      ...(signal && { signal }),
      context,
      [thread]: { operation: newId(), cause: 'check' },
    } as const;
    const layers = await inTurns(
      withDeadline(plan.source.name, deadlineMs, asked, (limited) => readLayers(plan, limited)),
    );
    const failure = failureOf(layers);
    if (failure) return new ConfigCheck(failure.problems ?? [], []);
    const load = await inTurns(validateLayers(plan, carryForward(layers, [], Date.now())));
    const problems = allProblems(load, unknown).filter(({ key }) => !isOnDemand(key, load));
    const warnings = problems.length === 0 ? warningsOf(load, unknown).map(({ message }) => message) : [];
    return new ConfigCheck(problems, checkedKeys(schema, load), deprecatedIn(load.layers), warnings);
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

function checkedKeys(schema: StandardSchemaV1, { placement, texts, plan: { shape } }: Load): CheckedKey[] {
  const leaves = new Map(placement.leaves.map((leaf) => [keyFrom(leaf.path), leaf]));
  const holes = new Map(placement.holes.map(({ path, item }) => [keyFrom(path), item]));
  const schemaKeys = new Map(keysIn(schema).keys.map((one) => [one.key, one]));
  const keys = new Set([...schemaKeys.keys(), ...leaves.keys(), ...holes.keys()]);
  return [...keys].map((key): CheckedKey => {
    const leaf = leaves.get(key);
    if (leaf) {
      const origin = String(leaf.item.origin);
      if (shape && !mayRead(leaf.path, shape)) return { key, state: 'unread', origin };
      return checked(
        { key, state: 'found', origin },
        texts.read(leaf.path, leaf.item.value),
        isHidden(leaf, shape),
      );
    }
    const hole = holes.get(key) ?? [...holes].find(([above]) => startsWith(key, above))?.[1];
    if (hole) {
      const state = hole.error.code === 'on_demand' ? 'on_demand' : 'unreadable';
      return { key, state, origin: String(hole.origin) };
    }
    const fallback = schemaKeys.get(key);
    if (!fallback || !('default' in fallback)) return { key, state: 'absent' };
    const state = { key, state: 'default', origin: 'default of the schema' } as const;
    return checked(state, fallback.default as ConfigValue, fallback.secret);
  });
}

function checked(
  { key, state, origin }: Omit<CheckedKey, 'value'> & Required<Pick<CheckedKey, 'origin'>>,
  value: ConfigValue,
  secret: boolean,
): CheckedKey {
  const one: CheckedKey = { key, state, value: show(value, secret), origin };
  jsonValues.set(one, jsonValue(value, secret));
  return one;
}
