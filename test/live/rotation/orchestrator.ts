// A process that rotates, started by the live tests. It takes one order at a time, and answers each.
import process from 'node:process';
import { isConfigError } from '../../../src/index.ts';
import { made, type Setup } from './world.ts';

export interface Order {
  /** Steps until a step returns one of these. */
  readonly until: readonly string[];
  /** Kills the process before this change of the store or the database: 0 is the first one. */
  readonly killAt?: number;
  /** Waits for another message, once, before the first change that begins in this way. */
  readonly stallAt?: string;
}
export interface Answer {
  readonly results: readonly string[];
  readonly changes: readonly string[];
  /** The error that ended the steps. */
  readonly failed?: string;
}

const setup = JSON.parse(process.argv[2] as string) as Setup;
let order: Order = { until: [] };
let changes: string[] = [];
let goOn: (() => void) | undefined;

const { rotation } = made(setup, (change) => {
  if (changes.length === order.killAt) process.kill(process.pid, 'SIGKILL');
  changes.push(change);
  if (order.stallAt === undefined || !change.startsWith(order.stallAt)) return undefined;
  order = { until: order.until };
  process.send?.('stalled');
  return new Promise<void>((resolve) => {
    goOn = resolve;
  });
});

async function obey(): Promise<Answer> {
  const results: string[] = [];
  for (let begin = true; ; begin = results.at(-1) === 'busy') {
    try {
      results.push(await rotation.step({ begin }));
    } catch (error) {
      return {
        results,
        changes,
        failed: isConfigError(error) ? `${error.code}: ${error.message}` : String(error),
      };
    }
    if (order.until.includes(results.at(-1) as string)) return { results, changes };
    await new Promise((done) => setTimeout(done, 20));
  }
}

process.on('message', (message: Order | 'go on') => {
  if (message === 'go on') return goOn?.();
  order = message;
  changes = [];
  void obey().then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
