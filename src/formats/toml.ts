// TOML 1.0, parsed by smol-toml. Loaded by format.ts. The parser's messages quote lines of the source, which
// may be secret, so errors are rebuilt from their position and kind.

import { parse, stringify } from 'smol-toml';
import type { ConfigError } from '../errors.ts';
import { immediate } from '../turns.ts';
import type { ConfigTree, ConfigValue } from '../value.ts';
import type { Format, Parsed } from './parsed.ts';
import { positions } from './position.ts';
import { quoteIt, refusal, refuseEmpty, reservedKey, type SourceText, tooDeep } from './refusal.ts';
import { scanToml } from './toml-scan.ts';
import { assertPrintable, Examination, type Fault, freezeTree, maxDepth } from './tree.ts';

/** TOML 1.0. Integers beyond 2^53 become bigints; dates and times become text such as
 *  `1979-05-27T07:32:00.000Z`. */
export const toml: Format = {
  name: 'toml',
  parse: (source) => immediate(() => read(source)),
  async print(tree, owner) {
    assertPrintable(tree, owner, (value) => {
      if (value === null) return 'TOML has no null';
      return typeof value === 'bigint' && tooBig(value) ? 'TOML has integers of 64 bits' : undefined;
    });
    return stringify(tree).trimStart() || '# nothing\n';
  },
};

function read(source: SourceText): Parsed {
  refuseEmpty(source, 'a comment');
  const at = positions(source.text, () => scanToml(source.text));
  const tables = new Tables();
  let tree: ConfigTree;
  try {
    tree = tables.plain(
      parse(source.text, { integersAsBigInt: 'asNeeded', unsafeKeyBehaviour: 'throw', maxDepth }),
    ) as ConfigTree;
  } catch (error) {
    throw rebuilt(error, source);
  }
  const fault = tables.fault ?? new Examination(tree).fault;
  if (fault) throw refusal(source, at(fault.path) ?? 0, fault.what, fault.hint);
  freezeTree(tree);
  return { tree, at };
}

const tooBig = (value: bigint): boolean => BigInt.asIntN(64, value) !== value;

/** Turns the parser's tables into plain objects and its dates into text. */
class Tables {
  /** The first value that a tree cannot contain. */
  fault: Fault | undefined;
  readonly #path: string[] = [];

  plain(value: unknown): ConfigValue {
    if (typeof value === 'number' && !Number.isFinite(value))
      return this.#fail('a number that is not finite', 'Quote the value if it is text');
    if (typeof value === 'bigint' && tooBig(value)) return this.#fail('an integer beyond 64 bits', quoteIt);
    if (typeof value !== 'object' || value === null) return value as ConfigValue;
    if (value instanceof Date) return value.toISOString();
    if (this.#path.length >= maxDepth) return this.#fail(tooDeep);
    if (Array.isArray(value)) return value.map(this.#inside, this);
    const tree: Record<string, ConfigValue> = {};
    for (const name in value) tree[name] = this.#inside((value as Record<string, unknown>)[name], name);
    return tree;
  }

  #inside(value: unknown, name: string | number): ConfigValue {
    this.#path.push(`${name}`);
    const result = this.plain(value);
    this.#path.pop();
    return result;
  }

  #fail(what: string, hint?: string): null {
    this.fault ??= { path: [...this.#path], what, ...(hint && { hint }) };
    return null;
  }
}

/** Rebuilds the parser's error without the lines that its message quotes. */
function rebuilt(error: unknown, source: SourceText): ConfigError {
  const { line, column, message } = error as { line?: number; column?: number; message?: string };
  const reason = /^Invalid TOML document: (.*)/.exec(message ?? '')?.[1] ?? '';
  const [, what, hint] = faults.find(([pattern]) => pattern.test(reason)) ?? [];
  return refusal(source, line && column ? { line, column } : 0, what ?? 'not valid TOML', hint);
}

const faults: readonly (readonly [pattern: RegExp, what: string, hint?: string])[] = [
  [/redefine/, 'a duplicate: this key or table is already defined', 'Remove one of them'],
  [/unsafe property/, reservedKey],
  [/nested/, tooDeep],
  [/date|time/, 'an invalid date or time', 'Quote the value if it is text'],
  [/zero|underscore|numeric/, 'an invalid number', 'Quote the value if it is text'],
  [/escape/, 'an unknown escape in a string', 'Use single quotes for text with backslashes'],
  [/control characters/, 'a control character or line break that is not allowed here'],
  [/unfinished/, 'an unclosed string, list or table'],
  [/end-of-line|end of/, 'text after the end of a value, list, table or header'],
  [/key/, 'an invalid key, or a key without a value'],
  [/value/, 'an invalid value', 'Put strings in quotes'],
];
