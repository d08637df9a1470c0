// Validates the options of providers, chains and loads when they are constructed. A check describes what it
// expects, so that every error has the same form.

import { ConfigError } from '../errors.ts';
import { nearest } from './nearest.ts';

/** The longest time that a timer of Node takes: 24.8 days. A longer one would end at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** The expected kind, in words, or `undefined` when the value is of this kind. */
export type Check = (value: unknown) => string | undefined;

const check =
  (expected: string, ok: (value: unknown) => boolean): Check =>
  (value) =>
    ok(value) ? undefined : expected;

export const aString: Check = check('a non-empty string', (v) => typeof v === 'string' && v !== '');
export const aBoolean: Check = check('true or false', (v) => typeof v === 'boolean');
export const aFunction: Check = check('a function', (v) => typeof v === 'function');
export const aSignal: Check = check('an AbortSignal', (v) => v instanceof AbortSignal);
export const anObject: Check = check(
  'an object',
  (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
);
export const anything: Check = () => undefined;
export const aNumber = (least: number, most = Number.MAX_VALUE): Check =>
  check(
    most === Number.MAX_VALUE ? `a number, at least ${least}` : `a number from ${least} to ${most}`,
    (v) => typeof v === 'number' && v >= least && v <= most,
  );
export const anInteger = (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  check(
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number, at least ${least}`
      : `a whole number from ${least} to ${most}`,
    (v) => Number.isInteger(v) && (v as number) >= least && (v as number) <= most,
  );
export const oneOf = (...values: readonly (string | boolean)[]): Check =>
  check(`one of ${values.map((v) => JSON.stringify(v)).join(', ')}`, (v) => values.includes(v as string));
export const listOf =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((v) => each(v) === undefined)
      ? undefined
      : `a list, each ${each(Symbol()) ?? 'anything'}`;
export const mapOf =
  (each: Check): Check =>
  (value) =>
    anObject(value) === undefined && Object.values(value as object).every((v) => each(v) === undefined)
      ? undefined
      : `an object, each value ${each(Symbol()) ?? 'anything'}`;
export const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value) === undefined)
      ? undefined
      : checks.map((check) => check(value)).join(' or ');
export const sensitiveNames: Check = listOf(
  check('a word or a RegExp', (v) => (typeof v === 'string' && v !== '') || v instanceof RegExp),
);

/** Throws `invalid_option` for an unknown option and for one of the wrong kind. Never quotes a received
 *  string: an option may be a token. */
export function checkOptions(owner: string, options: object, allowed: Readonly<Record<string, Check>>): void {
  if (anObject(options))
    throw new ConfigError(
      'invalid_option',
      `${owner}: the options must be an object; received ${kindOf(options)}`,
      typeof options === 'string' && allowed.prefix
        ? { hint: `Pass ${allowed.files ? "{ files: ['.env'] } or " : ''}{ prefix: 'APP' }` }
        : {},
    );
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (!check) {
      const similar = nearest(name, Object.keys(allowed));
      throw new ConfigError('invalid_option', `${owner}: unknown option ${JSON.stringify(name)}`, {
        hint: similar ? `Did you mean ${similar}?` : `Use one of ${Object.keys(allowed).join(', ')}`,
      });
    }
    const expected = value === undefined ? undefined : check(value);
    if (expected)
      throw new ConfigError(
        'invalid_option',
        `${owner}: the option ${name} must be ${expected}; received ${kindOf(value)}`,
      );
  }
}

/** The kind of a value. Numbers and booleans are shown. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'a list';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

/** A copy without the fields that are undefined: a spread of it keeps the defaults before it, and types with
 *  `exactOptionalPropertyTypes` take it. */
export function defined<T extends object>(
  fields: T | undefined,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as never;
}
