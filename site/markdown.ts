// Turns a page of the repository, which reads well on GitHub, into one of the site: package managers as tabs,
// file names above code, pictures for light and dark, links of the site. Used by stage.ts.
import { posix } from 'node:path';

/** Where the site has a page or another file of the repository. */
export type Places = (file: string) => string;

const example = /^ *<!-- examples\/(?:applications\/)?[\w-]+\/([\w./-]+?)(?:#[\w-]+)? -->$/;
const output = /^ *<!-- in examples\/\S+ -->$/;
const comment = /^ *<!-- .* -->$/;

export function forSite(text: string, page: string, placeOf: Places): string {
  const out: string[] = [];
  const prose: string[] = [];
  const flush = (): void => {
    out.push(pictures(linked(prose.splice(0).join('\n'), page, placeOf)));
  };
  const lines = text.split('\n');
  let label: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const [, indent = '', ticks, language = ''] = /^( *)(`{3,})(\w*)/.exec(line) ?? [];
    if (ticks === undefined) {
      label = example.exec(line)?.[1] ?? (output.test(line) ? 'output' : undefined);
      // an empty line, so that a table below a comment keeps its beginning
      prose.push(comment.test(line) ? '' : line);
      continue;
    }
    flush();
    const end = lines.indexOf(indent + ticks, i + 1);
    const code = lines.slice(i + 1, end);
    if (language === 'sh' && code.some((one) => install.test(one))) out.push(...tabs(indent, code));
    else {
      if (label) out.push(`${indent}<div class="file-name">${label}</div>`, '');
      out.push(`${indent}${ticks}${language || 'text'}`, ...code, indent + ticks);
    }
    label = undefined;
    i = end;
  }
  flush();
  return out.join('\n');
}

const install = /^ *npm install (?!-g)/;

const managers = [
  { name: 'npm', add: 'npm install', run: 'npx' },
  { name: 'pnpm', add: 'pnpm add', run: 'pnpm exec' },
  { name: 'yarn', add: 'yarn add', run: 'yarn' },
  { name: 'bun', add: 'bun add', run: 'bunx' },
];

/** The same commands for each package manager. */
function tabs(indent: string, code: readonly string[]): readonly string[] {
  const blocks = managers.flatMap(({ name, add, run }) => [
    `${indent}\`\`\`sh [${name}]`,
    ...code.map((line) => line.replace(/^( *)npm install\b/, `$1${add}`).replace(/^( *)npx\b/, `$1${run}`)),
    `${indent}\`\`\``,
  ]);
  return [`${indent}::: code-group`, ...blocks, `${indent}:::`];
}

/** Points the links of a text to the pages and files of the site. */
function linked(text: string, page: string, placeOf: Places): string {
  const own = posix.dirname(placeOf(page));
  const target = (link: string): string => {
    const [file = '', anchor] = link.split('#');
    if (file === '' || /^[a-z][a-z+.-]*:/i.test(link)) return link;
    const place = placeOf(posix.join(posix.dirname(page), file));
    const isBuilt = /\.(?:md|svg)$/.test(place);
    const path = isBuilt ? posix.relative(own, place).replace(/^(?!\.)/, './') : `/${place}`;
    return anchor === undefined ? path : `${path}#${anchor}`;
  };
  return text.replace(codeOrLink, (all, _ticks, link?: string, name?: string, source?: string) => {
    if (link !== undefined) return `](${target(link)})`;
    return source === undefined ? all : `${name}="${target(source)}"`;
  });
}

/** Code, which may contain what looks like a link and ends at as many ticks as it began with; or the target
 *  of a link or a picture. */
const codeOrLink = /(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\]\(([^)\s]+)\)|\b(src|srcset)="([^"]+)"/gs;

/** `<picture>` follows the system. The site has a switch, so the page has both pictures and shows one. */
const pictures = (text: string): string =>
  text.replace(
    /<picture>\s*<source [^>]*srcset="([^"]+)"[^>]*>\s*<img ([^>]*)>\s*<\/picture>/g,
    (_, dark: string, attributes: string) =>
      `<p class="drawing" tabindex="0"><img class="light-only" ${attributes}>` +
      `<img class="dark-only" ${attributes.replace(/src="[^"]+"/, `src="${dark}"`)}></p>`,
  );
