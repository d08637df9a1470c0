// Runs the claims of docs/comparison.md. Each file runs in its own process, because libraries read the
// environment on import. Writes the sentences that hold into the page, or with BENCH_CHECK=1 fails if the
// page differs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fill, filled } from '../page.ts';
import type { Claims } from './claim.ts';

const page = 'docs/comparison.md';
const here = new URL('.', import.meta.url);
const [, self, only] = process.argv as [string, string, string | undefined];

if (only) {
  const { claims } = (await import(new URL(only, here).href)) as { claims: Claims };
  const held: string[] = [];
  for (const [sentence, proof] of Object.entries(claims)) {
    try {
      await proof();
      held.push(sentence);
    } catch (error) {
      const { stack = String(error) } = error as Error;
      console.error(`${only.replace('.ts', '')}: not true: ${sentence}\n  ${stack}`);
      process.exitCode = 1;
    }
  }
  console.log(`\n${JSON.stringify(held)}`);
  process.exit();
} else {
  const files = readdirSync(here).filter((name) => !['claim.ts', 'run.ts'].includes(name));
  const parts: Record<string, string> = {};
  let good = true;
  for (const file of files) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', self, file], {
      encoding: 'utf8',
    });
    const held = JSON.parse(stdout.trim().split('\n').at(-1) as string) as string[];
    if (status !== 0) console.error(stderr);
    good &&= status === 0;
    console.log(`${file.replace('.ts', '').padEnd(20)} ${held.length} claims hold`);
    parts[`claims ${file.replace('.ts', '')}`] = held.map((sentence) => `- ${sentence}`).join('\n');
  }
  if (!good) process.exitCode = 1;
  else if (process.env.BENCH_CHECK !== '1') fill(page, parts);
  else if (filled(page, parts) !== readFileSync(new URL(`../../${page}`, here), 'utf8')) {
    console.error(`${page} differs from the claims: run npm run bench -- claims`);
    process.exitCode = 1;
  }
}
