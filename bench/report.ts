// Figures, goals and verdicts of a benchmark. Each bench/*.bench.ts calls `report`, which passes a section to
// scripts/bench.ts or prints it.
import { appendFileSync } from 'node:fs';

export type Unit = 'ns' | 'bytes' | 'kB' | 'requests' | 'round trips' | '%';

/** One row of the table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** Requests to the backend during the measurement. */
  readonly requests?: number;
}

/** A limit for the figure named `of`, or for its ratio to the figure named `against`. */
export interface Goal {
  /** What the list of goals calls it. @default the names of the figures */
  readonly says?: string;
  readonly of: string;
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The limit of `--check`, generous enough for a busy machine. Without one, the goal is only reported. */
  readonly limit?: number;
}

/** A goal and its measured value. */
export interface Verdict {
  readonly says: string;
  readonly asked: string;
  readonly measured: string;
  readonly met: boolean;
  /** The goal has a limit, so `--check` must run this benchmark. */
  readonly isLimited: boolean;
  /** The value is within the limit, or no limit is set. */
  readonly passes: boolean;
}

/** The rows of one table. */
export interface Section {
  readonly title: string;
  /** The name of the row that the ratios refer to. */
  readonly base?: string;
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
}

/** Whether this is the short run of `--check`, which only checks goals that have limits. */
export const checking = process.env.BENCH_CHECK === '1';

/** The goals that this run checks. */
export const counted = (goals: readonly Goal[] = []): readonly Goal[] =>
  checking ? goals.filter(({ limit }) => limit !== undefined) : goals;

/** Writes a section to the file in `BENCH_REPORT`, or prints it if the variable is not set. */
export function report(
  title: string,
  figures: readonly Figure[],
  goals: readonly Goal[] = [],
  base?: string,
): void {
  const section: Section = {
    title,
    ...(base !== undefined && { base }),
    figures,
    verdicts: counted(goals).map((goal) => verdict(goal, figures)),
  };
  const to = process.env.BENCH_REPORT;
  if (to) appendFileSync(to, `${JSON.stringify(section)}\n`);
  else console.log(lines([section]).join('\n'));
}

function verdict({ says, of, against, atMost, atLeast, limit }: Goal, figures: readonly Figure[]): Verdict {
  const figure = (name: string): Figure => {
    const found = figures.find((one) => one.name === name);
    if (!found) throw new Error(`a goal names "${name}", which is not measured`);
    return found;
  };
  const one = figure(of);
  const value = against === undefined ? one.value : one.value / figure(against).value;
  const shown = (n: number): string =>
    against === undefined ? printed(n, one.unit) : `${n.toFixed(n < 10 ? 2 : 1)} ×`;
  const within = (most: number | undefined, least: number | undefined): boolean =>
    value <= (most ?? value) && value >= (least ?? value);
  return {
    says: says ?? (against === undefined ? of : `${of}, against ${against}`),
    asked: atMost === undefined ? `at least ${shown(atLeast ?? 0)}` : `at most ${shown(atMost)}`,
    measured: shown(value),
    met: within(atMost, atLeast),
    isLimited: limit !== undefined,
    passes:
      limit === undefined || (atMost === undefined ? within(undefined, limit) : within(limit, undefined)),
  };
}

export function printed(value: number, unit: Unit): string {
  if (unit === '%') return `${value.toFixed(1)} %`;
  if (unit === 'kB') return `${value.toFixed(1)} kB`;
  if (unit === 'round trips') return `${value.toFixed(2)} round trips`;
  if (unit !== 'ns') {
    const shown = unit === 'requests' && value === 1 ? 'request' : unit;
    return `${Math.round(value).toLocaleString('en')} ${shown}`;
  }
  if (value < 1e3) return `${value.toFixed(value < 100 ? 1 : 0)} ns`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} µs` : `${(value / 1e6).toFixed(1)} ms`;
}

/** The cells of a row: name, figure, ratio to the base, requests. */
export function cells(
  { name, value, unit, requests }: Figure,
  { base, figures }: Section,
): readonly [string, string, string, string] {
  const unitary = figures.find((figure) => figure.name === base)?.value;
  const ratio = unitary === undefined ? '' : (value / unitary).toFixed(value / unitary < 10 ? 2 : 1);
  return [name, printed(value, unit), ratio, requests === undefined ? '' : requests.toLocaleString('en')];
}

const widths = [58, 16, 10, 10] as const;
const row = ([first, ...others]: readonly string[]): string =>
  (first as string).padEnd(widths[0]) +
  others.map((cell, i) => cell.padStart(widths[i + 1] as number)).join('');

/** Sections as one table of plain text. */
export function lines(sections: readonly Section[]): readonly string[] {
  return sections.flatMap((section) => [
    row([
      section.title,
      '',
      section.base ? '×' : '',
      section.figures.some(({ requests }) => requests !== undefined) ? 'requests' : '',
    ]),
    ...section.figures.map((figure) =>
      row(cells(figure, section).map((cell, i) => (i === 0 ? `  ${cell}` : cell))),
    ),
  ]);
}
