// Fields of responses, checked for their type. Used by the AWS and Azure sources.

/** The value if it is a non-empty string. */
export const textField = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The value if it is a valid Date, in milliseconds since 1970. */
export function timeField(value: unknown): number | undefined {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
