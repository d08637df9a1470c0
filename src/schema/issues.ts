// Reads the issues of any schema library. Used by texts.ts.

import { arktype } from './dialects/arktype.ts';
import type { Dialect, Issue, Path, RawIssue } from './dialects/dialect.ts';
import { valibot } from './dialects/valibot.ts';
import { zod } from './dialects/zod.ts';

// A schema may be a mixture, and other libraries imitate these three. So every dialect reads every issue.
const dialects: readonly Dialect[] = [arktype, zod, valibot];

/** A message may quote a value of any length, and none is shown with more than 200 characters. */
const maxMessage = 1_000;

/** Reads an issue of any library. `outer` is the path of the issue that it is nested in. */
export function readIssue(raw: RawIssue, outer: Path = []): Issue {
  // arktype's own kind of array maps an empty one to one with an item, so its own `map` is not used
  const steps = Array.from(raw.path ?? [], (step) => (typeof step === 'object' ? step.key : step));
  const path = [...outer, ...steps];
  const original = String(raw.message).trim().slice(0, maxMessage).trim();
  const unquoted = dialects.reduce((text, { quote }) => text.replace(quote, ''), original).trim();
  const message = dialects.reduce((text, one) => one.withoutPath?.(text, path) ?? text, unquoted);
  const details = dialects.map((one) => one.details(raw, (inner) => readIssue(inner, path)));
  const isDefault = dialects.some((one) => one.isDefault(raw, original));
  return Object.assign(
    { message, path, ...(unquoted !== original && { quoted: true }), ...(!isDefault && { own: true }) },
    ...details,
  ) as Issue;
}
