// What `publicConfig` copies and refuses. Used by config.ts. Published is what may be printed: the parts of
// the value that its printed tree has too. One error names every refused key, and shows no value.

import { ConfigError } from '../errors.ts';
import { keyFrom } from '../key.ts';
import { isHidden } from '../report/secrecy.ts';
import { printable } from '../reveal.ts';
import { inside, isPlain } from '../value.ts';
import { type Generation, pathOf } from './generation.ts';
import { refuseUnknown } from './unknown-path.ts';

type Path = readonly string[];
type Tree = Record<string, unknown>;

/** Why a value is not published, and what to do. */
type Refusal = readonly [reason: string, hint: string];

const mayBeSecret =
  'Publish other keys. If it is not secret, rename it, or mark it as public in the schema (x-secret: false)';

/** A plain copy of what a generation has at `paths`. */
export function publish<T>(generation: Generation<T>, paths: readonly string[]): unknown {
  const refused = new Map<string, Refusal>();
  const root: Tree = {};
  for (const path of paths.map(pathOf)) {
    const value = generation.at(path);
    if (value === undefined) refuseUnknown(path, generation);
    else put(root, path, copyOf(generation, path, refused));
  }
  if (refused.size > 0) throw refusal(refused);
  return root;
}

function refusal(refused: ReadonlyMap<string, Refusal>): ConfigError {
  const [[key, [, hint]]] = [...refused] as [[string, Refusal]];
  const lines = Array.from(refused, ([name, [reason]]) => `"${name}" ${reason}`);
  const what =
    lines.length === 1 ? lines[0] : `${lines.length} keys cannot be published:\n  ${lines.join('\n  ')}`;
  return new ConfigError('invalid_option', `publicConfig: ${what}`, { key, hint });
}

/** Puts a value at its path. A later path replaces what an earlier one has put there. */
function put(root: Tree, path: Path, value: unknown): void {
  let at = root;
  for (const name of path.slice(0, -1)) {
    if (!isPlain(inside(at, name))) define(at, name, {});
    at = at[name] as Tree;
  }
  const name = path.at(-1);
  if (name === undefined) for (const [own, inner] of Object.entries(value as Tree)) define(root, own, inner);
  else define(at, name, value);
}

/** An assignment to `__proto__` would set the prototype. */
function define(at: object, name: string, value: unknown): void {
  Object.defineProperty(at, name, { value, enumerable: true, writable: true, configurable: true });
}

function copyOf<T>(generation: Generation<T>, start: Path, refused: Map<string, Refusal>): unknown {
  const { visible, hidesName } = printable.get(generation.value as object) ?? {};
  const refuse = (path: Path, why: Refusal): undefined => {
    refused.set(shownKey(path), why);
    return undefined;
  };
  const copy = (value: unknown, shown: unknown, path: Path, above: readonly unknown[]): unknown => {
    if (above.includes(value))
      return refuse(path, ['holds itself, which JSON cannot hold', 'Publish its parts']);
    if (path.length > start.length && hidesName?.(path.at(-1) as string))
      return refuse(path.slice(0, -1), ['has a name that the schema made of a secret', mayBeSecret]);
    const isList = Array.isArray(value);
    if (isList || isPlain(value)) {
      const made = isList ? [] : {};
      const names = isList ? [...value.keys()].map(String) : Object.keys(value);
      for (const name of names) {
        const inner = (value as Tree)[name];
        const at = [...path, name];
        if (inner !== undefined || isList)
          define(made, name, copy(inner, inside(shown, name), at, [...above, value]));
      }
      return made;
    }
    const unfit = unfitness(value);
    if (unfit) return refuse(path, unfit);
    return Object.is(value, shown) ? value : refuse(...secrecy(generation, path));
  };
  return copy(generation.at(start), start.reduce<unknown>(inside, visible?.()), start, []);
}

/** Why JSON cannot hold a value. */
function unfitness(value: unknown): Refusal | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number')
    return Number.isFinite(value)
      ? undefined
      : [`is ${value}, which JSON cannot hold`, 'Publish a finite number'];
  if (value === undefined)
    return [
      'is undefined in a list, which JSON turns into null',
      'Remove the item, or let the schema make it null',
    ];
  const name: unknown = typeof value === 'object' ? value.constructor?.name : undefined;
  const what = typeof name === 'string' && /^\w{1,40}$/.test(name) ? name : typeof value;
  return [
    `is a ${what}, which JSON cannot hold`,
    'Publish a text or a number: leave the transform to the reader',
  ];
}

/** Why a value is not among those that may be printed, and the key that this is about. */
function secrecy<T>({ load: { placement, plan } }: Generation<T>, path: Path): readonly [Path, Refusal] {
  const isAround = (one: Path): boolean =>
    one.every((name, depth) => depth >= path.length || name === path[depth]);
  const secret = placement.leaves.find((leaf) => isAround(leaf.path) && isHidden(leaf, plan.shape));
  if (secret) return [secret.path, [`is secret (${secret.item.origin})`, mayBeSecret]];
  return [path, ['may hold a secret: the schema made it, of more than the value at this key', mayBeSecret]];
}

/** The key of a path in an error; that of its first name if a schema made names that cannot be keys. */
const shownKey = (path: Path): string => {
  try {
    return keyFrom(path);
  } catch {
    return keyFrom(path.slice(0, 1));
  }
};
