import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { root } from './folders.ts';

/** Setup of the live tests. Fails if a variable that the selected files use is not set, so that no test is
 *  skipped silently. */
export default function setup(): void {
  const folder = new URL('test/live/', root);
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const words = process.argv.filter((_, at, all) => all[at - 1] !== '--exclude');
  const chosen = files.filter((name) => words.some((word) => basename(word) === name));
  const text = (chosen.length > 0 ? chosen : files)
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const missing = [...new Set(text.match(/\bLIVE_[A-Z_]*[A-Z]\b/g))]
    .filter((name) => !process.env[name])
    .sort();
  if (missing.length > 0)
    throw new Error(
      `The live tests need running servers. Set ${missing.join(', ')}: see test/live/README.md.`,
    );
}
