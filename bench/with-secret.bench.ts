import { MemoryProvider, ProviderChain, secret, withSecret } from 'llm-config-manager';
import { compare } from './compare.ts';

const chain = new ProviderChain([
  new MemoryProvider({ database: { user: 'app', password: secret('fake-password') } }),
]);
const keys = ['database.user', 'database.password'] as const;
const [, password] = keys;
const one = (value: string): number => value.length;
const two = ([user, password]: readonly string[]): number => `${user}${password}`.length;

const batch = 200;
const times = (use: () => Promise<number>) => async (): Promise<number> => {
  let sum = 0;
  for (let i = 0; i < batch; i++) sum += await use();
  return sum;
};
await compare(
  'a call with one credential',
  {
    get: times(async () => one((await chain.get(password))?.value as string)),
    withSecret: times(() => withSecret(chain, password, one)),
  },
  { batch, goals: [{ says: 'withSecret, one key', of: 'withSecret', atMost: 1_500, limit: 6_000 }] },
);
await compare(
  'a call with two credentials',
  {
    getMany: times(async () => {
      const found = await chain.getMany(keys);
      return two(keys.map((key) => (found.get(key) as { value: string }).value));
    }),
    withSecret: times(() => withSecret(chain, keys, two)),
  },
  { batch, goals: [{ says: 'withSecret, two keys', of: 'withSecret', atMost: 5_000, limit: 20_000 }] },
);
