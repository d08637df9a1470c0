interface Unrepresentable {
  readonly base: object;
  readonly code: string;
  readonly domain?: string;
}

/** Options for arktype's JSON Schema output. What JSON Schema cannot express is marked with `x-read-as`, or
 *  left out. */
export const arktypeOptions = {
  fallback: {
    default: ({ base, code, domain }: Unrepresentable) => {
      const isBigint = code === 'domain' && domain === 'bigint';
      const readAs = code === 'date' ? 'date' : isBigint ? 'bigint' : undefined;
      return readAs ? { ...base, 'x-read-as': readAs } : base;
    },
  },
};
