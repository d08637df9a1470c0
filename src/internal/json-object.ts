import type { ConfigTree } from '../entry.ts';
import { membersWritten } from '../formats/json.ts';

/** What a text says that is the JSON of an object. `fault`: what it holds that is lost when it is read, without a word of it.
 *  `undefined`: it is another text. */
export function jsonObject(text: string): { readonly tree: ConfigTree; readonly fault: string | undefined } | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const tree = JSON.parse(text) as ConfigTree;
    return { tree, fault: faultOf(tree, text) };
  } catch {
    return undefined;
  }
}

function faultOf(tree: ConfigTree, text: string): string | undefined {
  const { members, largeNumber } = contents(tree);
  if (members !== membersWritten(text)) return 'a key twice';
  return largeNumber && numbersIn(text).some(losesDigits) ? 'a number that loses digits: in quotes it keeps them all' : undefined;
}

/** How many members there are in all, and whether some number may be another than the one that was written. */
export function contents(value: unknown): { readonly members: number; readonly largeNumber: boolean } {
  let members = 0;
  let largeNumber = false;
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'number' && !(Math.abs(one) <= Number.MAX_SAFE_INTEGER)) largeNumber = true;
    if (typeof one !== 'object' || one === null) continue;
    const inside = Object.values(one);
    if (!Array.isArray(one)) members += inside.length;
    for (const inner of inside) open.push(inner);
  }
  return { members, largeNumber };
}

const numbersIn = (text: string): readonly string[] =>
  text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];

const losesDigits = (written: string): boolean =>
  !Number.isFinite(Number(written)) || (/^-?\d+$/.test(written) && !Number.isSafeInteger(Number(written)));
