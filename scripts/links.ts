// Checks every link, anchor and image of the pages in the repository and of the built site in site/dist.
// Run by `npm run docs` and test/repository/docs-links.test.ts.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Page, pages } from './blocks.ts';
import { read } from './files.ts';
import { root } from './folders.ts';

const elsewhere = /^(?:[a-z][a-z+.-]*:|\/\/)/i;

/** The anchor that GitHub generates for a heading. */
export function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** The anchors of a page. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorOf(heading);
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    anchors.add(times === 0 ? anchor : `${anchor}-${times}`);
  }
  return anchors;
}

const withoutBlocks = (text: string): string => text.replace(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, '');

/** Broken links of the pages in the repository. */
export function deadInPages(all: readonly Page[] = pages()): string[] {
  const texts = new Map(all.map(({ page, text }) => [page, text]));
  return all.flatMap(({ page, text }) => {
    const prose = withoutBlocks(text).replace(/`[^`\n]*`/g, '');
    const links = [
      ...prose.matchAll(/\]\(([^)\s]+)\)/g),
      ...prose.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g),
    ];
    return links
      .map(([, link = '']) => link)
      .filter((link) => {
        if (elsewhere.test(link)) return false;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page : join(dirname(page), file);
        if (!texts.has(target)) return anchor !== undefined || !existsSync(new URL(target, root));
        return anchor !== undefined && !anchorsOf(texts.get(target) as string).has(anchor);
      })
      .map((link) => `${page}: ${link}`);
  });
}

/** Broken links of the built site. */
export function deadInSite(folder: string): string[] {
  const files = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const html = new Map(
    files.filter((file) => file.endsWith('.html')).map((file) => [file, read(`${folder}${file}`)]),
  );
  const ids = new Map(
    [...html].map(([file, text]) => [
      file,
      new Set([...text.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id)),
    ]),
  );
  const present = new Set(files);
  return [...html].flatMap(([file, text]) => {
    const links = new Set(
      [...text.matchAll(/\b(?:href|src|srcset)="([^"]*)"/g)].map(([, link = '']) =>
        link.replaceAll('&amp;', '&'),
      ),
    );
    return [...links]
      .filter((link) => {
        if (elsewhere.test(link)) return false;
        const [path = '', anchor] = link.split('#').map(decodeURIComponent);
        const { pathname } = new URL(path, `http://localhost/${file}`);
        const target = `${decodeURI(pathname).slice(1)}${pathname.endsWith('/') ? 'index.html' : ''}`;
        if (!present.has(target)) return true;
        return anchor !== undefined && anchor !== '' && ids.get(target)?.has(anchor) === false;
      })
      .map((link) => `${folder}${file}: ${link}`);
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const dead = [...deadInPages(), ...deadInSite('site/dist/')];
  for (const one of dead) console.error(`broken link: ${one}`);
  process.exitCode = dead.length > 0 ? 1 : 0;
}
