import { Bench } from 'tinybench';

export interface CompareOptions {
  /** The case that counts as 1. @default the first */
  readonly base?: string;
  /** Operations that one call of a case does. @default 1 */
  readonly batch?: number;
  /** How long each case runs in all. @default 500 */
  readonly timeMs?: number;
}

const rounds = 5;

/** Runs the cases in turns, so that a noisy moment troubles all of them, prints the median time of one operation and its ratio to
 *  the base, and answers the ratios. A case must hand back something that depends on all it did, or there may be nothing left to
 *  measure. */
export async function compare(
  title: string,
  cases: Readonly<Record<string, () => unknown>>,
  { base = Object.keys(cases)[0] as string, batch = 1, timeMs = 500 }: CompareOptions = {},
): Promise<Readonly<Record<string, number>>> {
  const samples = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const [name, run] of Object.entries(cases)) {
      globalThis.gc?.();
      const bench = new Bench({ time: timeMs / rounds, iterations: 2, warmup: false, retainSamples: true, throws: true });
      bench.add(name, () => (kept = run()));
      const [done] = await bench.run();
      // the first round warms up
      if (round > 0 && done && 'latency' in done.result) samples.get(name)?.push(...(done.result.latency.samples ?? []));
    }
  const medians = new Map([...samples].map(([name, times]) => [name, (median(times) * 1e6) / batch]));
  const unit = medians.get(base) as number;
  const ratios = Object.fromEntries(Object.keys(cases).map((name) => [name, (medians.get(name) as number) / unit]));
  console.log(`${title}${' '.repeat(Math.max(1, 58 - title.length))}${'time'.padStart(9)}  × ${base}`);
  for (const name of Object.keys(cases))
    console.log(`  ${name.padEnd(54)}  ${time(medians.get(name) as number).padStart(9)}  ${(ratios[name] as number).toFixed(2)}`);
  return ratios;
}

/** Where results go, so that the compiler cannot leave the work out. */
export let kept: unknown;

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;

function time(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(1)} ns`;
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(1)} ms`;
}

/** One of the libraries that ours is compared with; it is installed in bench/ only, so it is loaded by its name alone. */
export async function peer<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

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
