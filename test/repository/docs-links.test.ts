import { pathToFileURL } from 'node:url';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import type { Page } from '../../scripts/blocks.ts';
import { filesIn, read } from '../../scripts/files.ts';
import { anchorOf, deadInPages, deadInSite } from '../../scripts/links.ts';

const page = (text: string): Page => ({ page: 'docs/made-up.md', text, fresh: text, blocks: [], tables: [] });

describe('the links of the pages', () => {
  it('the link check finds dead files, headings and pictures', () => {
    const text =
      '# A\n\n## B, `c`\n\n[b](#b-c) [none](#none) [far](https://example.org/x)\n[file](nowhere.md)\n<img src="none.svg">\n';
    expect(deadInPages([page(text)]).map((one) => one.replace('docs/made-up.md: ', ''))).toEqual([
      '#none',
      'nowhere.md',
      'none.svg',
    ]);
  });

  it('the link check ignores code', () => {
    expect(deadInPages([page('```\n[a](nowhere.md)\n```\n`[a](nowhere.md)`\n')])).toEqual([]);
  });

  it('anchors are made as GitHub makes them', () => {
    expect(['What is `x-secret`?', 'Found, absent, failed', 'A [link](x.md) in it'].map(anchorOf)).toEqual([
      'what-is-x-secret',
      'found-absent-failed',
      'a-link-in-it',
    ]);
  });
});

describe('the links of the site', () => {
  it('the link check of the site finds dead pages, anchors and pictures', async () => {
    await using box = await sandbox({
      files: {
        'site/a.html':
          '<p id="here"><a href="#here">x</a><a href="b.html#there">x</a>' +
          '<a href="b.html#none">x</a><a href="c.html">x</a>',
        'site/b.html':
          '<p id="there"><img src="p.svg"><img srcset="a.svg"><a href="https://example.org">x</a>' +
          '<a href="/in/">x</a><a href="/in/none.html">x</a>',
        'site/in/index.html': '<a href="../a.html#here">x</a>',
        'site/p.svg': '<svg/>',
      },
    });
    const folder = `${pathToFileURL(box.path('site'))}/`;
    expect(deadInSite(folder).map((one) => one.slice(folder.length))).toEqual([
      'a.html: b.html#none',
      'a.html: c.html',
      'b.html: a.svg',
      'b.html: /in/none.html',
    ]);
  });
});

describe('the pictures of the pages', () => {
  const dark = filesIn('docs', /-dark\.svg$/);
  const colourless = (file: string): string => read(file).replace(/#[0-9a-f]{6}\b/g, '#');

  it.each(dark)('%s differs from its light form in colours only', (file) => {
    expect(colourless(file)).toBe(colourless(file.replace('-dark.svg', '.svg')));
  });

  it('every picture has a dark form', () => {
    const light = filesIn('docs', /\.svg$/).filter((file) => !file.endsWith('-dark.svg'));
    expect(light.map((file) => file.replace('.svg', '-dark.svg'))).toEqual(dark);
  });
});
