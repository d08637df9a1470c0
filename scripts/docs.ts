// `npm run docs` calls this first. Updates the code blocks of README and docs from examples/, and their
// option tables from comments in src/. Fails if a block names no example.
import { writeFileSync } from 'node:fs';
import { pages } from './blocks.ts';
import { root } from './folders.ts';

let unmarked = 0;
for (const { page, text, fresh, blocks } of pages()) {
  if (fresh !== text) {
    writeFileSync(new URL(page, root), fresh);
    console.log(`${page}: refreshed`);
  }
  for (const { line, problem } of blocks) {
    if (!problem || problem.startsWith('differs')) continue;
    unmarked++;
    console.error(`${page}:${line}: ${problem}`);
  }
}
process.exitCode = unmarked > 0 ? 1 : 0;
