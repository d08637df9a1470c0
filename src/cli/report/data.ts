// What a report shows of a configuration, as data: `report --json` prints it, page.ts makes the page of it.
// The caller passes it through `shown` of the inspection before it leaves the process.

import { checkConfig } from '../../config/load-config.ts';
import { ConfigError } from '../../errors.ts';
import { MASK, show } from '../../redact.ts';
import type { ConfigValue, Key } from '../../value.ts';
import type { Inspected } from '../inspect.ts';
import type { Loaded } from '../module.ts';

export interface ReportedLayer {
  readonly name: string;
  readonly kind: 'store' | 'local';
  readonly status: 'ok' | 'degraded' | 'down';
  readonly latencyMs?: number;
  readonly reason?: string;
  /** Keys that this layer sets. */
  readonly wins: number;
  /** Keys that a layer above sets. */
  readonly shadowed: number;
  readonly unreadable: number;
}

export interface ReportedCandidate {
  readonly provider: string;
  readonly outcome: 'wins' | 'shadowed' | 'unreadable' | 'failed' | 'tolerated';
  readonly value?: string;
  readonly origin?: string;
  readonly ageMs?: number;
  readonly stale?: boolean;
  readonly modifiedAt?: string;
  readonly version?: string;
  readonly error?: string;
}

export interface ReportedKey {
  readonly key: Key;
  readonly state: 'set' | 'default' | 'not set' | 'unreadable';
  readonly secret: boolean;
  readonly type?: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly value?: string;
  readonly winner?: string;
  /** File and line, variable or path in the store. */
  readonly origin?: string;
  readonly candidates: readonly ReportedCandidate[];
  readonly problems: readonly string[];
  readonly error?: string;
}

export interface ReportedChange {
  readonly key: Key;
  readonly what:
    | 'added'
    | 'removed'
    | 'another source'
    | 'another version'
    | 'another value'
    | 'another state';
  readonly before?: string;
  readonly after?: string;
}

export interface ReportData {
  readonly report: 1;
  readonly module: string;
  readonly at: string;
  readonly valid?: boolean;
  readonly layers: readonly ReportedLayer[];
  readonly keys: readonly ReportedKey[];
  /** Problems that belong to no single key. */
  readonly problems: readonly string[];
  /** The current generation, if the module exports a configuration that is loaded. */
  readonly generation?: {
    readonly number: number;
    readonly loadedAt: string;
    readonly sources: readonly {
      readonly name: string;
      readonly entries: number;
      readonly version?: string;
    }[];
    readonly failure?: string;
  };
  /** What differs from an earlier report. */
  readonly since?: { readonly at: string; readonly changes: readonly ReportedChange[] };
}

export async function reportOf(loaded: Loaded, inspected: Inspected, now = Date.now()): Promise<ReportData> {
  const { chain, schema, options, config, file } = loaded;
  const [health, check] = await Promise.all([
    chain.health(),
    schema ? checkConfig(schema, chain, options) : undefined,
  ]);
  const problems = (check?.problems ?? []).map(({ key, message }) => ({ key, message }));
  const keys = inspected.keys.map((key) => keyOf(key, inspected, problems));
  const named = new Set<Key>(keys.map(({ key }) => key));
  const local = new Set(chain.providers.flatMap(({ name, local }) => (local ? [name] : [])));
  const layers = inspected.layers.map(({ name, error, tolerated }): ReportedLayer => {
    const { status = 'ok', latencyMs, reason } = health.providers?.[name] ?? {};
    const problem = (error ?? tolerated)?.message ?? reason;
    const count = (outcome: ReportedCandidate['outcome']): number =>
      keys.filter(({ candidates }) =>
        candidates.some((one) => one.provider === name && one.outcome === outcome),
      ).length;
    return {
      name,
      kind: local.has(name) ? 'local' : 'store',
      status: error ? 'down' : status,
      ...(latencyMs !== undefined && !local.has(name) && { latencyMs: Math.round(latencyMs) }),
      ...(problem && { reason: problem }),
      wins: count('wins'),
      shadowed: count('shadowed'),
      unreadable: count('unreadable'),
    };
  });
  const { generation, failure } = config ?? {};
  return {
    report: 1,
    module: file,
    at: new Date(now).toISOString(),
    ...(check && { valid: check.ok }),
    layers,
    keys,
    problems: problems.flatMap(({ key, message }) => (named.has(key) ? [] : [message])),
    ...(generation && {
      generation: {
        number: generation.number,
        loadedAt: new Date(generation.loadedAt).toISOString(),
        sources: generation.sources.map(({ name, entries, version }) => ({
          name,
          entries,
          ...(version !== undefined && { version }),
        })),
        ...(failure && { failure: failure.message }),
      },
    }),
  };
}

function keyOf(
  key: Key,
  inspected: Inspected,
  problems: readonly { readonly key: Key; readonly message: string }[],
): ReportedKey {
  const explanation = inspected.explain(key);
  const { winner, error } = explanation;
  const known = inspected.known.keys.find((one) => one.key === key);
  const secret = inspected.isSecret(key) || known?.secret === true;
  const candidates = explanation.layers.flatMap((layer): ReportedCandidate[] => {
    if (layer.outcome === 'absent') return [];
    const { modifiedAt, version } = inspected.writtenAt(key, layer.provider);
    return [
      {
        provider: layer.provider,
        outcome: layer.outcome !== 'found' ? layer.outcome : layer === winner ? 'wins' : 'shadowed',
        ...(layer.value !== undefined && { value: layer.value }),
        ...(layer.origin && { origin: `${layer.origin}` }),
        ...(layer.ageMs !== undefined && { ageMs: Math.round(layer.ageMs) }),
        ...(layer.status?.stale && { stale: true }),
        ...timeOf(modifiedAt),
        ...(version !== undefined && { version }),
        ...(layer.error && { error: layer.error.message }),
      },
    ];
  });
  const hasDefault = known !== undefined && 'default' in known;
  return {
    key,
    state: winner ? 'set' : error ? 'unreadable' : hasDefault ? 'default' : 'not set',
    secret,
    ...(known?.type && { type: known.type }),
    ...(known?.description && { description: known.description }),
    ...(known?.required !== undefined && { required: known.required }),
    ...(winner?.value !== undefined
      ? { value: winner.value }
      : hasDefault && !error && { value: show(known.default as ConfigValue, secret) }),
    ...(winner && { winner: winner.provider, origin: `${winner.origin ?? winner.provider}` }),
    candidates,
    problems: problems.flatMap((problem) => (problem.key === key ? [problem.message] : [])),
    ...(error && { error: error.message }),
  };
}

function timeOf(modifiedAt: number | undefined): { readonly modifiedAt?: string } {
  const date = new Date(modifiedAt ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? {} : { modifiedAt: date.toISOString() };
}

/** What differs between two reports. Secrets are compared by their sources and versions, never by value. */
export function changesSince(
  before: Pick<ReportData, 'keys'>,
  now: Pick<ReportData, 'keys'>,
): readonly ReportedChange[] {
  const earlier = new Map(before.keys.map((one) => [one.key, one]));
  const later = new Set(now.keys.map(({ key }) => key));
  const removed = before.keys.flatMap((one): ReportedChange[] =>
    later.has(one.key) ? [] : [{ key: one.key, what: 'removed', ...has('before', shownOf(one)) }],
  );
  const changed = now.keys.flatMap((one): ReportedChange[] => {
    const { key } = one;
    const old = earlier.get(key);
    if (!old) return [{ key, what: 'added', ...has('after', shownOf(one)) }];
    const what = differenceOf(old, one);
    if (!what) return [];
    const [, seen] = aspects.find(([name]) => name === what) as (typeof aspects)[number];
    // it may be the same value, whose mark is new or lost
    const isHidden = what === 'another value' && (old.secret || one.secret);
    const shown = (text: string | undefined) => (isHidden && text !== undefined ? MASK : text);
    return [{ key, what, ...has('before', shown(seen(old))), ...has('after', shown(seen(one))) }];
  });
  return [...removed, ...changed];
}

/** The time of a file says nothing about one key of it, but a secret has no other sign of a change. */
const versionOf = ({ secret, candidates }: ReportedKey): string | undefined => {
  const { version, modifiedAt } = candidates.find(({ outcome }) => outcome === 'wins') ?? {};
  return version ?? (secret ? modifiedAt : undefined);
};
const shownOf = ({ value, state }: ReportedKey): string => value ?? state;

/** What is compared, in this order. */
const aspects: readonly (readonly [ReportedChange['what'], (key: ReportedKey) => string | undefined])[] = [
  ['another state', ({ state }) => state],
  ['another source', ({ origin }) => origin?.replace(/:\d+(?::\d+)?$/, '')],
  ['another value', ({ value }) => value],
  ['another version', versionOf],
];

const differenceOf = (before: ReportedKey, now: ReportedKey): ReportedChange['what'] | undefined =>
  aspects.find(([, seen]) => seen(before) !== seen(now))?.[0];

const has = (name: 'before' | 'after', text: string | undefined): object =>
  text === undefined ? {} : { [name]: text };

/** An earlier report, as `report --json` has printed it. Takes over only what is compared. */
export function parseReport(text: string, file: string): Pick<ReportData, 'at' | 'keys'> {
  try {
    const { report, at, keys } = JSON.parse(text) as ReportData;
    if (report === 1) return { at: `${at}`, keys: keys.map(comparable) };
  } catch {
    // the text may be anything
  }
  throw new ConfigError('parse', `${file} is not a report`, {
    hint: 'Pass a file that `llm-config report --json` has written',
  });
}

function comparable({ key, state, secret, value, origin, candidates }: ReportedKey): ReportedKey {
  const text = <N extends string>(name: N, found: unknown): { [K in N]?: string } =>
    found === undefined ? {} : ({ [name]: `${found}` } as { [K in N]?: string });
  const winner = candidates.find(({ outcome }) => outcome === 'wins');
  const written = { ...text('version', winner?.version), ...text('modifiedAt', winner?.modifiedAt) };
  return {
    key: `${key}`,
    state: `${state}` as ReportedKey['state'],
    secret: secret === true,
    ...text('value', value),
    ...text('origin', origin),
    candidates: winner ? [{ provider: '', outcome: 'wins', ...written }] : [],
    problems: [],
  };
}
