import { posix } from 'node:path';
import ts from 'typescript';
import { read } from './files.ts';

export interface Import {
  /** `src/key.ts` for a file of ours, else as it is written: `yaml`, `node:fs`. */
  readonly target: string;
  /** `type` leaves no trace at run time, `lazy` is `import()`. */
  readonly kind: 'static' | 'lazy' | 'type';
}

/** What a file imports, in any of the ways there are. */
export function importsOf(file: string, text: string = read(file)): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    found.push({
      target: specifier.text.startsWith('.')
        ? posix.join(posix.dirname(file), specifier.text)
        : specifier.text,
      kind,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.isTypeOnly ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'lazy');
    else if (
      ts.isCallExpression(node) &&
      /^(?:require|require\.resolve|import\.meta\.resolve)$/.test(node.expression.getText())
    )
      add(node.arguments[0], 'lazy');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
  return found;
}

/** `@aws-sdk/client-ssm` of `@aws-sdk/client-ssm/dist`. */
export const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

export const isForeign = (target: string): boolean => !/^(?:\.|src\/|dist\/|node:)/.test(target);

/** Lines that are neither empty nor comment. */
export function linesOfCode(text: string): number {
  const source = ts.createSourceFile('', text, ts.ScriptTarget.ESNext, true);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
    if (node.getChildCount(source) > 0) return;
    const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const to = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    if (node.getEnd() > node.getStart(source)) for (let line = from; line <= to; line++) lines.add(line);
  };
  visit(source);
  return lines.size;
}

/** The circles of a graph: sets of nodes that lead to one another, by Tarjan's algorithm. */
export function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const path: string[] = [];
  const walk = (node: string): number => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (next === node) found.push([node]);
      const reached = index.has(next)
        ? path.includes(next)
          ? (index.get(next) as number)
          : Infinity
        : walk(next);
      low.set(node, Math.min(low.get(node) as number, reached));
    }
    if (low.get(node) === index.get(node)) {
      const component = path.splice(path.indexOf(node));
      if (component.length > 1) found.push(component.sort());
    }
    return low.get(node) as number;
  };
  for (const node of graph.keys()) if (!index.has(node)) walk(node);
  return found;
}
