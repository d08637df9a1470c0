// The limits of a value (range, length, format, choices): in words for a person, and as a check. The words
// appear in reports, in `describeKeys` and in `.env.example`.

import type { Kind, Shape } from './shape.ts';

/** The limits of a value besides its kind, named as in JSON Schema. */
export interface Limits {
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly format?: unknown;
  readonly pattern?: unknown;
  readonly minLength?: unknown;
  readonly maxLength?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly exclusiveMinimum?: unknown;
  readonly exclusiveMaximum?: unknown;
  readonly minItems?: unknown;
  readonly maxItems?: unknown;
}

const formats: Readonly<Record<string, string>> = {
  uri: 'a URL',
  url: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  guid: 'a UUID',
  date: 'a date, as in 2030-12-31',
  time: 'a time, as in 23:59:59',
  'date-time': 'a date and time, as in 2030-12-31T23:59:59Z',
  duration: 'an ISO 8601 duration, as in PT5M',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
};

/** What a schema expects, in words for a person. */
export function expected(kinds: ReadonlySet<Kind>, limits: Limits, items?: Shape): string {
  const choices = choicesOf(limits);
  if (choices) return choices.length === 1 ? text(choices[0]) : `one of ${choices.map(text).join(', ')}`;
  return [...kinds].map((kind) => ofKind(kind, limits, items)).join(' or ');
}

const choicesOf = (limits: Limits): readonly unknown[] | undefined =>
  'const' in limits ? [limits.const] : Array.isArray(limits.enum) ? limits.enum : undefined;
const text = (value: unknown): string =>
  typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));

function ofKind(kind: Kind, limits: Limits, items: Shape | undefined): string {
  switch (kind) {
    case 'string':
      return ofString(limits);
    case 'number':
      return `a number${range(limits)}`;
    case 'integer':
    case 'bigint':
      return `a whole number${range(limits)}`;
    case 'boolean':
      return 'true or false';
    case 'date':
      return 'a date, as in 2030-12-31';
    case 'list': {
      const count = amount(limits.minItems, limits.maxItems, 'item');
      return `a list${count ? ` of ${count}` : ''}${items?.expects ? `, each item ${items.expects}` : ''}`;
    }
    case 'section':
      return 'a section';
    case 'null':
      return 'null';
  }
}

function ofString({ format, pattern, minLength, maxLength }: Limits): string {
  const known = typeof format === 'string' ? formats[format] : undefined;
  if (known) return known;
  const count = amount(minLength, maxLength, 'character');
  const matches = typeof pattern === 'string' && pattern.length <= 60 ? ` that matches /${pattern}/` : '';
  if (minLength === 1 && maxLength === undefined && !matches) return 'a string that is not empty';
  return `a string${count ? ` of ${count}` : ''}${matches}`;
}

function amount(least: unknown, most: unknown, unit: string): string {
  const plural = (n: unknown): string => `${n} ${unit}${n === 1 ? '' : 's'}`;
  if (typeof least === 'number' && least > 0 && typeof most === 'number')
    return least === most ? plural(least) : `${least} to ${plural(most)}`;
  if (typeof least === 'number' && least > 0) return `at least ${plural(least)}`;
  return typeof most === 'number' ? `at most ${plural(most)}` : '';
}

/** Ignores the limits of safe integers, which zod adds to every integer. */
const bound = (value: unknown): number | undefined =>
  typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;

function range(limits: Limits): string {
  const [least, most] = [bound(limits.minimum), bound(limits.maximum)];
  const [above, below] = [bound(limits.exclusiveMinimum), bound(limits.exclusiveMaximum)];
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  const parts = [
    least === undefined ? '' : `at least ${least}`,
    above === undefined ? '' : `greater than ${above}`,
    most === undefined ? '' : `at most ${most}`,
    below === undefined ? '' : `less than ${below}`,
  ].filter(Boolean);
  return parts.length > 0 ? `, ${parts.join(' and ')}` : '';
}

/** Whether a value is what `expected` says, as far as that can be checked without the schema. */
export function fits(value: unknown, kinds: ReadonlySet<Kind>, limits: Limits): boolean {
  const choices = choicesOf(limits);
  if (choices)
    return choices.some(
      (choice) => choice === value || (typeof choice === 'object' && typeof value === 'object'),
    );
  return [...kinds].some((kind) => isKind(value, kind)) && isWithin(value, limits);
}

/** Whether a value is of a kind. */
export function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'section') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (kind === 'null') return value === null;
  if (kind === 'integer') return Number.isInteger(value);
  if (kind === 'date') return value instanceof Date;
  return typeof value === kind;
}

function isWithin(value: unknown, limits: Limits): boolean {
  const size =
    typeof value === 'string'
      ? value.length
      : Array.isArray(value)
        ? value.length
        : typeof value === 'number'
          ? value
          : undefined;
  if (size === undefined) return true;
  // formats and patterns are not checked here: a string that the schema rejected is assumed to break them
  if (typeof value === 'string' && typeof limits.format === 'string' && limits.format in formats)
    return false;
  if (typeof value === 'string' && typeof limits.pattern === 'string') return false;
  const holds = (limit: unknown, ok: (limit: number) => boolean): boolean =>
    typeof limit !== 'number' || ok(limit);
  if (typeof value === 'number') {
    return (
      holds(limits.minimum, (limit) => size >= limit) &&
      holds(limits.maximum, (limit) => size <= limit) &&
      holds(limits.exclusiveMinimum, (limit) => size > limit) &&
      holds(limits.exclusiveMaximum, (limit) => size < limit)
    );
  }
  const [least, most] =
    typeof value === 'string' ? [limits.minLength, limits.maxLength] : [limits.minItems, limits.maxItems];
  return holds(least, (limit) => size >= limit) && holds(most, (limit) => size <= limit);
}
