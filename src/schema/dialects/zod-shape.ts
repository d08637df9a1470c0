interface ZodContext {
  readonly zodSchema: {
    readonly _zod: {
      readonly def: {
        readonly type: string;
        readonly coerce?: boolean;
        readonly in?: ZodContext['zodSchema'];
      };
    };
  };
  readonly jsonSchema: Record<string, unknown>;
}

/** Options for zod's JSON Schema output. What JSON Schema cannot express is marked with `x-` names. */
export const zodOptions = {
  unrepresentable: 'any',
  // zod refuses two schemas with the same id; the id is not needed here
  metadata: {
    get: (schema: { meta?: () => object | undefined }) => {
      const { id, ...metadata } = (schema.meta?.() ?? {}) as { id?: unknown };
      return metadata;
    },
    has: () => false,
  },
  override: ({ zodSchema, jsonSchema }: ZodContext) => {
    const { type, coerce, in: input } = zodSchema._zod.def;
    if (type === 'bigint' || type === 'date') jsonSchema['x-read-as'] = type;
    if (coerce && type !== 'string') jsonSchema['x-coerces'] = true;
    // z.preprocess accepts any input, whatever schema follows it
    if (type === 'pipe' && input?._zod.def.type === 'transform') jsonSchema['x-read-as'] = 'anything';
  },
};
