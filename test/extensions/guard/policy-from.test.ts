// A policy that comes from a configuration: before the first valid one, after an invalid one, and its cache.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { secret } from '../../../src/entry.ts';
import type { ConfigError } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import {
  type Ask,
  cached,
  type Decision,
  guarded,
  type Policy,
  policyFrom,
  type RulesData,
  rules,
  rulesSchema,
} from '../../../src/extensions/guard/index.ts';
import { BundleProvider } from '../../../src/providers/bundle.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { folder } from '../../support/folder.ts';
import { code, value } from '../../support/sheltering.ts';
import { until } from '../../support/until.ts';

const ask = (more: Partial<Ask> = {}): Ask => ({
  action: 'read',
  key: 'dev.model',
  context: { id: 'ann' },
  now: Date.parse('2026-11-30T10:00:00Z'),
  ...more,
});
const yaml = `roles:
  developer: [ann]
allow:
  in dev:
    roles: [developer]
    keys: [dev.**]
`;

describe('a policy from a file', () => {
  it('decides as its rules do, and explains with the line of the rule', async () => {
    await using dir = await folder({ 'policy.yaml': yaml });
    await using policy = policyFrom(new BundleProvider(dir.at('policy.yaml')), { watch: false });
    const decision = await policy.decide(ask());
    expect(decision).toMatchObject({ allow: true, rule: 'allow in dev' });
    expect(decision.line).toBe(`${dir.at('policy.yaml')}:6:11`);
    expect(await policy.decide(ask({ key: 'prod.model' }))).toMatchObject({ allow: false });
  });

  it('decisions wait for the first load', async () => {
    await using dir = await folder({ 'policy.yaml': yaml });
    await using policy = policyFrom(new BundleProvider(dir.at('policy.yaml')), { watch: false });
    const store = guarded(new MemoryProvider({ dev: { model: 'small' } }), policy, {
      identify: ({ caller }) => caller,
    });
    expect(await value(store.get('dev.model', { context: { caller: { id: 'ann' } } }))).toBe('small');
    expect(policy.decide(ask())).not.toBeInstanceOf(Promise);
  });

  it('reports each problem with its file and line, and denies everything', async () => {
    const text = `allow:
  night:
    keys: [dev.**]
    hours: always
  public:
    keys: [a*b]
    when: "caller."
deny: 5
`;
    await using dir = await folder({ 'policy.yaml': text });
    await using policy = policyFrom(new BundleProvider(dir.at('policy.yaml')), { watch: false });
    const error = (await policy.ready().catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error.code).toBe('validation');
    expect(error.message).toMatch(/allow\.night\.hours[\s\S]*policy\.yaml:4:12/);
    expect(error.message).toMatch(/allow\.public\.keys[\s\S]*policy\.yaml:6:11/);
    expect(error.message).toMatch(/deny[\s\S]*policy\.yaml:8:7/);
    expect(policy.failure).toBe(error);
    expect(await policy.decide(ask())).toMatchObject({ allow: false, rule: 'no valid policy is loaded' });
  });

  it('reports a condition that is not an expression at its line', async () => {
    const text = 'allow:\n  one:\n    keys: [a]\n    loads: never\n    when: "caller."\n';
    await using dir = await folder({ 'policy.yaml': text });
    await using policy = policyFrom(new BundleProvider(dir.at('policy.yaml')), { watch: false });
    await expect(policy.ready()).rejects.toThrow(/allow\.one\.when[\s\S]*policy\.yaml:5:11/);
  });

  it('a first load that fails is tried again when the source changes', async () => {
    const memory = new MemoryProvider({ allow: 5 });
    const events: ConfigEvent[] = [];
    await using policy = policyFrom(memory, { on: (event) => events.push(event) });
    await expect(policy.ready()).rejects.toThrow('must be rules by name');
    expect(events.map(({ type }) => type)).toContain('refresh_failed');
    await memory.set('allow', [{ keys: ['dev.**'] }] as never);
    await until('the policy', async () => (await policy.decide(ask())).allow);
    expect(policy.failure).toBeUndefined();
  });

  it('a later policy that is invalid leaves the last one in force, and is reported', async () => {
    const memory = new MemoryProvider({ allow: [{ keys: ['dev.**'] }] });
    const events: ConfigEvent[] = [];
    const chain = new ProviderChain([memory]);
    await using policy = policyFrom(chain, { on: (event) => events.push(event), watch: { settleMs: 0 } });
    await policy.ready();
    await memory.set('allow', 'nothing');
    await until('the report', () => events.some(({ type }) => type === 'refresh_failed'));
    expect(await policy.decide(ask())).toMatchObject({ allow: true });
    expect(policy.failure?.message).toContain('must be rules by name');
    const { revision } = policy;
    await memory.set('allow', [{ keys: ['prod.**'] }] as never);
    await until('the policy', () => policy.revision !== revision);
    expect(await policy.decide(ask())).toMatchObject({ allow: false });
    expect(policy.failure).toBeUndefined();
  });

  it('a change while the first policy is compiled is not missed', async () => {
    const memory = new MemoryProvider({ allow: [{ keys: ['dev.**'], when: 'true', loads: 'never' }] });
    await using policy = policyFrom(memory, { watch: { settleMs: 0 } });
    const first = policy.decide(ask());
    await memory.set('allow', [{ keys: ['prod.**'] }] as never);
    await first;
    await until('the change', async () => (await policy.decide(ask({ key: 'prod.model' }))).allow);
    expect(await policy.decide(ask())).toMatchObject({ allow: false });
  });

  it('may be a section of another configuration', async () => {
    const memory = new MemoryProvider({ app: { policy: { allow: [{ keys: ['dev.**'] }] }, other: 1 } });
    await using policy = policyFrom(memory, { at: 'app.policy', watch: false });
    expect(await policy.decide(ask())).toMatchObject({ allow: true, line: 'memory app.policy.allow [0]' });
  });

  it('refuses a source that is guarded', () => {
    const guard = guarded(new MemoryProvider(), rules({}), { identify: () => undefined });
    const message = 'policyFrom: the source of the policy is guarded';
    expect(() => policyFrom(guard)).toThrow(message);
    expect(() => policyFrom(new ProviderChain([new MemoryProvider(), guard]))).toThrow(message);
  });

  it('rules survive JSON', async () => {
    const data: RulesData = {
      roles: { developer: ['ann'] },
      rolesIn: 'groups',
      allow: { dev: { roles: ['developer'], keys: ['dev.**'], hours: '08:00-18:00 UTC', loads: 'start' } },
      deny: [{ keys: ['dev.x'], secret: true, unless: ['developer'] }],
    };
    const config = await loadConfig(rulesSchema, new MemoryProvider(JSON.parse(JSON.stringify(data))));
    expect(rules(config.value as RulesData).decide(ask())).toMatchObject({ allow: true, rule: 'allow dev' });
  });
});

describe('cached decisions', () => {
  const counting = (decide: (asked: Ask, call: number) => Decision | Promise<Decision>) => {
    const policy: Policy & { calls: number; revision: number } = {
      calls: 0,
      revision: 0,
      decide: (asked: Ask) => decide(asked, policy.calls++),
    };
    return policy;
  };
  const by = ({ context }: Ask) => [context?.id, context?.level];
  const allow: Decision = { allow: true, rule: 'all' };

  it('are asked once for what the policy reads, and for what it does not read', async () => {
    const policy = counting(async () => allow);
    const one = cached(policy, { by });
    for (const context of [{ id: 'ann' }, { id: 'ann', other: 1 }]) await one.decide(ask({ context }));
    expect(policy.calls).toBe(1);
    const different: Partial<Ask>[] = [
      { context: { id: 'bob' } },
      { context: { id: 'ann', level: 1 } },
      { context: { id: 'ann', level: '1' } },
      { context: { id: 'ann', level: null } },
      { context: { id: 'ann', level: 1n } },
      { context: { id: 'ann', level: Number.NaN } },
      { context: { id: 'ann', level: 'undefined undefined' } },
      { context: undefined },
      { key: 'other' },
      { action: 'write' },
      { load: 'start' },
      { entry: { secret: true } as never },
      { entry: { secret: false } as never },
      { entry: { secret: false, loose: 'words' } as never },
    ];
    for (const more of different) await one.decide(ask(more));
    expect(policy.calls).toBe(1 + different.length);
  });

  it('end after their time, at `until`, and when the clock is set back', async () => {
    const { now } = ask();
    const policy = counting(() => ({ ...allow, until: now + 1_000 }));
    const one = cached(policy, { by, maxAgeMs: 5_000 });
    one.decide(ask());
    one.decide(ask({ now: now + 999 }));
    expect(policy.calls).toBe(1);
    one.decide(ask({ now: now + 1_000 }));
    expect(policy.calls).toBe(2);
    one.decide(ask({ now: now - 3_600_000 }));
    expect(policy.calls).toBe(3);
  });

  it('failures are not kept', async () => {
    const policy = counting((_, call) => (call === 0 ? Promise.reject(new Error('down')) : allow));
    const one = cached(policy, { by });
    await expect(one.decide(ask())).rejects.toThrow('down');
    expect(await one.decide(ask())).toEqual(allow);
  });

  it('are dropped when the policy changes, also those that are under way', async () => {
    let answer!: (decision: Decision) => void;
    const policy = counting((_, call) =>
      call === 0
        ? new Promise((resolve) => {
            answer = resolve;
          })
        : { allow: false, rule: 'new' },
    );
    const one = cached(policy, { by });
    const first = one.decide(ask());
    policy.revision++;
    answer(allow);
    await first;
    expect(one.decide(ask())).toMatchObject({ allow: false });
    expect(one.decide(ask())).toMatchObject({ allow: false });
    expect(policy.calls).toBe(2);
    one.drop();
    one.decide(ask());
    expect(policy.calls).toBe(3);
  });

  it('drop also drops decisions that are under way', async () => {
    const answers: ((decision: Decision) => void)[] = [];
    const policy = counting(() => new Promise((resolve) => void answers.push(resolve)));
    const one = cached(policy, { by });
    const before = one.decide(ask());
    one.drop();
    const after = one.decide(ask());
    answers[1]?.({ allow: false, rule: 'new' });
    answers[0]?.(allow);
    expect(await before).toEqual(allow);
    expect(await after).toMatchObject({ allow: false });
    expect(await one.decide(ask())).toMatchObject({ allow: false });
    expect(policy.calls).toBe(2);
  });

  it('are at most as many as allowed, and asked once at the same time', async () => {
    const policy = counting(async () => allow);
    const one = cached(policy, { by, max: 2 });
    await Promise.all([one.decide(ask()), one.decide(ask())]);
    expect(policy.calls).toBe(1);
    for (const key of ['a', 'b']) await one.decide(ask({ key }));
    await one.decide(ask());
    expect(policy.calls).toBe(4);
  });

  it('refuse what cannot be compared', async () => {
    const one = cached(
      counting(() => allow),
      { by: () => [new Map([['a', 1]])] },
    );
    expect(() => one.decide(ask())).toThrow('a value that cannot be compared');
    // as JSON, all secrets are one text
    const bySecret = cached(one, { by: () => [secret('fake-Zq83-not-real')] });
    expect(() => bySecret.decide(ask())).toThrow('a value that cannot be compared');
    expect(() =>
      cached(
        counting(() => allow),
        {} as never,
      ),
    ).toThrow('the option by is required');
    const store = guarded(new MemoryProvider({ a: 1 }), one, { identify: () => undefined });
    expect(await code(store.get('a'))).toBe('policy_violation');
  });
});
