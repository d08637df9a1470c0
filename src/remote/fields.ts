/** Fields of what a client answers, as far as they are what they should be. */
export const textField = (said: unknown): string | undefined =>
  typeof said === 'string' && said !== '' ? said : undefined;

/** Milliseconds since 1970. */
export function timeField(said: unknown): number | undefined {
  const time = said instanceof Date ? said.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Without the names that hold nothing. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
