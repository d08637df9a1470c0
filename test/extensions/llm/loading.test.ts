// Which files an application loads: prompts, presets and costs only where the configuration has them.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { folder } from '../../support/folder.ts';

// inside the project, because Node must find the packages
const outdir = fileURLToPath(new URL('../../../node_modules/.cache/llm-loading/', import.meta.url));
const parts = /^src\/extensions\/llm\/(prompts|presets|cost|budgets)\//;

/** Builds the program in chunks as the package has them, and lists the sources of each. */
async function built(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../../../', import.meta.url)),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    entryPoints: ['test/extensions/llm/loading-program.ts'],
    outdir,
    metafile: true,
  });
  return new Map(
    Object.entries(metafile.outputs).map(([file, { inputs }]) => [basename(file), Object.keys(inputs)]),
  );
}

/** Runs the program. Its coverage names the files that were loaded. */
async function run(sources: Awaited<ReturnType<typeof built>>, what: string) {
  await using coverage = await folder();
  const out = execFileSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', `${outdir}loading-program.mjs`, what],
    { encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: coverage.path } },
  );
  const loaded = readdirSync(coverage.path).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(coverage.at(file), 'utf8')) as { result: { url: string }[] };
    return result.flatMap(({ url }) => sources.get(basename(url)) ?? []);
  });
  return { lines: out.trimEnd().split('\n'), loaded };
}

describe('who uses only endpoints', async () => {
  const sources = await built();

  it('loads nothing of prompts, presets and costs', async () => {
    const { lines, loaded } = await run(sources, 'endpoints');
    expect(lines).toEqual(['code generation is refused', '{"top_p":1}', 'chat']);
    expect(loaded).toContain('src/extensions/llm/endpoints/call.ts');
    expect(loaded.filter((file) => parts.test(file))).toEqual([]);
  });

  it('loads all when the configuration has them, without code generation', async () => {
    const { lines, loaded } = await run(sources, 'whole');
    expect(lines).toEqual([
      'code generation is refused',
      '{"top_p":0.5}',
      'chat',
      'You are an editor for Acme. a b',
    ]);
    expect(new Set(loaded.flatMap((file) => parts.exec(file)?.[1] ?? []))).toEqual(
      new Set(['prompts', 'presets', 'cost', 'budgets']),
    );
  });

  it('loads them on a reload that brings them, behind the schema of an application', async () => {
    const { lines } = await run(sources, 'later');
    expect(lines.slice(-2)).toEqual(['invalid_key', 'You are an editor for Acme.']);
  });
});
