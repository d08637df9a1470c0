// One of the processes that share a budget over Redis, for redis-ledger.test.ts: it makes the calls that it
// is sent, and reports what has become of them.

import type { ConfigError } from '../../../src/errors.ts';
import { loadLlm } from '../../../src/extensions/llm/index.ts';
import { shared } from '../../../src/extensions/redis/index.ts';
import { MemoryProvider } from '../../../src/index.ts';
import { kinds, type Where } from './clients.ts';
import { obey } from './obey.ts';

export interface Spending {
  readonly kind: 'redis' | 'ioredis';
  readonly where: Where;
  readonly prefix: string;
  /** In dollars. */
  readonly perMonth: number;
  readonly holdMs: number;
}

export interface Result {
  readonly answered: number;
  readonly refused: number;
  readonly alerts: number;
}

const { kind, where, prefix, perMonth, holdMs } = JSON.parse(process.argv[2] as string) as Spending;
const { connect, close } = kinds.find(({ name }) => name === kind) as (typeof kinds)[number];
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

const client = await connect(where);
const second = shared(client, { keys: () => 'f'.repeat(64), domain: 'live', prefix });
let alerts = 0;
const ai = await loadLlm(
  new MemoryProvider({
    'llm.endpoints.one.provider': 'openai',
    'llm.endpoints.one.model': 'm',
    'llm.endpoints.one.rates': { currency: 'USD', inputPerMillion: 1 },
    'llm.tasks.ask.use': ['one'],
    'llm.budgets.team': { currency: 'USD', perMonth, hard: true, holdMs },
  }),
  {
    shared: second,
    on: (event) => {
      if (event.type === 'budget' && event.state === 'alert') alerts++;
    },
  },
);
const task = ai.task('ask');

obey({
  /** One call that never returns. */
  async hang(tokens: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const never = () => {
        resolve();
        return new Promise(() => undefined);
      };
      void task.run(never, { estimatedTokens: tokens }).catch(() => undefined);
    });
  },
  async call(count: number, tokens: number): Promise<Result> {
    let refused = 0;
    const answer = async () => {
      await sleep(20 * Math.random());
      return { usage: { prompt_tokens: tokens, completion_tokens: 0 } };
    };
    const one = async (): Promise<void> => {
      try {
        await task.run(answer, { estimatedTokens: 2 * tokens });
      } catch (error) {
        if ((error as ConfigError).code !== 'quota_exceeded') throw error;
        refused++;
      }
    };
    // at once are so many that a slow machine still answers each in time
    for (let left = count; left > 0; left -= 50)
      await Promise.all(Array.from({ length: Math.min(50, left) }, one));
    return { answered: count - refused, refused, alerts };
  },
  async end(): Promise<void> {
    await ai.close();
    await second.close();
    close(client);
    process.disconnect?.();
  },
});
