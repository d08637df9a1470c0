// Reads one `.env` file. Called by dotenv-files.ts. A value is what the package dotenv makes of it, which a
// test compares. What dotenv skips, cuts off or misreads without an error is refused.

import { refusal, type SourceText } from '../formats/refusal.ts';

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

const assignment = /^(\s*(?:export\s+)?)([\w.-]+)(?:\s*=|:\s)\s*/;
const emptyOrComment = /^\s*(?:#|$)/;

/** Returns the variables of a `.env` file in the order of its lines.
 *  @throws ConfigError `parse` with line and column */
export function readDotenv(given: SourceText): readonly Assignment[] {
  const text = given.text.replace(/\r\n?/g, '\n');
  const source = { ...given, text };
  const separator = text.search(/[\u2028\u2029]/);
  if (separator >= 0)
    throw refusal(
      source,
      separator,
      'an invisible line separator (U+2028 or U+2029)',
      'Remove the character',
    );
  const found = new Map<string, Assignment>();
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    let end = lineEnd(text, start);
    const content = text.slice(start, end);
    if (!emptyOrComment.test(content)) {
      const { statement, close } = readStatement(source, content, start, line);
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
): { readonly statement: Assignment; readonly close: number } {
  const match = assignment.exec(content);
  const column = (match?.[1]?.length ?? content.search(/\S/)) + 1;
  if (!match)
    throw refusal(
      source,
      { line, column },
      'not a line of the form NAME=value',
      'Quote values that span several lines',
    );
  const name = match[2] as string;
  if (name === '__proto__') throw refusal(source, { line, column }, 'a name that cannot be read');
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
  const written = close < 0 ? onOneLine(content, from) : source.text.slice(start + from, close + 1);
  const value = quote === undefined ? written : written.slice(1, -1);
  const statement: Assignment = {
    name,
    value: quote === '"' ? value.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : value,
    literal: quote === "'" && close >= 0,
    line,
    column,
    valueColumn: from + 1,
  };
  return { statement, close };
}

/** A value without quotes, or with more of its quotes inside. */
function onOneLine(content: string, from: number): string {
  const hash = content.indexOf('#', from);
  return content.slice(from, hash < 0 ? content.length : hash).trim();
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
  const value = onOneLine(content, from);
  if (quote !== undefined && (value.length < 2 || !value.endsWith(quote)))
    return 'an unclosed quote, or text after a closing quote';
  return undefined;
}
