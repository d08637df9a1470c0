/** Obviously fake, and unlike any word an error might say. */
export const fakes = {
  password: 'qX7vW-fake-9KjTm2',
  apiKey: 'zR4pL-fake-6HwYc8',
} as const;

/** More keys than any backend's page or batch takes. */
export const many: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 45 }, (_, i) => [`many.item${i}`, `value ${i}`]),
);
