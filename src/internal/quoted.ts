/** Something from outside that may stand in a message: short, on one line, without control characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : `(${typeof value})`;
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text).replace(/\p{Cc}|\p{Cf}/gu, '?');
}
