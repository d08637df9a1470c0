import { checking, counted, type Figure, type Goal, report } from './report.ts';

export interface CompareOptions {
  /** The case that counts as 1. @default the first */
  readonly base?: string;
  /** Operations that one call of a case does. @default 1 */
  readonly batch?: number;
  /** How long each case runs in all. @default 500 */
  readonly timeMs?: number;
  /** What the cases have to keep to. @default none */
  readonly goals?: readonly Goal[];
}

export type Cases = Readonly<Record<string, () => unknown>>;

/** Runs the cases in turns, so that a noisy moment troubles all of them, and reports the time of one operation: of the medians of all
 *  rounds the least, which is what the machine does when it is left alone. A case must hand back something that depends on all it
 *  did, or there may be nothing left to measure. */
export async function compare(title: string, cases: Cases, options: CompareOptions = {}): Promise<void> {
  const { batch = 1, timeMs = 500, goals = [] } = options;
  const { base = Object.keys(cases)[0] as string } = options;
  const wanted = new Set(counted(goals).flatMap(({ of, against }) => [of, against]));
  const runs = Object.entries(cases).filter(([name]) => !checking || wanted.has(name));
  if (runs.length === 0) return;
  const [rounds, turnMs] = checking ? [8, Math.min(40, timeMs / 10)] : [10, timeMs / 10];
  const least = new Map<string, number>();
  const spent = new Map<string, number>();
  // the first round warms up
  for (let round = 0; round <= rounds; round++)
    for (const [name, run] of runs) {
      // one round is enough of what takes much longer than its turn
      if (round > 1 && (spent.get(name) ?? 0) > 3 * timeMs) continue;
      globalThis.gc?.();
      const from = performance.now();
      const median = await medianOf(run, turnMs);
      spent.set(name, performance.now() - from + (spent.get(name) ?? 0));
      if (round > 0) least.set(name, Math.min(median, least.get(name) ?? Number.POSITIVE_INFINITY));
    }
  const figures = [...least].map(([name, ns]): Figure => ({ name, value: ns / batch, unit: 'ns' }));
  report(title, figures, goals, least.has(base) ? base : undefined);
}

/** Where results go, so that the compiler cannot leave the work out. */
export let kept: unknown;

async function medianOf(run: () => unknown, ms: number): Promise<number> {
  const times: number[] = [];
  const until = performance.now() + ms;
  do {
    const from = process.hrtime.bigint();
    const out = run();
    kept = out instanceof Promise ? await out : out;
    times.push(Number(process.hrtime.bigint() - from));
  } while (performance.now() < until);
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] as number;
}

/** How long each did its work, done once, and what its backend was asked meanwhile. */
export async function once(title: string, works: Cases, asked: () => number): Promise<void> {
  if (checking) return;
  const figures: Figure[] = [];
  for (const [name, work] of Object.entries(works)) {
    const before = asked();
    const from = performance.now();
    await work();
    figures.push({ name, value: (performance.now() - from) * 1e6, unit: 'ns', requests: asked() - before });
  }
  report(title, figures);
}

/** Bytes on the heap after everything that can be forgotten was. */
export async function heapUsed(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** One of the libraries that ours is compared with; it is installed in bench/ only, so it is loaded by its name alone. */
export async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** Reads a hundred times in a row: one read is shorter than a look at the clock. */
export const hundred = (read: () => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (let i = 0; i < 100; i++) last = await read();
  return last;
};

/** The numbers 0…n−1 in an order that is random and always the same. */
export function shuffled(n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  let seed = 42;
  for (let i = n - 1; i > 0; i--) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
