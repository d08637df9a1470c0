import { type ConfigTree, type ConfigValue, isTree } from '../value.ts';
import type { Format, Parsed } from './format.ts';
import { withoutComments } from './json-comments.ts';
import { scanJson } from './json-scan.ts';
import { positions } from './position.ts';
import { refusal, refuseBlank, type SourceText } from './refusal.ts';
import { assertPrintable, Examination, freezeTree, glance, losesDigits } from './tree.ts';

/** JSON. What is accepted was read by JSON.parse; the scanner of our own runs only to say what is wrong, and where things stand. */
export const json: Format = {
  parse: async (source) => read(source, source),
  async print(tree, owner) {
    assertPrintable(tree, owner, losesDigits);
    return `${JSON.stringify(tree, null, 2)}\n`;
  },
};

/** JSON with comments and trailing commas. */
export const jsonc: Format = {
  parse: async (source) => read(source, { ...source, text: withoutComments(source) }),
  print: json.print,
};

function read(original: SourceText, source: SourceText): Parsed {
  refuseBlank(original, '{}');
  const { text } = source;
  let tree: ConfigValue;
  try {
    tree = JSON.parse(text) as ConfigValue;
  } catch {
    scanJson(source);
    throw refusal(source, 0, 'not valid JSON');
  }
  if (!isTree(tree)) throw refusal(source, text.search(/\S/), 'the file holds no object');
  const members = glance(tree);
  if (members === undefined || (members !== membersAtMost(text) && members !== membersWritten(text)))
    examine(tree, source);
  return { tree, at: positions(text, () => scanJson(source)) };
}

/** Throws what is wrong with a tree that a glance could not pass: a fault of its own, a duplicate, a number that lost digits. */
function examine(tree: ConfigTree, source: SourceText): void {
  const { text } = source;
  const { members, oddNumber, fault } = new Examination(tree);
  const root = fault || oddNumber || members !== membersWritten(text) ? scanJson(source) : undefined;
  if (root && fault) throw refusal(source, positions(text, () => root)(fault.path) ?? 0, fault.what);
  freezeTree(tree);
}

/** The quotes with a colon behind them: every member, and a text that begins with a colon too. As many as were read: no
 *  duplicates. `undefined` where blanks may stand before colons. */
function membersAtMost(text: string): number | undefined {
  let members = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === 34) members++;
    else if (before === 32 || before === 10 || before === 13 || before === 9) return undefined;
  }
  return members;
}

/** The members that a valid JSON text writes: strings with a colon behind. More than were read: some were duplicates. */
export function membersWritten(text: string): number {
  let members = 0;
  for (let open = text.indexOf('"'); open !== -1; ) {
    let close = open;
    for (let escaped = true; escaped; ) {
      close = text.indexOf('"', close + 1);
      let before = close - 1;
      while (text.charCodeAt(before) === 92) before--;
      escaped = ((close - before) & 1) === 0;
    }
    let next = text.charCodeAt(++close);
    while (next === 32 || next === 10 || next === 13 || next === 9) next = text.charCodeAt(++close);
    if (next === 58) members++;
    open = text.indexOf('"', close);
  }
  return members;
}
