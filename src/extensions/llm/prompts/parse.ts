// Parses the text of a prompt: a subset of Handlebars with the same meaning. Used by template.ts. Finds all
// mistakes at once, each with its line, and never throws.

/** What a tag names: `docs`, `this.title`, `../role`, `@index`. */
export interface Reference {
  /** As it is written, for errors. */
  readonly text: string;
  /** How many lists it leaves: the number of `../`. */
  readonly up: number;
  readonly steps: readonly string[];
  /** The number of an item, from 0, in place of a value. */
  readonly isIndex: boolean;
  readonly line: number;
}

export type BlockKind = 'each' | 'if' | 'unless';

export interface Block {
  readonly kind: BlockKind;
  readonly of: Reference;
  readonly body: Part[];
  readonly otherwise: Part[];
}

/** A text as it is, a reference, or a block. */
export type Part = string | Reference | Block;

/** A mistake in a text. */
export interface Mistake {
  readonly line: number;
  readonly message: string;
}

export interface Parsed {
  readonly parts: readonly Part[];
  readonly mistakes: readonly Mistake[];
}

export const isBlock = (part: Reference | Block): part is Block => 'kind' in part;

/** A tag, from its first brace to its last. */
interface Tag {
  readonly from: number;
  readonly to: number;
  readonly inner: string;
  readonly line: number;
}

/** A block that is not closed yet. */
interface Open {
  readonly block: Block;
  readonly line: number;
  hasElse: boolean;
}

/** More than any prompt needs. Blocks are compiled and rendered by functions that call themselves. */
const deepest = 100;
const longestTag = 200;

const segment = /[A-Za-z_$][\w$-]*|\d+/.source;
const reference = new RegExp(`^(?:@index|((?:\\.\\./)*)((?:${segment})(?:\\.(?:${segment}))*))$`);
const isBlockTag = /^(?:#|\/|else$)/;

/** Parses a text. */
export function parse(text: string): Parsed {
  return new Parser(text).parsed();
}

class Parser {
  readonly #text: string;
  readonly #parts: Part[] = [];
  readonly #mistakes: Mistake[] = [];
  readonly #open: Open[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parsed(): Parsed {
    const tags = this.#tags();
    let at = 0;
    for (const tag of tags) {
      const isAlone = isBlockTag.test(tag.inner) && this.#isAlone(tag);
      this.#add(at, isAlone ? this.#lineStart(tag.from) : tag.from, true);
      this.#take(tag);
      if (this.#open.length > deepest) {
        this.#mistakes.push({ line: tag.line, message: `more than ${deepest} blocks are inside each other` });
        return { parts: [], mistakes: this.#mistakes };
      }
      at = isAlone ? this.#nextLine(tag.to) : tag.to;
    }
    this.#add(at, this.#text.length, false);
    for (const { block, line } of this.#open.filter(({ block }) => block.of.text !== ''))
      this.#mistakes.push({ line, message: `{{#${block.kind} ${block.of.text}}} is not closed` });
    return { parts: this.#parts, mistakes: this.#mistakes };
  }

  /** Finds the tags. `\{{` is a text, and `\\{{` a backslash before a tag, as in Handlebars. */
  #tags(): readonly Tag[] {
    const text = this.#text;
    const tags: Tag[] = [];
    let line = 1;
    let counted = 0;
    for (let at = text.indexOf('{{'); at >= 0; ) {
      for (; counted < at; counted++) if (text[counted] === '\n') line++;
      if (text[at - 1] === '\\' && text[at - 2] !== '\\') {
        at = text.indexOf('{{', at + 2);
        continue;
      }
      const end = text.indexOf('}}', at + 2);
      if (end < 0) {
        this.#mistakes.push({ line, message: 'a tag is not closed with }}' });
        break;
      }
      tags.push({ from: at, to: end + 2, inner: text.slice(at + 2, end).trim(), line });
      at = text.indexOf('{{', end + 2);
    }
    return tags;
  }

  /** Whether a tag is alone in its line. The line is then left out. */
  #isAlone({ from, to }: Tag): boolean {
    const start = this.#lineStart(from);
    const isFirst = start === 0 || this.#text[start - 1] === '\n';
    const end = this.#nextLine(to);
    return isFirst && (end === this.#text.length || this.#text[end - 1] === '\n');
  }

  #lineStart(at: number): number {
    while (at > 0 && isSpace(this.#text[at - 1])) at--;
    return at;
  }

  #nextLine(at: number): number {
    while (isSpace(this.#text[at])) at++;
    if (this.#text[at] === '\r' && this.#text[at + 1] === '\n') at++;
    return this.#text[at] === '\n' ? at + 1 : at;
  }

  /** The list of parts that the next one belongs to. */
  get #current(): Part[] {
    const open = this.#open.at(-1);
    if (!open) return this.#parts;
    return open.hasElse ? open.block.otherwise : open.block.body;
  }

  #add(from: number, to: number, isBeforeTag: boolean): void {
    if (from >= to) return;
    const text = this.#text.slice(from, to).replaceAll('\\{{', '{{');
    this.#current.push(isBeforeTag && text.endsWith('\\') ? text.slice(0, -1) : text);
  }

  #take({ inner, line }: Tag): void {
    const [word = '', argument] = inner.split(/\s+/);
    const isSingle = inner.split(/\s+/).length === 1;
    if (inner.length > longestTag) this.#unknown(inner, line);
    else if (inner === 'else') this.#takeElse(line);
    else if (word.startsWith('/') && isSingle) this.#close(word.slice(1), line);
    else if (/^#(?:each|if|unless)$/.test(word) && inner.split(/\s+/).length <= 2)
      this.#begin(word.slice(1) as BlockKind, argument, line);
    else if (isSingle && reference.test(inner)) {
      const part = this.#reference(inner, line);
      if (part) this.#current.push(part);
    } else this.#unknown(inner, line);
  }

  #unknown(inner: string, line: number): void {
    const message = inner.startsWith('{')
      ? '{{{ is not known: nothing is escaped, so write {{name}}'
      : `${inner.includes('\n') || inner.length > 40 ? 'a tag' : `{{${inner}}}`} is not known. Tags are ` +
        '{{name}}, {{#if}}, {{#unless}}, {{#each}} and {{else}}; write \\{{ for two braces';
    this.#mistakes.push({ line, message });
  }

  #reference(text: string, line: number): Reference | undefined {
    const [, ups = '', path] = reference.exec(text) ?? [];
    const up = ups.length / 3;
    const isIndex = path === undefined;
    const steps = isIndex ? [] : path.split('.');
    if (steps[0] === 'this') steps.shift();
    const lists = this.#open.filter(({ block, hasElse }) => block.kind === 'each' && !hasElse).length;
    if (up > lists || (up === lists && steps.length === 0)) {
      this.#mistakes.push({ line, message: `{{${text}}} needs more {{#each}} around it` });
      return undefined;
    }
    return { text, up, steps, isIndex, line };
  }

  #begin(kind: BlockKind, argument: string | undefined, line: number): void {
    const isKnown = argument !== undefined && reference.test(argument);
    const of = isKnown ? this.#reference(argument, line) : undefined;
    if (!isKnown) this.#mistakes.push({ line, message: `{{#${kind}}} needs the name of a variable` });
    // also after a mistake, so that its end is not another one
    const block: Block = {
      kind,
      of: of ?? { text: argument ?? '', up: 0, steps: [], isIndex: false, line },
      body: [],
      otherwise: [],
    };
    this.#current.push(block);
    this.#open.push({ block, line, hasElse: false });
  }

  #takeElse(line: number): void {
    const open = this.#open.at(-1);
    if (!open) this.#mistakes.push({ line, message: '{{else}} is not inside of a block' });
    else if (open.hasElse) this.#mistakes.push({ line, message: 'a block has a second {{else}}' });
    else open.hasElse = true;
  }

  #close(name: string, line: number): void {
    const open = this.#open.at(-1);
    if (open?.block.kind === name) this.#open.pop();
    else if (open)
      this.#mistakes.push({ line, message: `{{/${name}}} does not close {{#${open.block.kind}}}` });
    else this.#mistakes.push({ line, message: `{{/${name}}} closes nothing` });
  }
}

const isSpace = (character: string | undefined): boolean => character === ' ' || character === '\t';
