import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Comment, CommentTag, Converter, KindRouter, OptionDefaults, ReflectionKind } from 'typedoc';

const { name, exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The index files of the subpaths: `./vault` is `src/providers/vault/index.ts`. */
const entryPoints = new Map(
  Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => {
      const folders = ['', 'providers/', 'extensions/', 'integrations/', 'formats/'].map(
        (set) => `src/${set}${subpath.slice(2)}`,
      );
      const candidates = subpath === '.' ? ['src'] : folders;
      return [candidates.find((folder) => existsSync(`${folder}/index.ts`)), name + subpath.slice(1)];
    }),
);

/** The pages of a folder in docs/, in the order of their names. */
const pagesIn = (folder) =>
  existsSync(`docs/${folder}`)
    ? readdirSync(`docs/${folder}`)
        .filter((file) => file.endsWith('.md'))
        .sort()
        .map((file) => `docs/${folder}/${file}`)
    : [];

/** The pages in the order of the sidebar. */
const chapters = {
  'Start here': [
    'docs/getting-started.md',
    'docs/chains.md',
    'docs/schemas-and-reports.md',
    'docs/comparison.md',
  ],
  Guides: [
    'caching-and-resilience',
    'composition',
    'reload',
    'synchronous',
    'testing',
    'credentials',
    'security',
    'errors',
    'cli',
    'cli-modules',
  ].map((page) => `docs/${page}.md`),
  Providers: [
    ...[
      'env',
      'argv',
      'dotenv',
      'bundle',
      'directory',
      'memory',
      'encrypted-file',
      'keyring',
      'vault',
      'aws',
      'gcp',
      'azure',
    ].map((page) => `docs/providers/${page}.md`),
    'docs/writing-a-provider.md',
  ],
  Extensions: pagesIn('extensions'),
  Integrations: pagesIn('integrations'),
  Recipes: [
    ...['twelve-factor', 'kubernetes', 'lambda', 'monorepo', 'multi-tenant'],
    ...['many-processes', 'cross-region', 'air-gapped', 'bank', 'llm-service'],
    ...['nextjs', 'express', 'hono', 'vite', 'cloudflare-workers'],
    ...['browser', 'runtimes', 'required-in-production', 'before-each-commit'],
    ...['from-dotenv-and-zod', 'from-node-config', 'from-convict'],
    ...['from-powertools', 'from-ai-fallback', 'from-litellm', 'from-infra'],
  ].map((page) => `docs/recipes/${page}.md`),
  Background: [
    ...['glossary', 'performance', 'incidents', 'architecture', 'licences'].map((page) => `docs/${page}.md`),
    ...['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ],
};
const pages = Object.values(chapters).flat();
const forgotten = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .map((file) => `docs/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.md') && !file.startsWith('docs/site/') && !pages.includes(file));
if (forgotten.length > 0) throw new Error(`typedoc.config.mjs has no chapter for ${forgotten.join(', ')}`);

/** Turns off highlighting for blocks without a language, which show program output. */
const plain = (parts) => {
  for (const part of parts)
    if (part.kind === 'code' && part.text.startsWith('```\n'))
      part.text = part.text.replace('```', '```text');
};

/** Removes the heading from a page and returns its text, which becomes the title. Code in it is a separate
 *  part. */
function takeHeading(parts) {
  let line = '';
  while (!line.includes('\n')) line += parts.shift().text;
  const end = line.indexOf('\n');
  parts.unshift({ kind: 'text', text: line.slice(end) });
  return line.slice(0, end).replace(/^# /, '').replaceAll('`', '');
}

/** Names pages by their headings and modules by their import specifiers, and sorts both into chapters. */
function chaptered(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const path = document.project.files.getReflectionPath(document);
    const page = pages.find((one) => path.endsWith(`/${one}`));
    const [chapter] = Object.entries(chapters).find(([, list]) => list.includes(page));
    document.name = takeHeading(document.content);
    Object.assign(document.frontmatter, { group: chapter, page });
    plain(document.content);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    plain(project.readme);
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = entryPoints.get(module.name === 'index' ? 'src' : `src/${module.name}`);
      module.comment ??= new Comment();
      module.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: 'API' }]));
    }
  });
  app.renderer.defineRouter('chapters', ChapterRouter);
}

/** Maps `docs/providers/vault.md` to `providers/vault.html`, and `SECURITY.md` to `project/security.html`. */
class ChapterRouter extends KindRouter {
  getIdealBaseName(reflection) {
    if (!reflection.isDocument()) return super.getIdealBaseName(reflection);
    const page = reflection.frontmatter.page.replace(/\.md$/, '').toLowerCase();
    return page.startsWith('docs/') ? page.slice('docs/'.length) : `project/${page}`;
  }
}

/** Includes code in the name of a heading, and therefore in the anchor that pages link to. */
function namedHeadings(parser) {
  parser.core.ruler.push('named_headings', ({ tokens }) => {
    const headings = tokens.filter((_, i) => tokens[i - 1]?.type === 'heading_open');
    for (const part of headings.flatMap(({ children }) => children))
      if (part.type === 'code_inline') part.children = [{ type: 'text', content: part.content }];
  });
}

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  plugin: [chaptered],
  entryPoints: [...entryPoints.keys()].map((folder) => `${folder}/index.ts`),
  out: 'docs/site',
  router: 'chapters',
  readme: 'README.md',
  projectDocuments: pages,
  groupOrder: [...Object.keys(chapters), 'API'],
  navigation: { includeGroups: true },
  markdownItLoader: namedHeadings,
  headings: { readme: false, document: true },
  searchInComments: true,
  searchInDocuments: true,
  searchGroupBoosts: Object.fromEntries(Object.keys(chapters).map((chapter) => [chapter, 10])),
  customCss: 'docs/site.css',
  highlightLanguages: [
    ...OptionDefaults.highlightLanguages,
    'dotenv',
    'hcl',
    'ini',
    'python',
    'py',
    'toml',
    'yaml',
  ],
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  skipErrorChecking: true, // npm run types checks types
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
};
