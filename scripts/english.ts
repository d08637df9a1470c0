// `npm run english` counts, folder by folder, the words that make a text read as if translated.
// `-- --list docs/` prints where they are. `test/repository/english.test.ts` checks the limits, the width and
// the headers.
import { readdirSync, readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { filesIn } from './files.ts';
import { root } from './folders.ts';

/** Words for which plain English nearly always has a better one. */
export const listed =
  /\b(?:stands?|standing|stood|tells?|telling|told|nobody|somebody|whoever|anew|at hand|said)\b/gi;
export const widest = 110;

/** Where a text is read, and how many of the listed words it may have in 10,000. */
export const limits = {
  comments: 6,
  messages: 6,
  identifiers: 6,
  pages: 6,
  examples: 6,
  tools: 6,
  'test titles': 20,
  'test comments': 20,
} as const;
export type Kind = keyof typeof limits;

export interface Passage {
  readonly kind: Kind;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const own = (folder: string, ends: RegExp): readonly string[] =>
  filesIn(folder, ends).filter((file) => !/\/(?:node_modules|fixtures)\//.test(file));

/** Without the packages that site/ has of its own. */
const inSite = (): readonly string[] =>
  readdirSync(new URL('site/', root))
    .filter((file) => /\.m?[jt]s$/.test(file))
    .map((file) => `site/${file}`);

/** Everything that a person reads in this project. */
export function passages(): readonly Passage[] {
  return [
    ...own('src', /\.ts$/).flatMap((file) => inCode(file, 'comments', 'messages', 'identifiers')),
    ...own('test', /\.m?ts$/).flatMap((file) => inTests(file)),
    ...own('examples', /\.[mc]?[jt]s$/).flatMap((file) => inCode(file, 'examples', 'examples')),
    ...own('examples', /(?:\.(?:txt|md)|\.env(?:\.\w+)?|\.ya?ml|\.toml)$/).flatMap((file) =>
      lines(file, 'examples'),
    ),
    ...[...own('scripts', /\.ts$/), ...own('bench', /\.ts$/), ...inSite()]
      .filter((file) => file !== 'scripts/english.ts') // it has to name the words
      .flatMap((file) => inCode(file, 'tools', 'tools')),
    ...lines('.ci/run', 'tools'),
    ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...own('docs', /\.md$/)].flatMap(
      (file) => lines(file, 'pages'),
    ),
  ];
}

const pageFiles = (): readonly string[] => [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...own('docs', /\.md$/),
];

function lines(file: string, kind: Kind): Passage[] {
  return read(file)
    .split('\n')
    .map((text, i) => ({ kind, file, line: i + 1, text }));
}

function inTests(file: string): Passage[] {
  const source = parsed(file);
  const found = inCode(file, 'test comments').filter(({ kind }) => kind === 'test comments');
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title] = node.arguments;
      const called = /^(?:it|test|describe)\b/.test(node.expression.getText(source));
      if (called && title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title)))
        found.push({ kind: 'test titles', file, line: lineOf(source, title), text: title.getText(source) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function inCode(file: string, comments: Kind, strings?: Kind, identifiers?: Kind): Passage[] {
  const source = parsed(file);
  const found: Passage[] = [];
  const add = (kind: Kind, position: number, text: string): void => {
    found.push({ kind, file, line: source.getLineAndCharacterOfPosition(position).line + 1, text });
  };
  const seen = new Set<number>();
  const commentsAt = (position: number): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(source.text, position) ?? []),
      ...(ts.getTrailingCommentRanges(source.text, position) ?? []),
    ]) {
      if (seen.has(range.pos)) continue;
      seen.add(range.pos);
      add(comments, range.pos, source.text.slice(range.pos, range.end));
    }
  };
  const visit = (node: ts.Node): void => {
    commentsAt(node.getFullStart());
    commentsAt(node.getEnd());
    if (strings && isText(node)) add(strings, node.getStart(source), node.text);
    else if (identifiers && ts.isIdentifier(node) && isDeclared(node))
      add(identifiers, node.getStart(source), wordsOf(node.text));
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return found;
}

const isText = (node: ts.Node): node is ts.LiteralLikeNode =>
  ts.isStringLiteralLike(node) ||
  node.kind === ts.SyntaxKind.TemplateHead ||
  ts.isTemplateMiddleOrTemplateTail(node);
const parsed = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, read(file), ts.ScriptTarget.ESNext, true);
const lineOf = (source: ts.SourceFile, node: ts.Node): number =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
/** `isTold` as `is Told`. */
const wordsOf = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
const isDeclared = (node: ts.Identifier): boolean => (node.parent as ts.NamedDeclaration).name === node;

export const countWords = (text: string): number =>
  text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
export const countListed = (text: string): number => text.match(listed)?.length ?? 0;

/** `src/shelter/cache`, `docs/providers`, `test`: the folder in which a file is. */
export function folderOf(file: string): string {
  const parts = file.split('/').slice(0, -1);
  return parts.slice(0, parts[0] === 'src' ? 3 : 2).join('/') || '.';
}

export interface Row {
  readonly name: string;
  words: number;
  listed: number;
}

export function rows(all: readonly Passage[], nameOf: (passage: Passage) => string): readonly Row[] {
  const found = new Map<string, Row>();
  for (const passage of all) {
    const name = nameOf(passage);
    const row = found.get(name) ?? { name, words: 0, listed: 0 };
    found.set(name, row);
    row.words += countWords(passage.text);
    row.listed += countListed(passage.text);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const rate = ({ words, listed: count }: Row): number => (words === 0 ? 0 : (count * 10_000) / words);

/** Lines that are too wide, in code and in prose. In pages, tables, links and blocks are not wrapped. */
export function wideLines(): readonly string[] {
  const wide = ({ text }: Passage): boolean => text.length > widest && !/https?:\/\//.test(text);
  const shown = ({ file, line }: Passage): string => `${file}:${line}`;
  const code = ['src', 'test', 'examples', 'scripts', 'bench']
    .flatMap((folder) => own(folder, /\.m?ts$/))
    .flatMap((file) => lines(file, 'tools'));
  const prose = pageFiles().flatMap((file) => {
    const text = read(file).replace(/^( *`{3,})[\s\S]*?^\1$/gm, (block) => block.replace(/.+/g, ''));
    return text.split('\n').map((line, i): Passage => ({ kind: 'pages', file, line: i + 1, text: line }));
  });
  const wrapped = prose.filter(({ text }) => !/^\s*\||\]\(|^!\[|^<|\balt="|^\[[^\]]+\]:/.test(text));
  return [...code, ...wrapped].filter(wide).map(shown);
}

/** Files over 60 lines that do not open with two to four lines of comment. */
export function withoutHeader(): readonly string[] {
  return own('src', /\.ts$/).filter((file) => {
    const lines = read(file).split('\n');
    const header = lines.findIndex((line) => !line.startsWith('//'));
    return lines.length > 61 && (header < 2 || header > 4);
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const all = passages();
  const list = argv.indexOf('--list');
  if (list >= 0) {
    const place = argv[list + 1] ?? '';
    for (const { file, line, kind, text } of all)
      if (file.startsWith(place) && countListed(text) > 0)
        console.log(`${file}:${line} (${kind}) ${text.trim().replace(/\s+/g, ' ').slice(0, 160)}`);
  } else {
    const print = (row: Row): void =>
      console.log(
        `${row.name.padEnd(32)} ${String(row.words).padStart(7)} ${rate(row).toFixed(1).padStart(7)}`,
      );
    console.log(`${''.padEnd(32)}   words     in 10,000`);
    const kinds = rows(all, ({ kind }) => kind);
    for (const row of kinds) print(row);
    console.log('');
    for (const row of rows(
      all,
      ({ file, kind }) => `${folderOf(file)}${kind === 'test titles' ? ' (titles)' : ''}`,
    ))
      print(row);
    console.log(`\n${wideLines().length} lines are wider than ${widest}`);
    console.log(`${withoutHeader().length} files over 60 lines have no header`);
  }
}
