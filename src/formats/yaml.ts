import { Composer, Document, Parser, visit } from 'yaml';
import type { Format } from './format.ts';
import { positions } from './position.ts';
import { refusal, refuseBlank, type SourceText, tooDeep } from './refusal.ts';
import { assertPrintable, Examination, freezeTree, losesDigits, maxDepth } from './tree.ts';
import { readYaml } from './yaml-tree.ts';

const options = {
  version: '1.2',
  schema: 'core',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** YAML 1.2 in its core schema, whatever a %YAML directive says: `yes` and dates are strings. */
export const yaml: Format = {
  async parse(source) {
    refuseBlank(source, '{}');
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

/** The one document of a text. Its depth is bounded before the library's recursion meets it. */
function compose(source: SourceText): Document.Parsed {
  const tokens = [...new Parser().parse(source.text)];
  const deep = tooDeepAt(tokens);
  if (deep !== undefined) throw refusal(source, deep, tooDeep);
  const [document, another] = new Composer(options).compose(tokens, true, source.text.length);
  const error = document?.errors[0];
  if (error) throw refusal(source, error.pos[0], faults[error.code] ?? 'not valid YAML', hints[error.code]);
  if (another)
    throw refusal(source, another.range[0], 'a second document', 'Put each document into a file of its own');
  return document as Document.Parsed;
}

interface Token {
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

const unexpected = 'something stands where YAML allows nothing like it';
const faults: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias with an anchor or a tag of its own',
  BAD_ALIAS: 'an alias or anchor without a proper name',
  BAD_COLLECTION_TYPE: 'a tag that does not fit its value',
  BAD_DIRECTIVE: 'a directive that is not valid',
  BAD_DQ_ESCAPE: 'an unknown escape in a double-quoted string',
  BAD_INDENT: 'the indentation does not fit what stands above',
  BAD_PROP_ORDER: 'an anchor or tag in the wrong place',
  BAD_SCALAR_START: 'a plain text may not begin like this',
  BLOCK_AS_IMPLICIT_KEY: 'two keys in one line, or a value that is not valid as a key',
  BLOCK_IN_FLOW: 'an indented list or section inside brackets or braces',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  MISSING_CHAR: 'a colon, comma, quote, bracket or blank is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines, or its colon is missing',
  MULTIPLE_ANCHORS: 'a value with two anchors',
  MULTIPLE_TAGS: 'a value with two tags',
  TAB_AS_INDENT: 'a tab in the indentation',
  TAG_RESOLVE_FAILED: 'a tag that cannot be read',
  UNEXPECTED_TOKEN: unexpected,
};
const hints: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'Use single quotes for a text with backslashes',
  BAD_SCALAR_START: 'Quote it',
  BLOCK_AS_IMPLICIT_KEY: 'Quote a text that has a colon and a blank',
  TAB_AS_INDENT: 'Indent with blanks',
};
