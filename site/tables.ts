// Tables that fit a telephone: each cell carries the heading of its column, and the style shows a row as a
// block of labelled lines where the columns have no room. Long names break between their words. A plugin of
// markdown-it.

interface Token {
  readonly type: string;
  tag: string;
  readonly content: string;
  readonly children: readonly Token[] | null;
  /** The class of the places where a name in a cell may break. */
  meta: string | null;
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
  readonly renderer: { readonly rules: { table_open?: Rule; code_inline?: Rule } };
  readonly core: {
    readonly ruler: { push(name: string, rule: (state: { readonly tokens: Token[] }) => void): void };
  };
}

/** A path or a type that would make its column too wide. It breaks inside. */
const longWord = /\S{24}/;

/** Where a name may break, in HTML: in a path, else between words. */
const path = /(?<=[\w)](?:[./(:]|&lt;))(?=[\w{'])/g;
const words = /(?<=\w_)(?=\w)|(?<=[a-z])(?=[A-Z])/g;

/** The characters that fit beside the first column in all other columns together: on a telephone, and without
 *  a line break on a desktop. */
const room = { telephone: 22, desktop: 44 };

/** The words of a heading, without code marks and the targets of links. */
const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*\\]/g, '');

const lengthOfLongestWord = (text: string): number =>
  Math.max(...text.split(/\s+/).map((word) => word.length));

/** The classes of a table, by the lengths of its longest cells. */
function layout([, ...others]: readonly number[]): string {
  const sum = others.reduce((all, width) => all + width, 0);
  if (sum <= room.telephone) return 'narrow';
  if (sum <= room.desktop) return 'stacked short';
  return others.length > 4 ? 'stacked crowded' : 'stacked';
}

export function stacked(parser: Parser): void {
  const { rules } = parser.renderer;
  const code = rules.code_inline as Rule;
  rules.code_inline = (tokens, index, ...more) => {
    const { meta, content } = tokens[index] as Token;
    const html = code(tokens, index, ...more);
    const places = /[./(<]/.test(content) ? path : words;
    return meta ? html.replace(/>.*</s, (text) => text.replace(places, `<wbr class="${meta}">`)) : html;
  };
  // instead of the rule of VitePress, which drops the attributes
  rules.table_open = (tokens, index, options, _, self) => self.renderToken(tokens, index, options);
  parser.core.ruler.push('stacked', ({ tokens }) => {
    let headings: string[] = [];
    let widths: number[] = [];
    let column = 0;
    let table: Token | undefined;
    for (const [i, token] of tokens.entries()) {
      const inside = tokens[i + 1];
      if (token.type === 'table_open') {
        headings = [];
        widths = [];
        table = token;
        token.attrSet('tabindex', '0');
      } else if (token.type === 'th_open') {
        const heading = plain(inside?.content ?? '');
        headings.push(heading);
        widths.push(lengthOfLongestWord(heading));
        // a heading without words is not a heading for a screen reader
        if (heading === '') for (const one of [token, tokens[i + 2]]) if (one) one.tag = 'td';
      } else if (token.type === 'td_open') {
        const cell = plain(inside?.content ?? '');
        token.attrSet('data-label', headings[column] ?? '');
        if (longWord.test(cell)) token.attrSet('class', 'breaks');
        for (const child of inside?.children ?? [])
          if (headings.length > 5 || longWord.test(child.content)) child.meta = 'anywhere';
          else if (column > 0 && child.content.length >= 18) child.meta = 'telephone';
        widths[column] = Math.max(widths[column] ?? 0, cell.length);
        column++;
      } else if (token.type === 'tr_open') column = 0;
      else if (token.type === 'table_close' && headings.length > 2) table?.attrSet('class', layout(widths));
    }
  });
}
