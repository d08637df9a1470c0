import fc from 'fast-check';
import {
  type ConfigProvider,
  fallback,
  intercepted,
  loadConfig,
  makeEntry,
  makeOrigin,
  ProviderChain,
} from 'llm-config-manager';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { forwardOnly } from '../../examples/cross-region/forward-only.ts';
import { Region } from '../../examples/cross-region/region.ts';

const keys = ['a', 'b'] as const;
type Name = (typeof keys)[number];
const key = fc.constantFrom(...keys);
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), key }),
  fc.record({ do: fc.constantFrom('copy', 'near down', 'near up', 'far down', 'far up') }),
  fc.record({ do: fc.constantFrom('get', 'renew', 'getMany', 'tree', 'list', 'reload'), key }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const Schema = z.object({ a: z.string(), b: z.string() });

/** Runs a history over two regions. Returns what one reader saw of each key, in order: the values are their
 *  versions. A read that fails shows nothing. */
async function seen(
  steps: readonly Step[],
  around: (near: Region, far: Region) => ConfigProvider,
): Promise<Readonly<Record<Name | 'config.a' | 'config.b', number[]>>> {
  const near = new Region('near');
  const far = new Region('far');
  const versions = { a: 0, b: 0 };
  const write = (name: Name): void => {
    versions[name] = near.write(name, `${versions[name] + 1}`);
  };
  keys.forEach(write);
  far.copyFrom(near);
  const store = around(near, far);
  await using chain = new ProviderChain([store]);
  await using config = await loadConfig(Schema, chain);
  const shown = {
    a: [] as number[],
    b: [] as number[],
    'config.a': [] as number[],
    'config.b': [] as number[],
  };
  const show = (values: Partial<Record<Name, unknown>>): void => {
    for (const name of keys) if (values[name] !== undefined) shown[name].push(Number(values[name]));
  };
  const runs: Readonly<Record<string, (name: Name) => unknown>> = {
    write,
    copy: () => far.copyFrom(near),
    'near down': () => (near.isDown = true),
    'near up': () => (near.isDown = false),
    'far down': () => (far.isDown = true),
    'far up': () => (far.isDown = false),
    get: async (name) => show({ [name]: await chain.value(name) }),
    renew: async (name) => show({ [name]: await chain.value(name, { maxAgeMs: 0 }) }),
    getMany: async () =>
      show(
        Object.fromEntries(
          [...((await store.getMany?.(keys)) ?? [])].map(([name, entry]) => [
            name,
            entry && 'value' in entry ? entry.value : undefined,
          ]),
        ),
      ),
    tree: async () => show((await chain.tree()) as Record<Name, string>),
    list: async () => {
      for (const item of await store.list()) if ('value' in item) show({ [item.key]: item.value });
    },
    reload: () => config.reload(),
  };
  for (const one of steps) {
    await Promise.resolve(runs[one.do]?.('key' in one ? one.key : 'a')).catch(() => undefined);
    for (const name of keys) shown[`config.${name}`].push(Number(config.value[name]));
  }
  return shown;
}
const stepsBack = (shown: readonly number[]): boolean => shown.some((one, at) => one < (shown[at - 1] ?? 0));
const history = fc.array(step, { minLength: 10, maxLength: 60 });
const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 50) };

describe('examples/cross-region', () => {
  it('no reader steps back in version, whatever the regions do', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const shown = await seen(steps, (near, far) => intercepted(fallback(near, far), forwardOnly()));
        for (const [name, versions] of Object.entries(shown))
          expect(stepsBack(versions), `${name}: ${versions}`).toBe(false);
      }),
      runs,
    );
  });

  it('the histories make a reader of fallback alone step back', async () => {
    let back = 0;
    for (const steps of fc.sample(history, { numRuns: 50, seed: 1 }))
      if (Object.values(await seen(steps, fallback)).some(stepsBack)) back++;
    expect(back).toBeGreaterThan(0);
  });

  it('versions without an order are compared by their times', async () => {
    let written = { version: '7c1f', modifiedAt: 2 };
    const plain: ConfigProvider = {
      name: 'store',
      async get(name) {
        const origin = makeOrigin({ provider: 'store', source: 'store' });
        return makeEntry({ key: name, value: written.version, secret: false, origin, ...written });
      },
      list: async () => [],
    };
    const store = intercepted(plain, forwardOnly());
    expect((await store.get('a'))?.value).toBe('7c1f');
    written = { version: '0b52', modifiedAt: 1 };
    expect((await store.get('a'))?.value).toBe('7c1f');
    written = { version: 'e3a9', modifiedAt: 3 };
    expect((await store.get('a'))?.value).toBe('e3a9');
  });
});
