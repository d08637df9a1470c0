import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from './rooms.ts';

/** One member of an options interface, as its comment describes it. */
export interface Option {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly meaning: string;
  /** What `@default` says. */
  readonly fallback: string;
}

/** Aliases up to this length are written out, so that nobody has to look them up. */
const shortAlias = 60;

/** Options interfaces, with what they inherit, from the comments in the source. */
export class OptionsReader {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  constructor(files: readonly string[]) {
    const options: ts.CompilerOptions = {
      lib: ['lib.es5.d.ts'],
      types: [],
      allowImportingTsExtensions: true,
      noEmit: true,
      strict: true,
    };
    const host = ts.createCompilerHost(options);
    // what comes from packages is in no options, and takes long to read
    host.resolveModuleNameLiterals = (literals, from) =>
      literals.map(({ text }) => {
        if (!text.startsWith('.')) return { resolvedModule: undefined };
        return {
          resolvedModule: {
            resolvedFileName: fileURLToPath(new URL(text, pathToFileURL(from))),
            extension: '.ts',
          },
        };
      });
    this.#program = ts.createProgram(files.map(pathOf), options, host);
    this.#checker = this.#program.getTypeChecker();
  }

  /** The members of an interface that a file exports, be it one of another file; `undefined` when there is none of that name. */
  read(file: string, name: string): readonly Option[] | undefined {
    const found = this.#exports(file).find((one) => one.name === name);
    return (
      found &&
      this.#checker
        .getPropertiesOfType(this.#checker.getDeclaredTypeOfSymbol(found))
        .map((one) => this.#option(one))
    );
  }

  /** The names of the interfaces of options that a file exports. */
  names(file: string): readonly string[] {
    return this.#exports(file).flatMap(({ name }) => (name.endsWith('Options') ? [name] : []));
  }

  #exports(file: string): readonly ts.Symbol[] {
    const source = this.#program.getSourceFile(pathOf(file));
    const module = source && this.#checker.getSymbolAtLocation(source);
    return (module ? this.#checker.getExportsOfModule(module) : [])
      .map((one) => (one.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(one) : one))
      .filter(({ flags }) => flags & ts.SymbolFlags.Interface);
  }

  #option(symbol: ts.Symbol): Option {
    const declaration = symbol.declarations?.find(ts.isPropertySignature);
    const tag = symbol.getJsDocTags(this.#checker).find(({ name }) => name === 'default');
    return {
      name: symbol.name,
      type: declaration?.type ? this.#spelled(declaration.type) : 'unknown',
      required: (symbol.flags & ts.SymbolFlags.Optional) === 0,
      meaning: oneLine(ts.displayPartsToString(symbol.getDocumentationComment(this.#checker))),
      fallback: oneLine(ts.displayPartsToString(tag?.text)),
    };
  }

  /** A type as it stands in the source, our own short aliases written out. Everything is readonly: that is not said. */
  #spelled(node: ts.TypeNode): string {
    const { text } = node.getSourceFile();
    let spelled = '';
    let from = node.getStart();
    const walk = (inner: ts.Node): void => {
      const [mutable] =
        ts.isTypeReferenceNode(inner) && inner.typeName.getText() === 'Readonly'
          ? (inner.typeArguments ?? [])
          : [];
      const alias = ts.isTypeReferenceNode(inner) && !inner.typeArguments ? this.#alias(inner) : undefined;
      const meant = mutable ? this.#spelled(mutable) : alias;
      if (meant === undefined) {
        ts.forEachChild(inner, walk);
        return;
      }
      const alone = inner === node || ts.isUnionTypeNode(inner.parent);
      spelled +=
        text.slice(from, inner.getStart()) + (alone || !/[|&]|=>/.test(meant) ? meant : `(${meant})`);
      from = inner.getEnd();
    };
    walk(node);
    return oneLine(spelled + text.slice(from, node.getEnd())).replace(/\breadonly /g, '');
  }

  #alias({ typeName }: ts.TypeReferenceNode): string | undefined {
    const symbol = this.#checker.getSymbolAtLocation(typeName);
    const target =
      symbol && symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
    const declared = target?.declarations?.find(ts.isTypeAliasDeclaration);
    const meant = declared && this.#spelled(declared.type);
    return meant !== undefined && meant.length <= shortAlias ? meant : undefined;
  }
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, root));
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A default that is code as a whole, and what is code inside of a sentence. */
const allCode = /^(?:\[.*\]|\{.*\}|[\d_]+|true|false|process\.env)$/;
const someCode = /`[^`]*`|(?<!\w)'[^']*'(?!\w)|\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g;

/** Options as the table that stands in a page. */
export function tableOf(options: readonly Option[]): string[] {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const ticked = (text: string): string => (text.startsWith('`') ? text : `\`${text}\``);
  const fallback = ({ required, fallback }: Option): string =>
    required ? '*required*' : allCode.test(fallback) ? ticked(fallback) : fallback.replace(someCode, ticked);
  return [
    '| option | type | default | |',
    '|---|---|---|---|',
    ...options.map(
      (option) =>
        `| \`${option.name}\` | \`${cell(option.type)}\` | ${cell(fallback(option))} | ${cell(option.meaning)} |`,
    ),
  ];
}
