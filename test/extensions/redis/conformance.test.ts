import { describe, it } from 'vitest';
import { shared } from '../../../src/extensions/redis/index.ts';
import { describeSecondLevel, manualClock } from '../../../src/testing/index.ts';
import { FakeRedis } from '../../support/fake-redis.ts';
import { warm } from '../../support/warm-level.ts';

// imported up front, so that a manual clock never overtakes the import
import '../../../src/shelter/cache/sharing.ts';
import '../../../src/shelter/abilities.ts';
import 'cockatiel';
import 'lru-cache';

describeSecondLevel({
  name: 'shared',
  runner: { describe, it },
  make: () => {
    const clock = manualClock();
    const server = new FakeRedis(clock);
    const open: ReturnType<typeof shared>[] = [];
    return {
      clock,
      async connect() {
        const level = shared(server.nodeRedis(), { keys: () => Buffer.alloc(32, 1), domain: 'd', clock });
        open.push(level);
        await warm(level);
        return level;
      },
      async dispose() {
        for (const level of open) await level.close();
      },
    };
  },
});
