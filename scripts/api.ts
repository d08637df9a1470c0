// `npm run api` writes docs/api.txt: every export of every subpath with its whole signature, and the types that they show.
import { writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { manifest, root, source, subpaths } from './rooms.ts';

export const page = 'docs/api.txt';

/** A declaration as users get it, and the file that holds it. */
interface Declared {
  readonly file: string;
  readonly name: string;
  /** A class that users can name, but not make. */
  readonly typeOnly?: boolean;
}

/** The declaration files of `faces`, without comments, by the names of their sources. What is not ours is not looked at. */
function declarationFiles(faces: readonly string[]): ReadonlyMap<string, ts.SourceFile> {
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
    faces.map((face) => fileURLToPath(new URL(face, root))),
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

  /** What a face exports, by the names that users see. */
  exportsOf(face: string): ReadonlyMap<string, Declared> {
    const found = new Map<string, Declared>();
    for (const statement of this.#statements(face)) {
      if (
        ts.isExportDeclaration(statement) &&
        statement.exportClause &&
        ts.isNamedExports(statement.exportClause)
      )
        for (const { name, propertyName, isTypeOnly } of statement.exportClause.elements) {
          const declared = this.#origin(this.#target(face, statement), (propertyName ?? name).text);
          found.set(name.text, { ...declared, typeOnly: isTypeOnly || statement.isTypeOnly });
        }
      else for (const name of namesOf(statement)) found.set(name, { file: face, name });
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

  /** Our own types that a declaration speaks of. */
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

  /** Where a name is declared, through whatever passes it on. */
  #origin(file: string, name: string): Declared {
    if (this.#declaring(file, name).length > 0) return { file, name };
    const passed = this.exportsOf(file).get(name);
    if (!passed) throw new Error(`${file} declares no ${name}`);
    return passed;
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

/** The report: a section a subpath, then the types that the exports show without being exported. */
export function report(): string {
  const declarations = new Declarations(declarationFiles(subpaths.map(source)));
  const told = new Map<string, string>();
  const shown: Declared[] = [];
  const sections = subpaths.map((subpath) => {
    const specifier = manifest.name + subpath.slice(1);
    const lines = sorted(declarations.exportsOf(source(subpath))).map(([name, declared]) => {
      const before = told.get(idOf(declared));
      if (before) return `${name}: see ${before}`;
      told.set(idOf(declared), specifier);
      shown.push(declared);
      return declarations.text(declared);
    });
    return [`==== ${specifier} (${lines.length})`, ...lines];
  });
  const further = new Map<string, Declared>();
  for (let one = shown.pop(); one; one = shown.pop())
    for (const next of declarations.shownBy(one)) {
      if (told.has(idOf(next)) || further.has(idOf(next))) continue;
      further.set(idOf(next), next);
      shown.push(next);
    }
  const rest = sorted(further).map(([, declared]) => `// ${declared.file}\n${declarations.text(declared)}`);
  return `${[...sections, [`==== shown by these, but not exported (${rest.length})`, ...rest]].map((lines) => lines.join('\n\n')).join('\n\n\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(new URL(page, root), report());
