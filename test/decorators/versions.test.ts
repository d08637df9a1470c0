// `versions`, reads of a version and `compares` through decorators and chains.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { renamed } from '../../src/decorators/renamed.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigProvider, ReadOptions, VersionedProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { code, value } from '../support/sheltering.ts';
import { Backend, reference } from '../testing/reference.ts';

const kept = (values: Record<string, string> = { 'app.x': 'one' }) => {
  const backend = new Backend(values);
  backend.change('app.x', 'two');
  return { backend, provider: reference(backend) };
};
const two = [{ version: '2' }, { version: '1' }];
const other = new MemoryProvider({}, { name: 'other' });

describe('versions through decorators', () => {
  it.each<[string, (provider: VersionedProvider) => ConfigProvider, string, writes: boolean]>([
    ['scoped', (provider) => scoped(provider, 'app'), 'x', true],
    ['mounted', (provider) => mounted(provider, 'outer'), 'outer.app.x', true],
    ['renamed', (provider) => renamed(provider, 'other'), 'app.x', true],
    ['optional', (provider) => optional(provider), 'app.x', true],
    ['fallback', (provider) => fallback(provider, other), 'app.x', true],
    ['intercepted', (provider) => intercepted(provider, (_, next) => next()), 'app.x', true],
    ['unsealed', (provider) => unsealed(provider), 'app.x', false],
    ['all of them', (provider) => optional(scoped(intercepted(provider), 'app')), 'x', true],
  ])('%s keeps versions, version and compares', async (_, decorate, key, writes) => {
    const decorated = decorate(kept().provider) as VersionedProvider & { readonly compares?: true };
    expect(await decorated.versions(key)).toEqual(two);
    expect(await decorated.versions(key, { limit: 1 })).toEqual(two.slice(0, 1));
    expect(await value(decorated.get(key, { version: '1' }))).toBe('one');
    expect(decorated.compares).toBe(writes ? true : undefined);
    const plain = decorate(new MemoryProvider({}) as never);
    expect(['versions', 'compares'].filter((name) => name in plain)).toEqual([]);
  });

  it('scoped and mounted translate the key of an error, and know no key outside', async () => {
    const { backend, provider } = kept();
    expect(await mounted(provider, 'outer').versions('elsewhere')).toEqual([]);
    backend.fault = 'denied';
    await expect(scoped(provider, 'app').versions('x')).rejects.toMatchObject({ key: 'x' });
    const aborted = { signal: AbortSignal.abort() };
    expect(await code(mounted(provider, 'outer').versions('elsewhere', aborted))).toBe('aborted');
  });

  it('optional and fallback throw an outage: an empty list would be a lie', async () => {
    const { backend, provider } = kept();
    backend.fault = 'unavailable';
    for (const tolerant of [optional(provider), fallback(provider, kept().provider)])
      expect(await code(tolerant.versions('app.x'))).toBe('unavailable');
  });

  it('a renamed provider fails under its name', async () => {
    const { backend, provider } = kept();
    backend.fault = 'denied';
    const named = renamed(provider, 'mine') as VersionedProvider;
    await expect(named.versions('app.x')).rejects.toMatchObject({ provider: 'mine' });
  });

  it('what a foreign provider returns is checked and copied', async () => {
    const foreign = (answer: unknown): VersionedProvider =>
      Object.assign(new MemoryProvider({}), { versions: async () => answer as never });
    const decorations = [
      optional,
      (one: VersionedProvider) => scoped(one, 'a'),
      unsealed,
      intercepted,
    ] as const;
    for (const decorate of decorations) {
      const store = (answer: unknown): VersionedProvider => decorate(foreign(answer)) as VersionedProvider;
      for (const garbage of [undefined, {}, ['1'], [{ version: 1 }]])
        expect(await code(store(garbage).versions('x'))).toBe('io');
      const own = { version: '1', value: 'fake-secret' };
      expect(await store([own]).versions('x')).toEqual([{ version: '1' }]);
    }
  });

  it('an interceptor sees versions, and may refuse it', async () => {
    const denied = new ConfigError('access_denied', 'no');
    const guarded = intercepted(kept().provider, (operation, next) => {
      if (operation.type === 'versions' && operation.key === 'app.x') throw denied;
      return next();
    });
    expect(await code(guarded.versions('app.x'))).toBe('access_denied');
    expect(await guarded.versions('none')).toEqual([]);
  });
});

describe('a chain and versions', () => {
  it('a chain has no versions, writes nothing and refuses a version', async () => {
    const chain = new ProviderChain([other, kept().provider]);
    expect(['versions', 'compares', 'set', 'delete'].filter((name) => name in chain)).toEqual([]);
    const options: ReadOptions = { version: '1' } as object;
    await expect(chain.get('app.x', options)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/^chain: a chain has no versions/),
      key: 'app.x',
    });
    for (const read of [
      chain.getMany(['app.x'], options),
      chain.value('app.x', options),
      chain.require('app.x', options),
      scoped(chain, 'app').get('x', options),
      new ProviderChain([chain]).get('app.x', options),
    ])
      expect(await code(read as Promise<unknown>)).toBe('invalid_option');
    expect(await value(chain.get('app.x'))).toBe('two');
  });

  it('an observed chain refuses a version, too', async () => {
    const chain = new ProviderChain([kept().provider], { intercept: (_, next) => next() });
    expect(await code(chain.get('app.x', { version: '1' } as object))).toBe('invalid_option');
  });
});
