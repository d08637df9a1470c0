import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import { isConfigError } from '../../src/errors.ts';
import { layersOf } from '../../src/listing.ts';
import { merge } from '../../src/merge/merge.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { ConfigTree } from '../../src/value.ts';

/** The number of leaves to compare. Continuous integration sets a higher one. */
const wanted = Number(process.env.PROPERTY_RUNS ?? 1_000);

// few letters, so that one name can mean many keys
const keys = 'a.b ab aB a.bc abc ab.c a.b.c c b b.c a.a.b x.a.b x.ab x.b'.split(' ');
const variables =
  'A_B AB A__B A_BC ABC AB_C AB__C A_B_C A__B_C C B B_C A_A_B X_A_B X__AB a_b _ A_ PATH'.split(' ');

const some = (list: readonly string[], most: number) =>
  fc.subarray([...list], { minLength: 1, maxLength: most });
const wrappers: ((provider: ConfigProvider) => ConfigProvider)[] = [
  (provider) => provider,
  (provider) => scoped(provider, 'a'),
  (provider) => mounted(provider, 'x'),
  (provider) => scoped(mounted(provider, 'x'), 'x'),
  (provider) => mounted(scoped(provider, 'a'), 'a'),
  (provider) => optional(scoped(provider, 'x')),
];

/** A tree with those of the keys that are not inside or around another. */
function treeOf(chosen: readonly string[], tag: string): ConfigTree {
  const tree: Record<string, unknown> = {};
  for (const key of chosen) {
    const path = key.split('.');
    const name = path.pop() as string;
    let at: Record<string, unknown> | undefined = tree;
    for (const segment of path) {
      const inner: unknown = at?.[segment] ?? {};
      if (at) at[segment] ??= inner;
      at = typeof inner === 'object' ? (inner as Record<string, unknown>) : undefined;
    }
    if (at && typeof at[name] !== 'object') at[name] = `${tag} ${key}`;
  }
  return tree as ConfigTree;
}

/** Each name with its prefix, in either form, unless the provider would refuse it. */
const environment = (prefixed: boolean) =>
  fc.array(fc.tuple(fc.constantFrom(...variables), fc.boolean()), { maxLength: 7 }).map((chosen) =>
    Object.fromEntries(
      chosen.flatMap(([name, exact]) => {
        const whole = prefixed ? `${exact ? 'P__' : 'P_'}${name}` : name;
        return /^P__(?:_|$)/.test(whole) ? [] : [[whole, `env ${whole}`]];
      }),
    ),
  );

const drawing = fc.boolean().chain((prefixed) =>
  fc.record({
    prefix: fc.constant(prefixed ? { prefix: 'P' } : {}),
    env: environment(prefixed),
    file: some(keys, 6),
    low: some(keys, 4),
    wrapper: fc.nat(wrappers.length - 1),
    isFirst: fc.boolean(),
    isNested: fc.boolean(),
    asked: fc.option(fc.record({ keys: some(keys, 8), prefixes: fc.constantFrom<string[]>([], ['x']) }), {
      nil: undefined,
    }),
  }),
);

describe('a chain with exact and conventional names', () => {
  it('get returns what the merged tree has, for each leaf, whatever the names can mean', {
    timeout: 600_000,
  }, async () => {
    const drawn = { leaves: 0, fromVariables: 0, conventional: 0 };
    await fc.assert(
      fc.asyncProperty(drawing, async ({ prefix, env, file, low, wrapper, isFirst, isNested, asked }) => {
        const variables = wrappers[wrapper]?.(new EnvProvider({ ...prefix, env })) as ConfigProvider;
        const upper = new MemoryProvider(treeOf(file, 'file'), { name: 'file' });
        const lower = new MemoryProvider(treeOf(low, 'low'), { name: 'low' });
        const two = isFirst ? [variables, upper] : [upper, variables];
        const chain = new ProviderChain(isNested ? [new ProviderChain(two), lower] : [...two, lower]);
        const merged = merge(await layersOf(chain, ''), asked ?? { keys: [], prefixes: [''] });
        for (const [key, { value, entry }] of merged.leaves) {
          drawn.leaves++;
          if (entry.loose) drawn.fromVariables++;
          if (entry.loose === 'words') drawn.conventional++;
          const alone = await chain.value(key).catch((error: unknown) => error);
          expect(isConfigError(alone) ? alone.message : alone, `${key} in ${JSON.stringify(env)}`).toBe(
            value,
          );
        }
      }),
      { numRuns: Math.ceil(wanted / 3), seed: 4 },
    );
    // guards against random inputs that compare nothing
    expect(drawn.leaves).toBeGreaterThan(wanted);
    expect(drawn.fromVariables).toBeGreaterThan(wanted / 10);
    expect(drawn.conventional).toBeGreaterThan(wanted / 20);
  });
});
