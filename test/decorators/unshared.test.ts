// `refuseUnshared`: what must not be put into a cache, however many decorators are around it.

import { expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { refuseUnshared } from '../../src/decorators/unshared.ts';
import { ConfigError } from '../../src/errors.ts';
import { guarded, rules, tenants } from '../../src/extensions/guard/index.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';

const memory = () => new MemoryProvider({ a: 1 });
const guard = () => guarded(memory(), rules({}), { identify: () => undefined });
const isGuarded = /^own: .+ is guarded, and a cache would share its decisions\. Wrap .*guarded\(own\(p\)\)/;

it.each<readonly [string, () => ConfigProvider, RegExp]>([
  ['a guard', guard, isGuarded],
  ['a guard inside optional', () => optional(guard()), isGuarded],
  ['a guard inside scoped and mounted', () => mounted(scoped(guard(), 'x'), 'y'), isGuarded],
  ['a guard as a fallback', () => fallback(memory(), guard()), isGuarded],
  ['the view of a tenant', () => tenants(memory()).get('acme'), isGuarded],
  ['an intercepted provider', () => intercepted(memory(), (_, next) => next()), /intercepted\(own\(p\)\)/],
  [
    'a chain',
    () => new ProviderChain([memory()]),
    /several providers\. Wrap .*new ProviderChain\(\[own\(a\)/,
  ],
  ['an optional provider', () => optional(memory()), /several providers\. Wrap .*optional\(own\(p\)\)/],
  ['a fallback', () => fallback(memory(), memory()), /several providers\. Wrap .*optional\(own\(p\)\)/],
])('%s is refused', (_, make, message) => {
  expect(() => refuseUnshared('own', make())).toThrow(message);
  expect(() => refuseUnshared('own', make())).toThrow(ConfigError);
});

it('a provider of one store is not refused, also with other keys', () => {
  const all = [memory(), scoped(memory(), 'y'), mounted(scoped(memory(), 'x'), 'y')];
  for (const provider of all) expect(() => refuseUnshared('own', provider)).not.toThrow();
});
