// Generates the code blocks and option tables of README and docs: blocks are cut from examples/, tables are
// made from comments in src/. Used by scripts/docs.ts, scripts/links.ts and the tests of the docs.
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './folders.ts';
import { OptionsReader, tableOf } from './options.ts';

/** Blocks in these languages must come from a file in examples/. */
const code = new Set(['ts', 'mts', 'cts', 'tsx', 'js', 'mjs', 'cjs', 'jsx', 'typescript', 'javascript']);
const marker = /^<!-- (examples\/[\w./-]+)(?:#([\w-]+))? -->$/;
/** Precedes a table that is generated from an options interface. */
const options = /^<!-- options (src\/[\w./-]+\.ts)#(\w+) -->$/;

export interface Block {
  readonly page: string;
  readonly line: number;
  /** The file in examples/ that the block comes from. */
  readonly file?: string;
  readonly problem?: string;
}

/** A table of options that a page shows. */
export interface Table {
  readonly file: string;
  readonly name: string;
}

export interface Page {
  readonly page: string;
  readonly text: string;
  /** The page with its blocks and tables regenerated. */
  readonly fresh: string;
  readonly blocks: readonly Block[];
  readonly tables: readonly Table[];
}

export function pages(): readonly Page[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const under = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md'));
  const texts = [...top, ...under]
    .sort()
    .map((page) => ({ page, text: readFileSync(new URL(page, root), 'utf8') }));
  const reader = new OptionsReader(
    texts.flatMap(({ text }) => text.split('\n').flatMap((line) => options.exec(line)?.[1] ?? [])),
  );
  return texts.map(({ page, text }) => refresh(page, text, reader));
}

function refresh(page: string, text: string, reader: OptionsReader): Page {
  const out: string[] = [];
  const blocks: Block[] = [];
  const tables: Table[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const fence = /^( *)(`{3,})(\w*)/.exec(line);
    if (!fence) {
      out.push(line);
      const [, file, name] = (options.exec(line) ?? []) as [string?, string?, string?];
      if (file === undefined || name === undefined) continue;
      let end = i + 1;
      while (lines[end]?.startsWith('|')) end++;
      const own = lines.slice(i + 1, end);
      const read = reader.read(file, name);
      const wanted = read ? tableOf(read) : own;
      const differs = own.join('\n') !== wanted.join('\n');
      const problem = read
        ? differs && `differs from ${file}: run npm run docs`
        : `${line}: the interface does not exist`;
      blocks.push({ page, line: i + 1, ...(problem && { problem }) });
      tables.push({ file, name });
      out.push(...wanted);
      i = end - 1;
      continue;
    }
    const [, indent, ticks, language] = fence as unknown as [string, string, string, string];
    let end = i + 1;
    while (end < lines.length && (lines[end] as string).trim() !== ticks) end++;
    const named = marker.exec((out.at(-1) ?? '').trim());
    const cut = named ? region(named[1] as string, named[2]) : undefined;
    const own = lines.slice(i + 1, end).join('\n');
    const wanted = cut?.split('\n').map((one) => (one === '' ? '' : indent + one));
    let problem: string | undefined;
    if (!named && code.has(language))
      problem = 'a code block without an example: put <!-- examples/…/main.ts#region --> above it';
    else if (named && cut === undefined) problem = `${named[0]}: the file or region does not exist`;
    else if (wanted && own !== wanted.join('\n')) problem = `differs from ${named?.[1]}: run npm run docs`;
    blocks.push({
      page,
      line: i + 1,
      ...(named && { file: named[1] as string }),
      ...(problem && { problem }),
    });
    out.push(
      line,
      ...(wanted ?? lines.slice(i + 1, end)),
      ...(end < lines.length ? [lines[end] as string] : []),
    );
    i = end;
  }
  return { page, text, fresh: out.join('\n'), blocks, tables };
}

/** The lines between `// #region name` and its `// #endregion` without common indentation. Without a name,
 *  the whole file. Nested region markers are left out. */
function region(file: string, name: string | undefined): string | undefined {
  let text: string;
  try {
    text = readFileSync(new URL(file, root), 'utf8');
  } catch {
    return undefined;
  }
  const lines = text.split('\n');
  const edge = /^\s*(?:\/\/|#|<!--) ?#(?:end)?region\b/;
  const start =
    name === undefined ? -1 : lines.findIndex((line) => new RegExp(`#region ${name}(?: -->)?$`).test(line));
  if (name !== undefined && start < 0) return undefined;
  let depth = 1;
  const kept: string[] = [];
  for (const line of lines.slice(start + 1)) {
    if (edge.test(line)) {
      depth += line.includes('#endregion') ? -1 : 1;
      if (depth === 0) break;
    } else kept.push(line);
  }
  while (kept.at(-1)?.trim() === '') kept.pop();
  const margin = Math.min(...kept.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return kept.map((line) => line.slice(margin).trimEnd()).join('\n');
}
