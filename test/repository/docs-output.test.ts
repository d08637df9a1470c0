import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filesIn, read } from '../../scripts/files.ts';
import { root } from '../../scripts/folders.ts';

interface Shown {
  readonly at: string;
  readonly file: string;
  /** The file has each of these lines. */
  readonly parts: readonly string[];
}

const marker = /^<!-- in (\S+) -->$/;

const pages = ['README.md', ...filesIn('docs', /\.md$/)];

/** The content below `<!-- in examples/…/output.txt -->`: a block, or a table whose last column quotes a
 *  line. */
const shown = pages.flatMap((page): Shown[] => {
  const lines = read(page).split('\n');
  return lines.flatMap((line, i): Shown[] => {
    const [, file] = marker.exec(line) ?? [];
    if (file === undefined) return [];
    const below = lines.slice(i + 1);
    const fenced = below[0] === '```';
    const end = below.findIndex((one, n) => (fenced ? n > 0 && one === '```' : !one.startsWith('|')));
    const own = below.slice(0, end);
    const parts = fenced
      ? [own.slice(1).join('\n')]
      : own.slice(2).map((row) => /`([^`]+)` \|$/.exec(row)?.[1] ?? row);
    return [{ at: `${page}:${i + 1}`, file, parts }];
  });
});

describe('README and docs', () => {
  it('pages show printed output', () => {
    expect(shown).not.toEqual([]);
    expect(
      shown.filter(
        ({ file }) => !/^examples\/[\w-]+\/output\.txt$/.test(file) || !existsSync(new URL(file, root)),
      ),
    ).toEqual([]);
  });

  it.each(shown)('$at shows only lines that the example prints', ({ file, parts }) => {
    const printed = `\n${read(file)}\n`;
    expect(parts).not.toEqual([]);
    expect(parts.filter((part) => !printed.includes(`\n${part}\n`))).toEqual([]);
  });
});
