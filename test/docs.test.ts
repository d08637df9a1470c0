import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../scripts/blocks.ts';
import { examples } from '../scripts/examples.ts';
import { filesIn, read } from '../scripts/imports.ts';
import { root } from '../scripts/rooms.ts';

const all = pages();

describe('README and docs', () => {
  it('show no code that is not cut, word for word, from a file in examples/', () => {
    const problems = all.flatMap(({ blocks }) =>
      blocks.filter((block) => block.problem).map((block) => `${block.page}:${block.line} ${block.problem}`),
    );
    expect(problems).toEqual([]);
  });

  it('cut their code only from examples that run', () => {
    const folders = new Set(examples().map(({ folder }) => folder));
    const strays = all.flatMap(({ blocks }) =>
      blocks.filter(({ file }) => file && ![...folders].some((folder) => file.startsWith(`${folder}/`))),
    );
    expect(strays).toEqual([]);
  });

  it('name every concept of src/ in the architecture, and no file that is not there', () => {
    const sources = filesIn('src', /\.ts$/);
    const named = [...read('docs/architecture.md').matchAll(/`([\w/-]+\.ts)`/g)].map((match) => match[1] as string);
    expect(named.filter((name) => !existsSync(new URL(name, root)) && !sources.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
    const concepts = sources.map((file) => file.slice('src/'.length)).filter((name) => !name.includes('/') && name !== 'index.ts');
    expect(concepts.filter((name) => !named.includes(name))).toEqual([]);
  });

  it('link to no page, file or heading that is not there', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[`*]/g, '')
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-');
    const headings = (text: string): string[] => [...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => slug(match[1] as string));
    const broken = all.flatMap(({ page, text }) =>
      [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)/g)]
        .filter(([, file, anchor]) => {
          const target = file ? join(dirname(page), file) : page;
          if (!existsSync(new URL(target, root))) return true;
          return anchor !== undefined && target.endsWith('.md') && !headings(readFileSync(new URL(target, root), 'utf8')).includes(anchor);
        })
        .map((match) => `${page}: ${match[0].slice(2, -1)}`),
    );
    expect(broken).toEqual([]);
  });
});
