// Fills the measured parts of a page with Markdown. A part is the text between `<!-- name -->` and
// `<!-- /name -->`. Used by scripts/bench.ts for docs/performance.md, and by bench/claims/run.ts for
// docs/comparison.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { cells, type Section, type Verdict } from './report.ts';

const root = new URL('../', import.meta.url);

/** Replaces each part of a page. Throws if the page has no markers for a part. */
export function fill(page: string, parts: Readonly<Record<string, string>>): void {
  writeFileSync(new URL(page, root), filled(page, parts));
}

export function filled(page: string, parts: Readonly<Record<string, string>>): string {
  let text = readFileSync(new URL(page, root), 'utf8');
  for (const [name, part] of Object.entries(parts)) {
    const [from, to] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [start, end] = [text.indexOf(from), text.indexOf(to)];
    if (start < 0 || end < start) throw new Error(`${page} has no place for ${name}`);
    text = `${text.slice(0, start + from.length)}\n${part}\n\n${text.slice(end)}`;
  }
  return text;
}

/** The machine, and the versions of this library and of those it is compared with. */
export function machine(): string {
  const own = ['cockatiel', 'lru-cache', 'dotenv', 'smol-toml', 'yaml', 'jose', 'node-vault', 'zod'];
  const sdks = ['@aws-sdk/client-ssm', '@azure/keyvault-secrets', '@google-cloud/secret-manager'];
  const peers = Object.keys(manifest('bench/package.json').dependencies ?? {});
  const versions = [...peers, ...own, ...sdks].map((name) => `${name} ${version(name)}`).sort();
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`;
  const { node, v8 } = process.versions;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `Node ${node}, V8 ${v8}, ${process.platform} ${process.arch}, ${processors}, ${memory}.`,
    ...wrapped(`llm-config-manager ${manifest('package.json').version} beside ${versions.join(', ')}.`),
  ].join('\n');
}

/** Lines of at most 110 characters. */
const wrapped = (text: string): string[] =>
  text.match(/.{1,110}(?:\s|$)/g)?.map((line) => line.trimEnd()) ?? [];

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = (file: string): Manifest =>
  JSON.parse(readFileSync(new URL(file, root), 'utf8')) as Manifest;

export function version(name: string): string {
  const folder = ['bench/node_modules', 'node_modules'].find((one) =>
    existsSync(new URL(`${one}/${name}/package.json`, root)),
  );
  if (!folder) throw new Error(`${name} is not installed`);
  return manifest(`${folder}/${name}/package.json`).version;
}

/** The sections of one benchmark file as Markdown tables. */
export const tables = (sections: readonly Section[]): string =>
  sections
    .map((section) => {
      const ratios = section.base !== undefined;
      const asked = section.figures.some(({ requests }) => requests !== undefined);
      const columns = [
        section.title,
        '',
        ...(ratios ? [`× ${section.base}`] : []),
        ...(asked ? ['requests'] : []),
      ];
      const rows = section.figures.map((figure) => {
        const [name, value, ratio, requests] = cells(figure, section);
        return [name, value, ...(ratios ? [ratio] : []), ...(asked ? [requests] : [])];
      });
      return table(columns, rows);
    })
    .join('\n\n');

/** The goals as a Markdown table, those that are not met first. */
export const goals = (verdicts: readonly Verdict[]): string =>
  table(
    ['goal', 'target', 'measured', ''],
    [...verdicts]
      .sort((a, b) => Number(a.met) - Number(b.met))
      .map(({ says, asked, measured, met }) => [says, asked, measured, met ? 'met' : '**not met**']),
  );

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [
    line(columns),
    `|${columns.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
