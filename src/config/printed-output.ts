// What may be printed of the value of a configuration. A transform of the schema may have moved a secret
// anywhere. So a part of the value is printed if the same value is at the same path of `visibleInput`, or if
// what a transform made of a public value holds no secret. Used by generation.ts.

import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed } from '../merge/placement.ts';
import { isSecretName, looksSecret } from '../redact.ts';
import { isHidden, isMarked } from '../report/secrecy.ts';
import { lettersOf, SecretRuns } from '../report/secret-runs.ts';
import { PathIndex } from '../schema/by-path.ts';
import { holdsMark, shapeAt } from '../schema/shape.ts';
import { inside, isPlain } from '../value.ts';
import type { Found } from './found.ts';
import { secretDefaults, visibleInput } from './printed-input.ts';

type Path = readonly string[];
/** An object or a list of the visible tree, and the name of one value in it. */
type Place = readonly [holder: object, name: string];
/** A part of the output, and what may be printed of the input at the same path. */
interface Part {
  readonly value: unknown;
  readonly input: unknown;
  readonly path: Path;
  /** Whether the schema marks it, or something around it, as public. */
  readonly isPublic: boolean;
}
interface Walk {
  readonly isPublic: (path: Path) => boolean;
  readonly above: object[];
  /** The places of the short texts that transforms made, and their letters, one after the other. */
  readonly short: Place[];
  letters: string;
  /** The letters of all short texts: the public value `x` may complete a secret with the letter x. */
  allLetters: string;
}

/** What may be printed of one load. Everything is computed when something is printed. Keeps no merge: only
 *  hashes of the secrets, and the names of keys. */
export class PrintedOutput {
  readonly #found: () => Found;
  #secretRuns: SecretRuns | undefined;
  #names: ReadonlySet<string> | undefined;

  constructor(found: () => Found) {
    this.#found = found;
  }

  /** Whether a name that no source has holds a secret: a transform may have made it of one. */
  hidesName(name: string): boolean {
    this.#names ??= new Set(this.#found().placement.leaves.flatMap(({ path }) => path));
    return !this.#names.has(name) && this.#secrets.holds(name);
  }

  /** A tree with the parts of `output` that may be printed, each at its place. */
  visible(output: unknown): unknown {
    const root: { tree?: unknown } = {};
    const found = this.#found();
    const isPublic = publicPaths(found);
    const walk: Walk = { isPublic, above: [], short: [], letters: '', allLetters: '' };
    const part = { value: output, input: visibleInput(found), path: [], isPublic: isPublic([]) };
    this.#place(part, [root, 'tree'], walk);
    // a transform may have split a secret into short texts
    const { short, letters, allLetters } = walk;
    if (short.length > 1 && [letters, allLetters].some((text) => this.#secrets.holdsRun(text)))
      for (const [holder, name] of short) Reflect.deleteProperty(holder, name);
    return root.tree;
  }

  /** Puts what may be printed of one part into its place. */
  #place(part: Part, place: Place, walk: Walk): void {
    const { value, input, isPublic } = part;
    if (Object.is(value, input)) {
      put(place, { value });
      walk.allLetters += shortLetters(value) ?? '';
    } else if (isContainer(value)) this.#placeInner(part, value, place, walk);
    else if ((isPublic || isLeaf(input, value)) && this.#isSafe(value)) {
      if (!isScalar(value)) {
        // a date or a URL can be changed later, so it is looked at whenever it is printed
        const known = String(printedForms(value));
        const get = () => (known === String(printedForms(value)) || this.#isSafe(value) ? value : undefined);
        put(place, { get });
        return;
      }
      put(place, { value });
      const letters = shortLetters(value);
      if (letters === undefined) return;
      walk.short.push(place);
      walk.letters += letters;
      walk.allLetters += letters;
    }
  }

  #placeInner({ input, path, isPublic }: Part, outer: object, place: Place, walk: Walk): void {
    if (walk.above.includes(outer)) return;
    const tree = Array.isArray(outer) ? [] : {};
    put(place, { value: tree });
    walk.above.push(outer);
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(outer))) {
      if (!property.enumerable || property.get) continue;
      const at = [...path, name];
      const part = {
        value: property.value as unknown,
        input: inside(input, name),
        path: at,
        isPublic: (isPublic && !isSecretName(name)) || walk.isPublic(at),
      };
      this.#place(part, [tree, name], walk);
    }
    walk.above.pop();
  }

  /** Whether what a transform made may be printed where its input may: it holds no secret of this load. */
  #isSafe(value: unknown): boolean {
    const texts = printedForms(value);
    return texts?.some((text) => looksSecret(text) || this.#secrets.holds(text)) === false;
  }

  /** The secrets of the load: those that the schema got, also as it got them, and its own secret defaults. */
  get #secrets(): SecretRuns {
    if (!this.#secretRuns) {
      const { texts, placement, plan } = this.#found();
      const hidden = placement.leaves.filter((leaf) => isHidden(leaf, plan.shape));
      const present = new Set(placement.leaves.map(({ path }) => keyFrom(path)));
      this.#secretRuns = new SecretRuns([
        ...hidden.flatMap(({ path, item: { value } }) => [value, texts.read(path, value)]),
        ...secretDefaults(plan.shape, present),
      ]);
    }
    return this.#secretRuns;
  }
}

/** Whether the schema marks a path as public. A mark counts only where no source has a secret at the path,
 *  around it or in it. */
function publicPaths({ plan: { shape }, placement }: Found): (path: Path) => boolean {
  let hidden: PathIndex<Placed<Leaf>> | undefined;
  return (path) => {
    const at = shapeAt(shape, path);
    if (at?.public !== true || holdsMark(at) || isMarked(path, shape)) return false;
    hidden ??= new PathIndex(placement.leaves.filter((leaf) => isHidden(leaf, shape)));
    return !hidden.touches(path);
  };
}

function put([holder, name]: Place, property: PropertyDescriptor): void {
  Object.defineProperty(holder, name, { ...property, enumerable: true, configurable: true });
}

const isContainer = (value: unknown): value is object => Array.isArray(value) || isPlain(value);
const isScalar = (value: unknown): boolean =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value === null;

/** Whether a transform can have made `value` of a public value at the same path: of a scalar, or, if it is
 *  an instance, of a list. */
const isLeaf = (input: unknown, value: unknown): boolean =>
  isScalar(input) || (Array.isArray(input) && !isScalar(value));

/** The letters of a text or number with fewer than eight of them. */
function shortLetters(value: unknown): string | undefined {
  if (typeof value === 'boolean' || !isScalar(value) || value === null) return undefined;
  const letters = lettersOf(String(value));
  return letters.length < 8 ? letters : undefined;
}

/** The texts as which a value is printed, or from which it can be computed. Undefined for what is never
 *  printed: functions, and all instances but dates and URLs without userinfo. */
function printedForms(value: unknown): readonly string[] | undefined {
  if (isScalar(value)) return [String(value)];
  if (typeof value !== 'object' || value === null || Reflect.ownKeys(value).length > 0) return undefined;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Date.prototype) return formsOfDate(value as Date);
    return prototype === URL.prototype ? formsOfUrl(value as URL) : undefined;
  } catch {
    return undefined; // not a real date or URL
  }
}

function formsOfDate(date: Date): readonly string[] {
  const time = date.getTime();
  return Number.isNaN(time) ? ['Invalid Date'] : [date.toISOString(), String(time)];
}

function formsOfUrl(url: URL): readonly string[] | undefined {
  const { href, username, password } = url;
  if (username !== '' || password !== '') return undefined;
  return [href, decodeURIComponent(href.replace(/%(?![\da-f]{2})/gi, '%25'))];
}
