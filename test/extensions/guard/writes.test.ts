// Writes that a schema judges: what it refuses is not stored, and says nothing to those that may not write.

import { expect, it } from 'vitest';
import { z } from 'zod';
import type { ConfigError } from '../../../src/errors.ts';
import { guarded, rules } from '../../../src/extensions/guard/index.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { code, value } from '../../support/sheltering.ts';

const schema = z.object({
  server: z.object({ host: z.string(), port: z.number().int() }),
  databasePassword: z.string().min(20).optional(),
  models: z.record(z.string(), z.object({ size: z.enum(['small', 'big']) })),
  store: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('file'), path: z.string() }),
    z.object({ kind: z.literal('memory') }),
  ]),
});
const make = (policy = rules({ allow: [{ keys: ['**'] }] })) => {
  const memory = new MemoryProvider({ store: { kind: 'file', path: '/x' } });
  return { memory, store: guarded(memory, policy, { identify: () => ({ id: 'ann' }), validate: schema }) };
};

it.each([
  ['server.port', 8080],
  ['server.host', 'a'],
  ['models.gpt.size', 'small'],
  ['store.path', '/y'],
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
