// The memory of a configuration beside that of its values, and what a reload costs when nothing has changed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, type Config, loadConfig, MemoryProvider } from 'llm-config-manager';
import { compare, heapUsed } from './compare.ts';
import { checking, report } from './report.ts';

const size = checking ? 20_000 : 100_000;
const treeOf = (n: number): Record<string, Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: n / 100 }, (_, s) => [
      `section${s}`,
      Object.fromEntries(Array.from({ length: 100 }, (_, k) => [`key${k}`, `value ${s} ${k}`])),
    ]),
  );
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const file = join(folder, 'default.json');

/** The bytes that a value adds to the heap. */
async function bytesOf(make: () => unknown): Promise<{ readonly bytes: number; readonly made: unknown }> {
  const before = await heapUsed();
  const made = await make();
  return { bytes: (await heapUsed()) - before, made };
}

try {
  writeFileSync(file, JSON.stringify(treeOf(size)));
  const warm = new MemoryProvider(treeOf(100));
  for (let i = 0; i < 20; i++) await (await loadConfig(warm)).reload();
  const parsed = await bytesOf(() => JSON.parse(readFileSync(file, 'utf8')));
  const provider = new BundleProvider(file);
  await provider.list();
  const loaded = await bytesOf(() => loadConfig(provider));
  const config = loaded.made as Config<ReturnType<typeof treeOf>>;
  const read = await bytesOf(() => [config.get('section0.key0'), config.value]);
  const reloaded = await bytesOf(() => {
    writeFileSync(file, JSON.stringify({ ...treeOf(size), more: 'a value' }));
    return config.reload();
  });
  const each = (bytes: number): number => bytes / size;
  report(
    `memory of a configuration of ${size.toLocaleString('en')} keys, each key`,
    [
      { name: 'JSON.parse of the values', value: each(parsed.bytes), unit: 'bytes' },
      { name: 'a Config, before its first read', value: each(loaded.bytes), unit: 'bytes' },
      { name: 'a Config', value: each(loaded.bytes + read.bytes), unit: 'bytes' },
      {
        name: 'more after a reload with one more key',
        value: each(Math.max(0, reloaded.bytes)),
        unit: 'bytes',
      },
    ],
    [
      {
        of: 'a Config',
        against: 'JSON.parse of the values',
        says: 'memory of a Config, against JSON.parse',
        atMost: 3,
        limit: 6,
      },
    ],
    'JSON.parse of the values',
  );

  writeFileSync(file, JSON.stringify(treeOf(1_000)));
  const sources = {
    memory: () => new MemoryProvider(treeOf(1_000)),
    'a file': () => new BundleProvider(file),
  };
  for (const [name, make] of Object.entries(sources)) {
    const kept = await loadConfig(make());
    await compare(
      `reload of 1,000 keys of ${name}, nothing changed`,
      {
        [`load of ${name}`]: () => loadConfig(make()),
        [`reload of ${name}`]: async () => {
          await kept.reload();
          return kept.value;
        },
      },
      {
        timeMs: 1_000,
        goals: [{ of: `reload of ${name}`, against: `load of ${name}`, atMost: 0.3, limit: 0.6 }],
      },
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
