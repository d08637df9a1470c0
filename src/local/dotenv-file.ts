import { refusal, type SourceText } from '../formats/refusal.ts';
import { lazy, peer } from '../internal/lazy.ts';

/** One variable of a file, and where its name stands. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** In single quotes: nothing is substituted. */
  readonly literal: boolean;
  readonly line: number;
  readonly column: number;
}

type Statement = Omit<Assignment, 'value'>;

const dotenv = lazy(async () => (await import('dotenv')).default);
const assignment = /^(\s*(?:export\s+)?)([\w.-]+)(?:\s*=|:\s)\s*/;
const nothing = /^\s*(?:#|$)/;
const unreadable = 'not a line of the form NAME=value';
const hint = 'Put a value of several lines in quotes';

/** The variables of a `.env` file: dotenv says what a value is, and this where it stands. What dotenv would skip, cut off or
 *  read otherwise than it looks is refused. */
export async function readDotenv(source: SourceText): Promise<readonly Assignment[]> {
  const text = source.text.replace(/\r\n?/g, '\n');
  const statements = scan({ ...source, text });
  const values = (await peer(source.provider, 'dotenv', dotenv)).parse(text, { fast: true });
  return statements.map((statement) => {
    const { name } = statement;
    if (!Object.hasOwn(values, name)) throw refusal(source, statement, 'a name that cannot be read');
    return { ...statement, value: values[name] as string };
  });
}

function scan(source: SourceText): Statement[] {
  const { text } = source;
  const invisible = text.search(/[\u2028\u2029]/);
  if (invisible >= 0) throw refusal(source, invisible, 'a line separator that no editor shows', 'Remove it');
  const found = new Map<string, Statement>();
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    let end = lineEnd(text, start);
    const content = text.slice(start, end);
    if (!nothing.test(content)) {
      const { close, ...statement } = read(source, content, start, line);
      const before = found.get(statement.name);
      if (before)
        throw refusal(source, statement, `sets again what line ${before.line} has set`, 'Keep one of them');
      found.set(statement.name, statement);
      for (; end < close; end = lineEnd(text, end + 1)) line++;
    }
    start = end + 1;
  }
  return [...found.values()];
}

/** A variable, and where its value's closing quote is. */
function read(
  source: SourceText,
  content: string,
  start: number,
  line: number,
): Statement & { readonly close: number } {
  const match = assignment.exec(content);
  const column = (match?.[1]?.length ?? content.search(/\S/)) + 1;
  if (!match) throw refusal(source, { line, column }, unreadable, hint);
  const from = match[0].length;
  const quote = /["'`]/.test(content[from] ?? '') ? (content[from] as string) : undefined;
  const close = quote === undefined ? -1 : closing(source.text, start + from, quote);
  const why = close < 0 && misread(content, from, quote);
  if (why)
    throw refusal(
      source,
      { line, column: from + 1 },
      why,
      'Put the whole value in quotes, of a kind that it does not hold',
    );
  return { name: match[2] as string, literal: quote === "'" && close >= 0, line, column, close };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

const lastOfItsLine = /[^\S\n]*(?:#|\n|$)/y;

/** Where dotenv sees a quoted value end: at the first quote without a backslash, or the last one with, if at most a comment is
 *  behind it. */
function closing(text: string, open: number, quote: string): number {
  let close = -1;
  for (let at = text.indexOf(quote, open + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    lastOfItsLine.lastIndex = at + 1;
    if (lastOfItsLine.test(text)) close = at;
    if (text[at - 1] !== '\\') break;
  }
  return close;
}

/** Why a value that dotenv takes as it stands would not be what it looks like. */
function misread(content: string, from: number, quote: string | undefined): string | undefined {
  const hash = content.indexOf('#', from);
  if (hash >= 0 && /\S/.test(content[hash - 1] as string))
    return 'a # with no blank before it cuts the value off';
  const value = content.slice(from, hash < 0 ? content.length : hash).trim();
  if (quote !== undefined && (value.length < 2 || !value.endsWith(quote)))
    return 'a quote that does not close, or text behind one that does';
  return undefined;
}
