import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { root } from './rooms.ts';

export interface Import {
  /** `src/chain.ts` for a file of ours, else as it is written: `yaml`, `node:fs`. */
  readonly target: string;
  /** `type` leaves no trace at run time, `lazy` is `import()`. */
  readonly kind: 'static' | 'lazy' | 'type';
}

export function filesIn(folder: string, ends: RegExp): readonly string[] {
  return readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => ends.test(name))
    .sort();
}

export const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** What a file imports, in any of the ways there are. */
export function importsOf(file: string, text: string = read(file)): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    found.push({ target: specifier.text.startsWith('.') ? posix.join(posix.dirname(file), specifier.text) : specifier.text, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], 'lazy');
    else if (ts.isCallExpression(node) && /^(?:require|require\.resolve|import\.meta\.resolve)$/.test(node.expression.getText()))
      add(node.arguments[0], 'lazy');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
  return found;
}

/** `@aws-sdk/client-ssm` of `@aws-sdk/client-ssm/dist`. */
export const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

export const isForeign = (target: string): boolean => !/^(?:\.|src\/|dist\/|node:)/.test(target);

/** A way round in a graph, if there is one. */
export function cycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | undefined => {
    const seen = path.indexOf(node);
    if (seen >= 0) return [...path.slice(seen), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const found = walk(next, [...path, node]);
      if (found) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = walk(node, []);
    if (found) return found;
  }
  return undefined;
}
