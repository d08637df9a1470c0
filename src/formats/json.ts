// JSON and JSON with comments. Loaded by format.ts. JSON.parse reads the text; the scanner of json-scan.ts
// runs only if something may be wrong, or for positions. Counting members finds duplicates without a scan:
// loading is a hot path.

import { immediate } from '../turns.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../value.ts';
import { withoutComments } from './json-comments.ts';
import { scanJson } from './json-scan.ts';
import type { Format, Parsed } from './parsed.ts';
import { positions } from './position.ts';
import { refusal, refuseEmpty, type SourceText } from './refusal.ts';
import { assertPrintable, Examination, freezeAndCount, freezeTree, losesDigits } from './tree.ts';

/** JSON as JSON.parse reads it, without duplicate keys and numbers that lose digits. */
export const json: Format = {
  name: 'json',
  parse: (source) => immediate(() => read(source, source)),
  async print(tree, owner) {
    assertPrintable(tree, owner, losesDigits);
    return `${JSON.stringify(tree, null, 2)}\n`;
  },
};

/** JSON with comments and trailing commas. */
export const jsonc: Format = {
  name: 'jsonc',
  parse: (source) => immediate(() => read(source, { ...source, text: withoutComments(source) })),
  print: json.print,
};

function read(original: SourceText, source: SourceText): Parsed {
  refuseEmpty(original, '{}');
  const { text } = source;
  let tree: ConfigValue;
  try {
    tree = JSON.parse(text) as ConfigValue;
  } catch {
    scanJson(source);
    throw refusal(source, 0, 'not valid JSON');
  }
  if (!isTree(tree)) throw refusal(source, text.search(/\S/), 'the file does not contain an object');
  const members = freezeAndCount(tree);
  if (members === undefined || (members !== estimateMembers(text) && members !== countMembers(text)))
    examine(tree, source);
  return { tree, at: positions(text, () => scanJson(source)) };
}

/** Throws the fault of a tree that freezeAndCount did not pass: a bad key or depth, a duplicate, a number
 *  that lost digits. */
function examine(tree: ConfigTree, source: SourceText): void {
  const { text } = source;
  const { members, unsafeNumber, fault } = new Examination(tree);
  const root = fault || unsafeNumber || members !== countMembers(text) ? scanJson(source) : undefined;
  if (root && fault) throw refusal(source, positions(text, () => root)(fault.path) ?? 0, fault.what);
  freezeTree(tree);
}

/** Counts the quotes that a colon follows: at least the members that are written. If as many were read, there
 *  are no duplicates. `undefined` if there is space before a colon. */
function estimateMembers(text: string): number | undefined {
  let members = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === 34) members++;
    else if (before === 32 || before === 10 || before === 13 || before === 9) return undefined;
  }
  return members;
}

/** Counts the members in a valid JSON text: the strings that a colon follows. If fewer were read, some are
 *  duplicates. */
export function countMembers(text: string): number {
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
