// Code frames: the line of a file with a value that the schema rejects, and a caret below the value. Made by
// diagnosis.ts and printed by report.ts; a problem as data has none. A line is quoted only if nothing on it
// may be secret: neither a value nor a part of one, nor a name or text that looks like a secret.

import type { Problem } from '../errors.ts';
import { type Origin, placeIn, type QuotedText } from '../origin.ts';
import { escapeControls, isSecretName, looksSecret } from '../redact.ts';
import type { Located } from './issue-path.ts';
import { SecretRuns } from './secret-runs.ts';

const frames = new WeakMap<Problem, readonly string[]>();

/** The frame of a problem: no lines if the place may not be quoted. */
export const frameOf = (problem: Problem): readonly string[] => frames.get(problem) ?? [];

/** Longer lines are not quoted. */
const maxLine = 5_000;

interface Line {
  readonly text: string;
  readonly isQuotable: boolean;
}

/** The frames of one report. Each file and each line is judged once. */
export class Frames {
  readonly #located: Located;
  readonly #holdsSecret: (text: string) => boolean;
  readonly #lines = new Map<QuotedText, (line: number) => Line>();
  #hidden: ReadonlyMap<QuotedText, ReadonlySet<string>> | undefined;

  constructor(located: Located, holdsSecret: (text: string) => boolean) {
    this.#located = located;
    this.#holdsSecret = holdsSecret;
  }

  /** Adds the frame of the place `origin` to a problem, if the line may be quoted. */
  add(problem: Problem, origin: Origin): void {
    const { line = 0, column = 0, valueColumn = column, quoted } = placeIn(origin) ?? {};
    if (!quoted) return;
    let lineAt = this.#lines.get(quoted);
    if (!lineAt) this.#lines.set(quoted, (lineAt = this.#linesOf(quoted)));
    const { text, isQuotable } = lineAt(line);
    if (isQuotable) frames.set(problem, frame(text, line, valueColumn));
  }

  #linesOf(quoted: QuotedText): (line: number) => Line {
    const lines = quoted.text.split('\n');
    const hidden = this.#hiddenIn(quoted);
    const values = [...quoted.values()].map((value) => ({
      ...value,
      secret: value.secret || hidden.has(positionText(value)),
    }));
    const holdsSecret = new SecretRuns(values.filter(({ secret }) => secret).map(({ value }) => value));
    const secretLines = linesOfSecrets(values, lines);
    const known = new Map<number, Line>();
    return (number) => {
      let line = known.get(number);
      if (!line) {
        const text = (lines[number - 1] ?? '').replace(/\r$/, '');
        const isQuotable =
          text.length <= maxLine &&
          !secretLines.some(([from, to]) => from <= number && number <= to) &&
          !looksSecret(text) &&
          !namesSecret(text) &&
          !holdsSecret.holds(text) &&
          !this.#holdsSecret(text);
        known.set(number, (line = { text, isQuotable }));
      }
      return line;
    };
  }

  /** The places of values that are hidden for another reason than their own: by a mark of the schema, or
   *  because the key is secret in another source. */
  #hiddenIn(quoted: QuotedText): ReadonlySet<string> {
    if (!this.#hidden) {
      const hidden = new Map<QuotedText, Set<string>>();
      for (const origin of this.#located.hiddenOrigins()) {
        const place = placeIn(origin);
        if (!place?.quoted) continue;
        const places = hidden.get(place.quoted) ?? new Set();
        hidden.set(place.quoted, places.add(positionText(place)));
      }
      this.#hidden = hidden;
    }
    return this.#hidden.get(quoted) ?? new Set();
  }
}

interface Position {
  readonly line: number;
  readonly column: number;
}

const positionText = ({ line, column }: Position): string => `${line}:${column}`;

/** What may precede a value on its line, if the value before it ends above: `port: `, `- `, `"port": `. */
const ownLine = /^\s*(?:-\s+)*(?:export\s+)?(?:(?:[\w.-]+|"[^"\\]*"|'[^'\\]*')\s*[:=]\s*)?$/;

/** The lines with secret values, first and last. A value ends where the next one begins: it may have many
 *  lines, and the last one may continue with the next value. */
function linesOfSecrets(
  values: readonly (Position & { readonly secret: boolean })[],
  lines: readonly string[],
): (readonly [from: number, to: number])[] {
  const sorted = [...values].sort((a, b) => a.line - b.line || a.column - b.column);
  let next: Position | undefined;
  let [first, found]: [Position | undefined, (readonly [number, number])[]] = [undefined, []];
  for (const value of sorted.reverse()) {
    // several values may be at one place: an alias
    if (first && positionText(first) !== positionText(value)) next = first;
    first = value;
    if (!value.secret) continue;
    const isAlone = next && ownLine.test((lines[next.line - 1] ?? '').slice(0, next.column - 1));
    const last = next ? next.line - (isAlone ? 1 : 0) : Number.POSITIVE_INFINITY;
    found.push([value.line, Math.max(value.line, last)]);
  }
  return found;
}

/** Whether a line has the name of a secret, also in a comment. */
const namesSecret = (line: string): boolean =>
  isSecretName(line) || (line.match(/[\w.-]+/g) ?? []).some((word) => isSecretName(word));

/** How much of a line is shown, in columns of a terminal: before the caret, and in all. */
const [maxBefore, maxShown] = [50, 76];
/** How much of a line is measured. */
const maxUnits = 300;

/** The line and the caret. Tabs, control characters and wide characters would move the caret. */
function frame(line: string, number: number, column: number): readonly string[] {
  const at = Math.min(column - 1, line.length);
  const before = fitting(characters(line.slice(0, at).trimStart().slice(-maxUnits)).reverse(), maxBefore);
  const after = fitting(characters(line.slice(at, at + maxUnits)), maxShown - before.width);
  const shown = [...before.texts.reverse(), ...after.texts].join('');
  const margin = `${number}`;
  return [`${margin} | ${shown}`, `${' '.repeat(margin.length)} | ${' '.repeat(before.width)}^`];
}

/** As many characters as have room, and an ellipsis for the others. */
function fitting(
  all: readonly Character[],
  room: number,
): { readonly texts: string[]; readonly width: number } {
  const texts: string[] = [];
  let width = 0;
  for (const [at, one] of all.entries()) {
    const isLast = at === all.length - 1;
    if (width + one.width > (isLast ? room : room - 1)) return { texts: [...texts, '…'], width: width + 1 };
    texts.push(one.text);
    width += one.width;
  }
  return { texts, width };
}

interface Character {
  readonly text: string;
  /** In columns of a terminal. */
  readonly width: number;
}

let segmenter: Intl.Segmenter | undefined;
/** Made for the first frame: it takes as long as the rest of an import. */
const graphemes = (): Intl.Segmenter => (segmenter ??= new Intl.Segmenter());

const invisible = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;
/** What terminals print in two columns: East Asian scripts, full-width forms, emoji. */
const wide = new RegExp(
  [
    '[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f]',
    '[\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]',
    '\\p{Emoji_Presentation}|\\ufe0f',
  ].join('|'),
  'u',
);

/** The characters of a text as they are printed. Those without a picture are printed as escapes. */
function characters(text: string): Character[] {
  return Array.from(graphemes().segment(text), ({ segment }) => {
    if (segment === '\t') return { text: '  ', width: 2 };
    const escaped = invisible.test(segment)
      ? [...segment].map((sign) => `\\u${sign.codePointAt(0)?.toString(16).padStart(4, '0')}`).join('')
      : escapeControls(segment);
    return escaped === segment
      ? { text: segment, width: wide.test(segment) ? 2 : 1 }
      : { text: escaped, width: escaped.length };
  });
}
