// A text with variables, compiled to closures: no code is generated, so it works where `eval` is forbidden.
// Used by prompts.ts, check.ts and the command line. Reads own properties only, and puts values in as they
// are: a tag inside a value stays a text.

import { Secret } from '../../../entry.ts';
import { isBlock, type Mistake, type Part, parse, type Reference } from './parse.ts';

/** A variable that a text reads. */
export interface UsedVariable {
  readonly name: string;
  readonly line: number;
  /** Whether it is only asked for: `{{#if name}}`. */
  readonly isCondition: boolean;
}

/** The value of an optional variable that is not given. */
export const absent = Symbol('absent');

/** A value that a text cannot take. Its message has the line and the tag, and no value. */
export class Unfit extends Error {
  readonly hint: string;

  constructor({ text, line }: Reference, value: unknown, wanted: string) {
    const isMissing = value === undefined || value === null;
    super(`line ${line}: {{${text}}} ${isMissing ? 'is missing' : `is not ${wanted}`}`);
    if (value instanceof Secret) this.hint = 'It is a secret: pass reveal(…) of it if the model may see it';
    else this.hint = isMissing ? 'Pass it, or give it a default in variables' : `Pass ${wanted}`;
  }
}

/** The values at a place of a text: the variables, or an item of a list. */
interface Scope {
  readonly value: unknown;
  readonly index: number;
  readonly up: Scope | undefined;
}

type Render = (scope: Scope) => string;

/** A text that is ready to be rendered, or its mistakes. */
export interface Template {
  readonly mistakes: readonly Mistake[];
  /** The variables that it reads, in the order of the text; more than once if it reads one more than once. */
  readonly variables: readonly UsedVariable[];
  /** @throws Unfit if a value is missing, or is not a text or a list */
  render(variables: Readonly<Record<string, unknown>>): string;
}

const templates = new Map<string, Template>();

/** The template of a text. The same text is parsed once. */
export function templateOf(text: string): Template {
  let template = templates.get(text);
  if (template) return template;
  if (templates.size >= 1_000) templates.clear();
  template = compiled(text);
  templates.set(text, template);
  return template;
}

function compiled(text: string): Template {
  const { parts, mistakes } = parse(text);
  const variables: UsedVariable[] = [];
  const render = sequence(parts, 0, variables);
  return { mistakes, variables, render: (value) => render({ value, index: 0, up: undefined }) };
}

/** Parts, one after the other. `depth`: the number of lists around them. */
function sequence(parts: readonly Part[], depth: number, used: UsedVariable[]): Render {
  const steps = parts.map((part) => (typeof part === 'string' ? part : step(part, depth, used)));
  return (scope) => {
    let out = '';
    for (const one of steps) out += typeof one === 'string' ? one : one(scope);
    return out;
  };
}

function step(part: Exclude<Part, string>, depth: number, used: UsedVariable[]): Render {
  const of = isBlock(part) ? part.of : part;
  const isCondition = isBlock(part) && part.kind !== 'each';
  const { up, steps, line } = of;
  if (up === depth && steps[0] !== undefined) used.push({ name: steps[0], line, isCondition });
  const read = reader(of);
  if (!isBlock(part)) {
    return (scope) => {
      const value = read(scope);
      return typeof value === 'string' ? value : textOf(value, of);
    };
  }
  const body = sequence(part.body, part.kind === 'each' ? depth + 1 : depth, used);
  const otherwise = sequence(part.otherwise, depth, used);
  if (part.kind === 'each') return each(of, read, body, otherwise);
  const wanted = part.kind === 'if';
  return (scope) => (isTrue(read(scope)) === wanted ? body(scope) : otherwise(scope));
}

function each(of: Reference, read: (scope: Scope) => unknown, body: Render, otherwise: Render): Render {
  return (scope) => {
    const list = read(scope);
    if (list === absent) return otherwise(scope);
    if (!Array.isArray(list)) throw new Unfit(of, list, 'a list');
    let out = '';
    let index = 0;
    for (const value of list) out += body({ value, index: index++, up: scope });
    return index === 0 ? otherwise(scope) : out;
  };
}

/** Makes what reads a value: undefined if it is not there. */
function reader({ up, steps, isIndex }: Reference): (scope: Scope) => unknown {
  const [only] = steps;
  if (steps.length === 1 && up === 0 && only !== undefined) return ({ value }) => own(value, only);
  return (scope) => {
    let at = scope;
    for (let n = up; n > 0; n--) at = at.up as Scope;
    if (isIndex) return at.index;
    let { value } = at;
    for (const name of steps) value = own(value, name);
    return value;
  };
}

const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : value === absent
      ? absent
      : undefined;

/** As in Handlebars: 0, an empty text and an empty list count as false. */
const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== absent && Boolean(value);

function textOf(value: unknown, of: Reference): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value === absent) return '';
  throw new Unfit(of, value, 'a text');
}
