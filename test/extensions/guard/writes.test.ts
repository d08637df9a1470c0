// Writes that a schema judges: what it refuses is not stored, and says nothing to those that may not write.

import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../../src/errors.ts';
import { guarded, type RulesPolicy, rules } from '../../../src/extensions/guard/index.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { fullPort } from '../../support/port.ts';
import { code, value } from '../../support/sheltering.ts';

const schema = z.object({
  server: z.object({ host: z.string(), port: z.number().int() }),
  databasePassword: z.string().min(20).optional(),
  models: z.record(z.string(), z.object({ size: z.enum(['small', 'big']) })),
  store: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('file'), path: z.string() }),
    z.object({ kind: z.literal('memory') }),
  ]),
  pool: z
    .object({ min: z.number(), max: z.number() })
    .refine(({ min, max }) => min <= max, 'min is more than max')
    .optional(),
});
const make = (policy = rules({ allow: [{ keys: ['**'] }] })) => {
  const memory = new MemoryProvider({ store: { kind: 'file', path: '/x' }, pool: { min: 2, max: 5 } });
  return { memory, store: guarded(memory, policy, { identify: () => ({ id: 'ann' }), validate: schema }) };
};

it.each([
  ['server.port', 8080],
  ['server.host', 'a'],
  ['models.gpt.size', 'small'],
  ['store.path', '/y'],
  ['pool.max', 2],
])('stores %s = %j', async (key, given) => {
  const { memory, store } = make();
  await store.set(key, given as never);
  expect(await value(memory.get(key))).toBe(given);
});

it.each([
  ['server.port', 'http'],
  ['server.port', 1.5],
  ['server.prot', 8080],
  ['unknown', 1],
  ['models.gpt.size', 'huge'],
  ['databasePassword', 'short'],
  ['store.kind', 'cloud'],
  ['pool.max', 1],
  ['pool.min', 6],
])('refuses %s = %j, and stores nothing', async (key, given) => {
  const { memory, store } = make();
  const before = await memory.list();
  expect(await code(store.set(key, given as never))).toBe('validation');
  expect(await memory.list()).toEqual(before);
});

it('the error names the problem, neither the value nor other keys of the schema', async () => {
  const error = (await make()
    .store.set('server.prot', 'fake-Zq83-not-real')
    .catch((thrown: unknown) => thrown)) as ConfigError;
  expect(error.message).toMatch(/^memory: the schema refuses "server\.prot": /);
  expect(JSON.stringify([error, error.problems])).not.toMatch(/Zq83|port/);
});

it('a caller that may not write learns nothing of the schema', async () => {
  const { memory, store } = make(rules({}));
  for (const key of ['server.port', 'server.prot'])
    expect(await code(store.set(key, 'x'))).toBe('policy_violation');
  expect(await memory.get('server.port')).toBeUndefined();
});

it('a refused write asks the store nothing, also where the schema needs its other values', async () => {
  const { provider, given } = fullPort({ store: { kind: 'file', path: '/x' } });
  const around = (policy: RulesPolicy) =>
    guarded(provider, policy, { identify: () => ({ id: 'ann' }), validate: schema });
  expect(await code(around(rules({})).set('store.path', '/y'))).toBe('policy_violation');
  expect(given).toEqual([]);
  await around(rules({ allow: [{ keys: ['**'] }] })).set('store.path', '/y');
  expect(given.map(([method]) => method)).toEqual(['layers', 'set']);
});

it('what cannot be judged is not written', async () => {
  const { provider, given } = fullPort({ pool: { min: 2, max: 5 } });
  const layers = async (): Promise<never> => {
    throw new ConfigError('access_denied', 'full: fake-Zq83-not-real');
  };
  const policy = rules({ allow: [{ keys: ['**'] }] });
  const options = { identify: () => ({ id: 'ann' }), validate: schema };
  const store = guarded({ ...provider, layers }, policy, options);
  const error = await store.set('pool.max', 3).catch((thrown: unknown) => thrown as ConfigError);
  expect(error).toMatchObject({ code: 'unavailable', key: 'pool.max' });
  expect(String(error)).not.toContain('Zq83');
  expect(given).toEqual([]);
});
