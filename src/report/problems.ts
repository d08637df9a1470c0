import type { Problem } from '../errors.ts';
import type { Origin } from '../origin.ts';
import { looksSecret, show } from '../redact.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { readings } from '../schema/strings.ts';
import type { Issue } from '../schema/texts.ts';
import type { ConfigValue, Key } from '../value.ts';
import { withoutValues } from './wording.ts';

/** What is known about the value that an issue is about. */
export interface Found {
  readonly key: Key;
  /** As the source has it. */
  readonly value: ConfigValue | undefined;
  /** As it was given to the schema. */
  readonly read?: ConfigValue | undefined;
  readonly secret: boolean;
  /** It is one item of a text that was read as a list, or one value of one that was read as a section. */
  readonly part?: boolean;
  readonly origin?: Origin | undefined;
  /** Its strings may be read as the schema wants. */
  readonly text: boolean;
  readonly shape?: Shape | undefined;
  /** What must not appear in the schema library's own words. */
  readonly secrets: readonly unknown[];
}

/** A value that the schema does not take. */
export function wrong(issue: Issue, found: Found): Problem {
  const { key, value, secret, origin, shape, secrets } = found;
  const explained =
    issue.refused ||
    (shape?.expects !== undefined && !isCustom(issue) && shape.check?.(found.read ?? value) !== true);
  const words = explained ? undefined : withoutValues(issue, secrets, secret);
  const expected = shape?.expects;
  const shown = value === '' ? '"" (set, but empty)' : described(value, secret);
  const because = explained
    ? `expected ${expected ?? 'something else'}`
    : (words ?? 'the schema does not accept it');
  const hint = whatToDo(found, explained ? expected : undefined);
  return {
    kind: 'wrong',
    key,
    message: `${because}, found ${shown}`,
    ...(expected && { expected }),
    ...(words && { schemaMessage: words }),
    found: shown,
    ...(origin && { origin: String(origin) }),
    ...(hint && { hint }),
  };
}

/** The same for an issue inside one value: `issue.path` leads from the value on. */
export function wrongInside(issue: Issue, found: Found): Problem {
  const dig = (at: ConfigValue | undefined): ConfigValue | undefined =>
    issue.path.reduce<ConfigValue | undefined>(
      (inner, step) => (inner as Record<PropertyKey, ConfigValue> | null | undefined)?.[step],
      at,
    );
  const part = issue.path.length > 0 && typeof found.value === 'string';
  const read = dig(found.read);
  const secret =
    found.secret || (issue.path.length > 0 && found.value !== undefined && looksSecret(found.value));
  return wrong(issue, {
    ...found,
    value: part ? read : dig(found.value),
    read,
    part,
    secret,
    shape: shapeAt(found.shape, issue.path),
  });
}

/** Sections and long lists are told by their size. */
function described(value: ConfigValue | undefined, secret: boolean): string {
  if (typeof value === 'object' && value !== null && !secret) {
    const count = Object.keys(value).length;
    if (!Array.isArray(value)) return `a section with ${count} ${count === 1 ? 'key' : 'keys'}`;
  }
  return show(value, secret);
}

/** A schema's own check: its words say more than the kind of value that it wants. */
function isCustom({ raw }: Issue): boolean {
  const { code, type } = (raw ?? {}) as { readonly code?: unknown; readonly type?: unknown };
  return (
    code === 'custom' ||
    code === 'predicate' ||
    type === 'check' ||
    type === 'raw_check' ||
    type === 'partial_check'
  );
}

function whatToDo(
  { value, text, origin, shape, secret, part }: Found,
  expected: string | undefined,
): string | undefined {
  if (!origin) return undefined;
  if (
    typeof value === 'string' &&
    shape?.kinds?.has('date') &&
    !shape.kinds.has('string') &&
    !shape.coerces &&
    isDate(value)
  )
    return 'No source has dates: let the schema make one of the text, as z.coerce.date() does';
  if (part) return `Change this part of ${placeOf(origin)}${expected ? ` to ${expected}` : ''}`;
  if (value === '' && text) return `Give ${placeOf(origin)} a value, or remove it`;
  const unread =
    typeof value === 'string' && !text && shape?.kinds !== undefined && !shape.kinds.has('string');
  if (
    unread &&
    !secret &&
    readings(value, shape).some((reading) => typeof reading !== 'string' && typeof reading !== 'object')
  ) {
    return `Remove the quotes: ${origin.source} has a string there`;
  }
  const unquoted = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
  if (unquoted && !text && shape?.kinds?.has('string') && expected?.startsWith('a string'))
    return `Put it in quotes: ${origin.source} has a ${typeof value} there`;
  if (!text) return expected ? `Change it to ${expected}` : undefined;
  return `${expected && isVariable(origin) ? 'Set' : 'Change'} ${placeOf(origin)}${expected ? ` to ${expected}` : ''}`;
}

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text));

const isVariable = (place: Origin | string): boolean => String(place).startsWith('env ');

/** `env APP__PORT` is set by the name alone. */
export function placeOf(origin: Origin | string): string {
  return String(origin).replace(/^env /, '');
}

/** A value that is needed and that nobody has. */
export function missing(
  key: Key,
  shape: Shape | undefined,
  looked: readonly string[],
  near?: { readonly key: Key; readonly origin: string },
): Problem {
  const expected = shape?.expects;
  const first = looked.find(isVariable) ?? looked[0];
  const hint = near
    ? `Is "${near.key}" (${near.origin}) a misspelling of it?`
    : first
      ? `Set ${placeOf(first)}${expected ? ` to ${expected}` : ''}`
      : undefined;
  return {
    kind: 'missing',
    key,
    message: `it is missing${expected ? `, expected ${expected}` : ''}`,
    ...(expected && { expected }),
    ...(looked.length > 0 && { looked }),
    ...(hint && { hint }),
  };
}

/** A key that nobody reads. Its value is not shown: it may be anything. */
export function unknownKey(key: Key, origin: string, meant: Key | undefined): Problem {
  return {
    kind: 'unknown',
    key,
    message: 'nothing reads this key',
    origin,
    hint: meant ? `Did you mean "${meant}"?` : 'Remove it, or add it to the schema',
  };
}
