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
import { type ConfigTree, type ConfigValue, isPlain } from '../value.ts';
import { positionOf, type Spot } from './position.ts';
import { bigInteger, duplicate, quoteIt, refusal, reservedKey, type SourceText } from './refusal.ts';
import { isReserved } from './tree.ts';

/** What all aliases of a file may stand for together, in values and characters. */
const maxAliased = 10_000_000;

const standard = /^tag:yaml\.org,2002:(?:map|seq|str|int|float|bool|null)$/;
const types: Readonly<Record<string, string>> = {
  str: 'string',
  int: 'number',
  float: 'number',
  bool: 'boolean',
};

interface Read {
  readonly value: ConfigValue;
  readonly spot: Spot;
  /** Values and characters, what aliases stand for included. */
  readonly size: number;
}

/** The tree of a document and where everything in it stands, in one walk that is linear in the text and what its aliases add. */
export function readYaml(source: SourceText, document: Document.Parsed): { tree: ConfigTree; root: Spot } {
  const { contents } = document;
  const nothing = !contents || (isScalar(contents) && contents.value === null && !contents.source);
  if (nothing) return { tree: {}, root: { offset: 0 } };
  const { value, spot } = new Reader(source).read(contents);
  if (!isPlain(value)) throw refusal(source, contents.range[0], 'the file holds no mapping');
  return { tree: value as ConfigTree, root: spot };
}

class Reader {
  readonly #source: SourceText;
  readonly #anchors = new Map<string, Read | 'open'>();
  #aliased = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  read(node: Node): Read {
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node));
    const { anchor } = node as { anchor?: string };
    if (anchor) this.#anchors.set(anchor, 'open');
    const read = isMap(node)
      ? this.#map(node)
      : isSeq(node)
        ? this.#list(node)
        : this.#scalar(node as Scalar);
    if (anchor) this.#anchors.set(anchor, read);
    return read;
  }

  #alias(name: string, offset: number): Read {
    const target = this.#anchors.get(name);
    if (!target) throw this.#fault(offset, 'an alias whose anchor does not stand above it');
    if (target === 'open') throw this.#fault(offset, 'an alias inside its own anchor');
    this.#aliased += target.size;
    if (this.#aliased > maxAliased)
      throw this.#fault(offset, 'aliases that stand for too much', 'Write the values out, or split the file');
    return { ...target, spot: { ...target.spot, offset } };
  }

  #scalar(node: Scalar): Read {
    const offset = offsetOf(node);
    const { value, source = '' } = node;
    const type = this.#tag(node, offset);
    if (type && (types[type] ?? 'object') !== typeof value)
      throw this.#fault(offset, `a value that is no !!${type}`);
    if (typeof value === 'number') {
      if (!Number.isFinite(value))
        throw this.#fault(offset, 'a number that is not finite', 'Quote it if it is a text');
      if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/^[-+]?[\d.]*[.eE]/.test(source))
        throw this.#fault(offset, bigInteger, quoteIt);
    }
    return {
      value: value as ConfigValue,
      spot: { offset },
      size: 1 + (typeof value === 'string' ? value.length : 0),
    };
  }

  #list(node: { items: unknown[]; range?: unknown; tag?: string }): Read {
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

  #map(node: YAMLMap): Read {
    const offset = offsetOf(node);
    this.#tag(node, offset);
    const value: Record<string, ConfigValue> = {};
    const inside = new Map<string, Spot>();
    const keys = new Map<string, number>();
    const merged: Read[] = [];
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
      const read: Read = pair.value
        ? this.read(pair.value)
        : { value: null, spot: { offset: start }, size: 1 };
      size += name.text.length + read.size;
      if (name.merges) merged.push(...this.#merges(offsetOf(pair.value ?? pair.key), read));
      else {
        value[name.text] = read.value;
        inside.set(name.text, read.spot);
      }
    }
    for (const { value: tree, spot } of merged)
      for (const name of Object.keys(tree as ConfigTree)) {
        if (Object.hasOwn(value, name)) continue;
        value[name] = (tree as ConfigTree)[name] as ConfigValue;
        inside.set(name, spot.inside?.get(name) as Spot);
      }
    return { value, spot: { offset, inside }, size };
  }

  /** What stands behind `<<`: a mapping, or a list of them of which the first says most. */
  #merges(offset: number, read: Read): Read[] {
    const parts = Array.isArray(read.value)
      ? read.value.map((value, i) => ({ value, spot: read.spot.inside?.get(`${i}`) as Spot, size: 0 }))
      : [read];
    if (!parts.every(({ value }) => isPlain(value)))
      throw this.#fault(offset, 'a merge (<<) of something that is no mapping');
    return parts;
  }

  /** A key as it was written: `80:` and `true:` are the texts 80 and true. */
  #name(key: Node | null, offset: number): { text: string; merges: boolean } {
    if (!isScalar(key))
      throw this.#fault(offset, 'a key that is no text', 'Write the key out, in quotes if it is odd');
    this.#tag(key, offset);
    const plain = key.type === 'PLAIN';
    const text = plain ? (key.source ?? '') : String(key.value);
    if (plain && text === '') throw this.#fault(offset, 'a value without a key');
    if (isReserved(text)) throw this.#fault(offset, reservedKey);
    if (key.anchor) this.#anchors.set(key.anchor, { value: text, spot: { offset }, size: 1 + text.length });
    return { text, merges: plain && text === '<<' };
  }

  /** The standard type that a tag asks for. */
  #tag({ tag }: { tag?: string }, offset: number): string | undefined {
    if (!tag || tag === '!') return undefined;
    if (!standard.test(tag))
      throw this.#fault(
        offset,
        'a value with a tag of its own',
        'Write the value without it; quote a text that begins with !',
      );
    return tag.slice(tag.lastIndexOf(':') + 1);
  }

  #fault(offset: number, what: string, hint?: string): Error {
    return refusal(this.#source, offset, what, hint);
  }
}

const offsetOf = (node: Node | null): number =>
  (node?.range as readonly number[] | null | undefined)?.[0] ?? 0;
