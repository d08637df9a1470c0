// Writes the pages that VitePress builds into site/.pages, from docs/, CONTRIBUTING.md, SECURITY.md and
// CHANGELOG.md. `npm run build` calls it first; reference.mjs adds the pages of the API.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { filesIn } from '../scripts/files.ts';
import { landing, listed, placeOf } from './chapters.ts';
import { forSite } from './markdown.ts';

const root = new URL('../', import.meta.url);
const staged = new URL('.pages/', import.meta.url);

const pages = [landing, ...listed];
const linkedFiles = new Set<string>();

/** A file that is not a page is copied, and keeps its path. */
function placeOfLink(file: string): string {
  if (file === 'README.md') return placeOf(landing);
  if (pages.includes(file)) return placeOf(file);
  if (!existsSync(new URL(file, root)) || statSync(new URL(file, root)).isDirectory())
    throw new Error(`a page links to ${file}, which is not a file`);
  if (file.endsWith('.md')) throw new Error(`site/chapters.ts has no chapter for ${file}`);
  if (file.endsWith('.svg')) return placeOf(file);
  linkedFiles.add(file);
  return file;
}

const target = (path: string): URL => {
  const url = new URL(path, staged);
  mkdirSync(new URL('.', url), { recursive: true });
  return url;
};

/** A table of many columns takes the place of the page's outline. */
const isWide = (text: string): boolean =>
  text.split('\n').some((line) => /^\|[\s:|-]+\|$/.test(line) && line.split('|').length > 8);

rmSync(staged, { recursive: true, force: true });
for (const page of pages) {
  const text = readFileSync(new URL(page, root), 'utf8');
  const front =
    page === landing
      ? readFileSync(new URL('hero.yaml', import.meta.url), 'utf8')
      : isWide(text)
        ? 'aside: false\npageClass: wide\n'
        : '';
  // the hero has the heading of the first page
  const own = page === landing ? text.replace(/^# .*\n/, '') : text;
  const head = front && `---\n${front}---\n\n`;
  writeFileSync(target(placeOf(page)), head + forSite(own, page, placeOfLink));
}
for (const file of filesIn('docs', /\.svg$/)) copyFileSync(new URL(file, root), target(placeOf(file)));
for (const file of linkedFiles) copyFileSync(new URL(file, root), target(`public/${file}`));
