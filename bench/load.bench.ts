import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { BundleProvider, DotEnvProvider } from 'llm-config-manager';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { compare, peer } from './compare.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const sections = (n: number): [string, [string, string | number | boolean][]][] =>
  Array.from({ length: n / 20 }, (_, s) => [
    `section${s}`,
    Array.from({ length: 20 }, (_, k) => [
      `key${k}`,
      [`a value of some length ${s} ${k}`, s * k, k % 2 === 0][k % 3] as string,
    ]),
  ]);
const tree = (n: number) =>
  Object.fromEntries(sections(n).map(([name, inner]) => [name, Object.fromEntries(inner)]));
const toml = (n: number) =>
  sections(n)
    .map(
      ([name, inner]) =>
        `[${name}]\n${inner.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`,
    )
    .join('\n');
const yaml = (n: number) =>
  sections(n)
    .map(
      ([name, inner]) =>
        `${name}:\n${inner.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`).join('')}`,
    )
    .join('');
const env = (n: number) =>
  sections(n)
    .flatMap(([name, inner]) => inner.map(([key, value]) => `APP__${name}__${key}="${value}"\n`))
    .join('');
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const { loadConfig } = await peer<{ loadConfig: (options: object) => Promise<{ config: object }> }>('c12');
const c12 = (path: string) => () =>
  loadConfig({
    configFile: path,
    cwd: folder,
    rcFile: false,
    globalRc: false,
    packageJson: false,
    dotenv: false,
  });
const bundle = (path: string) => () => new BundleProvider(path).list();
const plain = (path: string, parse: (text: string) => unknown) => async () =>
  parse(await readFile(path, 'utf8'));

try {
  const json = file('base.json', JSON.stringify(tree(100_000), null, 2));
  await compare(
    'JSON, 100,000 keys',
    {
      'JSON.parse': plain(json, JSON.parse),
      BundleProvider: bundle(json),
      'c12 (from its import cache)': c12(json),
    },
    { timeMs: 1_000, goals: [{ of: 'BundleProvider', against: 'JSON.parse', atMost: 1.7, limit: 3.4 }] },
  );

  const small = file('small.yaml', yaml(5_000));
  const large = file('large.yaml', yaml(20_000));
  await compare(
    'YAML, 20,000 keys',
    {
      'yaml, duplicates not refused': plain(large, (text) => parseYaml(text, { uniqueKeys: false })),
      BundleProvider: bundle(large),
      'BundleProvider, a quarter of the file': bundle(small),
      'c12 (js-yaml)': c12(large),
    },
    { timeMs: 2_000 },
  );

  const wide = file('wide.yaml', Array.from({ length: 20_000 }, (_, i) => `key${i}: ${i}\n`).join(''));
  const narrow = file('narrow.yaml', Array.from({ length: 5_000 }, (_, i) => `key${i}: ${i}\n`).join(''));
  // four times the keys with a linear parser, and half as much again for effects of memory
  await compare(
    'YAML, one flat map',
    { '5,000 keys of YAML': bundle(narrow), '20,000 keys of YAML': bundle(wide) },
    {
      timeMs: 1_500,
      goals: [{ of: '20,000 keys of YAML', against: '5,000 keys of YAML', atMost: 6, limit: 10 }],
    },
  );

  const table = file('base.toml', toml(20_000));
  await compare(
    'TOML, 20,000 keys',
    {
      'smol-toml': plain(table, (text) => parseToml(text)),
      BundleProvider: bundle(table),
      'c12 (its own)': c12(table),
    },
    { timeMs: 1_000 },
  );

  const dotenv = file('.env', env(2_000));
  await compare('.env, 2,000 variables', {
    'dotenv.parse': plain(dotenv, (text) => parseDotenv(text)),
    DotEnvProvider: () => new DotEnvProvider({ prefix: 'APP', directory: folder }).list(),
  });
} finally {
  rmSync(folder, { recursive: true });
}
