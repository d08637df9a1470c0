// The words of a problem: its message and its hint. The other files of this folder, and config/, find out
// what is wrong and call these functions. No message shows a secret; a schema's own message passes
// `safeMessage` first.

import type { Problem } from '../errors.ts';
import { append } from '../key.ts';
import type { Hole } from '../merge/hole.ts';
import { type Origin, placeIn } from '../origin.ts';
import { show } from '../redact.ts';
import type { Issue, Path } from '../schema/dialects/dialect.ts';
import { readings, wideBoolean } from '../schema/readings.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { type ConfigValue, inside, type Key } from '../value.ts';
import { placeFrom } from './places.ts';
import { safeMessage } from './safe-message.ts';

/** What is known about the value that an issue is about. */
export interface Found {
  readonly key: Key;
  /** As the source has it. */
  readonly value: ConfigValue | undefined;
  /** As the schema received it. */
  readonly read?: ConfigValue | undefined;
  readonly secret: boolean;
  /** True for an item of a text that was read as a list, or a value of a text that was read as a section. */
  readonly part?: boolean;
  readonly origin?: Origin | undefined;
  /** True if the source has only text, so that the schema decides what a string means. */
  readonly text: boolean | 'wide';
  readonly shape?: Shape | undefined;
  /** Whether a schema's own message holds a secret. */
  readonly holdsSecret: (message: string) => boolean;
}

/** A value that the schema rejects. */
export function wrong(issue: Issue, found: Found): Problem {
  const { key, value, secret, origin, shape, holdsSecret } = found;
  const isOfType = issue.custom || shape?.check?.(found.read ?? value) === true;
  const expected = isOfType && !issue.refused ? undefined : shape?.expects;
  const explained = issue.refused || expected !== undefined;
  // the expected type says it all, unless the author of the schema wrote a message
  const schemaMessage =
    issue.refused || (explained && !issue.own) ? undefined : safeMessage(issue, secret, holdsSecret);
  const shown = value === '' ? '"" (set, but empty)' : described(value, secret);
  const reasons = [schemaMessage, explained && `expected ${expected ?? 'another value'}`].filter(Boolean);
  const hint = hintFor(found, expected);
  return {
    kind: 'wrong',
    key,
    message: `${reasons.length > 0 ? reasons.join('; ') : 'the schema rejects the value'}, found ${shown}`,
    ...aboutOf(shape, holdsSecret),
    ...(expected && { expected }),
    ...(schemaMessage && { schemaMessage }),
    found: shown,
    ...(origin && { origin: String(origin) }),
    ...(hint && { hint }),
  };
}

/** What the schema's author says about a key. */
function aboutOf(shape: Shape | undefined, holdsSecret: Found['holdsSecret']): { about?: string } {
  const { description = '', expects } = shape ?? {};
  const about = safeMessage({ message: description, path: [] }, false, holdsSecret);
  return about && about !== expects ? { about } : {};
}

/** A problem for a log: without the value that was found, without what the schema library says of it, and
 *  without the place inside the value, because its names may be parts of a text. */
export function withoutFound({ found, inside, schemaMessage, message, ...problem }: Problem): Problem {
  const { kind, expected } = problem;
  if (kind === 'missing') return { ...problem, message: missingMessage(expected) };
  if (kind !== 'wrong') return { ...problem, message };
  return { ...problem, message: expected ? `expected ${expected}` : 'the schema rejects the value' };
}

/** `wrong` for an issue that may lie inside the found value: `issue.path` begins at that value. A part is as
 *  secret as the whole. */
export function wrongInside(issue: Issue, found: Found): Problem {
  const part = issue.path.length > 0 && typeof found.value === 'string';
  const read = partOf(found.read, issue.path);
  return wrong(issue, {
    ...found,
    value: part ? read : partOf(found.value, issue.path),
    read,
    part,
    shape: shapeAt(found.shape, issue.path),
  });
}

/** The value at a path. A path may lead into a text that the schema splits itself: then it is a character. */
const partOf = (value: ConfigValue | undefined, path: Path): ConfigValue | undefined =>
  path.reduce<unknown>((at, step) => inside(typeof at === 'string' ? Object(at) : at, step), value) as
    | ConfigValue
    | undefined;

/** A value in a few words: a section by its size. */
function described(value: ConfigValue | undefined, secret: boolean): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || secret)
    return show(value, secret);
  const count = Object.keys(value).length;
  return `a section with ${count} ${count === 1 ? 'key' : 'keys'}`;
}

function hintFor(found: Found, expected: string | undefined): string | undefined {
  const { value, text, origin, shape, secret, part } = found;
  if (!origin) return undefined;
  const place = placeOf(origin);
  const to = expected ? ` to ${expected}` : '';
  if (wantsDateOfText(found))
    return 'Parse the date in the schema, as z.coerce.date() does: sources have text, not dates';
  if (text && value === true) return `Give ${place} a value${expected ? `: ${expected}` : ''}`;
  if (part) return `Change this part of ${place}${to}`;
  if (value === '' && text)
    return isOfVariables(origin)
      ? `Give ${place} a value, remove it, or set the option empty: 'absent'`
      : `Give ${place} a value, or remove it`;
  if (!secret && isQuotedInFile(found))
    return origin.line === undefined
      ? `Replace the string in ${place} with ${expected ?? 'another type'}`
      : `Remove the quotes: ${origin.source} has a string there`;
  const isUnquoted = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
  if (isUnquoted && !text && shape?.kinds?.has('string') && expected?.startsWith('a string'))
    return `Quote the value: ${origin.source} has a ${typeof value} there`;
  if (!text) return expected && `Change the value${to}`;
  if (text === true && isWideBoolean(found) && isOfVariables(origin))
    return `Set ${place}${to}, or set the option booleans: 'wide'`;
  return `${expected && isVariable(origin) ? 'Set' : 'Change'} ${place}${to}`;
}

const wantsDateOfText = ({ value, shape }: Found): boolean =>
  typeof value === 'string' &&
  shape?.kinds?.has('date') === true &&
  !shape.kinds.has('string') &&
  !shape.coerces &&
  isDate(value);

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text));

/** Whether a string in a file would be what the schema wants if it had no quotes. */
const isQuotedInFile = ({ value, text, shape }: Found): boolean =>
  typeof value === 'string' &&
  !text &&
  shape?.kinds?.has('string') === false &&
  readings(value, shape).some((reading) => typeof reading !== 'string' && typeof reading !== 'object');

/** Whether a text would be a boolean with the option `booleans: 'wide'`. */
const isWideBoolean = ({ value, shape }: Found): boolean =>
  typeof value === 'string' && shape?.kinds?.has('boolean') === true && wideBoolean(value) !== undefined;

const isVariable = (origin: Origin | string): boolean => String(origin).startsWith('env ');

/** Whether a text comes from a provider of variables. In `.env` files, a place is that of a name. */
const isOfVariables = (origin: Origin): boolean =>
  isVariable(origin) || placeIn(origin)?.valueColumn !== undefined;

/** An origin as part of a hint: a variable without its `env`. */
const placeOf = (origin: Origin | string): string => String(origin).replace(/^env /, '');

const missingMessage = (expected: string | undefined): string =>
  `the value is missing${expected ? `, expected ${expected}` : ''}`;

/** A key that the schema requires and that no source has. `issue`: what the schema says about it. */
export function missing(
  key: Key,
  { shape, holdsSecret }: Pick<Found, 'shape' | 'holdsSecret'>,
  looked: readonly string[],
  near?: { readonly key: Key; readonly origin: string },
  issue?: Issue,
): Problem {
  const expected = shape?.expects;
  // of a library without a shape, the words may be its own
  const isOwn = issue?.own && (expected || !/\b(?:missing|required|undefined)\b/i.test(issue.message));
  const schemaMessage = isOwn ? safeMessage(issue, false, holdsSecret) : undefined;
  const places = looked.map(placeFrom);
  const remedy = places.find((place) => place.remedy)?.remedy;
  const first = (places.find(({ bare }) => isVariable(bare)) ?? places[0])?.bare;
  const set = first && `Set ${placeOf(first)}${expected ? ` to ${expected}` : ''}`;
  const misspelled = near && `Check the spelling of "${near.key}" (${near.origin})`;
  const hint = remedy ? remedy[0]?.toUpperCase() + remedy.slice(1) : (misspelled ?? set);
  return {
    kind: 'missing',
    key,
    message: [missingMessage(expected), schemaMessage].filter(Boolean).join('; '),
    ...aboutOf(shape, holdsSecret),
    ...(expected && { expected }),
    ...(schemaMessage && { schemaMessage }),
    ...(places.length > 0 && { looked: places.map(({ shown }) => shown) }),
    ...(hint && { hint }),
  };
}

/** A key that the schema does not read. Its value is never shown: nothing is known about its secrecy. */
export function unknownKey(key: Key, origin: string, similar: Key | undefined): Problem {
  return {
    kind: 'unknown',
    key,
    message: 'nothing reads this key',
    origin,
    hint: similar ? `Did you mean "${similar}"?` : 'Remove the key, or add it to the schema',
  };
}

/** A hole that the schema reads at `key`. Messages of sources have the whole key; the report has keys below
 *  `at`. */
export function unreadable({ error, origin }: Hole, key: Key, at: Key): Problem {
  const { hint } = error;
  const message =
    hint && error.message.endsWith(hint)
      ? error.message.slice(0, -hint.length).trim().replace(/\.$/, '')
      : error.message;
  return {
    kind: 'unreadable',
    key,
    message: message.replaceAll(`"${append(at, key)}"`, `"${key}"`),
    origin: String(origin),
    ...(hint && { hint }),
  };
}

/** A schema with code that throws. */
export const schemaThrew = (message: string): Problem => ({
  kind: 'wrong',
  key: '',
  message,
  schemaMessage: message,
  hint: 'Check values in the schema before it transforms them',
});
