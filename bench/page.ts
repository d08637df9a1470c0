import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { cells, type Section, type Verdict } from './report.ts';

const root = new URL('../', import.meta.url);

/** Writes each part of a page anew that stands between `<!-- name -->` and `<!-- /name -->`; there must be a place for each. */
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

/** What was measured, on what, beside what. */
export function machine(): string {
  const own = ['cockatiel', 'lru-cache', 'dotenv', 'smol-toml', 'yaml', 'jose', 'node-vault', 'zod'];
  const sdks = ['@aws-sdk/client-ssm', '@azure/keyvault-secrets', '@google-cloud/secret-manager'];
  const peers = Object.keys(manifest('bench/package.json').dependencies ?? {});
  const versions = [...peers, ...own, ...sdks].map((name) => `${name} ${version(name)}`).sort();
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`;
  return [
    `Node ${process.versions.node}, V8 ${process.versions.v8}, ${process.platform} ${process.arch}, ${processors}, ${Math.round(totalmem() / 2 ** 30)} GiB.`,
    `llm-config-manager ${manifest('package.json').version} beside ${versions.join(', ')}.`,
  ].join('\n');
}

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

/** The sections of one file as Markdown tables. */
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

/** The goals as a Markdown table. */
export const goals = (verdicts: readonly Verdict[]): string =>
  table(
    ['goal', 'asked', 'measured', ''],
    verdicts.map(({ says, asked, measured, met }) => [says, asked, measured, met ? 'met' : '**not met**']),
  );

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [
    line(columns),
    `|${columns.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
