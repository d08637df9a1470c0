// Writes the reference of the API into site/.pages/api: a page for each import specifier, with typedoc.
// `npm run build` calls it after stage.ts.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { anchorsOf } from '../scripts/links.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const out = fileURLToPath(new URL('.pages/api/', import.meta.url));
const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** The folder of each import specifier: `llm-config-manager/vault` is `src/providers/vault`. */
const specifiers = new Map(
  Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => {
      const sets = ['', 'providers/', 'extensions/', 'integrations/', 'formats/'];
      const candidates = subpath === '.' ? ['src'] : sets.map((set) => `src/${set}${subpath.slice(2)}`);
      return [candidates.find((folder) => existsSync(`${root}${folder}/index.ts`)), name + subpath.slice(1)];
    }),
);

const app = await Application.bootstrapWithPlugins(
  {
    plugin: ['typedoc-plugin-markdown'],
    basePath: root,
    tsconfig: `${root}tsconfig.json`,
    entryPoints: [...specifiers.keys()].map((folder) => `${root}${folder}/index.ts`),
    out,
    readme: 'none',
    router: 'module',
    entryFileName: 'index',
    modulesFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useHTMLEncodedBrackets: true,
    sanitizeComments: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    enumMembersFormat: 'table',
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    skipErrorChecking: true, // npm run types checks types
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
  },
  [], // reads no other file of options
);
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module))
    module.name = specifiers.get(module.name) ?? module.name;
});
const project = await app.convert();
if (!project) throw new Error('typedoc found nothing');
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('typedoc has complaints');

const written = new Map(
  readdirSync(out, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => [file, readFileSync(join(out, file), 'utf8')]),
);
const anchors = new Map(
  [...written].map(([file, text]) => [
    file,
    new Set([...anchorsOf(text), ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id)]),
  ]),
);

/** typedoc numbers the anchor of a symbol when a member of another one has the same letters, as `ConfigValue`
 *  and `Config.value`. The page numbers headings only. */
const withAnchors = (file, text) =>
  text.replace(/\]\(([^)#\s]*)#([\w-]+)-\d+\)/g, (link, to, anchor) => {
    const target = to === '' ? file : join(dirname(file), to);
    const numbered = link.slice(link.indexOf('#') + 1, -1);
    return anchors.get(target)?.has(numbered) ? link : `](${to}#${anchor})`;
  });

/** An example has the indentation of its comment, except in its first line. */
const withoutIndent = (text) =>
  text.replace(/^```ts\n(\S.*)\n([\s\S]*?)^```$/gm, (block, first, rest) =>
    rest.split('\n').every((line) => line === '' || line.startsWith(' '))
      ? `\`\`\`ts\n${first}\n${rest.replace(/^ /gm, '')}\`\`\``
      : block,
  );

for (const [file, text] of written) writeFileSync(join(out, file), withoutIndent(withAnchors(file, text)));
