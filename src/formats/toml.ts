import { parse, stringify } from 'smol-toml';
import type { ConfigError } from '../errors.ts';
import type { ConfigTree, ConfigValue } from '../value.ts';
import type { Format } from './format.ts';
import { positions } from './position.ts';
import { quoteIt, refusal, refuseBlank, reservedKey, type SourceText, tooDeep } from './refusal.ts';
import { scanToml } from './toml-scan.ts';
import { assertPrintable, Examination, type Fault, freezeTree, maxDepth } from './tree.ts';

/** TOML 1.0. Integers beyond 2^53 are bigints; dates and times are their text, as in `1979-05-27T07:32:00.000Z`. */
export const toml: Format = {
  async parse(source) {
    refuseBlank(source, 'a comment');
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
  },
  async print(tree, owner) {
    assertPrintable(tree, owner, (value) => {
      if (value === null) return 'TOML has no null';
      return typeof value === 'bigint' && tooBig(value) ? 'TOML has integers of 64 bits' : undefined;
    });
    return stringify(tree).trimStart() || '# nothing\n';
  },
};

const tooBig = (value: bigint): boolean => BigInt.asIntN(64, value) !== value;

/** The library's tables as plain objects, its dates as text. */
class Tables {
  /** The first thing that a tree cannot hold. */
  fault: Fault | undefined;
  readonly #path: string[] = [];

  plain(value: unknown): ConfigValue {
    if (typeof value === 'number' && !Number.isFinite(value))
      return this.#refuse('a number that is not finite', 'Quote it if it is a text');
    if (typeof value === 'bigint' && tooBig(value)) return this.#refuse('an integer beyond 64 bits', quoteIt);
    if (typeof value !== 'object' || value === null) return value as ConfigValue;
    if (value instanceof Date) return value.toISOString();
    if (this.#path.length >= maxDepth) return this.#refuse(tooDeep);
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

  #refuse(what: string, hint?: string): null {
    this.fault ??= { path: [...this.#path], what, ...(hint && { hint }) };
    return null;
  }
}

/** The library's message holds lines of the source; only its place, and which fault it is, come out. */
function rebuilt(error: unknown, source: SourceText): ConfigError {
  const { line, column, message } = error as { line?: number; column?: number; message?: string };
  const said = /^Invalid TOML document: (.*)/.exec(message ?? '')?.[1] ?? '';
  const [, what, hint] = faults.find(([pattern]) => pattern.test(said)) ?? [];
  return refusal(source, line && column ? { line, column } : 0, what ?? 'not valid TOML', hint);
}

const faults: readonly (readonly [pattern: RegExp, what: string, hint?: string])[] = [
  [/redefine/, 'a duplicate: this key or table stands above', 'Remove one of them'],
  [/unsafe property/, reservedKey],
  [/nested/, tooDeep],
  [/date|time/, 'a date or time that is not valid', 'Quote it if it is a text'],
  [/zero|underscore|numeric/, 'a number that TOML does not know', 'Quote it if it is a text'],
  [/escape/, 'an unknown escape in a string', 'Use single quotes for a text with backslashes'],
  [/control characters/, 'a control character or line break where none may stand'],
  [/unfinished/, 'a string, list or table does not end'],
  [/end-of-line|end of/, 'something stands behind the end of a value, list, table or header'],
  [/key/, 'a key that is not valid, or has no value'],
  [/value/, 'a value that TOML does not know', 'Strings need quotes'],
];
