// The rows of the incidents as Markdown.

import type { Row } from './tally.ts';

const columns: readonly (readonly [title: string, cell: (row: Row) => string | number])[] = [
  ['incident', ({ incident }) => incident],
  ['client', ({ client }) => client],
  ['reads', ({ tally }) => tally.reads],
  ['right', ({ tally }) => tally.right],
  ['stale', ({ tally }) => tally.stale],
  ['defaults allowed', ({ tally }) => tally.defaults],
  ['errors by code', ({ tally }) => counted(tally.errors)],
  ['wrong', ({ tally }) => tally.wrong],
  ['`config.value` wrong', ({ tally }) => tally.wrongLooks],
  ['requests during', ({ during }) => `${during.vault} + ${during.ssm}`],
  ['requests after', ({ after }) => `${after.vault} + ${after.ssm}`],
  ['recovery ms', ({ recoveryMs }) => Math.round(recoveryMs)],
  ['max lag ms', ({ maxLagMs }) => Math.round(maxLagMs)],
  ['heap Δ MB', ({ heapMb }) => heapMb.toFixed(1)],
  ['longest read ms', ({ tally }) => Math.round(tally.longestMs)],
];

const counted = (errors: ReadonlyMap<string, number>): string =>
  [...errors]
    .sort(([, a], [, b]) => b - a)
    .map(([code, n]) => `${code} ${n}`)
    .join(', ') || '–';

const line = (cells: readonly unknown[]): string => `| ${cells.join(' | ')} |`;

/** The rows as a Markdown table. Requests are to Vault and to SSM. */
export const table = (rows: readonly Row[]): string =>
  [
    line(columns.map(([title]) => title)),
    `|${columns.map((_, i) => (i < 2 ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n');

/** The name of the page in docs/incidents. */
export const pageOf = (name: string): string => `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.md`;

/** One line for each incident, of all clients together. `link` makes a link of what happens. */
export function summary(
  rows: readonly Row[],
  incidents: readonly { readonly name: string; readonly happens: string }[],
  link: (name: string, happens: string) => string = (_, happens) => happens,
): string {
  const titles = ['while', 'reads', 'right', 'stale', 'error', 'default', 'wrong', 'requests to one store'];
  return [
    line(titles),
    `|${titles.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...incidents.flatMap(({ name, happens }) => {
      const ours = rows.filter(({ incident }) => incident === name);
      if (ours.length === 0) return [];
      const sum = (count: (row: Row) => number): string =>
        ours.reduce((total, row) => total + count(row), 0).toLocaleString('en');
      const most = Math.max(...ours.map(({ during }) => Math.max(during.vault, during.ssm)));
      const cells = [
        link(name, happens),
        sum(({ tally }) => tally.reads),
        sum(({ tally }) => tally.right),
        sum(({ tally }) => tally.stale),
        sum(({ tally }) => [...tally.errors.values()].reduce((a, b) => a + b, 0)),
        sum(({ tally }) => tally.defaults),
        sum(({ tally }) => tally.wrong + tally.wrongLooks),
        `${most} in ${Math.round(Math.max(...ours.map(({ seconds }) => seconds)))} s`,
      ];
      return [line(cells)];
    }),
  ].join('\n');
}
