import { MemoryProvider } from 'llm-config-manager';
import { type Ask, cel, guarded, rules } from 'llm-config-manager/guard';
import { compare } from './compare.ts';

const environments = ['dev', 'staging', 'prod'];
const keys = Array.from(
  { length: 100_000 },
  (_, i) => `acme.${environments[i % 3]}.service${i % 20}.key${i}`,
);
const memory = new MemoryProvider(Object.fromEntries(keys.map((key, i) => [key, i])));
const caller = { id: 'ann', ip: '10.1.2.3', training: true };
const context = { caller };
const data = {
  roles: { developer: ['ann'], operator: ['ops'] },
  allow: [
    { roles: ['developer'], actions: ['read', 'list'], keys: ['acme.dev.**', 'acme.staging.**'] },
    { roles: ['operator'], keys: ['**'] },
  ],
  deny: [{ keys: ['**'], secret: true, unless: ['operator'] }],
} as const;
const policy = rules(data);
const dated = rules({
  ...data,
  allow: [{ ...data.allow[0], hours: '00:00-24:00 Europe/Berlin', loads: 'never' }],
});
const conditional = rules({
  ...data,
  allow: [{ ...data.allow[0], when: cel('caller.training'), loads: 'never' }],
});
await conditional.ready();
const identify = ({ caller }: { readonly caller: { readonly id: string } }) => caller;
const store = guarded(memory, policy, { identify });

const entry = { secret: false } as unknown as NonNullable<Ask['entry']>;
const asks = keys
  .slice(0, 1_000)
  .map((key): Ask => ({ action: 'read', key, context: caller, entry, now: 1.8e12 }));
const decideAll = (decided: typeof policy) => (): number => {
  let allowed = 0;
  for (const ask of asks) if ((decided.decide(ask) as { readonly allow: boolean }).allow) allowed++;
  return allowed;
};

await compare(
  'one decision',
  {
    'three rules': decideAll(policy),
    'and hours': decideAll(dated),
    'and a condition': decideAll(conditional),
  },
  { batch: asks.length },
);
await compare('one key in memory', {
  unguarded: () => memory.get('acme.dev.service0.key0'),
  guarded: () => store.get('acme.dev.service0.key0', { context }),
});
await compare(
  'a list of 100,000 keys',
  {
    unguarded: () => memory.list(),
    guarded: () => store.list('', { context }),
  },
  {
    timeMs: 3_000,
    goals: [{ says: 'a guarded list of 100,000 keys', of: 'guarded', atMost: 80e6, limit: 400e6 }],
  },
);
