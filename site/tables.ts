// Tables that fit a telephone: each cell carries the heading of its column, and the style shows a row as a
// block of labelled lines where the columns have no room. A plugin of markdown-it.

interface Token {
  readonly type: string;
  tag: string;
  readonly content: string;
  attrSet(name: string, value: string): void;
}
type Rule = (
  tokens: Token[],
  index: number,
  options: object,
  env: object,
  self: { renderToken(tokens: Token[], index: number, options: object): string },
) => string;
interface Parser {
  readonly renderer: { readonly rules: { table_open?: Rule } };
  readonly core: {
    readonly ruler: { push(name: string, rule: (state: { readonly tokens: Token[] }) => void): void };
  };
}

/** A path or a type that would make its column too wide. It breaks inside. */
const longWord = /\S{24}/;

/** The characters that fit beside the first column on a telephone, in all other columns together. */
const room = 22;

const lengthOfLongestWord = (text: string): number =>
  Math.max(...text.split(/\s+/).map((word) => word.length));

/** The words of a heading, without code marks and the targets of links. */
const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*\\]/g, '');

/** A table of words and numbers keeps its columns on a telephone. */
function layout([, ...others]: readonly number[]): string {
  if (others.reduce((sum, width) => sum + width, 0) <= room) return 'narrow';
  return others.length > 4 ? 'stacked crowded' : 'stacked';
}

export function stacked(parser: Parser): void {
  // instead of the rule of VitePress, which drops the attributes
  parser.renderer.rules.table_open = (tokens, index, options, _, self) =>
    self.renderToken(tokens, index, options);
  parser.core.ruler.push('stacked', ({ tokens }) => {
    let headings: string[] = [];
    let widths: number[] = [];
    let column = 0;
    let table: Token | undefined;
    for (const [i, token] of tokens.entries()) {
      if (token.type === 'table_open') {
        headings = [];
        widths = [];
        table = token;
        token.attrSet('tabindex', '0');
      } else if (token.type === 'th_open') {
        const heading = plain(tokens[i + 1]?.content ?? '');
        headings.push(heading);
        widths.push(lengthOfLongestWord(heading));
        // a heading without words is not a heading for a screen reader
        if (heading === '') for (const one of [token, tokens[i + 2]]) if (one) one.tag = 'td';
      } else if (token.type === 'td_open') {
        const cell = plain(tokens[i + 1]?.content ?? '');
        token.attrSet('data-label', headings[column] ?? '');
        if (longWord.test(cell)) token.attrSet('class', 'breaks');
        widths[column] = Math.max(widths[column] ?? 0, cell.length);
        column++;
      } else if (token.type === 'tr_open') column = 0;
      else if (token.type === 'table_close' && headings.length > 2) table?.attrSet('class', layout(widths));
    }
  });
}
