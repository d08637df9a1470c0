import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, loadConfig } from 'llm-config-manager';
import { z } from 'zod';
import { type Figure, report } from './report.ts';

// What a reload of a large file does to the other work of the process. Another task asks for each turn of
// the event loop while the file is reloaded, and notes how long it waited.
const rounds = 10;
const sections = Array.from({ length: 2_500 }, (_, at) => `section${at}`);
const givenAt = (round: number, at: number): string | number | boolean =>
  [`a value of some length ${at} ${round}`, at * round, at % 2 === 0][at % 3] as string;
const schema = z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])));
const tree = (round: number): Record<string, Record<string, unknown>> =>
  Object.fromEntries(
    sections.map((name, at) => [
      name,
      Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`key${k}`, givenAt(round, at * 20 + k)])),
    ]),
  );
const yaml = (round: number): string =>
  Object.entries(tree(round))
    .map(
      ([name, inner]) =>
        `${name}:\n${Object.entries(inner)
          .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`)
          .join('')}`,
    )
    .join('');
const formats = { JSON: (round: number) => JSON.stringify(tree(round)), YAML: yaml };

/** The processor time of this process: what other processes take does not count. */
const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};

interface Round {
  readonly reload: number;
  /** In ascending order. */
  readonly waits: readonly number[];
}

/** What each of the reloads took, and how long another task waited for its turns meanwhile. */
async function reloads(file: string, textOf: (round: number) => string): Promise<readonly Round[]> {
  writeFileSync(file, textOf(0));
  await using config = await loadConfig(schema, new BundleProvider(file));
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    writeFileSync(file, textOf(round));
    globalThis.gc?.();
    const waits: number[] = [];
    let last = spent();
    let done = false;
    const next = (): void => {
      const now = spent();
      // a turn in which nothing happens does not count as a wait
      if (now - last >= 1e6) waits.push(now - last);
      last = now;
      if (!done) setImmediate(next);
    };
    setImmediate(next);
    const from = spent();
    await config.reload();
    measured.push({ reload: spent() - from, waits: waits.sort((x, y) => x - y) });
    done = true;
    await new Promise(setImmediate);
  }
  return measured;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const share = (values: readonly number[], part: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  for (const [name, textOf] of Object.entries(formats)) {
    const measured = await reloads(join(folder, `c.${name.toLowerCase()}`), textOf);
    const waits = (part: number): number => median(measured.map((one) => share(one.waits, part)));
    const figures: Figure[] = [
      { name: 'the reload', value: median(measured.map(({ reload }) => reload)), unit: 'ns' },
      { name: 'another task waits for its turn, p50', value: waits(0.5), unit: 'ns' },
      { name: 'another task waits for its turn, p99', value: waits(0.99), unit: 'ns' },
    ];
    report(`a reload of 50,000 keys of ${name}, all changed, processor time`, figures);
  }
} finally {
  rmSync(folder, { recursive: true });
}
