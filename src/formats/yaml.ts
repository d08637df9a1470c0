// YAML 1.2, parsed by the package yaml. Loaded by format.ts. The parser's messages quote the source, which
// may be secret, so errors are worded here by its error codes.

import { Composer, Document, Parser, visit } from 'yaml';
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
  async parse(source) {
    refuseEmpty(source, '{}');
    const { tree } = readYaml(source, compose(source));
    const { fault } = new Examination(tree);
    const at = positions(source.text, () => readYaml(source, compose(source)).root);
    if (fault) throw refusal(source, at(fault.path) ?? 0, fault.what);
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

/** Parses the one document of a text. Checks the depth first, because the parser is recursive. */
function compose(source: SourceText): Document.Parsed {
  const tokens = [...new Parser().parse(source.text)];
  const deep = tooDeepAt(tokens);
  if (deep !== undefined) throw refusal(source, deep, tooDeep);
  const [document, another] = new Composer(options).compose(tokens, true, source.text.length);
  const error = document?.errors[0];
  const quote = error?.message.startsWith('Missing closing ') ? openQuote(tokens, error.pos[0]) : undefined;
  if (quote !== undefined) throw refusal(source, quote, 'a quote that is not closed', 'Close the quote');
  if (error) throw refusal(source, error.pos[0], faults[error.code] ?? 'not valid YAML', hints[error.code]);
  if (another)
    throw refusal(source, another.range[0], 'a second document', 'Put each document into its own file');
  return document as Document.Parsed;
}

interface Token {
  readonly type?: string;
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

function tooDeepAt(tokens: readonly unknown[]): number | undefined {
  let level = tokens as Token[];
  for (let depth = 0; level.length > 0; ) {
    const inner = level.flatMap(({ value }) => (value ? [value as Token] : []));
    const collections = [...inner, ...level].filter(({ items }) => items);
    if (collections.length > 0 && ++depth > maxDepth) return collections[0]?.offset ?? 0;
    level = collections.flatMap(({ items = [] }) =>
      items.flatMap(({ key, value }) => [key, value].filter(Boolean) as Token[]),
    );
  }
  return undefined;
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
