// What is wrong with a section `llm`: first each value by the shape, then what the parts mean for each other.
// Used by schema.ts. Messages hold names of endpoints, never values.

import { nearest } from '../../internal/nearest.ts';
import { isPlain } from '../../value.ts';
import { checkMoney } from './check-money.ts';
import type { EndpointData, LlmData, Rank, TaskData, WeightedEndpoint } from './data.ts';
import type { Issue, Path, Report } from './issues.ts';
import { parts } from './parts.ts';
import { type Part, shape } from './shape.ts';

/** Everything that is wrong with a section. */
export function issuesOf(given: unknown): readonly Issue[] {
  const issues: Issue[] = [];
  const report: Report = (path, message) => void issues.push({ path, message });
  checkPart(shape, given, [], report);
  if (issues.length === 0) checkMeaning(given as LlmData, report);
  return issues;
}

const words: Readonly<Record<NonNullable<Part['type']>, string>> = {
  object: 'a section',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

function isOf(type: Part['type'], value: unknown): boolean {
  if (type === 'object') return isPlain(value);
  if (type === 'array') return Array.isArray(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

function checkPart(part: Part, value: unknown, path: Path, report: Report): void {
  const { type, enum: choices, minimum, minLength, minItems, items } = part;
  if (type === undefined) return;
  if (!isOf(type, value)) report(path, `must be ${words[type]}`);
  else if (choices && !choices.includes(value as string))
    report(path, `must be one of ${choices.join(', ')}`);
  else if (minLength && value === '') report(path, 'must not be empty');
  else if (minimum !== undefined && (value as number) < minimum) report(path, `must be at least ${minimum}`);
  else if (minItems && (value as unknown[]).length < minItems) report(path, 'must not be empty');
  else if (items)
    for (const [at, item] of (value as unknown[]).entries()) checkPart(items, item, [...path, at], report);
  else if (type === 'object') checkNames(part, value as Readonly<Record<string, unknown>>, path, report);
}

function checkNames(part: Part, value: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const { properties = {}, required = [], additionalProperties } = part;
  for (const name of required) if (value[name] === undefined) report([...path, name], 'is required');
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (known) checkPart(known, inner, [...path, name], report);
    else report([...path, name], `is not known here${meant(name, Object.keys(properties))}`);
  }
}

const meant = (name: string, known: readonly string[]): string => {
  const similar = nearest(name, known);
  return similar === undefined ? '' : `; did you mean ${similar}?`;
};

function checkMeaning(data: LlmData, report: Report): void {
  const { endpoints, tasks } = data;
  for (const [name, endpoint] of Object.entries(endpoints))
    checkEndpoint(endpoint, ['endpoints', name], report);
  for (const [name, task] of Object.entries(tasks)) checkTask(task, endpoints, ['tasks', name], report);
  parts.presets.now?.checkPresets(data, report);
  parts.prompts.now?.checkPrompts(data, report);
  checkMoney(data, report, (use) => use.flatMap(weightedIn).map(({ endpoint }) => endpoint));
}

/** The field of `auth` that holds the secret. */
const secretFields = { key: 'apiKey', bearer: 'token', ambient: undefined } as const;

function checkEndpoint({ baseURL, auth, headers = {} }: EndpointData, path: Path, report: Report): void {
  const url = baseURL === undefined ? undefined : urlOf(baseURL);
  if (baseURL !== undefined && !/^https?:$/.test(url?.protocol ?? ''))
    report([...path, 'baseURL'], 'must be a URL that begins with https:// or http://');
  // a URL is printed, and fetch refuses such a one with a message that quotes it
  else if (url?.username || url?.password)
    report([...path, 'baseURL'], 'must not have a user or a password; use auth or headers');
  for (const [name, value] of Object.entries(headers))
    if (!isHeader(name, value)) report([...path, 'headers', name], 'cannot be a header');
  if (!auth) return;
  const { type, ...secrets } = auth;
  const wanted = secretFields[type];
  if (wanted && secrets[wanted] === undefined)
    report([...path, 'auth', wanted], `is required, because the type is ${type}`);
  for (const name of ['apiKey', 'token'] as const)
    if (name !== wanted && secrets[name] !== undefined)
      report([...path, 'auth', name], `is not used, because the type is ${type}`);
}

const isHeader = (name: string, value: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !/[\r\n\0]/.test(value);

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function checkTask(
  { kind, use }: TaskData,
  endpoints: LlmData['endpoints'],
  path: Path,
  report: Report,
): void {
  const seen = new Map<string, EndpointData>();
  const check = (item: unknown, at: Path): void => {
    const name = isPlain(item) ? checkWeighted(item, at, report) : item;
    if (typeof name !== 'string') {
      if (!isPlain(item)) report(at, 'must be the name of an endpoint, or an endpoint with a weight');
      return;
    }
    const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
    if (!endpoint)
      report(
        at,
        `names the endpoint ${JSON.stringify(name)}, which does not exist` +
          meant(name, Object.keys(endpoints)),
      );
    else if (seen.has(name)) report(at, `names the endpoint ${JSON.stringify(name)} twice`);
    else seen.set(name, endpoint);
  };
  for (const [n, rank] of use.entries()) {
    const at = [...path, 'use', n];
    if (!Array.isArray(rank)) check(rank, at);
    else if (rank.length === 0) report(at, 'must not be empty');
    else for (const [m, item] of rank.entries()) check(item, [...at, m]);
  }
  if (kind === 'embedding') checkSpaces(seen, [...path, 'use'], report);
}

function checkWeighted(item: Record<string, unknown>, at: Path, report: Report): unknown {
  const { endpoint, weight = 1, ...others } = item;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    report([...at, unknown], `is not known here${meant(unknown, ['endpoint', 'weight'])}`);
  if (typeof endpoint !== 'string') report([...at, 'endpoint'], 'must be the name of an endpoint');
  if (typeof weight !== 'number' || !(weight >= 0) || weight === Number.POSITIVE_INFINITY)
    report([...at, 'weight'], 'must be a number, at least 0');
  return endpoint;
}

/** Vectors of two models in one index mean nothing to each other, and no error says so. */
function checkSpaces(endpoints: ReadonlyMap<string, EndpointData>, path: Path, report: Report): void {
  const spaces = new Set(Array.from(endpoints.values(), ({ model, space }) => space ?? `model ${model}`));
  if (spaces.size > 1) report(path, 'has endpoints of different models, whose vectors cannot be compared');
}

/** The endpoints of a rank, each with a weight. */
export const weightedIn = (rank: Rank): readonly Required<WeightedEndpoint>[] =>
  (Array.isArray(rank)
    ? (rank as readonly (string | WeightedEndpoint)[])
    : [rank as string | WeightedEndpoint]
  ).map((item) => (typeof item === 'string' ? { endpoint: item, weight: 1 } : { weight: 1, ...item }));
