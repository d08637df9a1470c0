// `npm run api` writes docs/api.txt: every export of every subpath with its full signature, and the types
// that these signatures use. test/repository/api.test.ts compares the file with the source.
import { writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { manifest, root, source, subpaths } from './folders.ts';

export const page = 'docs/api.txt';

/** A declaration as users see it, and the file that contains it. */
interface Declared {
  readonly file: string;
  readonly name: string;
  /** A class that users can name but not construct. */
  readonly typeOnly?: boolean;
}

/** The declaration files of `entryPoints` without comments, by source file. Imports from packages are not
 *  resolved. */
function declarationFiles(entryPoints: readonly string[]): ReadonlyMap<string, ts.SourceFile> {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    declaration: true,
    stripInternal: true,
    emitDeclarationOnly: true,
    noCheck: true,
    allowImportingTsExtensions: true,
    removeComments: true,
  };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, from, options, host) : { resolvedModule: undefined },
    );
  const program = ts.createProgram(
    entryPoints.map((entryPoint) => fileURLToPath(new URL(entryPoint, root))),
    options,
    host,
  );
  const files = new Map<string, ts.SourceFile>();
  program.emit(
    undefined,
    (_, text, __, ___, [from] = []) => {
      if (!from) return;
      const file = from.fileName.slice(fileURLToPath(root).length);
      files.set(file, ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
    },
    undefined,
    true,
  );
  return files;
}

class Declarations {
  readonly #files: ReadonlyMap<string, ts.SourceFile>;
  readonly #printer = ts.createPrinter({ removeComments: true });

  constructor(files: ReadonlyMap<string, ts.SourceFile>) {
    this.#files = files;
  }

  /** The exports of a subpath's index file, by the names that users see. */
  exportsOf(entryPoint: string): ReadonlyMap<string, Declared> {
    const found = new Map<string, Declared>();
    for (const statement of this.#statements(entryPoint)) {
      if (
        ts.isExportDeclaration(statement) &&
        statement.exportClause &&
        ts.isNamedExports(statement.exportClause)
      )
        for (const { name, propertyName, isTypeOnly } of statement.exportClause.elements) {
          const declared = this.#origin(this.#target(entryPoint, statement), (propertyName ?? name).text);
          found.set(name.text, { ...declared, typeOnly: isTypeOnly || statement.isTypeOnly });
        }
      else for (const name of namesOf(statement)) found.set(name, { file: entryPoint, name });
    }
    return found;
  }

  text({ file, name, typeOnly }: Declared): string {
    const text = this.#declaring(file, name)
      .map((node) => this.#printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()))
      .map((text) =>
        text
          .replace(/^(?:export )?(?:default )?(?:declare )?/, '')
          .replace(/^ +(?:#private;|\[inspect\.custom\].*)\n/gm, ''),
      )
      .join('\n');
    return typeOnly && /^(?:abstract )?class /.test(text) ? `type of ${text}` : text;
  }

  /** Our own types that a declaration mentions. */
  shownBy({ file, name }: Declared): readonly Declared[] {
    const found: Declared[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) {
        const shown = this.#lookUp(file, node.text);
        if (shown) found.push(shown);
      }
      ts.forEachChild(node, visit);
    };
    for (const node of this.#declaring(file, name)) visit(node);
    return found;
  }

  #statements(file: string): readonly ts.Statement[] {
    return this.#files.get(file)?.statements ?? [];
  }

  #declaring(file: string, name: string): readonly ts.Statement[] {
    return this.#statements(file).filter((statement) => namesOf(statement).includes(name));
  }

  #target(file: string, { moduleSpecifier }: ts.ImportDeclaration | ts.ExportDeclaration): string {
    return moduleSpecifier && ts.isStringLiteral(moduleSpecifier)
      ? posix.join(posix.dirname(file), moduleSpecifier.text)
      : file;
  }

  /** Finds the declaration of a name, also through re-exports. */
  #origin(file: string, name: string): Declared {
    if (this.#declaring(file, name).length > 0) return { file, name };
    const exported = this.exportsOf(file).get(name);
    if (!exported) throw new Error(`${file} does not declare ${name}`);
    return exported;
  }

  #lookUp(file: string, name: string): Declared | undefined {
    if (this.#declaring(file, name).length > 0) return { file, name };
    for (const statement of this.#statements(file)) {
      if (!ts.isImportDeclaration(statement) || !this.#files.has(this.#target(file, statement))) continue;
      const names = statement.importClause?.namedBindings;
      if (!names || !ts.isNamedImports(names)) continue;
      const one = names.elements.find((element) => element.name.text === name);
      if (one) return this.#origin(this.#target(file, statement), (one.propertyName ?? one.name).text);
    }
    return undefined;
  }
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return name ? [name.text] : [];
}

const idOf = ({ file, name }: Declared): string => `${file} ${name}`;
const sorted = <T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** The report has a section for each subpath, then the types that exports use but that are not exported. */
export function report(): string {
  const declarations = new Declarations(declarationFiles(subpaths.map(source)));
  const reported = new Map<string, string>();
  const shown: Declared[] = [];
  const sections = subpaths.map((subpath) => {
    const specifier = manifest.name + subpath.slice(1);
    const lines = sorted(declarations.exportsOf(source(subpath))).map(([name, declared]) => {
      const before = reported.get(idOf(declared));
      if (before) return `${name}: see ${before}`;
      reported.set(idOf(declared), specifier);
      shown.push(declared);
      return declarations.text(declared);
    });
    return [`==== ${specifier} (${lines.length})`, ...lines];
  });
  const further = new Map<string, Declared>();
  for (let one = shown.pop(); one; one = shown.pop())
    for (const next of declarations.shownBy(one)) {
      if (reported.has(idOf(next)) || further.has(idOf(next))) continue;
      further.set(idOf(next), next);
      shown.push(next);
    }
  const rest = sorted(further).map(([, declared]) => `// ${declared.file}\n${declarations.text(declared)}`);
  const all = [...sections, [`==== shown by these, but not exported (${rest.length})`, ...rest]];
  return `${all.map((lines) => lines.join('\n\n')).join('\n\n\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(new URL(page, root), report());
