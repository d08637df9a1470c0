import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider } from 'llm-config-manager';
import { parse as parseToml, stringify as printToml } from 'smol-toml';
import { parse as parseYaml, stringify as printYaml } from 'yaml';
import { compare } from './compare.ts';

// The cost of refusing duplicates, limiting depth and freezing. The files differ in what makes them slow.
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const services = (n: number): object =>
  Object.fromEntries(
    Array.from({ length: n }, (_, i) => [
      `service-${i}`,
      {
        host: `db${i}.example.com`,
        port: 5432 + i,
        tls: true,
        ratio: 0.25,
        pool: { max: 10, min: 1, idleTimeoutMs: 30_000 },
        tags: ['a', 'b', 'c'],
        note: 'some "quoted" text\n',
      },
    ]),
  );
const flat = (n: number): object =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`key_${i}`, `value ${i}`]));

const against = async (
  title: string,
  file: string,
  text: string,
  parse: (text: string) => unknown,
): Promise<void> => {
  const path = join(folder, file);
  writeFileSync(path, text);
  await compare(
    `${title}, ${(text.length / 1e6).toFixed(1)} MB`,
    {
      'read and parse alone': async () => parse(await readFile(path, 'utf8')),
      BundleProvider: () => new BundleProvider(path).list(),
    },
    { timeMs: 1_000 },
  );
};

try {
  await against('JSON, indented', 'indented.json', JSON.stringify(services(10_000), null, 2), JSON.parse);
  await against('JSON, compact', 'compact.json', JSON.stringify(services(10_000)), JSON.parse);
  await against('JSON, one flat map', 'flat.json', JSON.stringify(flat(50_000), null, 2), JSON.parse);
  await against('JSON, small', 'small.json', JSON.stringify(services(10), null, 2), JSON.parse);
  await against('YAML', 'services.yaml', printYaml(services(500)), (text) =>
    parseYaml(text, { uniqueKeys: false }),
  );
  await against('YAML, one flat map', 'flat.yaml', printYaml(flat(5_000)), (text) =>
    parseYaml(text, { uniqueKeys: false }),
  );
  await against('TOML', 'services.toml', printToml(services(1_000)), (text) => parseToml(text));
} finally {
  rmSync(folder, { recursive: true });
}
