/** How long a Retry-After header asks to wait: it holds seconds, or a date. */
export function retryAfterMs(header: unknown): number | undefined {
  const text = typeof header === 'string' ? header : '';
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : undefined;
}
