// Random rules against a naive evaluator, and random guards in random chains: a look-up agrees with a load.
// Runs longer with PROPERTY_RUNS.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { type Entry, isUnreadable, type Unreadable } from '../../../src/entry.ts';
import type { ConfigError } from '../../../src/errors.ts';
import {
  type Action,
  type Ask,
  guarded,
  type Rule,
  type RulesData,
  rules,
} from '../../../src/extensions/guard/index.ts';
import { merge } from '../../../src/merge/merge.ts';
import { newId, thread } from '../../../src/operation.ts';
import type { ConfigProvider } from '../../../src/provider.ts';
import { inTurns } from '../../../src/turns.ts';
import { type ConfigValue, isTree, type Key } from '../../../src/value.ts';
import { entry, hole } from '../../support/layers.ts';

const runs = (brief: number, full: number): number =>
  Math.min(full, Number(process.env.PROPERTY_RUNS ?? brief));

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const segment = fc.constantFrom('a', 'b', 'dev', 'prod');
const patternOf = fc
  .array(fc.oneof({ weight: 3, arbitrary: segment }, { weight: 2, arbitrary: fc.constantFrom('*', '**') }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join('.'));
const actions: readonly Action[] = ['read', 'list', 'write', 'delete', 'refresh'];
const people = ['ann', 'bob', 'ops'];
const roleNames = ['developer', 'operator', 'viewer'];
const some = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...all], { minLength: 1 });
const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
const hours = ['08:00-18:00 UTC', '22:00-06:00 UTC', '00:00-24:00 UTC', '12:30-12:31 UTC'];
const networks = ['10.0.0.0/8', '192.168.1.0/24', '2001:db8::/32', '0.0.0.0/0'];

const ruleOf = fc
  .record({
    keys: fc.array(patternOf, { minLength: 1, maxLength: 3 }),
    roles: optional(some(roleNames)),
    unless: optional(some(roleNames)),
    actions: optional(some(actions)),
    secret: optional(fc.boolean()),
    hours: optional(fc.constantFrom(...hours)),
    from: optional(some(networks)),
    loads: fc.constantFrom('never' as const, 'start' as const),
  })
  .map((rule) => withoutUndefined(rule) as Rule);
const dataOf: fc.Arbitrary<RulesData> = fc.record({
  roles: fc.record(Object.fromEntries(roleNames.map((name) => [name, fc.subarray(people)]))),
  allow: fc.array(ruleOf, { maxLength: 4 }),
  deny: fc.array(ruleOf, { maxLength: 2 }),
}) as fc.Arbitrary<RulesData>;
const askOf: fc.Arbitrary<Ask> = fc.record({
  action: fc.constantFrom(...actions),
  key: fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('.')),
  context: fc.oneof(
    fc.constant(undefined),
    fc
      .record({
        id: fc.constantFrom(...people),
        ip: optional(fc.constantFrom('10.1.2.3', '192.168.1.9', '2001:db8::1', 'none')),
      })
      .map(withoutUndefined),
  ),
  entry: fc.constantFrom(undefined, { secret: true }, { secret: false }) as fc.Arbitrary<Ask['entry']>,
  now: fc.integer({ min: 0, max: 24 * 60 - 1 }).map((minute) => Date.UTC(2026, 10, 30, 0, minute)),
  load: fc.constantFrom(undefined, undefined, 'start' as const),
}) as fc.Arbitrary<Ask>;

/** What the page says, written as plainly as possible. */
function naive({ roles = {}, allow = [], deny = [] }: RulesData, ask: Ask): boolean {
  const has = (names: readonly string[]): boolean =>
    names.some((name) => ask.context !== undefined && roles[name]?.includes(ask.context.id));
  const matches = (pattern: string, key: Key): boolean => {
    const any = (parts: string[], keys: string[]): boolean => {
      const [part, ...others] = parts;
      if (part === undefined) return keys.length === 0;
      if (part === '**') return any(others, keys) || (keys.length > 0 && any(parts, keys.slice(1)));
      return keys.length > 0 && (part === '*' || part === keys[0]) && any(others, keys.slice(1));
    };
    return any(pattern.split('.'), key === '' ? [] : key.split('.'));
  };
  const isOpen = (text: string): boolean => {
    const [from = 0, to = 0] = (text.split(' ')[0] as string).split('-').map((time) => {
      const [hour = 0, minute = 0] = time.split(':').map(Number);
      return hour * 60 + minute;
    });
    const minute = Math.floor(ask.now / 60_000) % (24 * 60);
    return from < to ? from <= minute && minute < to : minute >= from || minute < to;
  };
  const inside: Readonly<Record<string, readonly string[]>> = {
    '10.0.0.0/8': ['10.1.2.3'],
    '192.168.1.0/24': ['192.168.1.9'],
    '2001:db8::/32': ['2001:db8::1'],
    '0.0.0.0/0': ['10.1.2.3', '192.168.1.9'],
  };
  const applies = (rule: Rule, isUnknownInside: boolean): boolean => {
    const ip = ask.context?.ip;
    const isAddress = ip !== undefined && ip !== 'none';
    if (ask.load !== undefined && rule.loads === 'never') return false;
    return (
      (rule.actions ?? actions).includes(ask.action) &&
      rule.keys.some((pattern) => matches(pattern, ask.key)) &&
      (rule.roles === undefined || has(rule.roles)) &&
      !(rule.unless && has(rule.unless)) &&
      (rule.secret === undefined || rule.secret === (ask.entry?.secret ?? true)) &&
      (rule.hours === undefined || isOpen(rule.hours)) &&
      (rule.from === undefined ||
        (isAddress ? rule.from.some((network) => inside[network]?.includes(ip)) : isUnknownInside))
    );
  };
  if ((deny as readonly Rule[]).some((rule) => applies(rule, true))) return false;
  return (allow as readonly Rule[]).some((rule) => applies(rule, false));
}

describe('rules', () => {
  it('decide as a naive evaluator does', () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(dataOf, fc.array(askOf, { minLength: 1, maxLength: 1 }), (data, asks) => {
        const policy = rules(data);
        for (const ask of asks) {
          const { allow } = policy.decide(ask) as { readonly allow: boolean };
          seen.add(allow);
          expect(allow).toBe(naive(data, ask));
        }
      }),
      { numRuns: runs(300, 100_000) },
    );
    expect([...seen].sort()).toEqual([false, true]);
  }, 900_000);
});

/** All leaves have three segments, so that no value is also a section. */
const leafKeys = ['a', 'b'].flatMap((first) =>
  ['dev', 'prod'].flatMap((second) => ['x', 'y', 'password'].map((third) => `${first}.${second}.${third}`)),
);
type Item = Entry | Unreadable;

/** A provider that holds leaves as entries of their own, or inside trees. */
function providerOf(
  name: string,
  leaves: readonly Key[],
  cut: number,
  holes: readonly Key[],
): ConfigProvider {
  const groups = new Map<Key, Key[]>();
  for (const key of leaves) {
    const at = key.split('.').slice(0, cut).join('.');
    groups.set(at, [...(groups.get(at) ?? []), key]);
  }
  const named = (key: Key): ConfigValue => `${name}:${key}`;
  const isSecret = (key: Key): boolean => key.endsWith('password');
  const items: Item[] = [...groups].map(([at, keys]) => {
    if (cut === 3) return entry(name, at, named(at), { secret: isSecret(at) });
    const tree: Record<string, ConfigValue> = {};
    for (const key of keys) {
      const path = key.split('.').slice(cut);
      const last = path.pop() as string;
      const section = path.reduce((inner, part) => (inner[part] ??= {}) as typeof tree, tree);
      section[last] = named(key);
    }
    const leaf = (inside: Key) => ({ origin: entry(name, at, '').origin, secret: isSecret(inside) });
    return entry(name, at, tree, { leaf });
  });
  const missing = holes.filter((key) => !leaves.includes(key)).map((key) => hole(name, key));
  return {
    name,
    get: async (key) => {
      const found = missing.find((one) => one.key === key);
      if (found) throw found.error;
      return leaves.includes(key) ? entry(name, key, named(key), { secret: isSecret(key) }) : undefined;
    },
    list: async () => [...items, ...missing],
  };
}

const unconditional = fc
  .record({
    keys: fc.array(
      fc.constantFrom(
        '**',
        'a.**',
        'b.**',
        '*.dev.**',
        '*.prod.*',
        '**.password',
        '**.x',
        'a.dev.y',
        'b.*.x',
      ),
      { minLength: 1, maxLength: 2 },
    ),
    roles: optional(some(roleNames)),
    secret: optional(fc.boolean()),
  })
  .map((rule) => ({ ...withoutUndefined(rule), actions: ['read', 'list'] }) as Rule);
const guardedLayer = fc.record({
  leaves: fc.subarray(leafKeys),
  holes: fc.subarray(leafKeys, { maxLength: 2 }),
  cut: fc.constantFrom(0, 1, 2, 3),
  denied: fc.constantFrom('hole' as const, 'hole' as const, 'refuse' as const, undefined),
  data: fc.record({
    roles: fc.record(Object.fromEntries(roleNames.map((name) => [name, fc.subarray(people)]))),
    allow: fc.array(unconditional, { minLength: 1, maxLength: 3 }),
    deny: fc.array(unconditional, { maxLength: 1 }),
  }),
});

describe('a chain of guarded providers', () => {
  it('get agrees with a load, leaf by leaf, and a denied value is never replaced', async () => {
    let [denials, values] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(guardedLayer, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...people),
        async (layers, id) => {
          const plain = layers.map(({ leaves, cut, holes }, i) => providerOf(`p${i}`, leaves, cut, holes));
          const providers = plain.map((provider, i) => {
            const { denied, data } = layers[i] as (typeof layers)[number];
            const options = {
              identify: ({ caller }: { readonly caller: { readonly id: string } }) => caller,
            };
            return denied ? guarded(provider, rules(data as RulesData), { ...options, denied }) : provider;
          });
          const chain = new ProviderChain(providers);
          const context = { caller: { id } };
          const wanted = { keys: leafKeys, prefixes: [] };
          const load = { context, wanted, [thread]: { operation: newId(), cause: 'load' } } as const;
          const merged = merge(await inTurns(chain.load('load', '', load)), wanted);
          const listed = await chain.list('', { context, wanted });
          for (const key of leafKeys) {
            const got = await chain.get(key, { context }).catch((error: ConfigError) => error);
            const leaf = merged.leaves.get(key);
            const failed = merged.holes.get(key);
            const item = listed.find((one) => one.key === key);
            if (got instanceof Error) {
              if (got.code === 'policy_violation') denials++;
              expect([key, failed?.error.code, leaf]).toEqual([key, got.code, undefined]);
              expect(item && isUnreadable(item)).toBe(true);
            } else {
              if (got) values++;
              expect([key, leaf?.value, failed]).toEqual([key, got?.value, undefined]);
              expect(item && !isUnreadable(item) ? item.value : undefined).toEqual(got?.value);
              expect(String(leaf?.origin.provider)).toBe(String(got?.origin.provider));
              if (leaf && !leaf.secret) expect(got?.secret).toBe(false);
            }
            // the first provider that has the key decides, whatever is below it
            const owner = layers.findIndex(
              ({ leaves, holes }) => leaves.includes(key) || holes.includes(key),
            );
            const refusing = layers
              .slice(0, owner < 0 ? layers.length : owner)
              .some(({ denied }) => denied === 'refuse');
            if (!refusing && !(got instanceof Error))
              expect(got?.value).toBe(owner < 0 ? undefined : `p${owner}:${key}`);
          }
          for (const item of listed) expect(!isUnreadable(item) && isTree(item.value)).toBe(false);
        },
      ),
      { numRuns: runs(60, 10_000) },
    );
    expect(Math.min(denials, values)).toBeGreaterThan(100);
  }, 900_000);
});
