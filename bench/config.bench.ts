// A load taken apart. Loads beside those of other libraries are in first.bench.ts.
import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { z } from 'zod';
import { compare } from './compare.ts';

// 1,000 keys in 100 sections: numbers, strings and booleans
const givenAt = (k: number): string | number | boolean => [k, `a value ${k}`, k % 2 === 0][k % 3] as string;
const kindOf = (k: number): z.ZodType => [z.number(), z.string(), z.boolean()][k % 3] as z.ZodType;
const build = <T>(
  leaf: (k: number) => T,
  section: (inner: Record<string, T>) => unknown = (inner) => inner,
): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: 100 }, (_, s) => [
      `section${s}`,
      section(Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, leaf(s * 10 + k)]))),
    ]),
  );
const tree = build(givenAt);
const schema = z.object(build(kindOf, (inner) => z.object(inner as z.ZodRawShape)) as z.ZodRawShape);
const names = Array.from({ length: 1_000 }, (_, k) => `SECTION${Math.floor(k / 10)}__KEY${k % 10}`);
const flat = z.object(Object.fromEntries(names.map((name, k) => [name, kindOf(k)])));
const given = Object.fromEntries(names.map((name, k) => [name, givenAt(k)]));
const memory = new MemoryProvider(tree as never);

await compare(
  'where the time of a load goes',
  {
    'zod alone, 100 sections': () => schema.parse(tree),
    'zod alone, flat': () => flat.parse(given),
    'loadConfig from memory': async () => loadConfig(schema, memory),
    'loadConfig from memory, no schema': async () => loadConfig(memory),
  },
  { timeMs: 1_000 },
);
