import { refusal, type SourceText } from './refusal.ts';

/** The text with blanks in place of comments and of commas behind a last value, so that every offset stays what it was. */
export function withoutComments(source: SourceText): string {
  const { text } = source;
  const blanks: [from: number, to: number][] = [];
  let before = ''; // the last character that counts
  let comma: number | undefined; // where it stands, if that is a comma behind a value
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      const end = endOfComment(source, at);
      blanks.push([at, end]);
      at = end - 1;
      continue;
    }
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r') continue;
    if ((char === '}' || char === ']') && comma !== undefined) blanks.push([comma, comma + 1]);
    comma = char === ',' && !'[{,'.includes(before) ? at : undefined;
    before = char;
    if (char === '"') at = endOfString(text, at);
  }
  return blanked(text, blanks);
}

function blanked(text: string, blanks: [from: number, to: number][]): string {
  let out = '';
  let done = 0;
  for (const [from, to] of blanks.sort((a, b) => a[0] - b[0])) {
    out += text.slice(done, from) + text.slice(from, to).replace(/[^\r\n]/g, ' ');
    done = to;
  }
  return out + text.slice(done);
}

function endOfComment(source: SourceText, start: number): number {
  const { text } = source;
  const line = text[start + 1] === '/';
  const end = text.indexOf(line ? '\n' : '*/', start + 2);
  if (end !== -1) return line ? end : end + 2;
  if (!line) throw refusal(source, start, 'a comment does not end');
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
