// The places where a missing key was looked for, with the remarks that providers add in `where`. Used by
// config/load.ts, problems.ts and conventional-names.ts.

import type { Placement } from '../merge/placement.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';

/** A place, and what is remarkable about it: `env A_B (AB is set: rename it)`. */
export interface Place {
  /** Without the remedy: `env A_B (AB is set)`. */
  readonly shown: string;
  /** Without the remark: `env A_B`. */
  readonly bare: string;
  readonly remedy?: string | undefined;
}

/** Reads one line of `where`. */
export function placeFrom(line: string): Place {
  const [, bare, fact, remedy] = /^(.+?) \((.+?)(?:: (.+))?\)$/.exec(line) ?? [];
  return bare === undefined ? { shown: line, bare: line } : { shown: `${bare} (${fact})`, bare, remedy };
}

/** Drops a remark on a variable from which the schema reads another key: its name is right. */
export function withoutTaken({ leaves }: Placement, shape: Shape): (line: string) => string {
  let taken: ReadonlySet<string> | undefined;
  return (line) => {
    const [, bare, name] = /^(env .+?) \((\S+) is set: .+\)$/.exec(line) ?? [];
    if (bare === undefined) return line;
    taken ??= new Set(
      leaves.flatMap(({ path, item }) =>
        item.entry.loose && shapeAt(shape, path) ? [String(item.origin)] : [],
      ),
    );
    return taken.has(`env ${name}`) ? bare : line;
  };
}
