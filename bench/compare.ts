import { cpuNs } from './cpu.ts';
import { checking, counted, type Figure, type Goal, report } from './report.ts';

export interface CompareOptions {
  /** The case that the others are compared with. @default the first */
  readonly base?: string;
  /** Operations per call of a case. @default 1 */
  readonly batch?: number;
  /** Total run time of a case. @default 500 */
  readonly timeMs?: number;
  /** `cpu`: the CPU time of the process, which other processes do not change. `wall`: the time that passes,
   *  for cases that wait. @default 'cpu' */
  readonly clock?: 'cpu' | 'wall';
  /** Limits for the cases. @default none */
  readonly goals?: readonly Goal[];
}

export type Cases = Readonly<Record<string, () => unknown>>;

/** Reports the time per operation: the lowest of the medians of all rounds. The cases run in turns, so a
 *  noisy moment affects all of them. A case must return a value that depends on all of its work, or the
 *  compiler may remove the work. */
export async function compare(title: string, cases: Cases, options: CompareOptions = {}): Promise<void> {
  const { batch = 1, timeMs = 500, clock = 'cpu', goals = [] } = options;
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
      // a case that takes much longer than its time runs for one round only
      if (round > 1 && (spent.get(name) ?? 0) > 3 * timeMs) continue;
      globalThis.gc?.();
      const from = performance.now();
      const median = await medianOf(run, turnMs, clock === 'cpu' ? cpuNs : wallNs);
      spent.set(name, performance.now() - from + (spent.get(name) ?? 0));
      if (round > 0) least.set(name, Math.min(median, least.get(name) ?? Number.POSITIVE_INFINITY));
    }
  const figures = [...least].map(([name, ns]): Figure => ({ name, value: ns / batch, unit: 'ns' }));
  report(title, figures, goals, least.has(base) ? base : undefined);
}

/** Keeps results, so the compiler cannot remove the work. */
export let kept: unknown;

const wallNs = (): number => Number(process.hrtime.bigint());

/** The median time of a run, in nanoseconds. */
export async function medianOf(run: () => unknown, ms: number, now: () => number): Promise<number> {
  const times: number[] = [];
  const until = performance.now() + ms;
  do {
    const from = now();
    const out = run();
    kept = out instanceof Promise ? await out : out;
    times.push(now() - from);
  } while (performance.now() < until);
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] as number;
}

/** Runs each case once and reports its time and the requests to its backend. */
export async function once(title: string, cases: Cases, asked: () => number): Promise<void> {
  if (checking) return;
  const figures: Figure[] = [];
  for (const [name, run] of Object.entries(cases)) {
    const before = asked();
    const from = performance.now();
    await run();
    figures.push({ name, value: (performance.now() - from) * 1e6, unit: 'ns', requests: asked() - before });
  }
  report(title, figures);
}

/** Bytes on the heap after garbage collection. */
export async function heapUsed(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** Imports a library to compare with. These are installed in bench/ only, so TypeScript cannot resolve
 *  them. */
export async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** Reads a hundred times in a row, because a single read is too short to time. */
export const hundred = (read: () => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (let i = 0; i < 100; i++) last = await read();
  return last;
};

/** The numbers 0…n−1 in a random order that is the same in every run. */
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
