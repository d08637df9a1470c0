// YAML 1.2, parsed by the package yaml. Loaded by format.ts. The parser's messages quote the source, which
// may be secret, so errors are worded here by its error codes.

import { Composer, type CST, Document, isMap, Lexer, Parser, visit, type YAMLMap } from 'yaml';
import { atOnce, type Steps } from '../turns.ts';
import type { Format } from './parsed.ts';
import { positions } from './position.ts';
import { refusal, refuseEmpty, type SourceText, tooDeep } from './refusal.ts';
import { assertPrintable, Examination, freezeTree, losesDigits, maxDepth } from './tree.ts';
import { readYaml } from './yaml-tree.ts';

const options = {
  version: '1.2',
  schema: 'core',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** YAML 1.2 in its core schema, also under a %YAML directive: `yes` and dates are strings. */
export const yaml: Format = {
  name: 'yaml',
  *parse(source) {
    refuseEmpty(source, '{}');
    const document = yield* compose(source);
    yield;
    const { tree } = yield* readYaml(source, document);
    yield;
    const { fault } = new Examination(tree);
    const at = positions(source.text, () => atOnce(readYaml(source, atOnce(compose(source)))).root);
    if (fault) throw refusal(source, at(fault.path) ?? 0, fault.what);
    yield;
    freezeTree(tree);
    return { tree, at };
  },
  async print(tree, owner) {
    assertPrintable(tree, owner, losesDigits);
    const document = new Document(tree, { version: '1.2', schema: 'core', aliasDuplicateObjects: false });
    visit(document, {
      Scalar(key, node) {
        if (key === 'key' && node.value === '<<') node.type = 'QUOTE_DOUBLE'; // plain, it would merge
      },
    });
    return document.toString({ lineWidth: 0 });
  },
};

/** Parses the one document of a text, in steps. Checks the depth first, because the parser is recursive. */
function* compose(source: SourceText): Steps<Document.Parsed> {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (++lexemes % 64 === 0) yield;
  }
  for (const token of parser.end()) tokens.push(token);
  yield;
  const deep = yield* tooDeepAt(tokens);
  if (deep !== undefined) throw refusal(source, deep, tooDeep);
  yield;
  const inParts = yield* composeInParts(tokens, source.text.length);
  if (inParts) return inParts;
  const [document, another] = new Composer(options).compose(tokens, true, source.text.length);
  const error = document?.errors[0];
  const quote = error?.message.startsWith('Missing closing ') ? openQuote(tokens, error.pos[0]) : undefined;
  if (quote !== undefined) throw refusal(source, quote, 'a quote that is not closed', 'Close the quote');
  if (error) throw refusal(source, error.pos[0], faults[error.code] ?? 'not valid YAML', hints[error.code]);
  if (another)
    throw refusal(source, another.range[0], 'a second document', 'Put each document into its own file');
  return document as Document.Parsed;
}

/** The length of the text of one part. */
const partLength = 8_192;

/** Composes a long document in parts of its outermost section. Undefined if there is nothing to part, or if a
 *  part has an error: only the whole document has the right one. */
function* composeInParts(tokens: readonly CST.Token[], length: number): Steps<Document.Parsed | undefined> {
  const [token, another] = tokens.filter(({ type }) => type === 'document') as CST.Document[];
  if (token?.value?.type !== 'block-map' || another || length < 2 * partLength) return undefined;
  const { value } = token;
  const parts: CST.BlockMap[] = [];
  for (const item of value.items) {
    const offset = item.start[0]?.offset ?? item.key?.offset ?? item.sep?.[0]?.offset ?? 0;
    const last = parts.at(-1);
    if (last && offset < last.offset + partLength) last.items.push(item);
    else parts.push({ ...value, offset: last ? offset : value.offset, items: [item] } as CST.BlockMap);
  }
  let whole: Document.Parsed | undefined;
  for (const inner of parts) {
    const part = tokens.map((one) => (one === token ? { ...token, value: inner } : one));
    const [document, other] = new Composer(options).compose(part, true, length);
    if (!document || other || document.errors.length > 0 || !isMap(document.contents)) return undefined;
    if (!whole) whole = document as Document.Parsed;
    else (whole.contents as unknown as YAMLMap).items.push(...document.contents.items);
    yield;
  }
  return whole;
}

interface Token {
  readonly type?: string;
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

/** Where a collection is too deep. A loop, because recursion would be too deep itself. */
function* tooDeepAt(tokens: readonly unknown[]): Steps<number | undefined> {
  const left = tokens.map((token) => ({ token: token as Token, depth: 0 })).reverse();
  for (let seen = 1; ; seen++) {
    const next = left.pop();
    if (!next) return undefined;
    const { token, depth } = next;
    const { items, value, offset = 0 } = token;
    if (items && depth >= maxDepth) return offset;
    const inner = items ? items.flatMap((item) => [item.key, item.value]).reverse() : [value];
    for (const one of inner) if (one) left.push({ token: one as Token, depth: items ? depth + 1 : depth });
    if (seen % 256 === 0) yield;
  }
}

/** Where the last quoted text before an offset begins: the parser reports only where it gave up. */
function openQuote(tokens: readonly unknown[], before: number): number | undefined {
  let last: number | undefined;
  const visit = (token: unknown): void => {
    const { type, offset = 0, value, items = [] } = token as Token;
    if (type?.endsWith('-quoted-scalar') && offset <= before) last = Math.max(last ?? 0, offset);
    for (const inner of [value, ...items.flatMap((item) => [item.key, item.value])]) if (inner) visit(inner);
  };
  tokens.forEach(visit);
  return last;
}

const unexpected = 'a token that YAML does not allow here';
const faults: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias with an anchor or a tag',
  BAD_ALIAS: 'an alias or anchor with an invalid name',
  BAD_COLLECTION_TYPE: 'a tag that does not fit its value',
  BAD_DIRECTIVE: 'an invalid directive',
  BAD_DQ_ESCAPE: 'an unknown escape in a double-quoted string',
  BAD_INDENT: 'indentation that does not match the lines above',
  BAD_PROP_ORDER: 'an anchor or tag in the wrong place',
  BAD_SCALAR_START: 'plain text that begins with a reserved character',
  BLOCK_AS_IMPLICIT_KEY: 'two keys in one line, or a value that is not valid as a key',
  BLOCK_IN_FLOW: 'an indented list or section inside brackets or braces',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  MISSING_CHAR: 'a colon, comma, quote, bracket or space is missing',
  MULTILINE_IMPLICIT_KEY: 'a key that spans several lines or has no colon',
  MULTIPLE_ANCHORS: 'a value with two anchors',
  MULTIPLE_TAGS: 'a value with two tags',
  TAB_AS_INDENT: 'a tab in the indentation',
  TAG_RESOLVE_FAILED: 'a tag that cannot be read',
  UNEXPECTED_TOKEN: unexpected,
};
const hints: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'Use single quotes for text with backslashes',
  BAD_SCALAR_START: 'Quote the value',
  BLOCK_AS_IMPLICIT_KEY: 'Quote text that contains a colon and a space',
  TAB_AS_INDENT: 'Indent with spaces',
};
