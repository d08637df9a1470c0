// Reads options interfaces with the TypeScript compiler and formats them as Markdown tables. Used by
// scripts/blocks.ts.
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from './folders.ts';

/** A member of an options interface with its comment. */
export interface Option {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly meaning: string;
  /** The text of `@default`. */
  readonly fallback: string;
}

/** Type aliases up to this length are expanded, so readers need not look them up. */
const shortAlias = 60;

/** Reads options interfaces and their comments, including inherited members. */
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
    // types from packages do not occur in options and are slow to read
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

  /** The members of an exported interface, which may be re-exported from another file. `undefined` if there
   *  is none. */
  read(file: string, name: string): readonly Option[] | undefined {
    const found = this.#exports(file).find((one) => one.name === name);
    return (
      found &&
      this.#checker
        .getPropertiesOfType(this.#checker.getDeclaredTypeOfSymbol(found))
        .map((one) => this.#option(one))
    );
  }

  /** The names of the options interfaces that a file exports. */
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

  /** The source text of a type, with our short aliases expanded and `readonly` removed: all options are
   *  readonly. */
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
      const replacement = mutable ? this.#spelled(mutable) : alias;
      if (replacement === undefined) {
        ts.forEachChild(inner, walk);
        return;
      }
      const alone = inner === node || ts.isUnionTypeNode(inner.parent);
      spelled +=
        text.slice(from, inner.getStart()) +
        (alone || !/[|&]|=>/.test(replacement) ? replacement : `(${replacement})`);
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
    if (declared && ts.isIndexedAccessTypeNode(declared.type)) return this.#listed(declared.type);
    // a longer alias is not expanded, and may refer to itself
    const expanded =
      declared && declared.type.getText().length <= shortAlias ? this.#spelled(declared.type) : undefined;
    return expanded !== undefined && expanded.length <= shortAlias ? expanded : undefined;
  }

  /** The texts of a list that the type names: `(typeof kinds)[number]`. */
  #listed(node: ts.TypeNode): string | undefined {
    const listed = this.#checker.typeToString(this.#checker.getTypeFromTypeNode(node)).replaceAll('"', "'");
    return listed.length <= shortAlias ? listed : undefined;
  }
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, root));
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Defaults that are code as a whole, and code within a sentence. */
const allCode = /^(?:\[.*\]|\{.*\}|[\d_]+|true|false|process\.env)$/;
const someCode = /`[^`]*`|(?<!\w)'[^']*'(?!\w)|\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g;

/** Formats options as a Markdown table. */
export function tableOf(options: readonly Option[]): string[] {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const ticked = (text: string): string => (text.startsWith('`') ? text : `\`${text}\``);
  const fallback = ({ required, fallback }: Option): string =>
    required ? '*required*' : allCode.test(fallback) ? ticked(fallback) : fallback.replace(someCode, ticked);
  return [
    '| option | type | default | |',
    '|---|---|---|---|',
    ...options.map((option) => {
      const { name, type, meaning } = option;
      return `| \`${name}\` | \`${cell(type)}\` | ${cell(fallback(option))} | ${cell(meaning)} |`;
    }),
  ];
}
