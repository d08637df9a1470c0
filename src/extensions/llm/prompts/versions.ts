// Versions of prompts, and the ranges that choose one: `1.4.2`, `^1.4`, `~1.4`, or none for the highest. The
// rules are those of semver. A version with a suffix, such as `2.0.0-beta.1`, is chosen only by its whole
// name.

/** A prompt, as a task or a caller names it: `summarize`, `summarize@^1.4`. */
export interface PromptName {
  readonly name: string;
  /** Empty: the highest version. */
  readonly range: string;
}

type Numbers = readonly [number, number, number];

const number = '(?:0|[1-9]\\d{0,8})';
const versionForm = new RegExp(`^(${number})\\.(${number})\\.(${number})(-[\\w.-]+)?$`);
const rangeForm = new RegExp(`^([~^])(${number})(?:\\.(${number}))?(?:\\.(${number}))?$`);

export const isVersion = (text: string): boolean => versionForm.test(text);
export const isRange = (text: string): boolean => text === '' || isVersion(text) || rangeForm.test(text);

/** Reads `summarize@^1.4`. */
export function promptName(text: string): PromptName {
  const at = text.indexOf('@');
  return at < 0 ? { name: text, range: '' } : { name: text.slice(0, at), range: text.slice(at + 1) };
}

/** The highest version in a range, or undefined. */
export function highest(versions: readonly string[], range: string): string | undefined {
  if (isVersion(range)) return versions.find((version) => version === range);
  const isIn = inRange(range);
  let best: { readonly version: string; readonly numbers: Numbers } | undefined;
  for (const version of versions) {
    const numbers = numbersOf(version);
    if (numbers && isIn(numbers) && (!best || compare(numbers, best.numbers) > 0))
      best = { version, numbers };
  }
  return best?.version;
}

/** The versions, the highest first. Those with a suffix come last. */
export function sorted(versions: readonly string[]): readonly string[] {
  return [...versions].sort((a, b) => compare(numbersOf(b) ?? none, numbersOf(a) ?? none));
}

const none: Numbers = [-1, 0, 0];

/** Undefined for one with a suffix. */
function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch, suffix] = versionForm.exec(version) ?? [];
  return major === undefined || suffix !== undefined
    ? undefined
    : [Number(major), Number(minor), Number(patch)];
}

function compare(a: Numbers, b: Numbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function inRange(range: string): (numbers: Numbers) => boolean {
  if (range === '') return () => true;
  const [, kind, major, minor, patch] = rangeForm.exec(range) ?? [];
  const least: Numbers = [Number(major), Number(minor ?? 0), Number(patch ?? 0)];
  // how many numbers must be the same: for `^`, up to the first that is not 0
  let same = kind === '~' && minor !== undefined ? 2 : 1;
  if (kind === '^' && least[0] === 0 && minor !== undefined)
    same = least[1] > 0 || patch === undefined ? 2 : 3;
  return (numbers) =>
    compare(numbers, least) >= 0 && least.slice(0, same).every((part, n) => part === numbers[n]);
}
