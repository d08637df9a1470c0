import { type Shape, unknown } from './shape.ts';

const noise = new Set(['constructor', 'toString', 'valueOf', 'toJSON', 'then', 'length', '__proto__']);
const deepest = 8;
const mostReads = 5000;

interface Names extends Map<string, Names> {}

/** The keys that any other schema reads when it validates an empty configuration: a lower bound, never complete. */
export function fromReads(validate: (input: unknown) => unknown): Shape {
  const root: Names = new Map();
  let reads = 0;
  const make = (names: Names, depth: number): unknown => {
    const touch = (property: string | symbol): unknown => {
      const name = String(property);
      if (++reads > mostReads) throw new RangeError('too many reads');
      let inner = names.get(name);
      if (!inner) names.set(name, (inner = new Map()));
      return depth < deepest ? make(inner, depth + 1) : undefined;
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
    // what was read before the schema's own code threw stands
  }
  return shapeOf(root);
}

function shapeOf(names: Names): Shape {
  return { ...unknown, names: new Map([...names].map(([name, inner]) => [name, shapeOf(inner)])) };
}
