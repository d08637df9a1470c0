// Turns JSON with comments into JSON. Used by json.ts.

import { refusal, type SourceText } from './refusal.ts';

/** Replaces comments and trailing commas with spaces, so that every offset stays the same. */
export function withoutComments(source: SourceText): string {
  const { text } = source;
  const skipped: [from: number, to: number][] = [];
  let before = ''; // the last character that is neither space nor comment
  let comma: number | undefined; // its offset, if it is a comma after a value
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      const end = endOfComment(source, at);
      skipped.push([at, end]);
      at = end - 1;
      continue;
    }
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r') continue;
    if ((char === '}' || char === ']') && comma !== undefined) skipped.push([comma, comma + 1]);
    comma = char === ',' && !'[{,'.includes(before) ? at : undefined;
    before = char;
    if (char === '"') at = endOfString(text, at);
  }
  return blanked(text, skipped);
}

function blanked(text: string, skipped: [from: number, to: number][]): string {
  let out = '';
  let done = 0;
  for (const [from, to] of skipped.sort((a, b) => a[0] - b[0])) {
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
  if (!line) throw refusal(source, start, 'an unclosed comment');
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
