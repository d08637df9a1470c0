import { describe, expect, it } from 'vitest';
import { pages } from '../../scripts/blocks.ts';
import { filesIn, read } from '../../scripts/files.ts';
import { chapters, landing, listed, nameOf, placeOf } from '../../site/chapters.ts';
import { forSite } from '../../site/markdown.ts';

describe('the pages of the site', () => {
  it('every page has one place in the sidebar', () => {
    const docs = filesIn('docs', /\.md$/);
    expect([...listed].sort()).toEqual(
      [...docs.filter((page) => page !== landing), 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'].sort(),
    );
    expect(Object.values(chapters).filter((list) => list.length === 0)).toEqual([]);
  });

  it('names in the sidebar are short, and different in each chapter', () => {
    expect(listed.map(nameOf).filter((name) => name.length > 46)).toEqual([]);
    for (const list of Object.values(chapters)) expect(new Set(list.map(nameOf)).size).toBe(list.length);
  });

  it('every page opens with what its reader can do or look up', () => {
    const opening = /^# .+\n\n(?:After this page, |Look up here )/;
    expect(listed.filter((page) => !opening.test(read(page)))).toEqual([]);
  });

  it('the page of an incident has its row of the table of all', () => {
    const page = 'docs/incidents.md';
    const row = /^\| \[(.+?)\]\(incidents\/([\w-]+\.md)\) \|(.+)$/gm;
    const rows = [...read(page).matchAll(row)];
    expect(rows.map(([, , file]) => `docs/incidents/${file}`).sort()).toEqual(
      filesIn('docs/incidents', /\.md$/),
    );
    const differing = rows.filter(
      ([, happens, file, cells]) => !read(`docs/incidents/${file}`).includes(`\n| ${happens} |${cells}\n`),
    );
    expect(differing.map(([, , file]) => file)).toEqual([]);
  });

  it('the page on errors links to every incident', () => {
    const linked = read('docs/errors.md').matchAll(/\]\((incidents\/[\w-]+\.md)\)/g);
    expect([...linked].map(([, file]) => `docs/${file}`).sort()).toEqual(filesIn('docs/incidents', /\.md$/));
  });
});

describe('a page on the site', () => {
  const shown = (text: string): string =>
    forSite(text, 'docs/providers/vault.md', (file) => (file.startsWith('docs/') ? placeOf(file) : file));

  it('an installation has a tab for each package manager', () => {
    const tabs = shown('```sh\nnpm install -D a # why\nnpx b\n```');
    expect(tabs.split('\n').filter((line) => /^\S+ (?:install|add|\[)|^```sh|b$/.test(line))).toEqual([
      '```sh [npm]',
      'npm install -D a # why',
      'npx b',
      '```sh [pnpm]',
      'pnpm add -D a # why',
      'pnpm exec b',
      '```sh [yarn]',
      'yarn add -D a # why',
      'yarn b',
      '```sh [bun]',
      'bun add -D a # why',
      'bunx b',
    ]);
  });

  it('code has the name of its file, and output is called output', () => {
    const name = (marker: string): string | undefined =>
      /<div class="file-name">(.*)<\/div>/.exec(shown(`${marker}\n\`\`\`ts\nx\n\`\`\``))?.[1];
    expect(name('<!-- examples/vault/main.ts#first -->')).toBe('main.ts');
    expect(name('<!-- examples/applications/nextjs/app/page.tsx -->')).toBe('app/page.tsx');
    expect(name('<!-- in examples/vault/output.txt -->')).toBe('output');
    expect(name('text')).toBeUndefined();
  });

  it('links lead to places on the site, and code keeps its text', () => {
    const at = (link: string): string => shown(`[a](${link})`);
    expect(at('../reload.md#watching')).toBe('[a](../reload.md#watching)');
    expect(at('vault/leases.md')).toBe('[a](./vault/leases.md)');
    expect(at('../../SECURITY.md')).toBe('[a](/SECURITY.md)'.replace('/', '../'));
    expect(at('https://example.org/a.md')).toBe('[a](https://example.org/a.md)');
    for (const code of ['`[a](../b.md)`', '`` `[a](../b.md)` ``', '``x`[a](../b.md)``'])
      expect(shown(`${code}, [c](vault/d.md)`)).toBe(`${code}, [c](./vault/d.md)`);
    expect(shown('```ts\n[a](../b.md)\n```')).toContain('\n[a](../b.md)\n');
  });

  it('a picture with a dark form follows the switch of the site', () => {
    const html = shown(
      '<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="../a-dark.svg">\n' +
        '  <img src="../a.svg" alt="A">\n</picture>',
    );
    expect(html).toBe(
      '<p class="drawing" tabindex="0"><img class="light-only" src="../a.svg" alt="A">' +
        '<img class="dark-only" src="../a-dark.svg" alt="A"></p>',
    );
  });
});

it('the pages of the repository and of the site are the same', () => {
  const unknown = pages().filter(({ page }) => ![landing, ...listed, 'README.md'].includes(page));
  expect(unknown.map(({ page }) => page)).toEqual([]);
});
