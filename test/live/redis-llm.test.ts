// Limits of language models that two processes keep together over a real Redis: two engines, each with a
// client of its own.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadLlm } from '../../src/extensions/llm/index.ts';
import { shared } from '../../src/extensions/redis/index.ts';
import { MemoryProvider } from '../../src/index.ts';
import { warm } from '../support/warm-level.ts';
import { install, kinds } from './redis/clients.ts';

const where = { single: new URL(process.env.LIVE_REDIS_URL as string).host };
install();

describe.each(kinds)('limits over $name', ({ connect, close }) => {
  /** How many calls `processes` engines start in two seconds, with 120 a minute together. */
  async function started(processes: number): Promise<number> {
    const key = randomBytes(32);
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    let count = 0;
    const engines = await Promise.all(
      Array.from({ length: processes }, async () => {
        const client = await connect(where);
        const level = shared(client, { keys: () => key, domain: 'live', prefix });
        await warm(level, 16);
        const source = new MemoryProvider({
          'llm.endpoints.one': {
            provider: 'x',
            model: 'm',
            timeoutMs: 100,
            limits: { requestsPerMinute: 120 },
          },
          'llm.tasks.ask': { kind: 'chat', use: ['one'] },
        });
        return { client, level, ai: await loadLlm(source, { shared: level }) };
      }),
    );
    const end = performance.now() + 2_000;
    await Promise.all(
      engines.map(async ({ ai }) => {
        while (performance.now() < end)
          await ai
            .task('ask')
            .run(async () => count++)
            .catch(() => undefined);
      }),
    );
    for (const { client, level, ai } of engines) {
      await ai.close();
      await level.close();
      close(client);
    }
    return count;
  }

  it('two processes start no more calls than one', { retry: 2 }, async () => {
    const one = await started(1);
    expect(one).toBeGreaterThan(8);
    const two = await started(2);
    expect(two).toBeGreaterThan(8);
    expect(two).toBeLessThanOrEqual(one + 2);
  });
});
