// Turns a parsed YAML document into a tree, with the position of every value. Used by yaml.ts. Own code
// because the package's conversion keeps no positions, merges no `<<` in YAML 1.2 and limits aliases by their
// number, not by their size.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { atOnce, type Steps } from '../turns.ts';
import { type ConfigTree, type ConfigValue, isPlain } from '../value.ts';
import { positionOf, type Spot } from './position.ts';
import { bigInteger, duplicate, quoteIt, refusal, reservedKey, type SourceText } from './refusal.ts';
import { isReserved } from './tree.ts';

/** The limit for all aliases of a file together, in values and characters. */
const maxAliased = 10_000_000;

const standard = /^tag:yaml\.org,2002:(?:map|seq|str|int|float|bool|null)$/;
const types: Readonly<Record<string, string>> = {
  str: 'string',
  int: 'number',
  float: 'number',
  bool: 'boolean',
};

interface ReadNode {
  readonly value: ConfigValue;
  readonly spot: Spot;
  /** Values and characters, with aliases expanded. */
  readonly size: number;
}

/** Returns the tree of a document and all positions. Takes time linear in the text with its aliases
 *  expanded. */
export function* readYaml(
  source: SourceText,
  document: Document.Parsed,
): Steps<{ tree: ConfigTree; root: Spot }> {
  const { contents } = document;
  const nothing = !contents || (isScalar(contents) && contents.value === null && !contents.source);
  if (nothing) return { tree: {}, root: { offset: 0 } };
  const { value, spot } = yield* new Reader(source).steps(contents);
  if (!isPlain(value)) throw refusal(source, contents.range[0], 'the file does not contain an object');
  return { tree: value as ConfigTree, root: spot };
}

class Reader {
  readonly #source: SourceText;
  readonly #anchors = new Map<string, ReadNode | 'pending'>();
  #aliased = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  read(node: Node): ReadNode {
    return atOnce(this.steps(node));
  }

  /** A step for each pair of a map. */
  *steps(node: Node): Steps<ReadNode> {
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node));
    const { anchor } = node as { anchor?: string };
    if (anchor) this.#anchors.set(anchor, 'pending');
    const read = isMap(node)
      ? yield* this.#map(node)
      : isSeq(node)
        ? this.#list(node)
        : this.#scalar(node as Scalar);
    if (anchor) this.#anchors.set(anchor, read);
    return read;
  }

  #alias(name: string, offset: number): ReadNode {
    const target = this.#anchors.get(name);
    if (!target) throw this.#fault(offset, 'an alias without an anchor above it');
    if (target === 'pending') throw this.#fault(offset, 'an alias inside its own anchor');
    this.#aliased += target.size;
    if (this.#aliased > maxAliased)
      throw this.#fault(
        offset,
        'aliases that expand to more than ten million characters',
        'Write the values out, or split the file',
      );
    return { ...target, spot: { ...target.spot, offset } };
  }

  #scalar(node: Scalar): ReadNode {
    const offset = offsetOf(node);
    const { value, source = '' } = node;
    const type = this.#tag(node, offset);
    if (type && (types[type] ?? 'object') !== typeof value)
      throw this.#fault(offset, `a value that is not !!${type}`);
    if (typeof value === 'number') {
      if (!Number.isFinite(value))
        throw this.#fault(offset, 'a number that is not finite', 'Quote the value if it is text');
      if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/^[-+]?[\d.]*[.eE]/.test(source))
        throw this.#fault(offset, bigInteger, quoteIt);
    }
    return {
      value: value as ConfigValue,
      spot: { offset },
      size: 1 + (typeof value === 'string' ? value.length : 0),
    };
  }

  #list(node: { items: unknown[]; range?: unknown; tag?: string }): ReadNode {
    const offset = offsetOf(node as Node);
    this.#tag(node, offset);
    const items = node.items.map((item) => this.read(item as Node));
    const inside = new Map(items.map(({ spot }, i) => [`${i}`, spot]));
    return {
      value: items.map(({ value }) => value),
      spot: { offset, inside },
      size: items.reduce((sum, { size }) => sum + size, 1),
    };
  }

  *#map(node: YAMLMap): Steps<ReadNode> {
    const offset = offsetOf(node);
    this.#tag(node, offset);
    const value: Record<string, ConfigValue> = {};
    const inside = new Map<string, Spot>();
    const keys = new Map<string, number>();
    const merged: ReadNode[] = [];
    let size = 1;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const start = offsetOf(pair.key);
      const name = this.#name(pair.key, start);
      const before = keys.get(name.text);
      if (before !== undefined)
        throw this.#fault(
          start,
          duplicate(name.text, positionOf(this.#source.text, before).line),
          name.merges ? 'Merge several with <<: [*one, *other]' : 'Remove one of them',
        );
      keys.set(name.text, start);
      const read: ReadNode = pair.value
        ? isMap(pair.value)
          ? yield* this.steps(pair.value)
          : this.read(pair.value)
        : { value: null, spot: { offset: start }, size: 1 };
      size += name.text.length + read.size;
      if (name.merges) {
        // not as arguments of one call: a list of a hundred thousand would overflow the stack
        for (const part of this.#merges(offsetOf(pair.value ?? pair.key), read)) merged.push(part);
      } else {
        value[name.text] = read.value;
        inside.set(name.text, read.spot);
      }
      yield;
    }
    for (const { value: tree, spot } of merged)
      for (const name of Object.keys(tree as ConfigTree)) {
        if (Object.hasOwn(value, name)) continue;
        value[name] = (tree as ConfigTree)[name] as ConfigValue;
        inside.set(name, spot.inside?.get(name) as Spot);
      }
    return { value, spot: { offset, inside }, size };
  }

  /** The values of `<<`: one object, or a list of objects of which the first wins. */
  #merges(offset: number, read: ReadNode): ReadNode[] {
    const parts = Array.isArray(read.value)
      ? read.value.map((value, i) => ({ value, spot: read.spot.inside?.get(`${i}`) as Spot, size: 0 }))
      : [read];
    if (!parts.every(({ value }) => isPlain(value)))
      throw this.#fault(offset, 'a merge (<<) of a value that is not an object');
    return parts;
  }

  /** A key as it is written: `80:` and `true:` are the texts `80` and `true`. */
  #name(key: Node | null, offset: number): { text: string; merges: boolean } {
    if (!isScalar(key))
      throw this.#fault(offset, 'a key that is not text', 'Write the key as text, in quotes if needed');
    this.#tag(key, offset);
    const plain = key.type === 'PLAIN';
    const text = plain ? (key.source ?? '') : String(key.value);
    if (plain && text === '') throw this.#fault(offset, 'a value without a key');
    if (isReserved(text)) throw this.#fault(offset, reservedKey);
    if (key.anchor) this.#anchors.set(key.anchor, { value: text, spot: { offset }, size: 1 + text.length });
    return { text, merges: plain && text === '<<' };
  }

  /** The standard type that a tag names. */
  #tag({ tag }: { tag?: string }, offset: number): string | undefined {
    if (!tag || tag === '!') return undefined;
    if (!standard.test(tag))
      throw this.#fault(
        offset,
        'a value with a custom tag',
        'Remove the tag, or quote text that begins with !',
      );
    return tag.slice(tag.lastIndexOf(':') + 1);
  }

  #fault(offset: number, what: string, hint?: string): Error {
    return refusal(this.#source, offset, what, hint);
  }
}

const offsetOf = (node: Node | null): number =>
  (node?.range as readonly number[] | null | undefined)?.[0] ?? 0;
