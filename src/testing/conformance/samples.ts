// Values that sentences of several chapters use. None is a real secret.

/** Fake secrets that share no six characters with any error message: `assertNoLeak` searches for such
 *  parts. */
export const fakes = {
  password: 'qX7vW-fake-9KjTm2',
  apiKey: 'zR4pL-fake-6HwYc8',
} as const;

/** More keys than fit in a page or a batch of any backend. */
export const many: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 45 }, (_, i) => [`many.item${i}`, `value ${i}`]),
);
