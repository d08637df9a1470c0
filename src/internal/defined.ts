// Objects without what is undefined. A spread of one keeps the defaults before it, and types with
// `exactOptionalPropertyTypes` take it.

/** A copy without the fields that are undefined. */
export function defined<T extends object>(
  fields: T | undefined,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as never;
}
