import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { livingMetrics } from '../src/index.ts';
import { type Living, living, register, retire } from '../src/living.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import type { ShelterOptions } from '../src/shelter/index.ts';
import { MemorySecondLevel } from '../src/testing/memory-second-level.ts';
import { down } from './support/fake-source.ts';
import { program } from './support/program.ts';
import { code, sheltering } from './support/sheltering.ts';

let made = 0;
/** A name that no other test uses: the registry is that of the process. */
const unique = (): string => `living-${++made}`;
const membersOf = (name: string): Living[] => [...living()].filter((member) => member.name === name);
const store = (name: string) => livingMetrics().store?.[name];
const config = (name: string) => livingMetrics().config?.[name];

function counting(name: string, options: ShelterOptions = {}) {
  const more = { name, identity: () => ({ store: name, view: '' }) };
  return sheltering({ a: '1', b: '2' }, { resilience: { attempts: 1 }, ...options }, more);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('living', () => {
  it('a sheltered provider is a member from its creation until it is closed', async () => {
    const name = unique();
    const { provider } = counting(name);
    expect(membersOf(name)).toMatchObject([{ kind: 'store', name }]);
    await provider.close();
    await provider.close();
    expect(membersOf(name)).toEqual([]);
  });

  it('a configuration is a member from its load until it is closed', async () => {
    const name = unique();
    const source = new MemoryProvider({ a: 1 }, { name: 'values' });

    const one = await loadConfig(new ProviderChain([source], { name }));
    expect(membersOf(name)).toMatchObject([{ kind: 'config', name }]);
    await one.close();
    expect(membersOf(name)).toEqual([]);

    expect(await code(loadConfig(z.object({ b: z.string() }), new ProviderChain([source], { name })))).toBe(
      'validation',
    );
    expect(membersOf(name)).toEqual([]);
  });

  it('a member does not hold the object that it counts for', () => {
    const name = unique();
    const { provider } = counting(name);
    const [member] = membersOf(name);
    expect(Object.values(member ?? {})).not.toContain(provider);
    expect(member?.gauges()).toEqual({ size: 0, breaker: 0 });
  });
});

describe('livingMetrics', () => {
  it('livingMetrics has the counters of stats, and the size', async () => {
    const name = unique();
    const { provider, source } = counting(name);
    await provider.get('a');
    await provider.get('a');
    await provider.get('none');
    await provider.get('none');
    source.befall = down;
    await code(provider.get('b'));
    const { ratio: _, errorCodes, breaker, ...stats } = provider.stats();
    expect({ errorCodes, breaker }).toEqual({ errorCodes: { unavailable: 1 }, breaker: 'closed' });
    expect(store(name)).toEqual({ ...stats, 'errors.unavailable': 1, breaker: 0 });
    expect(store(name)).toMatchObject({ hits: 1, absentHits: 1, misses: 3, requests: 3, errors: 1, size: 2 });
    for (const number of Object.values(store(name) ?? {})) expect(number).toEqual(expect.any(Number));
  });

  it('livingMetrics sums the providers of one name, and keeps names and kinds apart', async () => {
    const [name, other] = [unique(), unique()];
    const all = [counting(name), counting(name), counting(other)];
    for (const { provider } of all) await provider.get('a');
    expect(store(name)).toMatchObject({ misses: 2, requests: 2, size: 2 });
    expect(store(other)).toMatchObject({ misses: 1, requests: 1, size: 1 });
    expect(config(name)).toBeUndefined();
  });

  it('livingMetrics keeps the counts of closed providers, without their size', async () => {
    const name = unique();
    const [first, second] = [counting(name), counting(name)];
    await first.provider.get('a');
    await second.provider.get('a');
    await first.provider.close();
    expect(store(name)).toMatchObject({ misses: 2, size: 1 });
    await second.provider.close();
    expect(store(name)).toMatchObject({ misses: 2, requests: 2 });
    expect(store(name)).not.toHaveProperty('size');
    const third = counting(name);
    await third.provider.get('a');
    expect(store(name)).toMatchObject({ misses: 3, size: 1 });
  });

  it('livingMetrics has the state of the breaker and the requests that waited for a turn', async () => {
    const name = unique();
    const { provider, source } = counting(name, {
      limits: { concurrency: 1 },
      resilience: { attempts: 1, breaker: { failures: 1 } },
    });
    source.batch = 1;
    await provider.getMany(['a', 'b', 'c']);
    expect(store(name)).toMatchObject({ waits: 2, breaker: 0 });
    source.befall = down;
    await code(provider.get('d'));
    expect(provider.stats()).toMatchObject({ breaker: 'open', errorCodes: { unavailable: 1 } });
    const other = counting(name);
    await other.provider.get('a');
    expect(store(name)).toMatchObject({ breaker: 2, 'errors.unavailable': 1 });
  });

  it('livingMetrics has the time until the first secret in use ends', async () => {
    const name = unique();
    const [one, two] = [counting(name), counting(name)];
    const at = one.clock.now();
    one.source.put('late', 'x', { expiresAt: at + 90_000 });
    one.source.put('soon', 'x', { expiresAt: at + 60_000 });
    two.source.put('later', 'x', { expiresAt: at + 70_000 });
    await one.provider.get('late');
    expect(one.provider.stats().endsInMs).toBe(90_000);
    await one.provider.get('soon');
    await two.provider.get('later');
    expect(store(name)?.endsInMs).toBe(60_000);
    await one.clock.advance(20_000);
    expect(one.provider.stats().endsInMs).toBe(40_000);
    one.source.put('soon', 'y');
    await one.provider.renew('soon');
    expect(one.provider.stats().endsInMs).toBe(70_000);
    await one.clock.advance(70_000);
    expect(one.provider.stats()).not.toHaveProperty('endsInMs');
    expect(two.provider.stats().endsInMs).toBe(70_000);
  });

  it('livingMetrics has the counters of a second level', async () => {
    const name = unique();
    const { provider } = counting(name, { second: new MemorySecondLevel() });
    await provider.get('a');
    const { second } = provider.stats();
    expect(second?.misses).toBeGreaterThan(0);
    expect(store(name)).toMatchObject({
      'second.hits': 0,
      'second.misses': second?.misses,
      'second.refused': 0,
      'second.failures': 0,
      'second.skipped': 0,
    });
  });

  it('no counter of livingMetrics falls, whatever happens to the providers', async () => {
    const name = unique();
    const open: ReturnType<typeof counting>[] = [];
    let before: Readonly<Record<string, number>> = {};
    const steps = [
      () => void open.push(counting(name)),
      () => open.at(-1)?.provider.get('a'),
      () => open.at(-1)?.provider.get('a'),
      () => void open.push(counting(name)),
      () => open[0]?.provider.list(),
      () => open.shift()?.provider.close(),
      () => open[0]?.provider.getMany(['a', 'b', 'none']),
      () => open[0]?.provider.refresh(),
      () => open[0]?.provider.get('a'),
      () => open.shift()?.provider.close(),
    ];
    for (const step of [...steps, ...steps]) {
      await step();
      const { size: _, breaker: __, ...now } = store(name) ?? {};
      for (const [counter, count] of Object.entries(before))
        expect(now[counter], counter).toBeGreaterThanOrEqual(count);
      before = now;
    }
    expect(before.requests).toBeGreaterThan(4);
  });

  it('livingMetrics has the reloads of configurations, and the largest age and generation', async () => {
    const name = unique();

    const make = async () => {
      const state = { fails: false };
      const source = new MemoryProvider({ a: 1 });
      const chain = new ProviderChain([source], {
        name,
        intercept: (_, next) => (state.fails ? down() : next()),
      });
      return { state, source, config: await loadConfig(chain) };
    };
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    const [one, two] = [await make(), await make()];
    await one.source.set('a', 2);
    vi.setSystemTime(1_000_100);
    await one.config.reload();
    vi.setSystemTime(1_000_300);
    one.state.fails = two.state.fails = true;
    for (const { config: each } of [one, two, two])
      expect(await code(each.reload())).toBe('policy_violation');
    expect(config(name)).toMatchObject({ failedReloads: 3, generation: 2 });
    expect([one.config.stats().ageMs, two.config.stats().ageMs]).toEqual([200, 300]);
    expect(config(name)?.ageMs).toBe(300);
    await two.config.close();
    expect(config(name)).toMatchObject({ failedReloads: 3, generation: 2 });
    await one.config.close();
    expect(config(name)).toEqual({ failedReloads: 3 });
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'livingMetrics counts a provider named %s apart',
    async (name) => {
      const before = Object.getOwnPropertyNames(Object.prototype);
      const { provider } = counting(name);
      await provider.get('a');
      const names = livingMetrics().store ?? {};
      expect(Object.keys(names)).toContain(name);
      expect(Object.getOwnPropertyDescriptor(names, name)?.value).toMatchObject({ misses: 1 });
      await provider.close();
      expect(Object.getOwnPropertyDescriptor(livingMetrics().store ?? {}, name)?.value).toMatchObject({
        misses: 1,
      });
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
      expect(Object).not.toHaveProperty('misses');
    },
  );

  it('a change of what livingMetrics returns changes no later answer', () => {
    const name = unique();
    counting(name);
    const answer = livingMetrics() as Record<string, Record<string, Record<string, number>>>;
    Object.assign(answer.store?.[name] ?? {}, { hits: 99 });
    delete answer.store;
    expect(store(name)?.hits).toBe(0);
  });

  it('a member is counted once, however often it is retired', () => {
    const name = unique();
    const owner = {};
    const member: Living = { kind: 'other', name, counters: () => ({ calls: 2 }), gauges: () => undefined };
    register(owner, member);
    retire(member);
    retire(member);
    expect(livingMetrics().other?.[name]).toEqual({ calls: 2 });
  });

  it('two copies of the library share one registry', async () => {
    const copy = (await import(
      // @ts-expect-error: a second instance of the module
      '../src/living.ts?another-copy'
    )) as typeof import('../src/living.ts');
    expect(copy.register).not.toBe(register);
    const name = unique();
    const { provider } = counting(name);
    await provider.get('a');
    expect(copy.livingMetrics().store?.[name]).toEqual(store(name));
    const member: Living = {
      kind: 'store',
      name,
      counters: () => ({ misses: 5 }),
      gauges: () => ({ size: 7 }),
    };
    copy.register({}, member);
    expect(store(name)).toMatchObject({ misses: 6, size: 8 });
    retire(member);
    expect(copy.livingMetrics().store?.[name]).toMatchObject({ misses: 6, size: 1 });
  });

  it('collected providers leave no member, keep their counts, and no listener keeps them alive', async () => {
    const child = await program(new URL('./support/collected.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child], {
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual({
      before: { members: ['config', 'store', 'store'], requests: 2 },
      after: { members: [], requests: 2, failedReloads: 1 },
      sizes: {},
    });
  });
});

describe('stats of a configuration', () => {
  it('stats has the generation, its age and the failed reloads', async () => {
    const source = new MemoryProvider({ a: 1 });
    let fails = false;

    const chain = new ProviderChain([source], { intercept: (_, next) => (fails ? down() : next()) });
    await using loaded = await loadConfig(chain);
    expect(loaded.stats()).toEqual({ generation: 1, ageMs: expect.any(Number), failedReloads: 0 });
    await source.set('a', 2);
    await loaded.reload();
    fails = true;
    await code(loaded.reload());
    await code(loaded.reload());
    expect(loaded.stats()).toMatchObject({ generation: 2, failedReloads: 2 });
    await loaded.rollback();
    expect(loaded.stats()).toMatchObject({ generation: 1, failedReloads: 2 });
    const { ageMs } = loaded.stats();
    expect(ageMs).toBeGreaterThanOrEqual(0);
    expect(ageMs).toBeLessThan(60_000);
    await loaded.close();
    expect(loaded.stats()).toMatchObject({ generation: 1, failedReloads: 2 });
  });

  it('the first load is no reload, so that its failure is not counted', async () => {
    let fails = true;

    const name = unique();
    const chain = new ProviderChain([new MemoryProvider({ a: 1 })], {
      name,
      intercept: (_, next) => (fails ? down() : next()),
    });
    await code(loadConfig(chain));
    expect(config(name)).toBeUndefined();
    fails = false;
    await using loaded = await loadConfig(chain);
    expect(loaded.stats().failedReloads).toBe(0);
  });
});
