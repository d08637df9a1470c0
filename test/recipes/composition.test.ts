import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MemoryProvider, optional } from 'llm-config-manager';
import { AuditLog } from 'llm-config-manager/audit';
import { guarded, rules } from 'llm-config-manager/guard';
import { sheltered, systemClock } from 'llm-config-manager/shelter';
import { remembered } from 'llm-config-manager/snapshot';
import { MemorySecondLevel, type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compose } from '../../examples/composition/compose.ts';
import { Store } from '../../examples/composition/store.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { testKey } from '../extensions/audit/opened.ts';

const secret = 'fake-key-of-the-store';
const policy = rules({
  roles: { service: ['inference'] },
  allow: [{ roles: ['service'], actions: ['read'], keys: ['llm.**'] }],
});
const as = (id: string) => ({ context: { caller: { id } } });

describe('the order of docs/composition.md', () => {
  let box: Sandbox;
  let log: AuditLog;
  let source: Store;
  let second: MemorySecondLevel;
  beforeEach(async () => {
    box = await sandbox({ files: { 'snapshot.key': Buffer.alloc(32, 7).toString('base64url') } });
    chmodSync(box.path('snapshot.key'), 0o600);
    log = await AuditLog.open({ directory: box.path('audit'), origin: 'acme.example/app', key: testKey(1) });
    source = new Store({ 'llm.apiKey': secret });
    second = new MemorySecondLevel();
  });
  afterEach(async () => {
    await log.close();
    await box.dispose();
  });

  /** A process: its own memory, and what all of them share. */
  const start = (snapshot = 'a.snapshot') =>
    compose({
      source,
      policy,
      log,
      defaults: new MemoryProvider({ 'llm.apiKey': 'a default', 'llm.model': 'small' }, { name: 'defaults' }),
      snapshot: box.path(snapshot),
      key: box.path('snapshot.key'),
      shelter: { second, resilience: { attempts: 1 } },
      // a clock of its own: other tests put back the clock of this process, which makes files older
      clock: { ...systemClock },
    });
  const entries = () =>
    readdirSync(box.path('audit'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) => readFileSync(path.join(box.path('audit'), name), 'utf8').split('\n'))
      .filter((line) => line.startsWith('{'));

  it('decides about each caller, though all share one memory', async () => {
    await using chain = start();
    expect(await chain.value('llm.apiKey', as('inference'))).toBe(secret);
    await expect(chain.value('llm.apiKey', as('ann'))).rejects.toMatchObject({ code: 'policy_violation' });
    expect(source.requests).toBe(1);
    const outages: string[] = [];
    chain.on(({ type }) => type === 'tolerated' && outages.push(type));
    expect(await chain.value('llm.model', as('ann'))).toBe('small'); // absent in the store
    expect(outages).toEqual([]);
  });

  it('shares what one process has read with the next one', async () => {
    await using first = start('a.snapshot');
    await first.value('llm.apiKey', as('inference'));
    source.isDown = true;
    await using next = start('b.snapshot');
    expect(await next.value('llm.apiKey', as('inference'))).toBe(secret);
    expect(source.requests).toBe(1);
  });

  it('answers from the snapshot only whom the policy allows', async () => {
    const first = start();
    await first.value('llm.apiKey', as('inference'));
    await first.close();
    source.isDown = true;
    second.fault = 'reject';
    await using next = start();
    const outages: unknown[] = [];
    next.on((event) => event.type === 'tolerated' && outages.push(event));
    const found = await next.get('llm.apiKey', as('inference'));
    expect({ origin: `${found?.origin}`, outages }).toEqual({
      origin: expect.stringContaining('(snapshot)'),
      outages: [],
    });
    await expect(next.value('llm.apiKey', as('ann'))).rejects.toMatchObject({ code: 'policy_violation' });
  });

  it('uses the default in an outage of which nothing is known', async () => {
    source.isDown = true;
    second.fault = 'reject';
    await using fresh = start('none.snapshot');
    expect(await fresh.value('llm.apiKey', as('inference'))).toBe('a default');
  });

  it('records what was handed over and what was refused, without a value', async () => {
    {
      await using chain = start();
      await chain.value('llm.apiKey', as('inference'));
      await expect(chain.value('llm.apiKey', as('ann'))).rejects.toThrow();
    }
    await log.close();
    const types = entries().map((line) => JSON.parse(line));
    expect(types.map(({ type, actor }) => [type, actor])).toEqual([
      ['secret.accessed', 'inference'],
      ['policy.violated', 'ann'],
    ]);
    expect(entries().join('\n')).not.toContain(secret);
  });

  it('refuses each wrong order that would share an answer or a decision', () => {
    const plain = new MemoryProvider({});
    const kept = { app: 'app', keys: { file: box.path('snapshot.key') }, file: box.path('x.snapshot') };
    const identify = () => ({ id: 'inference' });
    const wrong = [
      () => sheltered(guarded(plain, policy, { identify })),
      () => sheltered(intercepted(plain, (_, next) => next())),
      () => sheltered(remembered(plain, kept)),
      () => sheltered(optional(plain)),
      () => remembered(guarded(plain, policy, { identify }), kept),
      () =>
        remembered(
          intercepted(plain, (_, next) => next()),
          kept,
        ),
      () => remembered(optional(plain), kept),
    ];
    for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
