// What processes share over a real Redis and a real cluster, with both clients: conformance. Processes and
// faults are in redis-processes.test.ts. An answer later than 25 ms counts as none, so a sentence is tried
// again on a slow machine.
import { randomBytes } from 'node:crypto';
import { describe, it } from 'vitest';
import { shared } from '../../src/extensions/redis/index.ts';
import { describeSecondLevel } from '../../src/testing/index.ts';
import { warm } from '../support/warm-level.ts';
import { type Client, install, kinds, type Where } from './redis/clients.ts';

const places: Readonly<Record<string, Where>> = {
  'a single server': { single: new URL(process.env.LIVE_REDIS_URL as string).host },
  'a cluster': { cluster: process.env.LIVE_REDIS_CLUSTER as string },
};

install();
const again = (title: string, body: () => Promise<void>) => it(title, { retry: 3 }, body);

for (const { name, connect, close } of kinds)
  for (const [place, where] of Object.entries(places))
    describeSecondLevel({
      name: `shared over ${name} and ${place}`,
      runner: { describe, it: Object.assign(again, { skip: it.skip }) },
      patienceMs: 20_000,
      make: async () => {
        const key = randomBytes(32);
        const prefix = `test-${randomBytes(6).toString('hex')}`;
        const open: { readonly client: Client; readonly level: ReturnType<typeof shared> }[] = [];
        return {
          async connect() {
            const client = await connect(where);
            const level = shared(client, { keys: () => key, domain: 'live', prefix });
            open.push({ client, level });
            await warm(level, 32);
            return level;
          },
          async dispose() {
            for (const { client, level } of open) {
              await level.close();
              close(client);
            }
          },
        };
      },
    });
