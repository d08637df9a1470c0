// The shape of a schema whose library does not describe its schemas. Used by shape-of.ts.

import { type Shape, unknown } from './shape.ts';

/** Names that engines and libraries read from any object. */
const noise = new Set(['constructor', 'toString', 'valueOf', 'toJSON', 'then', 'length', '__proto__']);
const maxDepth = 8;
const maxReads = 5000;

interface Names extends Map<string, Names> {}

/** The shape of a schema from an unknown library: the keys that it reads from an empty configuration. A lower
 *  bound, never complete. */
export function fromRecording(validate: (input: unknown) => unknown): Shape {
  const root: Names = new Map();
  let reads = 0;
  const make = (names: Names, depth: number): unknown => {
    const touch = (property: string | symbol): unknown => {
      const name = String(property);
      if (++reads > maxReads) throw new RangeError('too many reads');
      let inner = names.get(name);
      if (!inner) names.set(name, (inner = new Map()));
      return depth < maxDepth ? make(inner, depth + 1) : undefined;
    };
    const interesting = (name: string | symbol): boolean => typeof name === 'string' && !noise.has(name);
    return new Proxy(
      {},
      {
        has: (_, name) => {
          if (interesting(name)) touch(name);
          return interesting(name);
        },
        get: (_, name) => (interesting(name) ? touch(name) : name === 'constructor' ? Object : undefined),
        getOwnPropertyDescriptor: (_, name) =>
          interesting(name)
            ? { value: touch(name), enumerable: true, configurable: true, writable: true }
            : undefined,
      },
    );
  };
  try {
    const result = validate(make(root, 1));
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    // what the schema read before its own code threw still counts
  }
  return shapeFrom(root);
}

function shapeFrom(names: Names): Shape {
  return { ...unknown, names: new Map([...names].map(([name, inner]) => [name, shapeFrom(inner)])) };
}
