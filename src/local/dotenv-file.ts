// Reads one `.env` file. Called by dotenv-files.ts. The package dotenv decides what a value is; the scanner
// here finds where each name is and refuses what dotenv skips, cuts off or misreads without an error.

import { refusal, type SourceText } from '../formats/refusal.ts';
import { lazyModule, peer } from '../internal/lazy.ts';
import { inTurns, type Steps, wait } from '../turns.ts';

/** One variable of a file and the position of its name. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Single-quoted: references in it are not replaced. */
  readonly literal: boolean;
  readonly line: number;
  readonly column: number;
  /** Where the value begins. */
  readonly valueColumn: number;
}

type Statement = Omit<Assignment, 'value'>;

export const loadDotenv = lazyModule(async () => (await import('dotenv')).default);
const assignment = /^(\s*(?:export\s+)?)([\w.-]+)(?:\s*=|:\s)\s*/;
const emptyOrComment = /^\s*(?:#|$)/;

/** Returns the variables of a `.env` file in the order of its lines.
 *  @throws ConfigError `parse` with line and column */
export const readDotenv = (source: SourceText): Promise<readonly Assignment[]> =>
  inTurns(readDotenvSteps(source));

/** `readDotenv` in steps. */
export function* readDotenvSteps(source: SourceText): Steps<readonly Assignment[]> {
  const text = source.text.replace(/\r\n?/g, '\n');
  const statements = scan({ ...source, text });
  const { now } = loadDotenv;
  const later = () => peer(source.provider, 'dotenv', loadDotenv.later);
  const values = (yield* wait({ who: 'dotenv', later, now })).parse(text, { fast: true });
  return statements.map((statement) => {
    const { name } = statement;
    if (!Object.hasOwn(values, name)) throw refusal(source, statement, 'a name that cannot be read');
    return { ...statement, value: values[name] as string };
  });
}

function scan(source: SourceText): Statement[] {
  const { text } = source;
  const separator = text.search(/[\u2028\u2029]/);
  if (separator >= 0)
    throw refusal(
      source,
      separator,
      'an invisible line separator (U+2028 or U+2029)',
      'Remove the character',
    );
  const found = new Map<string, Statement>();
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    let end = lineEnd(text, start);
    const content = text.slice(start, end);
    if (!emptyOrComment.test(content)) {
      const { close, ...statement } = readStatement(source, content, start, line);
      const { name } = statement;
      const before = found.get(name);
      if (before)
        throw refusal(source, statement, `${name} is already set in line ${before.line}`, 'Keep one of them');
      found.set(name, statement);
      for (; end < close; end = lineEnd(text, end + 1)) line++;
    }
    start = end + 1;
  }
  return [...found.values()];
}

/** Reads a variable; `close` is the offset of its closing quote, -1 without quotes. */
function readStatement(
  source: SourceText,
  content: string,
  start: number,
  line: number,
): Statement & { readonly close: number } {
  const match = assignment.exec(content);
  const column = (match?.[1]?.length ?? content.search(/\S/)) + 1;
  if (!match)
    throw refusal(
      source,
      { line, column },
      'not a line of the form NAME=value',
      'Quote values that span several lines',
    );
  const from = match[0].length;
  const quote = /["'`]/.test(content[from] ?? '') ? (content[from] as string) : undefined;
  const close = quote === undefined ? -1 : closingQuote(source.text, start + from, quote);
  const fault = close < 0 && misreading(content, from, quote);
  if (fault)
    throw refusal(
      source,
      { line, column: from + 1 },
      fault,
      'Quote the whole value with a quote character that it does not contain',
    );
  return {
    name: match[2] as string,
    literal: quote === "'" && close >= 0,
    line,
    column,
    valueColumn: from + 1,
    close,
  };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

const endOfLine = /[^\S\n]*(?:#|\n|$)/y;

/** Where dotenv ends a quoted value: at the first quote without a backslash, or at the last one with,
 *  provided that at most a comment follows on the line. */
function closingQuote(text: string, open: number, quote: string): number {
  let close = -1;
  for (let at = text.indexOf(quote, open + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    endOfLine.lastIndex = at + 1;
    if (endOfLine.test(text)) close = at;
    if (text[at - 1] !== '\\') break;
  }
  return close;
}

/** Why dotenv would return another value than the line shows. */
function misreading(content: string, from: number, quote: string | undefined): string | undefined {
  const hash = content.indexOf('#', from);
  if (hash >= 0 && /\S/.test(content[hash - 1] as string))
    return 'a # without a space before it cuts off the value';
  const value = content.slice(from, hash < 0 ? content.length : hash).trim();
  if (quote !== undefined && (value.length < 2 || !value.endsWith(quote)))
    return 'an unclosed quote, or text after a closing quote';
  return undefined;
}
